package seal

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestKeysPrintNothing(t *testing.T) {
	t.Parallel()
	b := fixed("a key that must not be seen")
	s := secret{b: b}
	leaks := []string{
		hex.EncodeToString(b[:])[:8], base64.StdEncoding.EncodeToString(b[:])[:8], base64.RawURLEncoding.EncodeToString(b[:])[:8],
		fmt.Sprintf("%d %d %d", b[0], b[1], b[2]), string(b[:4]), strings.ToUpper(hex.EncodeToString(b[:4])), fmt.Sprintf("%#v", b[:3])[7:],
	}
	for _, key := range []any{
		MasterKey{s}, AuthKey{s}, KEK{s}, VaultKey{s}, ManifestKey{s}, RecoveryPhrase{s},
		PasswordKey{secret: s}, PhraseKey{s}, PasskeyKey{s}, WrapKey{secret: s}, AccountKey{s}, EpochKey{s}, AttachmentKey{s}, Signing{s}, KEMPrivate{s},
		CardKeys{Signing{s}, KEMPrivate{s}}, &Identity{Cards: []CardKeys{{Signing{s}, KEMPrivate{s}}}, Former: []AccountKey{{s}}},
		PreviousKey{1, EpochKey{s}},
		&VaultKey{s}, []KEK{{s}}, map[string]AuthKey{"k": {s}}, struct{ K MasterKey }{MasterKey{s}},
	} {
		var out []string
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%b", "%o", "%c", "%U", "%t"} {
			out = append(out, fmt.Sprintf(verb, key))
		}
		out = append(out, fmt.Sprint(key), fmt.Errorf("x: %v", key).Error())
		j, err := json.Marshal(key)
		if err != nil {
			t.Fatal(err)
		}
		var text, lines strings.Builder
		slog.New(slog.NewJSONHandler(&lines, nil)).Info("x", "k", key)
		slog.New(slog.NewTextHandler(&text, nil)).Info("x", "k", key)
		for _, o := range append(out, string(j), lines.String(), text.String()) {
			if !strings.Contains(o, "redacted") && !strings.HasPrefix(o, "0x") {
				t.Errorf("%T prints as %s", key, o)
			}
			for _, leak := range leaks {
				if strings.Contains(o, leak) {
					t.Errorf("%T leaks %q in %s", key, leak, o)
				}
			}
		}
	}
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
	token := forge(t, secret{b: fixed("k")}, nil)
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
		"WrapVaultKey, key":      func() { _, _ = WrapVaultKey(v, KEK{secret{b: fixed("k")}}, w) },
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
	s := secret{b: fixed("k")}
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
		if other, ok := seen[hexKey(k)]; ok {
			t.Errorf("%s is %s", name, other)
		}
		seen[hexKey(k)] = name
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
	if m.b != [keySize]byte{} {
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
