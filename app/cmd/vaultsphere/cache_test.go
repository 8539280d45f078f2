package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/client"
)

// contents returns the stamp of a name and its parts, separated by spaces.
func contents(t *testing.T, c cache, name string) string {
	t.Helper()
	k, err := c.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	out := k.Stamp
	for _, p := range k.Chunks {
		out += " " + string(p)
	}
	return out
}

func TestCacheReturnsPartsInOrder(t *testing.T) {
	c := cache{state{t.TempDir()}, "https://vault.example.org"}
	other := cache{c.state, "https://other.example.org"}
	steps := []struct {
		do   func() error
		err  error
		want string
	}{
		{func() error { return nil }, nil, ""},
		{func() error { return c.Add("vault", "5", client.Chunk{Stamp: "6", Data: []byte("x")}) }, client.ErrCacheMoved, ""},
		{func() error { return c.Replace("vault", "", client.Chunk{Stamp: "5", Data: []byte("five")}) }, nil, "5 five"},
		{func() error { return c.Add("vault", "5", client.Chunk{Stamp: "6", Data: []byte("six")}) }, nil, "6 five six"},
		{func() error { return c.Add("vault", "5", client.Chunk{Stamp: "7", Data: []byte("x")}) }, client.ErrCacheMoved, "6 five six"},
		{func() error { return c.Replace("vault", "5", client.Chunk{Stamp: "7", Data: []byte("x")}) }, client.ErrCacheMoved, "6 five six"},
		{func() error { return other.Forget("vault") }, nil, "6 five six"},
		{func() error { return c.Replace("vault", "6", client.Chunk{Stamp: "-a_b-1", Data: []byte("all")}) }, nil, "-a_b-1 all"},
		{func() error { return c.Add("vault", "-a_b-1", client.Chunk{Stamp: "8"}) }, nil, "8 all "},
		{func() error { return c.Forget("vault") }, nil, ""},
	}
	for i, s := range steps {
		if err := s.do(); !errors.Is(err, s.err) {
			t.Fatalf("step %d: %v, want %v", i, err, s.err)
		}
		if got := contents(t, c, "vault"); got != s.want {
			t.Errorf("step %d: got %q, want %q", i, got, s.want)
		}
	}
	err := filepath.WalkDir(c.state.dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !strings.HasSuffix(path, cacheLock) {
			t.Errorf("%s was left behind", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// If the program is killed while it replaces or deletes files, the cache has either its old or its new state.
func TestCacheAfterAKilledProgram(t *testing.T) {
	for name, c := range map[string]struct {
		files []string
		want  string
	}{
		"replacing":          {[]string{"00000001-a.full", "00000002-b.delta", "00000003-c.full"}, "c 00000003-c.full"},
		"after replacing":    {[]string{"00000002-b.delta", "00000003-c.full", "00000004-d.delta"}, "d 00000003-c.full 00000004-d.delta"},
		"forgetting":         {[]string{"00000002-b.delta"}, ""},
		"writing a new file": {[]string{"00000001-a.full", ".00000002-b.delta.1234", "notes.txt"}, "a 00000001-a.full"},
	} {
		t.Run(name, func(t *testing.T) {
			killed := cache{state{t.TempDir()}, "https://vault.example.org"}
			if err := os.MkdirAll(killed.dir("vault"), 0o700); err != nil {
				t.Fatal(err)
			}
			for _, f := range c.files {
				if err := os.WriteFile(filepath.Join(killed.dir("vault"), f), []byte(f), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if got := contents(t, killed, "vault"); got != c.want {
				t.Fatalf("got %q, want %q", got, c.want)
			}
			stamp, _, _ := strings.Cut(c.want, " ")
			if err := killed.Replace("vault", stamp, client.Chunk{Stamp: "new", Data: []byte("new")}); err != nil {
				t.Fatal(err)
			}
			if got := contents(t, killed, "vault"); got != "new new" {
				t.Errorf("after replacing: got %q", got)
			}
		})
	}
}
