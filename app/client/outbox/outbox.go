// Package outbox holds the changes of items that the server does not have yet: their list, how it is stored on a device, and how
// each change is made on a later state of the vault. It does no input or output.
package outbox

import (
	"slices"

	"github.com/vaultsphere/vaultsphere/app/client/replica"
)

// Change is a change of an item that the server does not have yet. It can be replayed on any later state of the vault, and
// contains the ids that it may need, so that a second attempt writes the same records as the first.
type Change struct {
	// Key identifies the change. It is also the id of the new item if the change cannot be merged into its own item.
	Key    string            `json:"key"`
	ID     string            `json:"id"`               // of the item
	At     int64             `json:"at"`               // time of the change, Unix milliseconds
	Base   string            `json:"base,omitempty"`   // the version that was edited, as Item.Base; empty: the item is new
	Before *replica.Contents `json:"before,omitempty"` // the item at Base, if known
	After  *replica.Contents `json:"after,omitempty"`  // nil: the item is deleted
	// Attach are attachments that the change makes live.
	Attach *[]Attached `json:"attach,omitempty"`
	// Signed is what was signed for the change, in order. It is replaced, never changed.
	Signed *[]Statement `json:"signed,omitempty"`
	// Sent: the server may already have the change.
	Sent    bool   `json:"sent,omitempty"`
	Refused string `json:"refused,omitempty"` // why the server rejected it
	Code    string `json:"code,omitempty"`    // the same as a code
}

func (q *Change) isNew() bool { return q.Base == "" }

// Bytes is roughly how much a device needs to store the change.
func (q *Change) Bytes() int {
	n := 0
	for _, c := range []*replica.Contents{q.Before, q.After} {
		if c != nil {
			n += len(c.Meta) + len(c.Secret)
		}
	}
	return n
}

// Last finds the newest change of an item; -1: there is none.
func Last(changes []Change, id string) int {
	for i := len(changes) - 1; i >= 0; i-- {
		if changes[i].ID == id {
			return i
		}
	}
	return -1
}

// Add appends q to the changes. It merges q into the last change of the same item if that was not sent yet and q is based on it.
func Add(changes []Change, q Change) []Change {
	i := Last(changes, q.ID)
	if i < 0 || changes[i].Sent || changes[i].After == nil || changes[i].After.Base() != q.Base {
		return append(changes, q)
	}
	if changes[i].isNew() && q.After == nil {
		if changes[i].Signed != nil {
			return append(changes, q)
		}
		return slices.Delete(changes, i, i+1)
	}
	return takeIn(changes, i, q)
}

// takeIn merges q into changes[i], on which it is based.
func takeIn(changes []Change, i int, q Change) []Change {
	changes[i].outdate()
	changes[i].After, changes[i].At, changes[i].Refused, changes[i].Code = q.After, q.At, "", ""
	changes[i].Note(q.Statements()...)
	if before := changes[i].Attach; before != nil && q.Attach != nil {
		both := slices.Concat(*before, *q.Attach)
		changes[i].Attach = &both
	} else if q.Attach != nil {
		changes[i].Attach = q.Attach
	}
	return changes
}

// Send marks every change: the server may soon have it.
func Send(changes []Change) []Change {
	for i := range changes {
		changes[i].Sent = true
	}
	return changes
}

// Next returns the oldest change that was not tried and does not wait for an older change of the same item; nil: there is none.
func Next(changes []Change, tried map[string]bool) *Change {
	blocked := map[string]bool{}
	for _, q := range changes {
		if !tried[q.Key] && !blocked[q.ID] {
			return &q
		}
		blocked[q.ID] = true
	}
	return nil
}

// Done removes q from the changes. Later changes of the item now refer to the id that it got.
func Done(changes []Change, q *Change, id string) []Change {
	changes = slices.DeleteFunc(changes, func(o Change) bool { return o.Key == q.Key })
	for i := range changes {
		if changes[i].ID == q.ID {
			changes[i].ID = id
		}
	}
	return changes
}

// Refuse notes why q failed. A change that is based on it would lack its effect, so Refuse merges the two.
func Refuse(changes []Change, q *Change, code, reason string) []Change {
	i := Find(changes, q.Key)
	if i < 0 {
		return changes
	}
	changes[i].Code, changes[i].Refused, changes[i].Sent = code, reason, false
	for j := i + 1; j < len(changes); {
		if changes[j].ID != q.ID {
			j++
			continue
		}
		changes = takeIn(changes, i, changes[j])
		changes = slices.Delete(changes, j, j+1)
	}
	return changes
}
