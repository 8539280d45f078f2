package seal

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealing"
	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealtest"
)

// fuzzPlaintext checks that encoding the content of a plaintext that parses gives the same bytes. encode returns nil for bytes that do
// not parse.
func fuzzPlaintext(f *testing.F, encode func([]byte) []byte, valid ...[]byte) {
	f.Helper()
	f.Add([]byte{})
	for _, v := range valid {
		if !bytes.Equal(encode(v), v) {
			f.Fatalf("%x does not parse", v)
		}
		f.Add(v)
		f.Add(v[:len(v)-1])
		f.Add(append(bytes.Clone(v), 0))
		v = bytes.Clone(v)
		clear(v[len(v)/2:])
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if again := encode(b); again != nil && !bytes.Equal(again, b) {
			t.Errorf("%x parses, and encodes as %x", b, again)
		}
	})
}

func FuzzParseWrap(f *testing.F) {
	var valid [][]byte
	for method, k := range fixedWrapKeys() {
		valid = append(valid, (&wrapped{fixedID("user"), method, 7, k.kdf, k.passkey, fixedAccountKey("account")}).encode())
	}
	fuzzPlaintext(f, func(b []byte) []byte {
		if w, ok := parseWrap(b); ok {
			return w.encode()
		}
		return nil
	}, valid...)
}

func FuzzParseIdentity(f *testing.F) {
	i, _ := fixedIdentity(f)
	first := *i
	first.KeyGeneration, first.Former, first.Cards = 1, nil, i.Cards[:1]
	fuzzPlaintext(f, func(b []byte) []byte {
		if i, ok := parseIdentity(b); ok {
			return i.encode()
		}
		return nil
	}, i.encode(), first.encode())
}

func FuzzParsePrevious(f *testing.F) {
	fuzzPlaintext(f, func(b []byte) []byte {
		if p, ok := parsePrevious(b); ok {
			return p.encode()
		}
		return nil
	}, (&previousKeys{fixedID("vault"), 3, fixedPrevious()}).encode(), (&previousKeys{fixedID("vault"), 9, fixedPrevious()[:1]}).encode())
}

func FuzzParseEnvelope(f *testing.F) {
	a := addressee{fixedID("vault"), 3, fixedID("user"), fixedHash("card")}
	fuzzPlaintext(f, func(b []byte) []byte {
		if a, key, ok := parseEnvelope(b); ok {
			return a.encode(key)
		}
		return nil
	}, a.encode(fixedEpochKey("epoch")))
}

func FuzzParseRecord(f *testing.F) {
	p := fixedRecordPlace()
	fuzzPlaintext(f, func(b []byte) []byte {
		if p, r, ok := parseRecord(b); ok {
			return pad(recordHead(p, r.Origin), r.Content)
		}
		return nil
	}, pad(recordHead(p, Origin{}), nil), pad(recordHead(p, Origin{fixedID("author"), 5}), []byte("content")),
		pad(recordHead(p, Origin{}), bytes.Repeat([]byte{1}, 300)))
}

func FuzzParseChunk(f *testing.F) {
	c := Chunk{fixedID("attachment"), 2, 3}
	fuzzPlaintext(f, func(b []byte) []byte {
		if c, content, ok := parseChunk(b); ok {
			return pad(c.head(), content)
		}
		return nil
	}, pad(c.head(), nil), pad(c.head(), bytes.Repeat([]byte{1}, 300)))
}

// openFrozen returns the frozen vectors: each process that fuzzes needs the same tokens.
func openFrozen(f *testing.F) (v vectors) {
	f.Helper()
	if err := json.Unmarshal(frozen, &v); err != nil {
		f.Fatal(err)
	}
	return v
}

// Only the exact bytes of an envelope open.
func FuzzOpenEnvelope(f *testing.F) {
	v := openFrozen(f)
	envelope, err := hex.DecodeString(v.Envelope.Envelope)
	if err != nil {
		f.Fatal(err)
	}
	i, cards := fixedIdentity(f)
	a := addressee{fixedID("vault"), v.Envelope.Epoch, i.User, cards[1].Hash()}
	commitment := fixedEpochKey("epoch 3").Commitment(a.vault, a.epoch)
	f.Add(envelope)
	f.Add(envelope[:EnvelopeBytes-4])
	f.Add(append(bytes.Clone(envelope), '\n'))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := i.Cards[1].KEM.openEnvelope(a, commitment, b); (err == nil) != bytes.Equal(b, envelope) {
			t.Errorf("%x: %v", b, err)
		}
	})
}

func FuzzUnwrap(f *testing.F) {
	k := fixedPhrase(f).WrapKey()
	sealtest.FuzzOpen(f, openFrozen(f).Wraps[1].Token, func(s string) error { _, _, err := k.Unwrap(s, fixedID("user"), 1); return err })
}

func FuzzOpenIdentity(f *testing.F) {
	v := openFrozen(f).Identity
	sealtest.FuzzOpen(f, v.Token, func(s string) error {
		_, err := fixedAccountKey("account").OpenIdentity(fixedID("user"), v.Generation, s)
		return err
	})
}

func FuzzOpenRecord(f *testing.F) {
	sealtest.FuzzOpen(f, openFrozen(f).Records[0].Token, func(s string) error {
		_, err := fixedEpochKey("epoch 3").Open(fixedRecordPlace(), s)
		return err
	})
}

func FuzzOpenPrevious(f *testing.F) {
	vault := fixedID("vault")
	sealtest.FuzzOpen(f, openFrozen(f).Previous.Token, func(s string) error {
		_, err := fixedEpochKey("epoch 3").OpenPrevious(vault, 3, s, commitments(vault, fixedPrevious()))
		return err
	})
}

func FuzzParseAttachmentKey(f *testing.F) {
	fuzzKey := AttachmentKey{sealing.Of(sealtest.Fixed("attachment key"))}.Encode()
	f.Add(fuzzKey)
	f.Add(fuzzKey[:20] + "\n" + fuzzKey[21:])
	f.Add(fuzzKey[:42] + "\r")
	f.Fuzz(func(t *testing.T, s string) {
		if k, err := ParseAttachmentKey(s); err == nil && k.Encode() != s {
			t.Errorf("%q is read as %q", s, k.Encode())
		}
	})
}

// Every text that parses as a phrase has 24 words, and their canonical spelling parses as the same phrase.
func FuzzParseRecoveryPhrase(f *testing.F) {
	for _, s := range []string{
		"", "abandon", strings.Repeat("abandon ", 23) + "art", "zoo " + strings.Repeat("zoo ", 22) + "vote",
		"hamster diagram private dutch cause delay private meat slide toddler razor book happy fancy gospel tennis maple dilemma loan word shrug inflict delay length",
		"Hamster\tDIAGRAM ｐrivate", "\xff", strings.Repeat("\u0301", 50),
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := ParseRecoveryPhrase(s)
		if err != nil {
			return
		}
		words := p.Words()
		again, err := ParseRecoveryPhrase(strings.Join(words, " "))
		if err != nil || !again.Equal(p) || len(words) != phraseWords {
			t.Errorf("%q reads as %q, which reads as another phrase (%v)", s, words, err)
		}
		if _, err := ParseRecoveryPhrase(strings.Join(words[1:], " ")); err == nil {
			t.Errorf("%q: 23 words are accepted", words)
		}
	})
}
