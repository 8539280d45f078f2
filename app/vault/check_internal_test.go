package vault

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/fernet/fernet-go"
)

// FuzzTokenShape: a string with the shape decodes, encodes to the same string, and has a length that AES-CBC produces.
func FuzzTokenShape(f *testing.F) {
	keys := []*fernet.Key{{}}
	for _, n := range []int{0, 15, 16, 100} {
		token, err := seal(make([]byte, n), keys)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(token)
		f.Add(strings.TrimRight(token, "="))
		f.Add(token + "\n")
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !tokenShape(s) {
			return
		}
		b, err := base64.URLEncoding.DecodeString(s)
		if err != nil || base64.URLEncoding.EncodeToString(b) != s || b[0] != 0x80 || len(b) < 73 || (len(b)-57)%16 != 0 {
			t.Fatalf("%q is accepted", s)
		}
	})
}

func TestFernetLibraryTokensHaveTheShape(t *testing.T) {
	t.Parallel()
	keys := []*fernet.Key{{1}}
	for n := range 70 {
		token, err := seal(make([]byte, n), keys)
		if err != nil || !tokenShape(token) {
			t.Errorf("%d bytes: %v", n, err)
		}
		if got := open(token, keys); len(got) != n {
			t.Errorf("%d bytes open as %d", n, len(got))
		}
		if open(token+"A", keys) != nil || open(token[:len(token)-1], keys) != nil || open(token+"\n", keys) != nil {
			t.Errorf("a respelled token of %d bytes opens", n)
		}
	}
}

func FuzzCheckID(f *testing.F) {
	f.Add("q83vEjRWeJCrze8SNFZ4kA")
	f.Add("q83vEjRWeJCrze8SNFZ4kB")
	f.Fuzz(func(t *testing.T, s string) {
		if checkID("id", s) != nil {
			return
		}
		b, err := base64.RawURLEncoding.DecodeString(s)
		if err != nil || len(b) != 16 || base64.RawURLEncoding.EncodeToString(b) != s {
			t.Fatalf("%q passes", s)
		}
	})
}
