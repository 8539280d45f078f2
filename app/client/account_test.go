package client_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

const nextPassword = "another horse battery staple"

func (d *device) unlockWith(t testing.TB, password string) {
	t.Helper()
	if _, err := d.Unlock(t.Context(), password); err != nil {
		t.Fatal(err)
	}
}

func TestAPasswordIsChangedByASignedEntry(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d, other := newDevice(t, server), newDevice(t, server)
	d.register(t, "anna")
	other.login(t, "anna", "second device")
	other.sync(t)
	before := d.account(t)
	if err := d.ChangePassword(t.Context(), password+"x", nextPassword); !errors.Is(err, client.ErrWrongPassword) {
		t.Errorf("a wrong current password: %v", err)
	}
	if err := d.ChangePassword(t.Context(), password, nextPassword); err != nil {
		t.Fatal(err)
	}
	after := d.account(t)
	if after.Keys.Document == before.Keys.Document || after.Keys.Identity == before.Keys.Identity || after.Keys.Wraps[0] == before.Keys.Wraps[0] {
		t.Error("the account is as before")
	}
	if after.Keys.Wraps[1] != before.Keys.Wraps[1] {
		t.Error("the wrap of the phrase was replaced")
	}
	d.Lock()
	if _, err := d.Unlock(t.Context(), password); !errors.Is(err, client.ErrWrongPassword) {
		t.Errorf("the old password: %v", err)
	}
	d.unlockWith(t, nextPassword)
	d.sync(t)
	if _, err := other.Sync(t.Context()); serverCode(err) != protocol.CodeUnauthorized {
		t.Errorf("the other session: %v", err)
	}
	// The other device follows the log from what it remembers.
	if _, err := other.Login(t.Context(), "anna", nextPassword, "", "second device"); err != nil {
		t.Fatal(err)
	}
	other.sync(t)
}

func TestAPhraseIsReplacedAndRecovers(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d := newDevice(t, server)
	first := d.register(t, "anna")
	change, err := d.PreparePhrase(t.Context(), password)
	if err != nil {
		t.Fatal(err)
	}
	second := strings.Join(change.Words(), " ")
	for range 2 { // the second time, nothing is left to do
		if err := d.ActivatePhrase(t.Context(), change); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(d.fetch(t).Entries); n != 3 {
		t.Errorf("%d entries, want 3", n)
	}
	for name, device := range map[string]*device{"a device that knows the account": d, "a new device": newDevice(t, server)} {
		if _, err := device.Recover(t.Context(), "Anna", first, nextPassword, false, "x"); !errors.Is(err, client.ErrWrongPhrase) {
			t.Errorf("%s, the old phrase: %v", name, err)
		}
		if _, err := device.Recover(t.Context(), "Anna", second, nextPassword, false, "x"); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		device.sync(t)
		device.Lock()
		device.unlockWith(t, nextPassword)
		device.sync(t)
	}
	if n := len(d.memory.users); n != 1 {
		t.Errorf("the device remembers %d users", n)
	}
}

// A lost answer must not lead to a second entry in the same place of the log.
func TestALostAnswerToAnAccountEntryIsNotSignedAgain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ arrives, online bool }{
		"the server has it and can be asked": {true, true}, "the server has it and is gone then": {true, false},
		"it did not arrive": {false, true}, "it did not arrive and the server is gone": {false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := startServer(t)
			d := newDevice(t, server)
			d.register(t, "anna")
			var entries []string
			lost := false
			d.wire.before = func(r *client.Request) (*client.Response, error) {
				switch {
				case r.Path == protocol.PathAccountEntry && !lost:
					lost = true
					entries = append(entries, string(r.Body))
					if c.arrives {
						if _, err := d.wire.Transport.Do(t.Context(), *r); err != nil {
							t.Error(err)
						}
					}
					return nil, errors.New("the line is cut")
				case r.Path == protocol.PathAccountEntry:
					entries = append(entries, string(r.Body))
				case lost && !c.online:
					return nil, errors.New("the line is cut")
				}
				return nil, nil
			}
			err := d.ChangePassword(t.Context(), password, nextPassword)
			if taken := c.arrives && c.online; taken != (err == nil) || err != nil && !errors.Is(err, client.ErrUncertain) {
				t.Fatalf("got %v", err)
			}
			c.online = true
			d = &device{client.New(d.wire, d.memory, d.cache), d.wire, d.memory, d.cache} // the program starts again
			opened := password
			if c.arrives {
				opened = nextPassword
			}
			d.unlockWith(t, opened)
			err = d.ChangePassword(t.Context(), password, nextPassword)
			if known := c.arrives && errors.Is(err, client.ErrWrongPassword); err != nil && !known { // the password is changed already
				t.Fatal(err)
			}
			for _, e := range entries[1:] {
				if e != entries[0] {
					t.Error("another entry was signed")
				}
			}
			if n := len(d.fetch(t).Entries); n != 3 {
				t.Errorf("%d entries, want 3", n)
			}
			d.Lock()
			d.unlockWith(t, nextPassword)
			d.sync(t)
		})
	}
}
