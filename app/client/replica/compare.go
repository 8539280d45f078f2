package replica

import (
	"cmp"
	"slices"
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
	return differences(v.entries, other.entries)
}

// Differences lists what a whole answer has changed, added and deleted.
func (n *Next) Differences() []Difference { return differences(n.v.entries, n.changed) }

func differences(before, after map[string]*Entry) []Difference {
	out := []Difference{}
	for id, e := range before {
		now := after[id]
		switch {
		case now == nil || now.gone():
			out = append(out, Difference{id, e.Overview.Title, ItemDeleted})
		case e.meta() != now.meta() || e.current() != now.current():
			out = append(out, Difference{id, now.Overview.Title, ItemChanged})
		}
	}
	for id, now := range after {
		if before[id] == nil && !now.gone() {
			out = append(out, Difference{id, now.Overview.Title, ItemAdded})
		}
	}
	slices.SortFunc(out, func(a, b Difference) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), strings.Compare(a.Title, b.Title), strings.Compare(a.ID, b.ID))
	})
	return out
}

// Live returns what is live. The caller may change it.
func (v *Replica) Live() *chain.Live { return v.live.Clone() }
