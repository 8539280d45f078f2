package chain

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// Type says whether a vault can be shared. It never changes.
type Type byte

const (
	Personal Type = 1 // one member, always
	Shared   Type = 2
)

// Role is what a member may do. A higher role may do all that a lower one may.
type Role byte

const (
	Reader  Role = 1
	Editor  Role = 2 // also writes
	Manager Role = 3 // also adds and removes readers and editors
	Owner   Role = 4
)

// Wire returns the word for a role on the wire.
func (r Role) Wire() protocol.Role {
	return map[Role]protocol.Role{
		Reader: protocol.RoleReader, Editor: protocol.RoleEditor, Manager: protocol.RoleManager, Owner: protocol.RoleOwner,
	}[r]
}

// Member is a line of the roster.
type Member struct {
	User     ID
	Card     Hash
	Role     Role
	Envelope Hash // of the envelope that carries the epoch key to this member
}

const (
	memberUser byte = 1 // the kind of every line today
	memberSize      = 1 + idSize + hashSize + 1 + hashSize
	// MaxMembers bounds the roster of a vault.
	MaxMembers = 1000
	// MaxPreviousKeys bounds the sealed keys of earlier epochs in an entry, in bytes of the token.
	MaxPreviousKeys = 65536
)

// Entry is a line of the membership log of a vault.
type Entry struct {
	Vault    ID
	Type     Type
	Sequence int64
	Previous Hash // of the entry before; zero for the first
	// Revision and Write are those of the newest write when the entry was signed. Revision 0 stands for the state before the first
	// write, and its hash is that of the first entry, in which both are zero.
	Revision   int64
	Write      Hash
	Op         Op
	Author     ID
	AuthorCard Hash
	Time       int64 // milliseconds since 1970 by the author's clock. Shown, never decides anything.
	Epoch      uint32
	Commitment Hash // of the epoch key: a Fernet token does not commit to its key
	// PreviousKeys is a Fernet token under the epoch key with one or more keys of earlier epochs. Empty unless the epoch changes.
	PreviousKeys string
	Annex        Hash     // of the account document of a personal vault or the policy of a shared one; zero for none
	Roster       []Member // ordered by user
	// Signatures has one signature, by the author's card, or two: by the author's old and new card.
	Signatures []Signature
}

func (e *Entry) body() []byte {
	b := append(make([]byte, 0, 512+len(e.PreviousKeys)+memberSize*len(e.Roster)), Format)
	b = append(b, e.Vault[:]...)
	b = append(b, byte(e.Type))
	b = appendNumber(b, e.Sequence)
	b = append(b, e.Previous[:]...)
	b = appendNumber(b, e.Revision)
	b = append(b, e.Write[:]...)
	b = append(b, byte(e.Op))
	b = append(b, e.Author[:]...)
	b = append(b, e.AuthorCard[:]...)
	b = appendNumber(b, e.Time)
	b = binary.BigEndian.AppendUint32(b, e.Epoch)
	b = append(b, e.Commitment[:]...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(e.PreviousKeys))) // #nosec G115 -- bounded by check
	b = append(b, e.PreviousKeys...)
	b = append(b, e.Annex[:]...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(e.Roster))) // #nosec G115 -- bounded by check
	for _, m := range e.Roster {
		b = append(b, memberUser)
		b = append(b, m.User[:]...)
		b = append(b, m.Card[:]...)
		b = append(b, byte(m.Role))
		b = append(b, m.Envelope[:]...)
	}
	return b
}

// Message returns the bytes to sign.
func (e *Entry) Message() []byte { return signed(KindEntry, e.body()) }

// Hash identifies the entry. It does not cover the signatures.
func (e *Entry) Hash() Hash { return sha256.Sum256(e.Message()) }

// Sign signs with the author's card and, for an op with two signatures, with the author's new card.
func (e *Entry) Sign(signers ...Signer) {
	message := e.Message()
	e.Signatures = make([]Signature, len(signers))
	for i, s := range signers {
		e.Signatures[i] = s.Sign(message)
	}
}

// Encode returns the body and the signatures.
func (e *Entry) Encode() []byte {
	b := e.body()
	for _, s := range e.Signatures {
		b = append(b, s[:]...)
	}
	return b
}

// ParseEntry reads what Encode returned. It checks the form alone: State.Follow says whether the entry is allowed.
func ParseEntry(b []byte) (*Entry, error) {
	r := NewDecoder(b)
	e := &Entry{
		Vault: r.ID(), Type: Type(r.Byte()), Sequence: r.Number(), Previous: r.Hash(), Revision: r.Number(), Write: r.Hash(),
		Op: Op(r.Byte()), Author: r.ID(), AuthorCard: r.Hash(), Time: r.Number(), Epoch: r.Uint32(), Commitment: r.Hash(),
		PreviousKeys: r.long(MaxPreviousKeys), Annex: r.Hash(),
	}
	n := int(r.Uint16())
	r.Refuse(n > MaxMembers || n*memberSize > len(r.b))
	for range n {
		if r.bad {
			break
		}
		r.Refuse(r.Byte() != memberUser)
		e.Roster = append(e.Roster, Member{User: r.ID(), Card: r.Hash(), Role: Role(r.Byte()), Envelope: r.Hash()})
	}
	e.Signatures = r.signatures()
	if r.bad {
		return nil, &Error{Kind: KindEntry, Err: ErrEncoding}
	}
	if err := e.check(); err != nil {
		return nil, e.refuse(err)
	}
	return e, nil
}

// Member returns the line of user, or nil.
func (e *Entry) Member(user ID) *Member {
	i, found := slices.BinarySearchFunc(e.Roster, user, func(m Member, user ID) int { return bytes.Compare(m.User[:], user[:]) })
	if !found {
		return nil
	}
	return &e.Roster[i]
}

func (e *Entry) refuse(err error) error {
	return &Error{Kind: KindEntry, Number: e.Sequence, Author: e.Author, Err: err}
}

// check refuses entries that no op allows.
func (e *Entry) check() error {
	wrong := func(why string) error { return fmt.Errorf("%w: %s", ErrEncoding, why) }
	switch {
	case !boundedNumber(e.Sequence) || !boundedNumber(e.Revision) || !boundedNumber(e.Time):
		return wrong("number out of bounds")
	case e.Vault == ID{} || e.Author == ID{} || e.AuthorCard == Hash{} || e.Commitment == Hash{}:
		return wrong("a field is empty")
	case len(e.PreviousKeys) > MaxPreviousKeys:
		return wrong("previous keys are too long")
	case e.Epoch < 1:
		return wrong("epoch is 0")
	case (e.Sequence == 0) != (e.Previous == Hash{}) || (e.Sequence == 0) != (e.Write == Hash{}) || e.Sequence == 0 && e.Revision != 0:
		return wrong("only the first entry follows nothing")
	case len(e.Signatures) < 1 || len(e.Signatures) > 2:
		return wrong("one or two signatures")
	}
	if rule, known := rules[e.Op]; !known || rule.in(e.Type) != nil {
		return ErrOp
	}
	return e.checkRoster()
}

func (e *Entry) checkRoster() error {
	owners := 0
	for i, m := range e.Roster {
		if i > 0 && bytes.Compare(e.Roster[i-1].User[:], m.User[:]) >= 0 {
			return fmt.Errorf("%w: not ordered", ErrRoster)
		}
		if (m.User == ID{}) || (m.Card == Hash{}) || (m.Envelope == Hash{}) || m.Role < Reader || m.Role > Owner {
			return fmt.Errorf("%w: a line is not valid", ErrRoster)
		}
		if m.Role == Owner {
			owners++
		}
	}
	switch {
	case owners == 0:
		return fmt.Errorf("%w: no owner", ErrRoster)
	case len(e.Roster) > MaxMembers:
		return fmt.Errorf("%w: more than %d members", ErrRoster, MaxMembers)
	case e.Type == Personal && len(e.Roster) != 1:
		return fmt.Errorf("%w: a personal vault has one member", ErrRoster)
	}
	return nil
}
