package replica

import (
	"errors"
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// Change is one step of the vault, from its revision to the next.
type Change struct {
	*Next
	Puts    []protocol.Put
	Deletes []protocol.Place
}

// Change begins a change of the current state.
func (v *Replica) Change() *Change { return &Change{Next: v.begin(false)} }

// write seals content as the given version of a record.
func (c *Change) write(account string, kind seal.Kind, version int64, content []byte) error {
	token, err := c.v.Key.Seal(c.v.place(account, kind, version), content)
	if err != nil {
		return fmt.Errorf("seal record: %w", err)
	}
	if err := c.put(account, kind, sealed{version, token}); err != nil {
		return err
	}
	c.v.plain.add(c.v.place(account, kind, version), token, content)
	c.Puts = append(c.Puts, protocol.Put{Place: wirePlace(account, kind, version), Token: token})
	return nil
}

func (c *Change) erase(account string, kind seal.Kind, version int64) error {
	c.Deletes = append(c.Deletes, wirePlace(account, kind, version))
	return c.drop(account, kind, version)
}

// wireKind and sealKind translate between format 1 and the wire, which use different words for the two kinds of records.
func wireKind(k seal.Kind) protocol.Kind {
	if k == seal.KindAccount {
		return protocol.KindOverview
	}
	return protocol.KindDetails
}

// sealKind returns "" for an unknown kind.
func sealKind(k protocol.Kind) seal.Kind {
	switch k {
	case protocol.KindOverview:
		return seal.KindAccount
	case protocol.KindDetails:
		return seal.KindPassword
	}
	return ""
}

func wirePlace(account string, kind seal.Kind, version int64) protocol.Place {
	return protocol.Place{ItemID: account, Kind: wireKind(kind), Version: version}
}

// MaxChangeBytes is a size of the tokens of a change that stays well below protocol.MaxBodyBytes, including the JSON around them.
const MaxChangeBytes = protocol.MaxBodyBytes * 7 / 8

// TokenBytes returns an upper bound of a part's size in a change: sealing less than doubles it.
func TokenBytes(part []byte) int { return len(part)*2 + 512 }

// MaxHistory is the number of older passwords that an item keeps.
const MaxHistory = 10

// Create writes both parts of a new item.
func (c *Change) Create(id string, overview, details []byte) error {
	if err := c.write(id, seal.KindAccount, 1, overview); err != nil {
		return err
	}
	return c.write(id, seal.KindPassword, 1, details)
}

// Update writes the next version of an overview and, unless they are nil, of the details. It deletes the details beyond MaxHistory.
func (c *Change) Update(e *Entry, overview, details []byte) error {
	if err := c.write(e.ID, seal.KindAccount, e.meta.version+1, overview); err != nil {
		return err
	}
	if details == nil {
		return nil
	}
	for i := range len(e.secrets) - MaxHistory {
		if err := c.erase(e.ID, seal.KindPassword, e.secrets[i].version); err != nil {
			return err
		}
	}
	return c.write(e.ID, seal.KindPassword, e.current().version+1, details)
}

// Manifest seals what the vault is after the change.
func (c *Change) Manifest() (revision int64, manifest string, err error) {
	revision = c.v.Revision + 1
	manifest, err = c.v.Key.SealManifest(seal.Manifest{User: c.v.User, Revision: revision, Count: c.count, Digest: c.digest})
	return revision, manifest, err
}

// ErrTooManyVersions: Remove cannot delete an item in one change.
var ErrTooManyVersions = errors.New("item has more versions than one change can delete")

// Remove deletes the first of the items, as many as fit into one change, and returns their number.
func (c *Change) Remove(ids []string, wanted func(*Entry) bool) (int, error) {
	for n, id := range ids {
		e := c.v.entries[id]
		if e == nil {
			continue
		}
		if len(c.Deletes)+1+len(e.secrets) > protocol.MaxChangeRecords {
			if n == 0 {
				return 0, ErrTooManyVersions
			}
			return n, nil
		}
		if !wanted(e) {
			continue
		}
		if err := c.eraseAll(e); err != nil {
			return 0, err
		}
	}
	return len(ids), nil
}

func (c *Change) eraseAll(e *Entry) error {
	if e.meta.version != 0 {
		if err := c.erase(e.ID, seal.KindAccount, e.meta.version); err != nil {
			return err
		}
	}
	for _, s := range e.secrets {
		if err := c.erase(e.ID, seal.KindPassword, s.version); err != nil {
			return err
		}
	}
	return nil
}

// Answer returns the change as the server reports it to other devices.
func (c *Change) Answer(revision int64, manifest string) protocol.VaultResponse {
	out := protocol.VaultResponse{Revision: revision, Manifest: manifest, Records: []protocol.Record{}}
	for _, p := range c.Puts {
		out.Records = append(out.Records, protocol.Record{Place: p.Place, Revision: revision, Token: p.Token})
	}
	for _, p := range c.Deletes {
		out.Records = append(out.Records, protocol.Record{Place: p, Revision: revision, Deleted: true})
	}
	return out
}

// Holds reports whether the server made ch, perhaps partly superseded by later changes. No two tokens are equal.
func (v *Replica) Holds(ch *Change) bool {
	for _, p := range ch.Puts {
		e := v.entries[p.ItemID]
		if e == nil {
			continue
		}
		for _, r := range append([]sealed{e.meta}, e.secrets...) {
			if r.version == p.Version && r.token == p.Token {
				return true
			}
		}
	}
	if len(ch.Puts) > 0 {
		return false
	}
	for _, p := range ch.Deletes {
		if e := v.entries[p.ItemID]; e != nil && e.meta.version == p.Version {
			return false
		}
	}
	return true
}
