package chain

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

// Write is a signed step of a vault from revision n−1 to n. Writes are kept forever.
type Write struct {
	Vault    ID
	Epoch    uint32
	Revision int64 // n, from 1
	Previous Hash  // of write n−1
	Skip     Hash  // of write n with its lowest bit cleared. Write 0 is the first entry of the log.
	// Branch is the newest write of another branch, whose changes this write brings together with its own branch. Zero for none.
	Branch     Hash
	Entry      Hash // of the newest entry below this revision
	Author     ID
	AuthorCard Hash
	Time       int64 // milliseconds since 1970 by the author's clock. Shown, never decides anything.
	Count      int64 // what is live after the write
	Root       Hash  // over what is live after the write: see Live
	Operations Hash  // see HashOperations
	Signature  Signature
}

// WriteSize is the size of an encoded write.
const WriteSize = 1 + idSize + 4 + 8 + 4*hashSize + idSize + hashSize + 8 + 8 + 2*hashSize + signatureSize

// SkipRevision returns the revision to which the skip link of a write points: the lowest bit is cleared.
func SkipRevision(n int64) int64 { return n & (n - 1) }

func (w *Write) body() []byte {
	b := append(make([]byte, 0, 512), Format)
	b = append(b, w.Vault[:]...)
	b = binary.BigEndian.AppendUint32(b, w.Epoch)
	b = appendNumber(b, w.Revision)
	for _, h := range [...]Hash{w.Previous, w.Skip, w.Branch, w.Entry} {
		b = append(b, h[:]...)
	}
	b = append(b, w.Author[:]...)
	b = append(b, w.AuthorCard[:]...)
	b = appendNumber(b, w.Time)
	b = appendNumber(b, w.Count)
	b = append(b, w.Root[:]...)
	return append(b, w.Operations[:]...)
}

// Message returns the bytes to sign.
func (w *Write) Message() []byte { return signed(KindWrite, w.body()) }

// Hash identifies the write. It does not cover the signature.
func (w *Write) Hash() Hash { return sha256.Sum256(w.Message()) }

// Sign signs with the author's card.
func (w *Write) Sign(author Signer) { w.Signature = author.Sign(w.Message()) }

// Encode returns the body and the signature.
func (w *Write) Encode() []byte { return append(w.body(), w.Signature[:]...) }

// ParseWrite reads what Encode returned. It checks the form alone: State.Follow says whether the write is allowed.
func ParseWrite(b []byte) (*Write, error) {
	r := NewDecoder(b)
	w := &Write{
		Vault: r.ID(), Epoch: r.Uint32(), Revision: r.Number(), Previous: r.Hash(), Skip: r.Hash(), Branch: r.Hash(),
		Entry: r.Hash(), Author: r.ID(), AuthorCard: r.Hash(), Time: r.Number(), Count: r.Number(), Root: r.Hash(),
		Operations: r.Hash(),
	}
	signatures := r.signatures()
	r.Refuse(len(signatures) != 1)
	if r.bad {
		return nil, &Error{Kind: KindWrite, Err: ErrEncoding}
	}
	w.Signature = signatures[0]
	if err := w.check(); err != nil {
		return nil, w.refuse(err)
	}
	return w, nil
}

func (w *Write) check() error {
	wrong := func(why string) error { return fmt.Errorf("%w: %s", ErrEncoding, why) }
	switch {
	case w.Revision < 1 || !boundedNumber(w.Time) || !boundedNumber(w.Count):
		return wrong("number out of bounds")
	case w.Epoch < 1:
		return wrong("epoch is 0")
	case w.Vault == ID{} || w.Author == ID{} || w.AuthorCard == Hash{} || w.Entry == Hash{} || w.Previous == Hash{} || w.Skip == Hash{}:
		return wrong("a field is empty")
	case w.Revision&1 == 1 && w.Skip != w.Previous:
		return wrong("both links lead to the same write")
	}
	return nil
}

// Verify checks the signature, and nothing else.
func (w *Write) Verify(cards *Cards) error { return w.verify(cards) }

func (w *Write) verify(cards *Cards) error {
	card, err := cards.of(w.Author, w.AuthorCard)
	if err != nil {
		return err
	}
	if !ed25519.Verify(card.SigningKey[:], w.Message(), w.Signature[:]) {
		return ErrSignature
	}
	return nil
}

func (w *Write) refuse(err error) error {
	return &Error{Kind: KindWrite, Number: w.Revision, Author: w.Author, Err: err}
}
