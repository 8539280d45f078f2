package chain

import (
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"sort"
)

// Nonce is chosen by a server, for one Resend.
type Nonce [hashSize]byte

// Resend is signed by a member who sends a part of a vault's history again, to a server that lost it. It names the state to which
// that part leads. A server that never knew this state takes nothing from a stranger who recorded the history.
type Resend struct {
	Vault      ID
	Nonce      Nonce
	Revision   int64 // of the newest write
	Write      Hash  // of the newest write, or of the first entry for revision 0
	Sequence   int64 // of the newest entry
	Entry      Hash  // of the newest entry
	Author     ID
	AuthorCard Hash
	Signature  Signature
}

// Resend returns what a member signs who leads a server to s. The caller signs it.
func (s State) Resend(nonce Nonce, author ID, card Hash) *Resend {
	return &Resend{
		Vault: s.Entry.Vault, Nonce: nonce, Revision: s.Revision, Write: s.Write, Sequence: s.Entry.Sequence, Entry: s.Entry.Hash(),
		Author: author, AuthorCard: card,
	}
}

func (r *Resend) body() []byte {
	b := append(make([]byte, 0, 256), Format)
	b = append(b, r.Vault[:]...)
	b = append(b, r.Nonce[:]...)
	b = appendNumber(b, r.Revision)
	b = append(b, r.Write[:]...)
	b = appendNumber(b, r.Sequence)
	b = append(b, r.Entry[:]...)
	b = append(b, r.Author[:]...)
	return append(b, r.AuthorCard[:]...)
}

// Message returns the bytes to sign.
func (r *Resend) Message() []byte { return signed(KindResend, r.body()) }

// Hash identifies the statement. It does not cover the signature.
func (r *Resend) Hash() Hash { return sha256.Sum256(r.Message()) }

// Sign signs with the author's card.
func (r *Resend) Sign(author Signer) { r.Signature = author.Sign(r.Message()) }

// Encode returns the body and the signature.
func (r *Resend) Encode() []byte { return append(r.body(), r.Signature[:]...) }

// ParseResend reads what Encode returned. It checks the form alone: see Check.
func ParseResend(b []byte) (*Resend, error) {
	d := NewDecoder(b)
	r := &Resend{
		Vault: d.ID(), Nonce: Nonce(d.Take(hashSize)), Revision: d.Number(), Write: d.Hash(), Sequence: d.Number(), Entry: d.Hash(),
		Author: d.ID(), AuthorCard: d.Hash(),
	}
	signatures := d.signatures()
	d.Refuse(len(signatures) != 1)
	if d.bad || r.Vault == (ID{}) || r.Author == (ID{}) || r.Nonce == (Nonce{}) || r.Write == (Hash{}) || r.Entry == (Hash{}) || r.AuthorCard == (Hash{}) {
		return nil, &Error{Kind: KindResend, Err: ErrEncoding}
	}
	r.Signature = signatures[0]
	return r, nil
}

// Check refuses a statement that names another state than s, or whose author is not a member then: a card that was replaced, or
// whose user was removed, re-sends nothing.
func (r *Resend) Check(s State, cards *Cards) error {
	author := s.Entry.Member(r.Author)
	switch {
	case r.Vault != s.Entry.Vault:
		return r.refuse(ErrVault)
	case r.Revision != s.Revision || r.Write != s.Write || r.Sequence != s.Entry.Sequence || r.Entry != s.Entry.Hash():
		return r.refuse(fmt.Errorf("%w: leads to another state", ErrFork))
	case author == nil || author.Card != r.AuthorCard:
		return r.refuse(ErrAuthor)
	}
	card, err := cards.of(r.Author, r.AuthorCard)
	if err != nil {
		return r.refuse(err)
	}
	if !ed25519.Verify(card.SigningKey[:], r.Message(), r.Signature[:]) {
		return r.refuse(ErrSignature)
	}
	return nil
}

func (r *Resend) refuse(err error) error {
	return &Error{Kind: KindResend, Number: r.Revision, Author: r.Author, Err: err}
}

// Part is a part of a vault's history, without a gap: all writes with their operations, and all entries, in ascending order.
type Part struct {
	Entries    []*Entry
	Writes     []*Write
	Operations [][]Operation // of Writes
}

// Glance does what Follow does with a part, without its operations. It is cheap, and refuses a part that members did not sign.
func (s State) Glance(p Part, cards *Cards) (State, error) {
	through := make([]int64, 0, len(p.Entries))
	for _, e := range p.Entries {
		through = append(through, e.Revision)
	}
	for i, w := range p.Writes {
		if w.Revision != s.Revision+1+int64(i) {
			return s, w.refuse(fmt.Errorf("%w: %d writes after revision %d", ErrFork, i, s.Revision))
		}
	}
	newest := s.Revision + int64(len(p.Writes))
	var path []*Write
	for _, n := range Path(newest, s.Revision, through) {
		path = append(path, p.Writes[n-s.Revision-1])
	}
	return s.Follow(p.Entries, path, cards)
}

// Replay returns the state after each write and entry of a part in turn, as if each had been sent alone, and applies the operations to
// live, which must have the buckets that they touch. After an error, live is of no use.
func (s State) Replay(p Part, live *Live, cards *Cards) (State, error) {
	if len(p.Operations) != len(p.Writes) {
		return s, &Error{Kind: KindWrite, Err: ErrOperations}
	}
	var err error
	entries := p.Entries
	for i, w := range p.Writes {
		// An entry comes before the writes above its revision.
		for len(entries) > 0 && entries[0].Revision < w.Revision {
			if s, err = s.Follow(entries[:1], nil, cards); err != nil {
				return s, err
			}
			entries = entries[1:]
		}
		if s, err = s.Admit(w, p.Operations[i], live, cards); err != nil {
			return s, err
		}
	}
	return s.Follow(entries, nil, cards)
}

// Newest is the newest operation at a place, and the revision of its write.
type Newest struct {
	Operation
	Revision int64
}

// Newest returns the newest operation at each place, in ascending order of the places. A record that was put and deleted within the part is
// deleted.
func (p Part) Newest() []Newest {
	at := map[Line]int{} // by place
	var newest []Newest
	for i, ops := range p.Operations {
		for _, o := range ops {
			place := o.Line
			place.Hash = Hash{}
			n, ok := at[place]
			if !ok {
				n = len(newest)
				at[place], newest = n, append(newest, Newest{})
			}
			newest[n] = Newest{o, p.Writes[i].Revision}
		}
	}
	sort.Slice(newest, func(i, j int) bool { return compareLines(newest[i].Line, newest[j].Line) < 0 })
	return newest
}
