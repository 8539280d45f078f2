package directory

import (
	"encoding/binary"
	"slices"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// How says how a person was verified.
type How byte

const (
	Compared   How = 1 // the fingerprint, over a channel that the server has no part in
	ByLink     How = 2 // by an invitation link
	Introduced How = 3 // by a verified person, whom Pin.By names
)

// Word returns the word for it, for programs.
func (h How) Word() string {
	return [...]string{Compared: "compared", ByLink: "link", Introduced: "introduced"}[h]
}

// Pin is what a user has verified of a person: the content of a sealed record.
type Pin struct {
	User     chain.ID
	Username string // of the newest card
	How      How
	By       chain.ID     // zero unless How is Introduced
	Time     int64        // in milliseconds; shown, and decides nothing
	Cards    []chain.Hash // of all generations, from the first to the newest verified one
}

// Newest returns the hash of the newest verified card.
func (p Pin) Newest() chain.Hash { return p.Cards[len(p.Cards)-1] }

// pinPerson is the type of the pin of a person.
const pinPerson = 1

// Encode returns what ParsePin reads.
func (p Pin) Encode() []byte {
	b := append(make([]byte, 0, 256), chain.Format, pinPerson)
	b = append(b, p.User[:]...)
	b = append(append(b, byte(len(p.Username))), p.Username...) // #nosec G115 -- that of a card, which has at most 255 bytes
	b = append(b, byte(p.How))
	b = append(b, p.By[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(p.Time))       // #nosec G115 -- not negative
	b = binary.BigEndian.AppendUint16(b, uint16(len(p.Cards))) // #nosec G115 -- at most protocol.MaxCards
	for _, h := range p.Cards {
		b = append(b, h[:]...)
	}
	return b
}

// ParsePin reads the pin of a person. It returns ErrPin for anything that Encode would not have written.
func ParsePin(b []byte) (Pin, error) {
	d := chain.NewDecoder(b)
	d.Refuse(d.Byte() != pinPerson)
	p := Pin{User: d.ID(), Username: string(d.Take(int(d.Byte()))), How: How(d.Byte()), By: d.ID(), Time: d.Number()}
	n := int(d.Uint16())
	d.Refuse(n < 1 || n > protocol.MaxCards || d.Left() != n*len(chain.Hash{}))
	if d.Bad() {
		return Pin{}, ErrPin
	}
	for range n {
		p.Cards = append(p.Cards, d.Hash())
	}
	if !d.OK() || !p.valid() {
		return Pin{}, ErrPin
	}
	return p, nil
}

func (p Pin) valid() bool {
	return p.User != chain.ID{} && chain.ValidUsername(p.Username) && p.How >= Compared && p.How <= Introduced &&
		(p.How == Introduced) == (p.By != chain.ID{}) && !slices.Contains(p.Cards, chain.Hash{})
}
