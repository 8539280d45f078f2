// Package sealtest has what the tests of all sealed formats share.
package sealtest

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealing"
)

var update = flag.Bool("update", false, "rewrite testdata/vectors.json")

// Fixed always returns the same bytes for a name.
func Fixed(name string) (b [32]byte) {
	return sha256.Sum256([]byte("vaultsphere test vector: " + name))
}

// Hex returns the bytes of a key.
func Hex(s sealing.Secret) string { return hex.EncodeToString(sealing.Bytes(&s)) }

// WithIV runs seal with a fixed IV, which fernet-go reads from rand.Reader.
func WithIV(t *testing.T, iv []byte, seal func() (string, error)) string {
	t.Helper()
	before := rand.Reader
	defer func() { rand.Reader = before }()
	rand.Reader = bytes.NewReader(iv)
	token, err := seal()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// Forge seals any plaintext, even a malformed one.
func Forge(t *testing.T, k sealing.Secret, plaintext []byte) string {
	t.Helper()
	token, err := sealing.SealToken(k, plaintext)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// FuzzOpen checks that token opens and that no other string does.
func FuzzOpen(f *testing.F, token string, open func(string) error) {
	f.Helper()
	f.Add(token)
	f.Add(token + "\n")
	f.Add(token[:len(token)-4])
	f.Add(strings.TrimRight(token, "="))
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		if err := open(s); (err == nil) != (s == token) {
			t.Errorf("%q: %v", s, err)
		}
	})
}

// Reproduce checks that vectors are frozen in testdata/vectors.json. With -update it writes the file.
func Reproduce(t *testing.T, frozen []byte, vectors any) {
	t.Helper()
	got, err := json.MarshalIndent(vectors, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	if *update {
		if err := os.WriteFile("testdata/vectors.json", got, 0o644); err != nil { // #nosec G306 -- a public file of the repository
			t.Fatal(err)
		}
		return
	}
	want, have := strings.Split(string(frozen), "\n"), strings.Split(string(got), "\n")
	if len(have) != len(want) {
		t.Errorf("%d lines, want %d", len(have), len(want))
	}
	for i := range min(len(have), len(want)) {
		if have[i] != want[i] {
			t.Errorf("line %d:\n got %s\nwant %s", i+1, have[i], want[i])
		}
	}
}

// PrintNothing checks that no key reveals the bytes of s when it is printed, logged or marshaled.
func PrintNothing(t *testing.T, s sealing.Secret, keys ...any) {
	t.Helper()
	b := sealing.Bytes(&s)
	leaks := []string{
		hex.EncodeToString(b)[:8], base64.StdEncoding.EncodeToString(b)[:8], base64.RawURLEncoding.EncodeToString(b)[:8],
		fmt.Sprintf("%d %d %d", b[0], b[1], b[2]), string(b[:4]), strings.ToUpper(hex.EncodeToString(b[:4])), fmt.Sprintf("%#v", b[:3])[7:],
	}
	for _, key := range keys {
		for _, o := range printed(t, key) {
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

func printed(t *testing.T, key any) (out []string) {
	t.Helper()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%b", "%o", "%c", "%U", "%t"} {
		out = append(out, fmt.Sprintf(verb, key))
	}
	j, err := json.Marshal(key)
	if err != nil {
		t.Fatal(err)
	}
	var text, lines strings.Builder
	slog.New(slog.NewJSONHandler(&lines, nil)).Info("x", "k", key)
	slog.New(slog.NewTextHandler(&text, nil)).Info("x", "k", key)
	return append(out, fmt.Sprint(key), fmt.Errorf("x: %v", key).Error(), string(j), lines.String(), text.String())
}
