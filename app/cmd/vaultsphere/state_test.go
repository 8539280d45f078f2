package main

import (
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

// remembered returns what a device remembers of a new vault after some writes, the first state first.
func remembered(t *testing.T, username string, writes int) []client.Remembered {
	t.Helper()
	v, _ := testvault.NewPerson(username).Found()
	of := func() client.Remembered {
		state := base64.RawURLEncoding.EncodeToString(v.State.Encode())
		return client.Remembered{
			Username: username, Vault: v.ID.String(), KeyGeneration: 1, KDF: client.RememberedKDF{Salt: v.ID.String(), Cost: 1},
			Vaults: []client.Seen{{Vault: v.ID.String(), State: state}},
		}
	}
	all := []client.Remembered{of()}
	for range writes {
		v.Apply(v.Draft(v.Put(chain.RecordOverview, seal.NewID(), 1, "content")))
		all = append(all, of())
	}
	return all
}

func (m memory) wants(t *testing.T, user string, want client.Remembered) {
	t.Helper()
	if got, err := m.Load(user); err != nil || !got.Equal(want) {
		t.Errorf("%s at %s: %+v, %v; want %+v", user, m.server, got, err, want)
	}
}

func TestMemorySeparatesVaults(t *testing.T) {
	s := state{t.TempDir()}
	a, b := memory{s, "https://a.example.org"}, memory{s, "https://b.example.org"}
	here, there := remembered(t, "anna", 0)[0], remembered(t, "anna", 0)[0]
	if err := errors.Join(a.Store("1", here), b.Store("1", there)); err != nil {
		t.Fatal(err)
	}
	a.wants(t, "1", here)
	b.wants(t, "1", there)
	a.wants(t, "2", client.Remembered{})
	for typed, want := range map[string]client.Remembered{" Anna": there, "bert": {}} {
		if got, err := b.Find(typed); err != nil || !got.Equal(want) {
			t.Errorf("found %+v, %v", got, err)
		}
	}
	if err := a.Store("1", client.Remembered{}); err != nil {
		t.Fatal(err)
	}
	a.wants(t, "1", client.Remembered{})
	b.wants(t, "1", there)
}

func TestMemoryNeverGoesBack(t *testing.T) {
	m := memory{state{t.TempDir()}, "https://a.example.org"}
	states := remembered(t, "anna", 3)
	for _, i := range []int{0, 3, 1, 2} {
		if err := m.Store("1", states[i]); err != nil {
			t.Fatal(err)
		}
	}
	m.wants(t, "1", states[3])
	other := remembered(t, "anna", 3)[3]
	other.Vault, other.Vaults[0].Vault = states[3].Vault, states[3].Vault
	if err := m.Store("1", other); err == nil {
		t.Error("a different vault with the same revision was stored")
	}
	m.wants(t, "1", states[3])
}

func TestMemoryThatCannotBeReadIsNotForgotten(t *testing.T) {
	whole := remembered(t, "anna", 1)[1]
	state64 := whole.Vaults[0].State
	for name, c := range map[string]struct{ content, say string }{
		"of an earlier version": {`{"vaults":[{"server":"https://a.example.org","user":"u","revision":3,"digest":"aa"}]}`, "before 0.1"},
		"cut short":             {`{"users":[{"server":"`, "not valid"},
		"a state cut short": {`{"users":[{"server":"https://a.example.org","user":"1","remembered":{"username":"anna","vault":"` + whole.Vault +
			`","key_generation":1,"kdf":{"salt":"","cost":1},"card":"","vaults":[{"vault":"` + whole.Vault + `","state":"` + state64[:100] + `"}]}}]}`, "damaged"},
	} {
		s := state{t.TempDir()}
		path := filepath.Join(s.dir, seenFile)
		if err := os.WriteFile(path, []byte(c.content), 0o600); err != nil {
			t.Fatal(err)
		}
		m := memory{s, "https://a.example.org"}
		_, err := m.Load("1")
		var hinted *hintedError
		if !errors.As(err, &hinted) || !strings.Contains(err.Error(), c.say) || !strings.Contains(hinted.hint, "move it") {
			t.Errorf("%s: %v", name, err)
		}
		if err := m.Store("1", whole); err == nil {
			t.Errorf("%s: was replaced", name)
		}
		if after, err := os.ReadFile(path); err != nil || string(after) != c.content {
			t.Errorf("%s: the file was changed: %v", name, err)
		}
	}
}

func TestConcurrentCommandsLoseNothing(t *testing.T) {
	dir := t.TempDir()
	one := remembered(t, "anna", 0)[0]
	var all sync.WaitGroup
	for i := range 24 {
		all.Go(func() {
			m := memory{state{dir}, "https://a.example.org"}
			if err := m.Store(fmt.Sprint(i), one); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for i := range 24 {
		(memory{state{dir}, "https://a.example.org"}).wants(t, fmt.Sprint(i), one)
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
