package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/client"
)

// keptIn reads a name as its stamp and its pieces, each after a space.
func keptIn(t *testing.T, c cache, name string) string {
	t.Helper()
	k, err := c.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	out := k.Stamp
	for _, p := range k.Pieces {
		out += " " + string(p)
	}
	return out
}

func TestCacheKeepsPiecesInOrder(t *testing.T) {
	c := cache{state{t.TempDir()}, "https://vault.example.org"}
	other := cache{c.state, "https://other.example.org"}
	steps := []struct {
		do   func() error
		err  error
		want string
	}{
		{func() error { return nil }, nil, ""},
		{func() error { return c.Add("vault", "5", client.Piece{Stamp: "6", Data: []byte("x")}) }, client.ErrCacheMoved, ""},
		{func() error { return c.Replace("vault", "", client.Piece{Stamp: "5", Data: []byte("five")}) }, nil, "5 five"},
		{func() error { return c.Add("vault", "5", client.Piece{Stamp: "6", Data: []byte("six")}) }, nil, "6 five six"},
		{func() error { return c.Add("vault", "5", client.Piece{Stamp: "7", Data: []byte("x")}) }, client.ErrCacheMoved, "6 five six"},
		{func() error { return c.Replace("vault", "5", client.Piece{Stamp: "7", Data: []byte("x")}) }, client.ErrCacheMoved, "6 five six"},
		{func() error { return other.Forget("vault") }, nil, "6 five six"},
		{func() error { return c.Replace("vault", "6", client.Piece{Stamp: "-a_b-1", Data: []byte("all")}) }, nil, "-a_b-1 all"},
		{func() error { return c.Add("vault", "-a_b-1", client.Piece{Stamp: "8"}) }, nil, "8 all "},
		{func() error { return c.Forget("vault") }, nil, ""},
	}
	for i, s := range steps {
		if err := s.do(); !errors.Is(err, s.err) {
			t.Fatalf("step %d: %v, want %v", i, err, s.err)
		}
		if got := keptIn(t, c, "vault"); got != s.want {
			t.Errorf("step %d: kept is %q, want %q", i, got, s.want)
		}
	}
	err := filepath.WalkDir(c.state.dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !strings.HasSuffix(path, cacheLock) {
			t.Errorf("%s is left", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// A program that ends while it replaces, or forgets, leaves the state before or the one after.
func TestCacheAfterAProgramThatEndedHalfWay(t *testing.T) {
	for name, c := range map[string]struct {
		files []string
		want  string
	}{
		"replacing":          {[]string{"00000001-a.whole", "00000002-b.more", "00000003-c.whole"}, "c 00000003-c.whole"},
		"after replacing":    {[]string{"00000002-b.more", "00000003-c.whole", "00000004-d.more"}, "d 00000003-c.whole 00000004-d.more"},
		"forgetting":         {[]string{"00000002-b.more"}, ""},
		"writing a new file": {[]string{"00000001-a.whole", ".00000002-b.more.1234", "notes.txt"}, "a 00000001-a.whole"},
	} {
		t.Run(name, func(t *testing.T) {
			kept := cache{state{t.TempDir()}, "https://vault.example.org"}
			if err := os.MkdirAll(kept.dir("vault"), 0o700); err != nil {
				t.Fatal(err)
			}
			for _, f := range c.files {
				if err := os.WriteFile(filepath.Join(kept.dir("vault"), f), []byte(f), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if got := keptIn(t, kept, "vault"); got != c.want {
				t.Fatalf("kept is %q, want %q", got, c.want)
			}
			stamp, _, _ := strings.Cut(c.want, " ")
			if err := kept.Replace("vault", stamp, client.Piece{Stamp: "new", Data: []byte("new")}); err != nil {
				t.Fatal(err)
			}
			if got := keptIn(t, kept, "vault"); got != "new new" {
				t.Errorf("kept is %q", got)
			}
		})
	}
}
