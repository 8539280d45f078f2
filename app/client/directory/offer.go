package directory

import (
	"encoding/binary"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// MaxInvitee bounds the name or address that an inviter notes, in bytes.
const MaxInvitee = 255

// Offer names the inviter to the new user. It is sealed under the secret of the link.
type Offer struct {
	Origin   string // of the server, such as https://vault.example.org
	User     chain.ID
	Username string       // of the inviter
	Cards    []chain.Hash // of all generations of the inviter
	Invitee  string       // as the inviter calls the new user; may be empty
	Expires  int64        // in milliseconds, by the inviter's clock
	Vaults   []OfferedVault
}

// Encode returns what ParseOffer reads.
func (o Offer) Encode() []byte {
	b := append(make([]byte, 0, 512), chain.Format)
	b = appendText(b, o.Origin)
	b = append(b, o.User[:]...)
	b = appendText(b, o.Username)
	b = binary.BigEndian.AppendUint16(b, uint16(len(o.Cards))) // #nosec G115 -- at most protocol.MaxCards
	for _, h := range o.Cards {
		b = append(b, h[:]...)
	}
	b = appendText(b, o.Invitee)
	b = binary.BigEndian.AppendUint64(b, uint64(o.Expires))     // #nosec G115 -- not negative
	b = binary.BigEndian.AppendUint16(b, uint16(len(o.Vaults))) // #nosec G115 -- at most MaxOfferedVaults
	for _, v := range o.Vaults {
		b = v.append(b)
	}
	return b
}

// appendText appends a text of at most 255 bytes, after its length.
func appendText(b []byte, s string) []byte {
	return append(append(b, byte(len(s))), s...) // #nosec G115 -- callers bound it
}

func text(d *chain.Decoder) string { return string(d.Take(int(d.Byte()))) }

// ParseOffer reads the content of an offer. It returns ErrOffer for anything that Encode would not have written, and for one of another
// server.
func ParseOffer(b []byte, origin string) (Offer, error) {
	d := chain.NewDecoder(b)
	o := Offer{Origin: text(d), User: d.ID(), Username: text(d)}
	n := int(d.Uint16())
	d.Refuse(n < 1 || n > protocol.MaxCards || d.Left() < n*len(chain.Hash{}))
	if d.Bad() {
		return Offer{}, ErrOffer
	}
	for range n {
		o.Cards = append(o.Cards, d.Hash())
	}
	o.Invitee, o.Expires = text(d), d.Number()
	n = int(d.Uint16())
	d.Refuse(n > MaxOfferedVaults)
	for range n {
		if d.Bad() {
			break
		}
		o.Vaults = append(o.Vaults, readOfferedVault(d))
	}
	if !d.OK() || o.Origin != origin || !ValidInvitee(o.Invitee) || !o.Pin(0).valid() || !validVaults(o.Vaults) {
		return Offer{}, ErrOffer
	}
	return o, nil
}

// ValidInvitee reports whether an offer can have a text: it is shown, so nothing in it may deceive.
func ValidInvitee(s string) bool {
	return len(s) <= MaxInvitee && utf8.ValidString(s) && strings.TrimSpace(s) == s &&
		!strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsGraphic(r) })
}

// Pin returns the pin of the inviter, for the one who got the link.
func (o Offer) Pin(millis int64) Pin {
	return Pin{User: o.User, Username: o.Username, How: ByLink, Time: millis, Cards: slices.Clone(o.Cards)}
}

// Person returns what Book.Pin needs of the inviter.
func (o Offer) Person() *Person {
	return &Person{hashes: o.Cards, cards: []*chain.Card{{User: o.User, Username: o.Username}}}
}
