package client_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/client"
)

var errCrashed = errors.New("the program has crashed")

// crash ends a program after some steps: whatever it stores, sends or receives fails from then on.
type crash struct {
	left int
	dead bool
}

func (c *crash) step() error {
	if c.left--; c.left < 0 {
		c.dead = true
	}
	if c.dead {
		return errCrashed
	}
	return nil
}

type crashingMemory struct {
	*memory
	crash *crash
}

func (m crashingMemory) Store(user string, r client.Remembered) error {
	if err := m.crash.step(); err != nil {
		return err
	}
	return m.memory.Store(user, r)
}

// crashing returns the device after a restart, unlocked and synced, with a program that will crash.
func (d *device) crashing(t *testing.T, server string, c *crash) *device {
	t.Helper()
	d = d.restarted(t, server)
	w := d.wire
	d.Client = client.New(w, crashingMemory{d.memory, c}, d.cache)
	c.left = 1 << 30
	d.unlockWith(t, password)
	d.sync(t)
	d.cache.before = func(string) error { return c.step() }
	w.before = func(r *client.Request) (*client.Response, error) {
		if err := c.step(); err != nil {
			return nil, err
		}
		answer, err := w.Transport.Do(t.Context(), *r)
		if err == nil {
			err = c.step()
		}
		return &answer, err
	}
	return d
}

// After a crash at any step, the device opens what it has, with the server and without, and can rotate again.
func TestARotationSurvivesACrashAtEveryStep(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d := newDevice(t, server)
	d.register(t, "anna")
	bank := d.save(t, login("Bank"))
	taken, resumed, finished := 0, 0, false
	for n := 1; !finished; n++ {
		c := &crash{}
		d = d.crashing(t, server, c)
		r, err := d.PrepareRotation(t.Context(), client.RotationRequest{Password: password})
		if err != nil {
			t.Fatal(err)
		}
		before := d.account(t).Keys.Document
		c.left = n
		if _, err = d.Rotate(t.Context(), r); err == nil {
			_, err = d.Reseal(t.Context(), nil)
		}
		if finished = !c.dead; finished && err != nil {
			t.Fatal(err)
		}
		d.cache.before = nil
		if d.account(t).Keys.Document != before {
			taken++
		}
		if _, err := d.cutOff(t, server).Unlock(t.Context(), password); err != nil && client.Explain(err).Code != client.CodeOffline {
			t.Errorf("step %d, without the server: %v", n, err)
		}
		d = d.restarted(t, server)
		d.unlockWith(t, password)
		if _, err := d.Sync(t.Context()); errors.Is(err, client.ErrRekeyed) { // it sent what the program had signed
			resumed++
			d.unlockWith(t, password)
		} else if err != nil {
			t.Fatal(err)
		}
		d.sync(t)
		if got := d.get(t, bank.ID); got.Password != bank.Password {
			t.Errorf("step %d: %+v", n, got)
		}
		if d.cutOff(t, server).unlock(t); d.cache.stored == nil {
			t.Errorf("step %d: no cache", n)
		}
		if names := d.cache.names(); n > 2 && slices.Contains(names, "entry") && finished {
			t.Errorf("step %d: an entry is still in flight", n)
		}
	}
	if taken < 3 || resumed < 1 {
		t.Errorf("the server took %d rotations before a crash, and %d after it", taken, resumed)
	}
	d.reseal(t)
	if got := d.epochs(t); len(got) != 1 {
		t.Errorf("epochs %v", got)
	}
	fresh := newDevice(t, server)
	fresh.login(t, "anna", "a new device")
	fresh.sync(t)
	if got := fresh.get(t, bank.ID); got.Password != bank.Password {
		t.Errorf("got %+v", got)
	}
}
