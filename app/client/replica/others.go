package replica

import (
	"bytes"
	"sort"

	"github.com/vaultsphere/vaultsphere/app/chain"
)

// Record is a live record that belongs to no item: a pin, a passkey, an invitation or a grant.
type Record struct {
	ID      chain.ID
	Content []byte
	Err     error // why Content is empty
}

// Records opens the live records of a kind that belongs to no item, in the order of their ids. If a faulty client left several versions of
// one, only the last counts.
func (v *Replica) Records(kind chain.RecordKind) []Record {
	newest := map[chain.ID]sealed{}
	for l, r := range v.others {
		if l.Kind == kind && r.version > newest[l.ID].version {
			newest[l.ID] = r
		}
	}
	out := make([]Record, 0, len(newest))
	for id, r := range newest {
		content, err := v.openRecord(id, kind, r)
		out = append(out, Record{ID: id, Content: content, Err: err})
	}
	sort.Slice(out, func(i, j int) bool { return bytes.Compare(out[i].ID[:], out[j].ID[:]) < 0 })
	return out
}

// Put writes a record that belongs to no item, in place of its versions before.
func (c *Change) Put(kind chain.RecordKind, id chain.ID, content []byte) error {
	return c.write("", id, kind, c.Drop(kind, id)+1, content)
}

// Drop deletes a record that belongs to no item, and returns its version; 0 if there is none.
func (c *Change) Drop(kind chain.RecordKind, id chain.ID) (version uint32) {
	for l := range c.others {
		if l.Kind == kind && l.ID == id {
			version = max(version, l.Version)
			c.erase("", id, kind, l.Version)
		}
	}
	return version
}
