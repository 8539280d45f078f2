package seal

import (
	"errors"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealing"
	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealtest"
)

func TestKeysPrintNothing(t *testing.T) {
	t.Parallel()
	s := sealing.Of(sealtest.Fixed("a key that must not be seen"))
	sealtest.PrintNothing(t, s,
		MasterKey{s}, AuthKey{s}, KEK{s}, VaultKey{s}, ManifestKey{s}, HandoverKey{s}, ExportKey{s}, RecoveryPhrase{s}, MasterKey{s}.Root(),
		&VaultKey{s}, []KEK{{s}}, map[string]AuthKey{"k": {s}}, struct{ K MasterKey }{MasterKey{s}},
	)
}

func TestZeroKeysPanic(t *testing.T) {
	t.Parallel()
	var (
		m MasterKey
		v VaultKey
		a AuthKey
		k ManifestKey
		r RecoveryPhrase
		e KEK
	)
	p := Place{fixedUser("u"), fixedAccount("a"), KindAccount, 1}
	w := WrapInfo{User: fixedUser("u"), Purpose: PurposeRecovery}
	token := sealtest.Forge(t, sealing.Of(sealtest.Fixed("k")), nil)
	wiped := fixedVaultKey("v")
	wiped.Wipe()
	for name, use := range map[string]func(){
		"MasterKey.AuthKey":      func() { m.AuthKey() },
		"MasterKey.KEK":          func() { m.KEK() },
		"RecoveryPhrase.AuthKey": func() { r.AuthKey() },
		"RecoveryPhrase.Words":   func() { r.Words() },
		"AuthKey.Encode":         func() { a.Encode() },
		"VaultKey.Seal":          func() { _, _ = v.Seal(p, nil) },
		"VaultKey.Open":          func() { _, _ = v.Open(p, token) },
		"VaultKey.ManifestKey":   func() { v.ManifestKey() },
		"VaultKey.SealManifest":  func() { _, _ = v.SealManifest(Manifest{User: p.User}) },
		"VaultKey.OpenManifest":  func() { _, _ = v.OpenManifest(p.User, token) },
		"ManifestKey.Term":       func() { _, _ = k.Term(p, token) },
		"WrapVaultKey, key":      func() { _, _ = WrapVaultKey(v, KEK{sealing.Of(sealtest.Fixed("k"))}, w) },
		"WrapVaultKey, KEK":      func() { _, _ = WrapVaultKey(fixedVaultKey("v"), e, w) },
		"UnwrapVaultKey":         func() { _, _ = UnwrapVaultKey(token, e, w) },
		"a wiped key":            func() { _, _ = wiped.Seal(p, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if got := recover(); got != "seal: use of a zero key" {
					t.Errorf("recovered %v", got)
				}
			}()
			use()
		})
	}
}

func TestKeysOfOnePasswordAreAllDifferent(t *testing.T) {
	t.Parallel()
	s := sealing.Of(sealtest.Fixed("k"))
	place, err := Place{fixedUser("u"), fixedAccount("a"), KindAccount, 1}.append(nil)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]string{}
	for name, k := range map[string]secret{
		"itself": s, "auth": MasterKey{s}.AuthKey().secret, "kek": MasterKey{s}.KEK().secret,
		"recovery auth": RecoveryPhrase{s}.AuthKey().secret, "recovery kek": RecoveryPhrase{s}.KEK().secret,
		"manifest": VaultKey{s}.ManifestKey().secret, "manifest seal": ManifestKey{s}.sealKey(), "record": VaultKey{s}.recordKey(place),
	} {
		if other, ok := seen[sealtest.Hex(k)]; ok {
			t.Errorf("%s is %s", name, other)
		}
		seen[sealtest.Hex(k)] = name
	}
}

func TestKeyEquality(t *testing.T) {
	t.Parallel()
	a, b := fixedVaultKey("a"), fixedVaultKey("b")
	if !a.Equal(a) || a.Equal(b) {
		t.Error("a vault key equals what it should not")
	}
	if NewVaultKey().Equal(NewVaultKey()) || NewRecoveryPhrase().Equal(NewRecoveryPhrase()) {
		t.Error("two new keys are equal")
	}
	m := MasterKey(a)
	if !m.Equal(m) || m.AuthKey().Equal(AuthKey{m.KEK().secret}) || !m.KEK().Equal(m.KEK()) || !a.ManifestKey().Equal(a.ManifestKey()) {
		t.Error("a derived key equals what it should not")
	}
	m.Wipe()
	if !sealing.IsZero(&m.secret) {
		t.Error("a wiped key is still there")
	}
}

func TestIDs(t *testing.T) {
	t.Parallel()
	u, a := NewUserID(), NewAccountID()
	if u == NewUserID() || a == NewAccountID() {
		t.Error("two new ids are equal")
	}
	if got, err := ParseUserID(string(u)); err != nil || got != u {
		t.Errorf("%s: %s, %v", u, got, err)
	}
	if got, err := ParseAccountID(string(a)); err != nil || got != a {
		t.Errorf("%s: %s, %v", a, got, err)
	}
	s := NewSalt()
	if got, err := ParseSalt(s.String()); err != nil || got != s {
		t.Errorf("%s: %s, %v", s, got, err)
	}
	for name, bad := range map[string]string{
		"empty":          "",
		"short":          string(u)[:21],
		"long":           string(u) + "A",
		"padded":         string(u) + "==",
		"standard":       "++++++++++++++++++++AA",
		"stray bits":     "AAAAAAAAAAAAAAAAAAAAAB",
		"line break":     "AAAAAAAAAAAAAAAAAAAA\nA",
		"line breaks":    "AAAAAAAAAAAAAAAAAAA\r\nA",
		"not base64":     "!!!!!!!!!!!!!!!!!!!!!!",
		"another script": "ААААААААААА",
	} {
		_, err1 := ParseUserID(bad)
		_, err2 := ParseAccountID(bad)
		_, err3 := ParseSalt(bad)
		for _, err := range []error{err1, err2, err3} {
			if !errors.Is(err, ErrBadID) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if _, err := ParseSalt("AAAAAAAAAAAAAAAAAAAAAA"); !errors.Is(err, ErrBadID) {
		t.Errorf("zero salt: %v", err)
	}
}
