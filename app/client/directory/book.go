package directory

import (
	"bytes"
	"cmp"
	"errors"
	"slices"
	"sort"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// Standing says how a person whom a server shows relates to the pins.
type Standing string

const (
	Unknown   Standing = "unknown"    // nobody has verified this person
	Verified  Standing = "verified"   // the newest card is pinned
	Renewed   Standing = "renewed"    // the newest card descends from the pinned one, which counts as verified too
	Older     Standing = "older"      // the pinned card descends from the newest one that the server shows
	Parted    Standing = "parted"     // two cards of one generation: one of them is forged
	OtherUser Standing = "other_user" // another user was verified under this name
	Unsure    Standing = "unsure"     // there is no pin, but one that cannot be read may be of this person
)

// Err returns why a card with this standing is not used: ErrParted, ErrOlder or ErrPin. Unknown has no error, but is not verified either.
func (s Standing) Err() error {
	switch s {
	case Parted, OtherUser:
		return ErrParted
	case Older:
		return ErrOlder
	case Unsure:
		return ErrPin
	}
	return nil
}

// Trusted reports whether the user has verified the card, or one that it descends from.
func (s Standing) Trusted() bool { return s == Verified || s == Renewed }

// relation says how one list of cards relates to another. Both begin with generation 1, and each hash covers the hash of the card before.
func relation(shown, pinned []chain.Hash) Standing {
	n := min(len(shown), len(pinned))
	switch {
	case !slices.Equal(shown[:n], pinned[:n]):
		return Parted
	case len(shown) > n:
		return Renewed
	case len(pinned) > n:
		return Older
	}
	return Verified
}

// Entry is a pin and its record.
type Entry struct {
	Pin
	Record chain.ID
	// Conflict says that there is another pin of this person, and that neither contains the other: nothing of the person is used until
	// the fingerprint was compared again.
	Conflict bool
}

// Book has all pins of a user.
type Book struct {
	Entries    []Entry // one for each person, or several with Conflict; by username
	Unreadable int     // records that this version cannot read

	behind []Entry // pins that one of Entries contains
}

// Open reads the pins of a personal vault.
func Open(v *replica.Replica) *Book {
	b := &Book{}
	var all []Entry
	for _, r := range v.Records(chain.RecordPin) {
		if len(r.Content) > 1 && r.Content[0] == chain.Format && r.Content[1] != pinPerson {
			continue // of something else
		}
		pin, err := ParsePin(r.Content)
		if r.Err != nil || err != nil {
			b.Unreadable++
			continue
		}
		all = append(all, Entry{Pin: pin, Record: r.ID})
	}
	sort.SliceStable(all, func(i, j int) bool { // the longest first, and of equal ones the best verified
		return cmp.Or(cmp.Compare(len(all[j].Cards), len(all[i].Cards)), cmp.Compare(all[i].How, all[j].How)) < 0
	})
	for _, e := range all {
		b.add(e)
	}
	sort.SliceStable(b.Entries, func(i, j int) bool {
		x, y := &b.Entries[i], &b.Entries[j]
		return cmp.Or(cmp.Compare(x.Username, y.Username), bytes.Compare(x.User[:], y.User[:]), bytes.Compare(x.Record[:], y.Record[:])) < 0
	})
	return b
}

// add adds a pin that is not longer than those before.
func (b *Book) add(e Entry) {
	for _, other := range b.Entries {
		if other.User == e.User && relation(other.Cards, e.Cards) != Parted {
			b.behind = append(b.behind, e)
			return
		}
	}
	for i := range b.Entries {
		if b.Entries[i].User == e.User {
			e.Conflict, b.Entries[i].Conflict = true, true
		}
	}
	b.Entries = append(b.Entries, e)
}

// Of returns the pins of a user.
func (b *Book) Of(user chain.ID) []Entry {
	return slices.DeleteFunc(slices.Clone(b.Entries), func(e Entry) bool { return e.User != user })
}

// Named returns the pins of the users who had a name when they were verified.
func (b *Book) Named(username string) []Entry {
	return slices.DeleteFunc(slices.Clone(b.Entries), func(e Entry) bool { return e.Username != username })
}

// Standing returns how a person relates to the pins, and the pins that say so.
func (b *Book) Standing(p *Person) (Standing, []Entry) {
	own := b.Of(p.Card().User)
	switch {
	case len(own) > 1:
		return Parted, own
	case len(own) == 1:
		return relation(p.hashes, own[0].Cards), own
	}
	if others := b.Named(p.Card().Username); len(others) > 0 {
		return OtherUser, others
	}
	if b.Unreadable > 0 {
		return Unsure, nil
	}
	return Unknown, nil
}

// StandingOf returns how the card of a user in the roster of a vault relates to the pins. cards are those of the vault, which need not be all
// of the user: without those between the pinned card and this one, it is Unsure.
func (b *Book) StandingOf(card *chain.Card, cards *chain.Cards) Standing {
	own := b.Of(card.User)
	switch {
	case len(own) > 1:
		return Parted
	case len(own) == 1:
		return own[0].standingOf(card, cards)
	case len(b.Named(card.Username)) > 0:
		return OtherUser
	case b.Unreadable > 0:
		return Unsure
	}
	return Unknown
}

func (p Pin) standingOf(card *chain.Card, cards *chain.Cards) Standing {
	if at := card.Generation - 1; at < int64(len(p.Cards)) {
		switch {
		case p.Cards[at] != card.Hash():
			return Parted
		case at < int64(len(p.Cards))-1:
			return Older
		}
		return Verified
	}
	err := cards.Descends(card.Hash(), p.Newest())
	switch {
	case err == nil:
		return Renewed
	case errors.Is(err, chain.ErrUnknownCard) && p.mayPrecede(card, cards):
		return Unsure
	}
	return Parted
}

// mayPrecede reports whether a card of a later generation can descend from the pinned one, as far as the cards before it are there.
func (p Pin) mayPrecede(card *chain.Card, cards *chain.Cards) bool {
	next := int64(len(p.Cards)) + 1
	for card != nil && card.Generation > next {
		card = cards.Get(card.Previous)
	}
	return card == nil || card.Previous == p.Newest()
}

// Pin adds a person who was verified while the pins in seen were those of Standing. It replaces the pins of this user, but a pin only goes
// forward: if another device has pinned a later card meanwhile, that stays. It returns ErrMoved if the pins say something else by now.
func (b *Book) Pin(c *replica.Change, p *Person, pin Pin, seen []Entry) error {
	standing, now := b.Standing(p)
	if len(now) == 1 && standing != OtherUser && standing != Parted && now[0].How < pin.How { // the better way stays
		pin.How, pin.By, pin.Time = now[0].How, now[0].By, now[0].Time
	}
	switch standing {
	case Parted, OtherUser:
		if !sameCards(seen, now) {
			return ErrMoved // the user was shown something else before comparing
		}
	case Older:
		pin.Cards, pin.Username = now[0].Cards, now[0].Username
	case Unsure:
		return ErrPin
	}
	record := seal.NewID()
	for i, e := range b.records(pin.User) {
		if i == 0 {
			record = e.Record
		} else {
			c.Drop(chain.RecordPin, e.Record)
		}
	}
	return c.Put(chain.RecordPin, record, pin.Encode())
}

// Forget deletes all pins of a user, and reports whether there were any.
func (b *Book) Forget(c *replica.Change, user chain.ID) bool {
	all := b.records(user)
	for _, e := range all {
		c.Drop(chain.RecordPin, e.Record)
	}
	return len(all) > 0
}

// records returns all pins of a user, also those that others contain.
func (b *Book) records(user chain.ID) []Entry {
	return slices.DeleteFunc(slices.Concat(b.Entries, b.behind), func(e Entry) bool { return e.User != user })
}

func sameCards(a, b []Entry) bool {
	return slices.EqualFunc(a, b, func(x, y Entry) bool { return x.User == y.User && slices.Equal(x.Cards, y.Cards) })
}

// Bring adds what the pins of a branch have beyond those of b to a change of the vault of b, as far as it has room for them. It deletes
// nothing: if neither of two pins of a person contains the other, both stay, and Conflict says so.
func (b *Book) Bring(c *replica.Change, branch *Book) error {
	for _, e := range branch.Entries {
		if c.Operations()+2 > replica.MaxOperations {
			return nil
		}
		record := seal.NewID()
		brought := false
		for _, own := range b.Of(e.User) {
			switch relation(own.Cards, e.Cards) {
			case Older:
				record = own.Record
			case Verified, Renewed:
				brought = true
			}
		}
		if brought {
			continue
		}
		if err := c.Put(chain.RecordPin, record, e.Encode()); err != nil {
			return err
		}
	}
	return nil
}
