package replica

import (
	"bytes"
	"cmp"
	"sort"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/chain"
)

// ChangeKind says how an item differs between two states of a vault.
type ChangeKind string

const (
	ItemAdded   ChangeKind = "added"
	ItemChanged ChangeKind = "changed"
	ItemDeleted ChangeKind = "deleted"
)

// Difference is an item that differs between two states of a vault. Both were verified and opened here: no server has a say in it.
type Difference struct {
	ID    string     `json:"id"`
	Title string     `json:"title"` // as it was if the item was deleted, else as it is now; empty if it cannot be read
	Kind  ChangeKind `json:"kind"`
}

// Differences lists what another state of the vault has changed, added and deleted.
func (v *Replica) Differences(other *Replica) []Difference {
	return differences(v.entries, v.opener, other.entries, other.opener)
}

// Differences lists what a whole answer has changed, added and deleted.
func (n *Next) Differences() []Difference {
	return differences(n.v.entries, n.v.opener, n.changed, n.opener)
}

func differences(before map[string]*Entry, was opener, after map[string]*Entry, is opener) []Difference {
	out := []Difference{}
	for id, e := range before {
		now := after[id]
		switch {
		case now == nil || now.gone():
			out = append(out, Difference{id, e.Overview.Title, ItemDeleted})
		case differs(e, was, now, is):
			out = append(out, Difference{id, now.Overview.Title, ItemChanged})
		}
	}
	for id, now := range after {
		if before[id] == nil && !now.gone() {
			out = append(out, Difference{id, now.Overview.Title, ItemAdded})
		}
	}
	sort.Slice(out, func(i, j int) bool {
		a, b := out[i], out[j]
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), strings.Compare(a.Title, b.Title), strings.Compare(a.ID, b.ID)) < 0
	})
	return out
}

// differs reports whether an item holds something else. To seal it again, as bringing two histories together does, changes nothing.
func differs(before *Entry, was opener, after *Entry, is opener) bool {
	if before.meta() == after.meta() && before.current() == after.current() {
		return false
	}
	a, err := was.Open(before)
	if err != nil {
		return true
	}
	b, err := is.Open(after)
	if err != nil {
		return true
	}
	a.Modified = b.Modified
	return !bytes.Equal(a.Overview(), b.Overview()) || !bytes.Equal(a.Details(), b.Details())
}

// Live returns what is live. The caller may change it.
func (v *Replica) Live() *chain.Live { return v.live.Clone() }
