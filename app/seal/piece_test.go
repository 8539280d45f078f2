package seal

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealing"
	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealtest"
)

func TestPieceOpensInItsOwnPlaceAlone(t *testing.T) {
	t.Parallel()
	v := NewVaultKey()
	home := Piece{fixedUser("ann"), AttachmentID(fixedUser("scan")), 2, 3}
	content := []byte("the second of three")
	token, err := v.SealPiece(home, content)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := v.SealPiece(home, content); err != nil || again == token {
		t.Errorf("sealing again gives the same token: %v", err)
	}
	if got, err := v.OpenPiece(home, token); err != nil || !bytes.Equal(got, content) {
		t.Fatalf("%q, %v", got, err)
	}
	moved := func(change func(*Piece)) Piece {
		p := home
		change(&p)
		return p
	}
	for name, c := range map[string]struct {
		key   VaultKey
		p     Piece
		token string
	}{
		"another user's":       {v, moved(func(p *Piece) { p.User = fixedUser("bob") }), token},
		"another attachment's": {v, moved(func(p *Piece) { p.Attachment = NewAttachmentID() }), token},
		"the piece before":     {v, moved(func(p *Piece) { p.Number = 1 }), token},
		"the piece after":      {v, moved(func(p *Piece) { p.Number = 3 }), token},
		"one piece dropped":    {v, moved(func(p *Piece) { p.Count = 2 }), token},
		"one piece added":      {v, moved(func(p *Piece) { p.Count = 4 }), token},
		"ids swapped":          {v, Piece{UserID(home.Attachment), AttachmentID(home.User), 2, 3}, token},
		"another vault's":      {NewVaultKey(), home, token},
		"cut by a letter":      {v, home, token[:len(token)-1]},
		"twice":                {v, home, token + token},
		"empty":                {v, home, ""},
		"too long":             {v, home, strings.Repeat("A", protocol.MaxChunkTokenBytes+4)},
	} {
		got, err := c.key.OpenPiece(c.p, c.token)
		var piece *PieceError
		if got != nil || !errors.Is(err, ErrAltered) || !errors.As(err, &piece) || piece.Piece != c.p {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	_, err = v.OpenPiece(home, "")
	if want := "piece 2 of 3 of attachment " + string(home.Attachment) + " was changed outside this vault"; err.Error() != want {
		t.Errorf("%q, want %q", err, want)
	}
}

func TestPieceAndRecordDoNotStandInForEachOther(t *testing.T) {
	t.Parallel()
	v, user, id := NewVaultKey(), NewUserID(), newID()
	place := Place{user, AccountID(id), KindPassword, 1}
	piece := Piece{user, AttachmentID(id), 1, 1}
	record, err := v.Seal(place, []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	attached, err := v.SealPiece(piece, []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.OpenPiece(piece, record); !errors.Is(err, ErrAltered) {
		t.Errorf("a record as a piece: %v", err)
	}
	if _, err := v.Open(place, attached); !errors.Is(err, ErrAltered) {
		t.Errorf("a piece as a record: %v", err)
	}
}

func TestPieceAlteredAnywhereIsRefused(t *testing.T) {
	t.Parallel()
	v, p := NewVaultKey(), Piece{NewUserID(), NewAttachmentID(), 1, 1}
	token, err := v.SealPiece(p, []byte("content"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range token {
		b := []byte(token)
		b[i] = flip(b[i])
		if got, err := v.OpenPiece(p, string(b)); !errors.Is(err, ErrAltered) {
			t.Fatalf("with letter %d changed: %q, %v", i, got, err)
		}
	}
}

// Only a faulty client can make these tokens. Even under the right key, the plaintext must match its place and its layout.
func TestPieceWithWrongPlaintextIsRefused(t *testing.T) {
	t.Parallel()
	v := NewVaultKey()
	p := Piece{NewUserID(), NewAttachmentID(), 1, 2}
	here, err := p.append(nil)
	if err != nil {
		t.Fatal(err)
	}
	other := p
	other.Number = 2
	there, err := other.append(nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.OpenPiece(p, sealtest.Forge(t, v.pieceKey(here), framePlaced(holdsPiece, there, []byte("x")))); !errors.Is(err, ErrMisplaced) {
		t.Errorf("another place inside: %v", err)
	}
	good := framePlaced(holdsPiece, here, []byte("content"))
	at := 2 + len(here) + sealing.LengthSize
	for name, change := range map[string]func([]byte) []byte{
		"format":           func(b []byte) []byte { b[0] = 2; return b },
		"sort":             func(b []byte) []byte { b[1] = holdsRecord; return b },
		"short":            func(b []byte) []byte { return b[:len(b)-1] },
		"shorter":          func(b []byte) []byte { return b[:at-sealing.LengthSize-1] },
		"another bucket":   func(b []byte) []byte { return append(b, make([]byte, 64)...) },
		"padding not zero": func(b []byte) []byte { b[len(b)-1] = 1; return b },
		"length too large": func(b []byte) []byte { b[at-4] = 0xff; return b },
		"user":             func(b []byte) []byte { b[2] = 15; return b },
		"attachment":       func(b []byte) []byte { b[19] = 0; return b },
	} {
		if got, err := v.OpenPiece(p, sealtest.Forge(t, v.pieceKey(here), change(bytes.Clone(good)))); !errors.Is(err, ErrAltered) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestMalformedPieceIsRefusedWithoutQuote(t *testing.T) {
	t.Parallel()
	v := NewVaultKey()
	for name, change := range map[string]func(*Piece){
		"user":         func(p *Piece) { p.User = "evil" },
		"attachment":   func(p *Piece) { p.Attachment = AttachmentID(strings.Repeat("evil", 1000)) },
		"number 0":     func(p *Piece) { p.Number = 0 },
		"beyond count": func(p *Piece) { p.Number = 3 },
		"no count":     func(p *Piece) { p.Number, p.Count = 0, 0 },
		"too many":     func(p *Piece) { p.Count = protocol.MaxChunks + 1 },
	} {
		p := Piece{NewUserID(), NewAttachmentID(), 1, 2}
		change(&p)
		_, err1 := v.SealPiece(p, nil)
		_, err2 := v.OpenPiece(p, "")
		for _, err := range []error{err1, err2} {
			if !errors.Is(err, ErrBadPiece) || strings.Contains(err.Error(), "evil") {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestLargestPieceFillsTheLongestToken(t *testing.T) {
	t.Parallel()
	v, p := NewVaultKey(), Piece{NewUserID(), NewAttachmentID(), 54, 54}
	content := bytes.Repeat([]byte("x"), PieceBytes)
	token, err := v.SealPiece(p, content)
	if err != nil || len(token) != protocol.MaxChunkTokenBytes {
		t.Fatalf("%d letters, %v", len(token), err)
	}
	if got, err := v.OpenPiece(p, token); err != nil || !bytes.Equal(got, content) {
		t.Errorf("does not open: %v", err)
	}
	if _, err := v.SealPiece(p, make([]byte, PieceBytes+1)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a byte more: %v", err)
	}
	for _, n := range []int{0, 1, 202} {
		if token, err := v.SealPiece(p, make([]byte, n)); err != nil || len(token) != 420 {
			t.Errorf("%d bytes make %d letters, want 420 as for any short content: %v", n, len(token), err)
		}
	}
}
