package seal

import (
	"encoding/binary"
	"errors"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealtest"
)

func TestManifest(t *testing.T) {
	t.Parallel()
	v, ann := NewVaultKey(), fixedUser("ann")
	for _, m := range []Manifest{{User: ann}, {ann, 1, 2, Digest{sealtest.Fixed("d")}}, {ann, 1<<63 - 1, 1<<63 - 1, Digest{sealtest.Fixed("e")}}} {
		token, err := v.SealManifest(m)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := v.OpenManifest(ann, token); err != nil || got != m {
			t.Errorf("%+v, %v, want %+v", got, err, m)
		}
		if _, err := v.OpenManifest(fixedUser("bob"), token); !errors.Is(err, ErrWrongUser) {
			t.Errorf("another user's: %v", err)
		}
		if _, err := NewVaultKey().OpenManifest(ann, token); !errors.Is(err, ErrAltered) || err.Error() != "manifest was changed outside this vault" {
			t.Errorf("another vault's: %v", err)
		}
		for i := range token {
			b := []byte(token)
			b[i] = flip(b[i])
			if _, err := v.OpenManifest(ann, string(b)); !errors.Is(err, ErrAltered) {
				t.Fatalf("with letter %d changed: %v", i, err)
			}
		}
	}
	for name, m := range map[string]Manifest{"user": {User: "ann"}, "revision": {User: ann, Revision: -1}, "count": {User: ann, Count: -1}} {
		if token, err := v.SealManifest(m); err == nil || token != "" {
			t.Errorf("%s: sealed", name)
		}
	}
	// No client seals a revision that overflows int64.
	plaintext := Manifest{User: ann}.frame()
	binary.BigEndian.PutUint64(plaintext[19:], 1<<63)
	if _, err := v.OpenManifest(ann, sealtest.Forge(t, v.ManifestKey().sealKey(), plaintext)); !errors.Is(err, ErrAltered) {
		t.Errorf("negative revision: %v", err)
	}
}

// Each lie of the server about the set of records changes the digest.
func TestDigestSeesEveryChange(t *testing.T) {
	t.Parallel()
	v := NewVaultKey()
	mk := v.ManifestKey()
	term := func(p Place, token string) Digest {
		t.Helper()
		d, err := mk.Term(p, token)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	user := NewUserID()
	p1, p2 := Place{user, NewAccountID(), KindPassword, 1}, Place{user, NewAccountID(), KindPassword, 1}
	seal := func(p Place) string {
		t.Helper()
		token, err := v.Seal(p, []byte("x"))
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	t1, t2, old := seal(p1), seal(p2), seal(p1)
	want := term(p1, t1).Add(term(p2, t2))
	if got := term(p2, t2).Add(term(p1, t1)); !got.Equal(want) {
		t.Error("the digest depends on the order")
	}
	if got := want.Add(term(p1, old)).Sub(term(p1, old)); !got.Equal(want) {
		t.Error("adding and removing a record changes the digest")
	}
	later := p1
	later.Version = 2
	bob := p1
	bob.User = NewUserID()
	otherKind := p1
	otherKind.Kind = KindAccount
	for name, got := range map[string]Digest{
		"dropped":          term(p1, t1),
		"all dropped":      {},
		"repeated":         want.Add(term(p1, t1)),
		"added":            want.Add(term(later, t1)),
		"an older token":   term(p1, old).Add(term(p2, t2)),
		"swapped":          term(p1, t2).Add(term(p2, t1)),
		"another version":  term(later, t1).Add(term(p2, t2)),
		"another user":     term(bob, t1).Add(term(p2, t2)),
		"another kind":     term(otherKind, t1).Add(term(p2, t2)),
		"another spelling": term(p1, t1+"=").Add(term(p2, t2)),
	} {
		if got.Equal(want) {
			t.Errorf("%s: the same sum", name)
		}
	}
	other, err := NewVaultKey().ManifestKey().Term(p1, t1)
	if err != nil || other.Equal(term(p1, t1)) {
		t.Errorf("another key gives the same term (%v)", err)
	}
}

func TestDigestArithmeticIsMod2To256(t *testing.T) {
	t.Parallel()
	mod := new(big.Int).Lsh(big.NewInt(1), 256)
	rng := rand.New(rand.NewChaCha8(sealtest.Fixed("digest arithmetic"))) // #nosec G404 -- reproducible cases
	draw := func() (d Digest) {
		for i := range d.b {
			// Runs of 00 and ff make carries propagate far.
			switch rng.IntN(3) {
			case 0:
				d.b[i] = 0xff
			case 1:
				d.b[i] = byte(rng.Uint32())
			}
		}
		return d
	}
	for range 5000 {
		a, b := draw(), draw()
		x, y := new(big.Int).SetBytes(a.b[:]), new(big.Int).SetBytes(b.b[:])
		sum := new(big.Int).Mod(new(big.Int).Add(x, y), mod)
		diff := new(big.Int).Mod(new(big.Int).Sub(x, y), mod)
		if got := a.Add(b); new(big.Int).SetBytes(got.b[:]).Cmp(sum) != 0 {
			t.Fatalf("%s + %s = %s", a, b, got)
		}
		if got := a.Sub(b); new(big.Int).SetBytes(got.b[:]).Cmp(diff) != 0 {
			t.Fatalf("%s - %s = %s", a, b, got)
		}
	}
}
