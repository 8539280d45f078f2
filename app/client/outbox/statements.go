package outbox

import (
	"slices"

	"github.com/vaultsphere/vaultsphere/app/client/replica"
)

// Statement is a write that was signed for a change. A server can show it at any later time, even if it refused the write or another
// device was faster. Then the change is made, and must not be made twice.
type Statement struct {
	Revision int64  `json:"revision"`
	Hash     string `json:"hash"` // base64url
	ID       string `json:"id"`   // of the item that it writes
	// After is what the statement says if the user has changed the item again; nil: it says what the change says.
	After *replica.Contents `json:"after,omitempty"`
}

// Statements returns what was signed for the change.
func (q *Change) Statements() []Statement {
	if q.Signed == nil {
		return nil
	}
	return *q.Signed
}

// Note adds statements to the change.
func (q *Change) Note(more ...Statement) {
	all := slices.Clone(q.Statements())
	for _, s := range more {
		if !slices.ContainsFunc(all, func(o Statement) bool { return o.Hash == s.Hash }) {
			all = append(all, s)
		}
	}
	if len(all) > 0 {
		q.Signed = &all
	}
}

// Find returns the index of the change with this key; -1: there is none.
func Find(changes []Change, key string) int {
	return slices.IndexFunc(changes, func(q Change) bool { return q.Key == key })
}

// Made removes the change with this key: the vault holds one of its statements. What the user changed since that statement was signed
// stays.
func Made(changes []Change, key string, s Statement) []Change {
	i := Find(changes, key)
	if i < 0 {
		return changes
	}
	q := changes[i]
	if s.After == nil {
		return Done(changes, &q, s.ID)
	}
	for j := range changes {
		if changes[j].ID == q.ID {
			changes[j].ID = s.ID
		}
	}
	changes[i].Base, changes[i].Before = s.After.Base(), s.After
	changes[i].Signed, changes[i].Refused, changes[i].Code = nil, "", ""
	return changes
}

// outdate keeps what the statements of a change say, before the change says more.
func (q *Change) outdate() {
	if q.After == nil { // a deletion: what follows it is another item
		q.Signed = nil
		return
	}
	all := slices.Clone(q.Statements())
	for i := range all {
		if all[i].After == nil {
			all[i].After = q.After
		}
	}
	if len(all) > 0 {
		q.Signed = &all
	}
}
