package seal

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealing"
	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealtest"
)

func TestRecordOpensInItsOwnPlaceAlone(t *testing.T) {
	t.Parallel()
	v := NewVaultKey()
	home := Place{fixedUser("ann"), fixedAccount("bank"), KindPassword, 3}
	content := []byte(`{"password":"hunter2"}`)
	token, err := v.Seal(home, content)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := v.Seal(home, content); err != nil || again == token {
		t.Errorf("sealing again gives the same token: %v", err)
	}
	if got, err := v.Open(home, token); err != nil || !bytes.Equal(got, content) {
		t.Fatalf("%q, %v", got, err)
	}
	moved := func(change func(*Place)) Place {
		p := home
		change(&p)
		return p
	}
	for name, c := range map[string]struct {
		key   VaultKey
		p     Place
		token string
	}{
		"another user's":       {v, moved(func(p *Place) { p.User = fixedUser("bob") }), token},
		"another account's":    {v, moved(func(p *Place) { p.Account = fixedAccount("shop") }), token},
		"another kind's":       {v, moved(func(p *Place) { p.Kind = KindAccount }), token},
		"a later version's":    {v, moved(func(p *Place) { p.Version = 4 }), token},
		"an earlier version's": {v, moved(func(p *Place) { p.Version = 2 }), token},
		"ids swapped":          {v, Place{UserID(home.Account), AccountID(home.User), home.Kind, home.Version}, token},
		"another vault's":      {NewVaultKey(), home, token},
		"cut by a letter":      {v, home, token[:len(token)-1]},
		"cut by a block":       {v, home, token[:len(token)-64]},
		"twice":                {v, home, token + token},
		"empty":                {v, home, ""},
		"too long":             {v, home, strings.Repeat("A", protocol.MaxTokenBytes+4)},
	} {
		got, err := c.key.Open(c.p, c.token)
		var place *PlaceError
		if got != nil || !errors.Is(err, ErrAltered) || !errors.As(err, &place) || place.Place != c.p {
			t.Errorf("%s: %q, %v", name, got, err)
			continue
		}
		want := fmt.Sprintf("record %s of kind %s version %d was changed outside this vault", c.p.Account, c.p.Kind, c.p.Version)
		if err.Error() != want {
			t.Errorf("%s: %q, want %q", name, err, want)
		}
	}
}

func TestRecordAlteredAnywhereIsRefused(t *testing.T) {
	t.Parallel()
	v, p := NewVaultKey(), Place{NewUserID(), NewAccountID(), KindAccount, 1}
	token, err := v.Seal(p, []byte("content"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range token {
		b := []byte(token)
		b[i] = flip(b[i])
		if got, err := v.Open(p, string(b)); !errors.Is(err, ErrAltered) {
			t.Fatalf("with letter %d changed: %q, %v", i, got, err)
		}
	}
}

// Only a faulty client can make these tokens. Even under the right key, the plaintext must match its place and its layout.
func TestRecordWithWrongPlaintextIsRefused(t *testing.T) {
	t.Parallel()
	v := NewVaultKey()
	p := Place{NewUserID(), NewAccountID(), KindAccount, 1}
	here, err := p.append(nil)
	if err != nil {
		t.Fatal(err)
	}
	other := p
	other.Version = 2
	there, err := other.append(nil)
	if err != nil {
		t.Fatal(err)
	}
	var place *PlaceError
	_, err = v.Open(p, sealtest.Forge(t, v.recordKey(here), framePlaced(holdsRecord, there, []byte("x"))))
	if !errors.Is(err, ErrMisplaced) || !errors.As(err, &place) || place.Place != p {
		t.Errorf("another place inside: %v", err)
	}

	good := framePlaced(holdsRecord, here, []byte("content"))
	at := 2 + len(here) + sealing.LengthSize
	for name, change := range map[string]func([]byte) []byte{
		"format":           func(b []byte) []byte { b[0] = 2; return b },
		"sort":             func(b []byte) []byte { b[1] = holdsManifest; return b },
		"short":            func(b []byte) []byte { return b[:len(b)-1] },
		"shorter":          func(b []byte) []byte { return b[:at] },
		"long":             func(b []byte) []byte { return append(b, 0) },
		"another bucket":   func(b []byte) []byte { return append(b, make([]byte, 64)...) },
		"padding not zero": func(b []byte) []byte { b[len(b)-1] = 1; return b },
		"length too large": func(b []byte) []byte { b[at-4] = 0xff; return b },
		"length too small": func(b []byte) []byte { b[at-1]--; return b },
		"user":             func(b []byte) []byte { b[2] = 15; return b },
		"account":          func(b []byte) []byte { b[19] = 0; return b },
		"kind":             func(b []byte) []byte { b[37] ^= 1; return b },
		"version 0":        func(b []byte) []byte { clear(b[at-12 : at-4]); return b },
	} {
		if got, err := v.Open(p, sealtest.Forge(t, v.recordKey(here), change(bytes.Clone(good)))); !errors.Is(err, ErrAltered) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestMalformedPlaceIsRefusedWithoutQuote(t *testing.T) {
	t.Parallel()
	v := NewVaultKey()
	good := Place{NewUserID(), NewAccountID(), KindAccount, 1}
	for name, change := range map[string]func(*Place){
		"user":      func(p *Place) { p.User = "evil" },
		"account":   func(p *Place) { p.Account = AccountID(strings.Repeat("evil", 1000)) },
		"kind":      func(p *Place) { p.Kind = "evil" },
		"version 0": func(p *Place) { p.Version = 0 },
		"version":   func(p *Place) { p.Version = -1 },
	} {
		p := good
		change(&p)
		_, err1 := v.Seal(p, nil)
		_, err2 := v.Open(p, "")
		_, err3 := v.ManifestKey().Term(p, "")
		for _, err := range []error{p.Check(), err1, err2, err3} {
			if !errors.Is(err, ErrBadPlace) || strings.Contains(err.Error(), "evil") {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
}

func TestTokenLengthRevealsLittle(t *testing.T) {
	t.Parallel()
	v, p := NewVaultKey(), Place{NewUserID(), NewAccountID(), KindPassword, 1}
	sizes := map[int]bool{}
	for n := range 40000 {
		if n > 2000 && n%97 != 0 {
			continue
		}
		token, err := v.Seal(p, make([]byte, n))
		if err != nil {
			t.Fatal(err)
		}
		sizes[len(token)] = true
		if n <= 198 && len(token) != 420 {
			t.Errorf("%d bytes make %d letters, want 420 as for any short content", n, len(token))
		}
		if n > 512 && len(token) > n*4/3*5/4+200 {
			t.Errorf("%d bytes make %d letters, over a quarter more", n, len(token))
		}
	}
	if len(sizes) > 30 {
		t.Errorf("%d different lengths, want 30 at most", len(sizes))
	}
}

func TestLargestToken(t *testing.T) {
	t.Parallel()
	v := NewVaultKey()
	for _, kind := range []Kind{KindAccount, KindPassword} {
		p := Place{NewUserID(), NewAccountID(), kind, 1}
		place, err := p.append(nil)
		if err != nil {
			t.Fatal(err)
		}
		largest := sealing.MaxCiphertext - 1 - 2 - len(place) - sealing.LengthSize
		content := bytes.Repeat([]byte("x"), largest)
		token, err := v.Seal(p, content)
		if err != nil || len(token) > protocol.MaxTokenBytes {
			t.Fatalf("%d letters, %v", len(token), err)
		}
		if got, err := v.Open(p, token); err != nil || !bytes.Equal(got, content) {
			t.Errorf("does not open: %v", err)
		}
		for _, n := range []int{largest + 1, 1 << 20} {
			var tooLarge *PlaceError
			token, err = v.Seal(p, make([]byte, n))
			if !errors.Is(err, ErrTooLarge) || !errors.As(err, &tooLarge) || token != "" {
				t.Errorf("%d bytes: %d letters, %v", n, len(token), err)
			}
		}
		// The next bucket would not fit into a token, so the limit is as high as possible.
		if next := base64.URLEncoding.EncodedLen(sealing.TokenOverhead + sealing.Bucket(sealing.MaxCiphertext)); next <= protocol.MaxTokenBytes {
			t.Errorf("a token of %d letters would fit", next)
		}
	}
}
