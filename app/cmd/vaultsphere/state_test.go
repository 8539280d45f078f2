package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/client"
)

func TestSessionIsReadBackAsWritten(t *testing.T) {
	s := state{filepath.Join(t.TempDir(), "new", "vaultsphere")}
	if got, err := s.session(); err != nil || got != (session{}) {
		t.Fatalf("before anything was written: %+v, %v", got, err)
	}
	for _, want := range []session{
		{Server: "https://vault.example.org", Username: "anna", Token: "gAAAA_secret"},
		{Server: "https://vault.example.org", Username: "anna"},
	} {
		if err := s.setSession(want); err != nil {
			t.Fatal(err)
		}
		if got, err := s.session(); err != nil || got != want {
			t.Errorf("got %+v, %v; want %+v", got, err, want)
		}
	}
	info, err := os.Stat(filepath.Join(s.dir, sessionFile))
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode %04o, want 0600", info.Mode().Perm())
	}
}

func TestFailedWriteKeepsTheOldFile(t *testing.T) {
	s := state{t.TempDir()}
	// A directory that is not empty cannot be replaced by a file, not even by root.
	if err := os.MkdirAll(filepath.Join(s.dir, sessionFile, "file"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := s.setSession(session{Server: "https://vault.example.org"}); err == nil {
		t.Fatal("a directory was replaced")
	}
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 1 || entries[0].Name() != sessionFile {
		t.Errorf("left behind: %v", entries)
	}
}

func TestDamagedStateIsNamedAndNotQuoted(t *testing.T) {
	const token = "gAAAA_secret"
	for name, content := range map[string]string{
		"empty":         "",
		"cut short":     `{"server":"https://vault.example.org","token":"` + token,
		"wrong type":    `{"server":"https://vault.example.org","token":["` + token + `"]}`,
		"unknown field": `{"server":"https://vault.example.org","` + token + `":1}`,
		"not JSON":      token,
		"two values":    `{"server":"https://vault.example.org"} "` + token + `"`,
		"no server":     `{"token":"` + token + `"}`,
		"too large":     `{"server":"` + strings.Repeat("x", maxStateBytes) + `"}`,
	} {
		t.Run(name, func(t *testing.T) {
			s := state{t.TempDir()}
			path := filepath.Join(s.dir, sessionFile)
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := s.session()
			var hinted *hintedError
			if !errors.As(err, &hinted) || !strings.Contains(err.Error(), path+" is damaged") || !strings.Contains(hinted.hint, "move it") {
				t.Fatalf("error: %v", err)
			}
			if strings.Contains(err.Error()+hinted.hint, token) {
				t.Errorf("the error quotes the file: %v", err)
			}
			if after, err := os.ReadFile(path); err != nil || string(after) != content {
				t.Errorf("the file was changed: %v", err)
			}
		})
	}
}

// FuzzSessionFile: a valid session is written and read back unchanged.
func FuzzSessionFile(f *testing.F) {
	f.Add([]byte(`{"server":"https://vault.example.org","username":"anna","token":"gAAAA"}`))
	f.Add([]byte(`{"server":"\ud800"}`))
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s := state{t.TempDir()}
		if err := os.WriteFile(filepath.Join(s.dir, sessionFile), data, 0o600); err != nil {
			t.Fatal(err)
		}
		first, err := s.session()
		if err != nil {
			return
		}
		if err := s.setSession(first); err != nil {
			t.Fatal(err)
		}
		if again, err := s.session(); err != nil || again != first {
			t.Errorf("%+v is read back as %+v, %v", first, again, err)
		}
	})
}

func TestMemorySeparatesVaults(t *testing.T) {
	s := state{t.TempDir()}
	a, b := memory{s, "https://a.example.org"}, memory{s, "https://b.example.org"}
	if err := a.Store("anna", client.Seen{Revision: 3, Digest: "aa"}); err != nil {
		t.Fatal(err)
	}
	if err := b.Store("anna", client.Seen{Revision: 1, Digest: "bb"}); err != nil {
		t.Fatal(err)
	}
	want := func(m memory, user string, seen client.Seen) {
		t.Helper()
		if got, err := m.Load(user); err != nil || got != seen {
			t.Errorf("%s at %s: %+v, %v; want %+v", user, m.server, got, err, seen)
		}
	}
	want(a, "anna", client.Seen{Revision: 3, Digest: "aa"})
	want(b, "anna", client.Seen{Revision: 1, Digest: "bb"})
	want(a, "bert", client.Seen{})
	if err := a.Store("anna", client.Seen{}); err != nil {
		t.Fatal(err)
	}
	want(a, "anna", client.Seen{})
	want(b, "anna", client.Seen{Revision: 1, Digest: "bb"})
}

func TestMemoryNeverGoesBack(t *testing.T) {
	m := memory{state{t.TempDir()}, "https://a.example.org"}
	newest := client.Seen{Revision: 7, Digest: "77"}
	for _, s := range []client.Seen{newest, {Revision: 6, Digest: "66"}} {
		if err := m.Store("anna", s); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := m.Load("anna"); err != nil || got != newest {
		t.Errorf("after storing an older revision: %+v, %v", got, err)
	}
	if err := m.Store("anna", client.Seen{Revision: 7, Digest: "other"}); !errors.Is(err, client.ErrRolledBack) {
		t.Errorf("a different vault with the same revision: %v", err)
	}
	if got, err := m.Load("anna"); err != nil || got != newest {
		t.Errorf("after the error: %+v, %v", got, err)
	}
}

func TestConcurrentCommandsLoseNothing(t *testing.T) {
	dir := t.TempDir()
	var all sync.WaitGroup
	for i := range 24 {
		all.Go(func() {
			m := memory{state{dir}, "https://a.example.org"}
			if err := m.Store(fmt.Sprint(i), client.Seen{Revision: int64(i + 1), Digest: "dd"}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for i := range 24 {
		if got, err := (memory{state{dir}, "https://a.example.org"}).Load(fmt.Sprint(i)); err != nil || got.Revision != int64(i+1) {
			t.Errorf("user %d: %+v, %v", i, got, err)
		}
	}
}

func TestCanonicalServer(t *testing.T) {
	for in, want := range map[string]string{
		"https://Vault.Example.ORG/":  "https://vault.example.org",
		"HTTPS://vault.example.org":   "https://vault.example.org",
		"https://vault.example.org:8": "https://vault.example.org:8",
		"http://[::1]:5001/":          "http://[::1]:5001",
	} {
		if got := canonicalServer(in); got != want {
			t.Errorf("canonicalServer(%q) = %q, want %q", in, got, want)
		}
	}
}
