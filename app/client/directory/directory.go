// Package directory decides which public identities of other people a client believes. A server can give anybody a card, so a card counts
// only if the user has verified it, or if it descends from one that the user has verified.
//
// Person is what a server says about somebody, Pin is what the user has verified, and Book has all pins of the user. VaultPin and VaultBook
// are the same for shared vaults. The package is pure: no files, network, clock or logging.
package directory

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

var (
	// ErrCards: the server's cards are not those of one person with this name, from the first to the newest.
	ErrCards = errors.New("the server's cards of this person are not valid")
	// ErrParted: the card neither descends from a verified one nor precedes it, or belongs to another user than the verified one of this
	// name. Somebody else may want to be taken for this person.
	ErrParted = errors.New("this is not the person you verified under this name")
	// ErrOlder: the server does not show the newest card that was verified.
	ErrOlder = errors.New("the server hides the newest card of this person")
	// ErrFingerprint: the digits are those of another card.
	ErrFingerprint = errors.New("the fingerprint is different")
	// ErrMoved: the pins of this person changed after the card was shown.
	ErrMoved = errors.New("what you verified of this person has changed on another device")
	// ErrOffer: the offer of an invitation was not sealed by the person who made the link, or is for another server.
	ErrOffer = errors.New("the offer of this invitation is not valid")
	// ErrInvitee: an offer cannot have this text. See ValidInvitee.
	ErrInvitee = errors.New("whom an invitation is for must be one line of visible text")
	// ErrAnswer: nobody is proven to have registered with the link.
	ErrAnswer = errors.New("the answer to this invitation is not valid")
	// ErrPin: a pin that this version cannot read.
	ErrPin = errors.New("the record of a verified person cannot be read")
	// ErrVaultPin: the same of a shared vault.
	ErrVaultPin = errors.New("the record of a shared vault cannot be read")
	// ErrNoVaultPin: neither an invitation nor the user vouches for the vault. The server alone says that it exists.
	ErrNoVaultPin = errors.New("you have not joined this shared vault")
	// ErrVaultParted: the server shows a history of a shared vault that lacks what a device of the user has seen.
	ErrVaultParted = errors.New("your devices know another history of the shared vault")
)

// Person has all cards of a user, as a server shows them: each is valid and replaces the one before. Nobody vouches for the first.
type Person struct {
	cards  []*chain.Card
	hashes []chain.Hash
}

// Read takes the cards that a server has of the user with a name. It returns ErrCards unless they begin with generation 1, follow each other
// without a gap, and the newest has the name.
func Read(username string, signed []protocol.Signed) (*Person, error) {
	refuse := func(format string, args ...any) (*Person, error) {
		return nil, fmt.Errorf("%w: %w", ErrCards, fmt.Errorf(format, args...))
	}
	if n := len(signed); n < 1 || n > protocol.MaxCards {
		return refuse("there are %d", n)
	}
	p := &Person{}
	known := &chain.Cards{}
	for i, text := range signed {
		c, err := parseCard(text)
		if err == nil {
			err = known.Add(c)
		}
		if err == nil {
			err = p.add(c, known)
		}
		if err != nil {
			return refuse("card %d: %w", i+1, err)
		}
	}
	if got := p.Card().Username; got != username {
		return refuse("they belong to another user: %s", got)
	}
	return p, nil
}

func parseCard(text protocol.Signed) (*chain.Card, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || base64.RawURLEncoding.EncodeToString(b) != text { // even a strict decoder skips line breaks
		return nil, errors.New("it is malformed")
	}
	return chain.ParseCard(b)
}

// add appends the card of the next generation, which must be one of the known cards.
func (p *Person) add(c *chain.Card, known *chain.Cards) error {
	if c.Generation != int64(len(p.cards)+1) {
		return fmt.Errorf("it is of generation %d", c.Generation)
	}
	if len(p.cards) > 0 {
		if c.User != p.cards[0].User {
			return errors.New("it is of another user")
		}
		if err := known.Descends(c.Hash(), p.hashes[len(p.hashes)-1]); err != nil {
			return err
		}
	}
	p.cards, p.hashes = append(p.cards, c), append(p.hashes, c.Hash())
	return nil
}

// Own returns the person to whom a card of the user's own log belongs.
func Own(newest *chain.Card, cards *chain.Cards) (*Person, error) {
	p := &Person{}
	for c := newest; c != nil; c = cards.Get(c.Previous) {
		p.cards, p.hashes = append(p.cards, c), append(p.hashes, c.Hash())
	}
	slices.Reverse(p.cards)
	slices.Reverse(p.hashes)
	if len(p.cards) == 0 || p.cards[0].Generation != 1 {
		return nil, chain.ErrUnknownCard
	}
	return p, nil
}

// First returns the hash of the card with which the person registered.
func (p *Person) First() chain.Hash { return p.hashes[0] }

// Cards returns all cards, from the first to the newest.
func (p *Person) Cards() []*chain.Card { return p.cards }

// Card returns the newest card.
func (p *Person) Card() *chain.Card { return p.cards[len(p.cards)-1] }

// Check returns ErrFingerprint unless digits, with any spaces and hyphens, are the fingerprint of the newest card.
func (p *Person) Check(digits string) error {
	onlyDigits := func(s string) string {
		return strings.Map(func(r rune) rune {
			if unicode.IsSpace(r) || r == '-' {
				return -1
			}
			return r
		}, s)
	}
	if onlyDigits(digits) != onlyDigits(p.Card().Fingerprint()) {
		return ErrFingerprint
	}
	return nil
}

// Pin returns the pin of a person who was verified.
func (p *Person) Pin(how How, by chain.ID, millis int64) Pin {
	return Pin{User: p.Card().User, Username: p.Card().Username, How: how, By: by, Time: millis, Cards: p.hashes}
}

// Forward returns a pin that goes on to the newest card, which descends from the pinned one.
func (p *Person) Forward(pin Pin) Pin {
	pin.Username, pin.Cards = p.Card().Username, p.hashes
	return pin
}
