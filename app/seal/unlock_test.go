package seal

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/cosmos/go-bip39"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealing"
	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealtest"
)

func fixedID(name string) chain.ID {
	b := sealtest.Fixed(name)
	return chain.ID(b[:len(chain.ID{})])
}

func fixedHash(name string) chain.Hash { return sealtest.Fixed(name) }

func fixedAccountKey(name string) AccountKey { return AccountKey{sealing.Of(sealtest.Fixed(name))} }

func fixedKDF(name string) KDF { return KDF{fixedID(name), 1} }

func fixedPhrase(t testing.TB) RecoveryPhrase {
	t.Helper()
	b := sealtest.Fixed("phrase")
	words, err := bip39.NewMnemonic(b[:])
	if err != nil {
		t.Fatal(err)
	}
	p, err := ParseRecoveryPhrase(words)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func fixedSalt(name string) Salt { return Salt{fixedID(name)} }

// fixedWrapKeys has a key of each method.
func fixedWrapKeys() map[chain.Method]WrapKey {
	s := sealing.Of(sealtest.Fixed("root"))
	return map[chain.Method]WrapKey{
		chain.MethodPassword: PasswordKey{s, fixedKDF("salt")}.WrapKey(),
		chain.MethodPhrase:   RecoveryPhrase{s}.WrapKey(),
		chain.MethodPasskey:  PasskeyKey{s}.WrapKey(fixedID("user"), fixedID("passkey")),
		MethodHandover:       HandoverKey{s}.WrapKey("session", "wrapped"),
	}
}

// otherSpellings returns texts that are not token, but which a careless reader opens as token, and truncated or altered ones.
func otherSpellings(t testing.TB, token string) map[string]string {
	t.Helper()
	raw, err := base64.URLEncoding.DecodeString(token)
	if err != nil {
		t.Fatal(err)
	}
	changed := append([]byte(nil), raw...)
	changed[len(changed)/2] ^= 1
	return map[string]string{
		"empty":              "",
		"truncated":          token[:len(token)-4],
		"truncated in front": token[4:],
		"trailing byte":      token + "A",
		"trailing token":     token + token,
		"trailing line":      token + "\n",
		"line break":         token[:8] + "\n" + token[8:],
		"without padding":    strings.TrimRight(token, "=") + strings.Repeat("=", 3),
		"standard alphabet":  "+" + token[1:],
		"one bit changed":    base64.URLEncoding.EncodeToString(changed),
		"stray bits":         strayBits(token),
	}
}

// strayBits changes bits of the last character that a lenient decoder ignores, or appends a space if there are none.
func strayBits(token string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	body := strings.TrimRight(token, "=")
	if body == token {
		return token + " "
	}
	last := strings.IndexByte(alphabet, body[len(body)-1])
	return body[:len(body)-1] + alphabet[last|1:last|1+1] + token[len(body):]
}

func refusesOtherSpellings(t *testing.T, token string, open func(string) error, want ...error) {
	t.Helper()
	if err := open(token); err != nil {
		t.Fatalf("the token itself: %v", err)
	}
	for name, other := range otherSpellings(t, token) {
		if err := open(other); !isAny(err, want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func isAny(err error, want []error) bool {
	for _, w := range want {
		if errors.Is(err, w) {
			return true
		}
	}
	return false
}

func TestCostsRiseAndAreWithinBounds(t *testing.T) {
	t.Parallel()
	before := Params{}
	for step := 1; step <= chain.MaxCost; step++ {
		p, err := KDF{Cost: byte(step)}.params()
		if err != nil || p.Check() != nil {
			t.Fatalf("step %d: %v, %v", step, err, p.Check())
		}
		if uint64(p.MemoryKiB)*uint64(p.Time) <= uint64(before.MemoryKiB)*uint64(before.Time) {
			t.Errorf("step %d is not more costly than the one before", step)
		}
		before = p
	}
	if p, _ := (KDF{Cost: 1}).params(); p != DefaultParams {
		t.Errorf("step 1 is %+v", p)
	}
}

func TestPasswordKeysAreRefusedBeforeTheyAreDerived(t *testing.T) {
	t.Parallel()
	valid := fixedKDF("salt")
	for name, c := range map[string]struct {
		password string
		kdf      KDF
		want     error
	}{
		"step 0":            {"password", KDF{valid.Salt, 0}, ErrUnknownCost},
		"step above":        {"password", KDF{valid.Salt, chain.MaxCost + 1}, ErrUnknownCost},
		"highest step":      {"password", KDF{valid.Salt, 255}, ErrUnknownCost},
		"zero salt":         {"password", KDF{Cost: 1}, ErrBadID},
		"empty password":    {"", valid, ErrEmptyPassword},
		"password not text": {"\xff", valid, ErrPasswordText},
	} {
		if k, err := DerivePasswordKey(c.password, c.kdf); !errors.Is(err, c.want) || !sealing.IsZero(&k.secret) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNewKDFsDiffer(t *testing.T) {
	t.Parallel()
	a, b := NewKDF(2), NewKDF(2)
	if a.Salt == b.Salt || a.Cost != 2 {
		t.Errorf("%v and %v", a, b)
	}
	if id := NewID(); id == NewID() || id == (chain.ID{}) {
		t.Errorf("%s was drawn twice, or is empty", id)
	}
}

func TestPasskeyKeyNeeds32Bytes(t *testing.T) {
	t.Parallel()
	root := sealtest.Fixed("prf")
	if k, err := ParsePasskeyKey(root[:]); err != nil || sealtest.Hex(k.secret) != hex.EncodeToString(root[:]) {
		t.Errorf("%v", err)
	}
	for _, b := range [][]byte{nil, root[:31], append(root[:], 0), make([]byte, 32)} {
		if _, err := ParsePasskeyKey(b); !errors.Is(err, ErrWrongKey) {
			t.Errorf("%d bytes: %v", len(b), err)
		}
	}
}

func TestKeysAreAllDifferent(t *testing.T) {
	t.Parallel()
	s := sealing.Of(sealtest.Fixed("root"))
	user, vault := fixedID("user"), fixedID("vault")
	account, epoch := AccountKey{s}, EpochKey{s}
	place := RecordPlace{vault, 1, fixedID("item"), chain.RecordOverview, 1}
	all := map[string]secret{
		"itself": s, "password auth": PasswordKey{secret: s}.AuthKey().secret, "phrase auth": RecoveryPhrase{s}.AuthKey().secret,
		"passkey of another user": PasskeyKey{s}.WrapKey(vault, fixedID("passkey")).secret,
		"another passkey":         PasskeyKey{s}.WrapKey(user, vault).secret,
		"another session":         HandoverKey{s}.WrapKey("sessio", "nwrapped").secret,
		"identity":                account.identityKey(user), "identity of another user": account.identityKey(vault),
		"outbox": account.deviceKey(UseOutbox), "draft": account.deviceKey(UseDraft), "cache": account.deviceKey(UseCache),
		"commitment":              sealing.Of(epoch.Commitment(vault, 1)),
		"commitment, other epoch": sealing.Of(epoch.Commitment(vault, 2)),
		"commitment, other vault": sealing.Of(epoch.Commitment(user, 1)),
		"previous":                epoch.previousKey(vault, 1),
		"previous, other epoch":   epoch.previousKey(vault, 2),
		"record":                  epoch.Records().key(place),
		"chunk":                   AttachmentKey{s}.chunkKey(Chunk{fixedID("a"), 1, 2}),
		"chunk of another number": AttachmentKey{s}.chunkKey(Chunk{fixedID("a"), 2, 2}),
		"chunk of another count":  AttachmentKey{s}.chunkKey(Chunk{fixedID("a"), 1, 1}),
	}
	for _, label := range []string{"vaultsphere/v1/password-kek", "vaultsphere/v1/recovery-kek", "vaultsphere/v1/handover7:sessionwrapped"} {
		all[label] = sealing.Derive(&s, label)
	}
	for method, k := range fixedWrapKeys() {
		all["wrap key of method "+string('0'+rune(method))] = k.secret
	}
	seen := map[string]string{}
	for name, k := range all {
		if other, ok := seen[sealtest.Hex(k)]; ok {
			t.Errorf("%s is %s", name, other)
		}
		seen[sealtest.Hex(k)] = name
	}
}

func TestAccountKeyIsWrapped(t *testing.T) {
	t.Parallel()
	key, user := fixedAccountKey("account"), fixedID("user")
	for method, k := range fixedWrapKeys() {
		token, err := k.Wrap(key, user, 7)
		if err != nil {
			t.Fatal(err)
		}
		for _, remembered := range []int64{0, 6, 7} {
			if got, generation, err := k.Unwrap(token, user, remembered); err != nil || !got.Equal(key) || generation != 7 {
				t.Errorf("method %d: generation %d, %v", method, generation, err)
			}
		}
		refusesOtherSpellings(t, token, func(s string) error { _, _, err := k.Unwrap(s, user, 0); return err }, ErrAltered, ErrWrongKey)
	}
}

func TestWrapsAreRefused(t *testing.T) {
	t.Parallel()
	key, user := fixedAccountKey("account"), fixedID("user")
	password := fixedWrapKeys()[chain.MethodPassword]
	passkey := fixedWrapKeys()[chain.MethodPasskey]
	// with returns the same key bytes for other surroundings, as a faulty or hostile holder of the key has them.
	with := func(k WrapKey, change func(*WrapKey)) WrapKey { change(&k); return k }
	for name, c := range map[string]struct {
		sealed, opened WrapKey
		user           chain.ID
		remembered     int64
		want           error
	}{
		"another key":         {password, fixedWrapKeys()[chain.MethodPhrase], user, 0, ErrWrongKey},
		"another user":        {password, password, fixedID("other"), 0, ErrWrongUser},
		"another method":      {password, with(password, func(k *WrapKey) { k.method = chain.MethodPhrase }), user, 0, ErrWrongMethod},
		"another passkey":     {passkey, with(passkey, func(k *WrapKey) { k.passkey = user }), user, 0, ErrWrongMethod},
		"another salt":        {password, with(password, func(k *WrapKey) { k.kdf.Salt = user }), user, 0, ErrKDFMismatch},
		"another cost":        {password, with(password, func(k *WrapKey) { k.kdf.Cost = 2 }), user, 0, ErrKDFMismatch},
		"an older generation": {password, password, user, 8, ErrOldKey},
	} {
		token, err := c.sealed.Wrap(key, user, 7)
		if err != nil {
			t.Fatal(err)
		}
		if got, generation, err := c.opened.Unwrap(token, c.user, c.remembered); !errors.Is(err, c.want) || generation != 0 || !sealing.IsZero(&got.secret) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestWrapsThatCannotBeOpenedAreNotSealed(t *testing.T) {
	t.Parallel()
	key, user := fixedAccountKey("account"), fixedID("user")
	k := fixedWrapKeys()[chain.MethodPassword]
	wrong := func(change func(*WrapKey)) WrapKey { c := k; change(&c); return c }
	for name, c := range map[string]struct {
		k          WrapKey
		user       chain.ID
		generation int64
		want       error
	}{
		"no user":            {k, chain.ID{}, 1, ErrBadID},
		"generation 0":       {k, user, 0, ErrBadPlace},
		"generation too big": {k, user, chain.MaxNumber + 1, ErrBadPlace},
		"unknown method":     {wrong(func(k *WrapKey) { k.method = 4 }), user, 1, ErrWrongMethod},
		"unknown cost":       {wrong(func(k *WrapKey) { k.kdf.Cost = 4 }), user, 1, ErrUnknownCost},
		"zero salt":          {wrong(func(k *WrapKey) { k.kdf.Salt = [16]byte{} }), user, 1, ErrBadID},
		"no passkey":         {wrong(func(k *WrapKey) { k.method = chain.MethodPasskey }), user, 1, ErrBadID},
	} {
		if token, err := c.k.Wrap(key, c.user, c.generation); !errors.Is(err, c.want) || token != "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A holder of the wrap key can seal any plaintext.
func TestMalformedWrapsAreAltered(t *testing.T) {
	t.Parallel()
	k, user := fixedWrapKeys()[chain.MethodPassword], fixedID("user")
	valid := (&wrapped{user, chain.MethodPassword, 7, k.kdf, chain.ID{}, fixedAccountKey("account")}).encode()
	for name, b := range malformed(valid, map[string]int{
		"format": 0, "type": 1, "method": 2 + 16, "generation": 2 + 16 + 1, "cost": 2 + 16 + 1 + 8 + 16,
	}) {
		if _, _, err := k.Unwrap(sealtest.Forge(t, k.secret, b), user, 0); !errors.Is(err, ErrAltered) {
			t.Errorf("%s: %v", name, err)
		}
	}
	zero := append(append([]byte(nil), valid[:len(valid)-sealing.KeySize]...), make([]byte, sealing.KeySize)...)
	if _, _, err := k.Unwrap(sealtest.Forge(t, k.secret, zero), user, 0); !errors.Is(err, ErrAltered) {
		t.Errorf("zero key: %v", err)
	}
}

// malformed returns plaintexts that differ from valid: cut, longer, and with a byte changed at each of the offsets.
func malformed(valid []byte, offsets map[string]int) map[string][]byte {
	all := map[string][]byte{
		"empty": {}, "format alone": valid[:1], "truncated": valid[:len(valid)-1], "trailing byte": append(append([]byte(nil), valid...), 0),
	}
	for name, at := range offsets {
		b := append([]byte(nil), valid...)
		b[at] ^= 0x80
		all[name] = b
	}
	return all
}

func TestDeviceTokensOpenForTheirUseAndUser(t *testing.T) {
	t.Parallel()
	key, user, content := fixedAccountKey("account"), fixedID("user"), []byte("changes")
	token, err := key.SealOnDevice(UseOutbox, user, content)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := key.OpenOnDevice(UseOutbox, user, token); err != nil || string(got) != string(content) {
		t.Errorf("%q, %v", got, err)
	}
	refusesOtherSpellings(t, token, func(s string) error { _, err := key.OpenOnDevice(UseOutbox, user, s); return err }, ErrAltered)
	for name, open := range map[string]func() ([]byte, error){
		"another key":  func() ([]byte, error) { return fixedAccountKey("other").OpenOnDevice(UseOutbox, user, token) },
		"another use":  func() ([]byte, error) { return key.OpenOnDevice(UseDraft, user, token) },
		"another user": func() ([]byte, error) { return key.OpenOnDevice(UseOutbox, fixedID("other"), token) },
		"another use inside": func() ([]byte, error) {
			return key.OpenOnDevice(UseOutbox, user, sealtest.Forge(t, key.deviceKey(UseOutbox), pad(deviceHead(UseCache, user), content)))
		},
		"not padded": func() ([]byte, error) {
			return key.OpenOnDevice(UseOutbox, user, sealtest.Forge(t, key.deviceKey(UseOutbox), append(deviceHead(UseOutbox, user), 0, 0, 0, 0)))
		},
	} {
		if got, err := open(); got != nil || !errors.Is(err, ErrAltered) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if _, err := key.SealOnDevice(UseCache, user, make([]byte, MaxDeviceBytes+1)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
}
