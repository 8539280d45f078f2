package client

import (
	"errors"
	"fmt"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/protocol/bridge"
)

// A vault is in alarm when the server's history does not lead on from what this device verified. What the device verified stays open for
// reading, nothing of the server's is believed, and nothing is signed: a write on top of one of two histories would deepen the fork. The
// alarm is remembered with the head, so it survives a restart and a time without a server. It ends when a later head passes and reaches
// the remembered one, when a write brings both histories together, or when the user accepts the server's.

// Alarm says why a vault is in alarm.
type Alarm struct {
	Since   int64          `json:"since"` // by this device's clock, Unix milliseconds
	Finding bridge.Finding `json:"finding"`
	// Object is what is wrong, and Number which: an entry of the log by its sequence number, or a write by its revision. Author is who it
	// names as its author: the username on a verified card, or an id. All are empty if nothing signed is wrong.
	Object string `json:"object,omitempty"` // "entry" or "write"
	Number int64  `json:"number,omitempty"`
	Author string `json:"author,omitempty"`
}

// IsZero reports whether there is no alarm.
func (a Alarm) IsZero() bool { return a.Since == 0 }

// ErrAlarm matches every *AlarmError.
var ErrAlarm = errors.New("the vault is in alarm")

// AlarmError: the vault cannot be changed, because it is in alarm.
type AlarmError struct{ Alarm }

func (e *AlarmError) Error() string {
	return "the server's history of this vault does not continue what this device verified, so the vault is read-only: nothing was changed or sent"
}

func (e *AlarmError) Is(target error) bool { return target == ErrAlarm }

// Alarm returns why the vault is in alarm; the zero Alarm if it is not.
func (c *Client) Alarm() Alarm {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.unlocked == nil {
		return Alarm{}
	}
	return c.unlocked.personal.alarm()
}

// ReadOnly reports whether the vault is in alarm, and open for reading with what this device verified.
func (c *Client) ReadOnly() bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.unlocked != nil && c.unlocked.personal.Loaded && !c.unlocked.personal.alarm().IsZero()
}

func (v *vault) alarm() Alarm { return v.remembered.seen(v.id()).Alarm }

// Alarm returns why the personal vault is in alarm; the zero Alarm if it is not.
func (r Remembered) Alarm() Alarm { return r.seen(r.Vault).Alarm }

// alarmed returns an *AlarmError while the vault is in alarm.
func (v *vault) alarmed() error {
	if a := v.alarm(); !a.IsZero() {
		return &AlarmError{a}
	}
	return nil
}

// raises reports whether err means that the server's history contradicts this device.
func raises(err error) bool {
	var altered *VaultAlteredError
	var back *RolledBackError
	return errors.As(err, &altered) || errors.As(err, &back) && !back.Copy
}

// raise puts the vault in alarm. A device without memory has nothing to contradict: it refuses the vault.
func (op *operation) raise(v *vault, cause error) error {
	seen := v.remembered.seen(v.id())
	if seen.State == "" {
		return cause
	}
	alarm := v.alarmOf(cause)
	if seen.Alarm.Since != 0 {
		alarm.Since = seen.Alarm.Since
	}
	if alarm == seen.Alarm {
		return cause
	}
	seen.Alarm = alarm
	if err := op.storeSeen(v, seen); err != nil {
		return errors.Join(cause, err)
	}
	return cause
}

func (op *operation) storeSeen(v *vault, seen Seen) error {
	r := v.remembered.with(seen)
	if err := op.memory.Store(v.user.String(), r); err != nil {
		return fmt.Errorf("store what this device remembers: %w", err)
	}
	op.client.mu.Lock()
	defer op.client.mu.Unlock()
	v.remembered = r
	return nil
}

func (v *vault) alarmOf(cause error) Alarm {
	a := Alarm{Since: time.Now().UnixMilli()}
	if found := findingsOf(cause); len(found) > 0 {
		a.Finding = found[0]
	}
	var at *chain.Error
	if errors.As(cause, &at) {
		a.Object, a.Number = string(at.Kind), at.Number
		if log := v.Log(); at.Author != (chain.ID{}) && log.State.Entry != nil {
			a.Author = log.NameIn(log.State.Entry, at.Author)
		}
	}
	return a
}

// Joined says that a write brought the branch of this device and the history of the server together.
type Joined struct {
	Author      string               `json:"author"` // username on the card that signed the write
	Differences []replica.Difference `json:"differences"`
}
