package seal

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealing"
	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealtest"
)

func TestWrappedKey(t *testing.T) {
	t.Parallel()
	v, kek := NewVaultKey(), KEK{sealing.Of(sealtest.Fixed("kek"))}
	sealed := WrapInfo{fixedUser("ann"), PurposePassword, fixedSalt("s"), Params{1 << 17, 5, 2}}
	token, err := WrapVaultKey(v, kek, sealed)
	if err != nil {
		t.Fatal(err)
	}
	recovery := WrapInfo{User: fixedUser("ann"), Purpose: PurposeRecovery}
	recoveryToken, err := WrapVaultKey(v, kek, recovery)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := WrapVaultKey(v, kek, sealed); err != nil || again == token {
		t.Errorf("sealing again gives the same token: %v", err)
	}
	said := func(change func(*WrapInfo)) WrapInfo {
		w := sealed
		change(&w)
		return w
	}
	for name, c := range map[string]struct {
		token string
		kek   KEK
		w     WrapInfo
		want  error
		text  string
	}{
		"as it was":            {token, kek, sealed, nil, ""},
		"recovery":             {recoveryToken, kek, recovery, nil, ""},
		"another key":          {token, KEK{sealing.Of(sealtest.Fixed("other"))}, sealed, ErrWrongKey, ""},
		"another user":         {token, kek, said(func(w *WrapInfo) { w.User = fixedUser("bob") }), ErrWrongUser, "another user"},
		"another purpose":      {recoveryToken, kek, sealed, ErrWrongPurpose, "another purpose"},
		"the other purpose":    {token, kek, recovery, ErrWrongPurpose, "another purpose"},
		"another salt":         {token, kek, said(func(w *WrapInfo) { w.Salt = fixedSalt("t") }), ErrKDFMismatch, "salt"},
		"more memory":          {token, kek, said(func(w *WrapInfo) { w.Params.MemoryKiB++ }), ErrKDFMismatch, "131072 5 2"},
		"less time":            {token, kek, said(func(w *WrapInfo) { w.Params.Time-- }), ErrKDFMismatch, "131072 4 2"},
		"other threads":        {token, kek, said(func(w *WrapInfo) { w.Params.Threads = 16 }), ErrKDFMismatch, ""},
		"a malformed user":     {token, kek, said(func(w *WrapInfo) { w.User = "ann" }), ErrBadID, ""},
		"no salt":              {token, kek, said(func(w *WrapInfo) { w.Salt = Salt{} }), ErrBadID, ""},
		"recovery with a cost": {recoveryToken, kek, said(func(w *WrapInfo) { w.Purpose = PurposeRecovery }), ErrKDFMismatch, ""},
		"cut":                  {token[:len(token)-4], kek, sealed, ErrAltered, ""},
		"cut by a block":       {token[:len(token)-64], kek, sealed, ErrWrongKey, ""},
		"empty":                {"", kek, sealed, ErrAltered, ""},
		"not a token":          {"hello", kek, sealed, ErrAltered, ""},
	} {
		got, err := UnwrapVaultKey(c.token, c.kek, c.w)
		if !errors.Is(err, c.want) || got.Equal(v) != (c.want == nil) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if err != nil && !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: %v, want %q in it", name, err, c.text)
		}
	}
	if _, err := UnwrapVaultKey(token, kek, WrapInfo{User: fixedUser("ann"), Purpose: "backup"}); err == nil {
		t.Error("an unknown purpose is accepted")
	}
}

func TestWrappedKeyAlteredAnywhereIsRefused(t *testing.T) {
	t.Parallel()
	v, kek, w := NewVaultKey(), KEK{sealing.Of(sealtest.Fixed("kek"))}, WrapInfo{User: fixedUser("ann"), Purpose: PurposeRecovery}
	token, err := WrapVaultKey(v, kek, w)
	if err != nil {
		t.Fatal(err)
	}
	for i := range token {
		b := []byte(token)
		b[i] = flip(b[i])
		if got, err := UnwrapVaultKey(string(b), kek, w); err == nil || !sealing.IsZero(&got.secret) {
			t.Fatalf("with letter %d changed it opens", i)
		}
	}
}

// flip returns another letter of base64url.
func flip(c byte) byte {
	if c == 'A' {
		return 'B'
	}
	return 'A'
}

// The server stores tokens of three kinds and may send one in place of another. Even if sealed with the right key, a record must
// not open as a vault key.
func TestKindsOfPlaintextAreNotConfused(t *testing.T) {
	t.Parallel()
	v, kek, user := fixedVaultKey("v"), KEK{sealing.Of(sealtest.Fixed("kek"))}, fixedUser("ann")
	w := WrapInfo{User: user, Purpose: PurposeRecovery}
	p := Place{user, fixedAccount("a"), KindAccount, 1}
	place, err := p.append(nil)
	if err != nil {
		t.Fatal(err)
	}
	mk := v.ManifestKey()
	record, wrapped, manifest := framePlaced(holdsRecord, place, []byte("x")), w.frame(&v), Manifest{User: user}.frame()
	for name, plaintext := range map[string][]byte{"wrapped key": wrapped, "manifest": manifest, "empty": {}} {
		if _, err := v.Open(p, sealtest.Forge(t, v.recordKey(place), plaintext)); !errors.Is(err, ErrAltered) {
			t.Errorf("%s as a record: %v", name, err)
		}
	}
	for name, plaintext := range map[string][]byte{"record": record, "manifest": manifest, "empty": {}} {
		if _, err := UnwrapVaultKey(sealtest.Forge(t, kek.secret, plaintext), kek, w); !errors.Is(err, ErrAltered) {
			t.Errorf("%s as a wrapped key: %v", name, err)
		}
	}
	for name, plaintext := range map[string][]byte{"record": record, "wrapped key": wrapped, "empty": {}} {
		if _, err := v.OpenManifest(user, sealtest.Forge(t, mk.sealKey(), plaintext)); !errors.Is(err, ErrAltered) {
			t.Errorf("%s as a manifest: %v", name, err)
		}
	}
	// Another first or second byte means another format or kind, even if the layout is the same.
	for i := range 2 {
		wrapped, manifest := bytes.Clone(wrapped), bytes.Clone(manifest)
		wrapped[i], manifest[i] = 9, 9
		if _, err := UnwrapVaultKey(sealtest.Forge(t, kek.secret, wrapped), kek, w); !errors.Is(err, ErrAltered) {
			t.Errorf("wrapped key with byte %d changed: %v", i, err)
		}
		if _, err := v.OpenManifest(user, sealtest.Forge(t, mk.sealKey(), manifest)); !errors.Is(err, ErrAltered) {
			t.Errorf("manifest with byte %d changed: %v", i, err)
		}
	}
	zero := w.frame(&v)
	clear(zero[len(zero)-sealing.KeySize:])
	if _, err := UnwrapVaultKey(sealtest.Forge(t, kek.secret, zero), kek, w); !errors.Is(err, ErrAltered) {
		t.Errorf("a zero vault key: %v", err)
	}
}
