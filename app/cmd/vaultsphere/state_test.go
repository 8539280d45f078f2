package main

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
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

// remembered is what a device remembers of a vault in this state.
func remembered(name string, s chain.State) client.Remembered {
	id := s.Entry.Vault.String()
	seen := client.Seen{Vault: id, State: base64.RawURLEncoding.EncodeToString(s.Encode())}
	return client.Remembered{Username: name, Vault: id, KeyGeneration: 1, Vaults: []client.Seen{seen}}
}

// written is the next write of a vault, which puts a new item.
func written(v *testvault.Vault) testvault.Write {
	return v.Draft(v.Put(chain.RecordOverview, seal.NewID(), 1, "an item"))
}

func TestMemorySeparatesServers(t *testing.T) {
	s := state{t.TempDir()}
	a, b := memory{s, "https://a.example.org"}, memory{s, "https://b.example.org"}
	v, _ := testvault.NewPerson("anna").Found()
	old, newer := remembered("anna", v.State), remembered("anna", written(v).Next.State)
	if err := errors.Join(a.Store("1", newer), b.Store("1", old)); err != nil {
		t.Fatal(err)
	}
	want := func(m memory, user string, r client.Remembered) {
		t.Helper()
		if got, err := m.Load(user); err != nil || !got.Equal(r) {
			t.Errorf("%s at %s: %+v, %v; want %+v", user, m.server, got, err, r)
		}
	}
	want(a, "1", newer)
	want(b, "1", old)
	want(a, "2", client.Remembered{})
	if got, err := a.Find("Anna "); err != nil || !got.Equal(newer) {
		t.Errorf("by the username: %+v, %v", got, err)
	}
	if err := a.Store("1", client.Remembered{}); err != nil {
		t.Fatal(err)
	}
	want(a, "1", client.Remembered{})
	want(b, "1", old)
}

func TestMemoryNeverGoesBack(t *testing.T) {
	m := memory{state{t.TempDir()}, "https://a.example.org"}
	v, _ := testvault.NewPerson("anna").Found()
	older, fork := remembered("anna", v.State), remembered("anna", written(v).Next.State)
	newest := remembered("anna", written(v).Next.State)
	if err := errors.Join(m.Store("1", newest), m.Store("1", older)); err != nil {
		t.Fatal(err)
	}
	if got, err := m.Load("1"); err != nil || !got.Equal(newest) {
		t.Errorf("after storing an older state: %+v, %v", got, err)
	}
	if err := m.Store("1", fork); !errors.Is(err, client.ErrRolledBack) {
		t.Errorf("another write of the same revision: %v", err)
	}
	if got, err := m.Load("1"); err != nil || !got.Equal(newest) {
		t.Errorf("after the error: %+v, %v", got, err)
	}
}

func TestMemoryThatCannotBeReadIsNotEmpty(t *testing.T) {
	v, _ := testvault.NewPerson("anna").Found()
	whole := remembered("anna", v.State)
	foreign := whole
	foreign.Vaults = []client.Seen{{Vault: seal.NewID().String(), State: whole.Vaults[0].State}}
	garbage := whole
	garbage.Vaults = []client.Seen{{Vault: whole.Vault, State: "AAAA"}}
	for name, content := range map[string]any{
		"of format 1": map[string]any{"vaults": []any{map[string]any{
			"server": "https://a.example.org", "user": "1", "revision": 3, "digest": "aa",
		}}},
		"a damaged state":          rememberedUsers{Users: []rememberedUser{{"https://a.example.org", "1", garbage}}},
		"a state of another vault": rememberedUsers{Users: []rememberedUser{{"https://a.example.org", "1", foreign}}},
		"not an object":            7,
	} {
		t.Run(name, func(t *testing.T) {
			m := memory{state{t.TempDir()}, "https://a.example.org"}
			if err := m.state.write(seenFile, content); err != nil {
				t.Fatal(err)
			}
			before, err := os.ReadFile(filepath.Join(m.state.dir, seenFile))
			if err != nil {
				t.Fatal(err)
			}
			var hinted *hintedError
			if got, err := m.Load("1"); !errors.As(err, &hinted) {
				t.Errorf("%+v, %v", got, err)
			}
			if err := m.Store("2", whole); err == nil {
				t.Error("something was stored over it")
			}
			if after, err := os.ReadFile(filepath.Join(m.state.dir, seenFile)); err != nil || !bytes.Equal(before, after) {
				t.Errorf("the file was changed: %v", err)
			}
		})
	}
}

func TestConcurrentCommandsLoseNothing(t *testing.T) {
	dir := t.TempDir()
	v, _ := testvault.NewPerson("anna").Found()
	r := remembered("anna", v.State)
	var all sync.WaitGroup
	for i := range 24 {
		all.Go(func() {
			m := memory{state{dir}, "https://a.example.org"}
			if err := m.Store(fmt.Sprint(i), r); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for i := range 24 {
		if got, err := (memory{state{dir}, "https://a.example.org"}).Load(fmt.Sprint(i)); err != nil || !got.Equal(r) {
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
