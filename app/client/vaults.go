package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// Vault describes a vault of the user.
type Vault struct {
	ID       string        `json:"id"`
	Name     string        `json:"name"` // as its managers call it; empty for the personal vault, and if it is not known
	Personal bool          `json:"personal"`
	Role     protocol.Role `json:"role,omitempty"` // empty if it is not known
	Members  int           `json:"members"`
	Revision int64         `json:"revision"`
	Items    int           `json:"items"`   // outside the trash
	Trashed  int           `json:"trashed"` // in the trash
	Pending  int           `json:"pending"` // changes in its outbox
	Left     bool          `json:"left"`    // the user is no longer a member: only unsent changes are left
	Alarm    Alarm         `json:"alarm,omitzero"`
	Problem  Code          `json:"problem,omitempty"` // why it is not as the server has it
	Message  string        `json:"-"`                 // the same in English
}

var (
	// ErrVaultName: no vault can have this name.
	ErrVaultName = fmt.Errorf("a vault needs a name of 1 to %d characters on one line", maxVaultName)
	// ErrNoVault: the user has no such vault.
	ErrNoVault = errors.New("no such vault")
	// ErrVaultNames: several vaults have this name.
	ErrVaultNames = errors.New("several vaults have this name: give the id")
	// ErrPersonalVault: the personal vault has no name and no other members.
	ErrPersonalVault = errors.New("this is your personal vault, which has no name and only you as a member")
)

// maxVaultName bounds the name of a vault, in characters.
const maxVaultName = 60

// validVaultName reports whether a vault can have a name: other members see it, so nothing in it may deceive.
func validVaultName(s string) bool {
	n := utf8.RuneCountInString(s)
	return n > 0 && n <= maxVaultName && utf8.ValidString(s) && strings.TrimSpace(s) == s &&
		!strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsGraphic(r) })
}

// putName writes the name of a vault: a record under the vault's own id.
func putName(ch *replica.Change, v *vault, name string) error {
	return ch.Put(chain.RecordVault, v.Vault, append([]byte{chain.Format}, name...))
}

// name returns that of a shared vault; empty if it has none that can be shown.
func (v *vault) name() string {
	for _, r := range v.Records(chain.RecordVault) {
		if r.Err == nil && r.ID == v.Vault && len(r.Content) > 0 && r.Content[0] == chain.Format && validVaultName(string(r.Content[1:])) {
			return string(r.Content[1:])
		}
	}
	return ""
}

// Vaults lists the vaults of the user, the personal one first, the others by name, as of the last sync.
func (c *Client) Vaults() ([]Vault, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.unlocked == nil {
		return nil, ErrLocked
	}
	var out []Vault
	for _, v := range c.unlocked.vaults() {
		if d := v.describe(); !d.Left || d.Pending > 0 {
			out = append(out, d)
		}
	}
	slices.SortStableFunc(out[1:], func(a, b Vault) int {
		return cmp.Or(strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), strings.Compare(a.ID, b.ID))
	})
	return out, nil
}

func (op *operation) describe(v *vault) Vault {
	op.client.mu.RLock()
	defer op.client.mu.RUnlock()
	return v.describe()
}

func (v *vault) describe() Vault {
	d := Vault{ID: v.id(), Personal: v == v.personal, Revision: v.Revision(), Pending: len(v.outbox.Changes), Left: v.left, Alarm: v.alarm()}
	d.Items, d.Trashed = v.Counts()
	if e := v.Log().State.Entry; e != nil {
		d.Members = len(e.Roster)
		if m := e.Member(v.user); m != nil {
			d.Role = m.Role.Wire()
		}
	}
	if !d.Personal {
		d.Name = v.name()
	}
	if v.trouble != nil {
		d.Problem, d.Message = Explain(v.trouble).Code, v.trouble.Error()
	}
	return d
}

// FindVault returns the id of the vault with an id or a name, in any case. "personal" is the personal vault unless a shared one is called that.
func (c *Client) FindVault(name string) (string, error) {
	all, err := c.Vaults()
	if err != nil {
		return "", err
	}
	var found []string
	for _, v := range all {
		if v.ID == name {
			return v.ID, nil
		}
		if !v.Personal && strings.EqualFold(v.Name, name) {
			found = append(found, v.ID)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return "", fmt.Errorf("%w: %s", ErrVaultNames, name)
	case strings.EqualFold(name, "personal"):
		return all[0].ID, nil
	}
	return "", fmt.Errorf("%w: %s", ErrNoVault, name)
}

// VaultOf returns the id of the vault that an item is in, or would be.
func (c *Client) VaultOf(item string) (string, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.unlocked == nil {
		return "", ErrLocked
	}
	if v := c.unlocked.owning(item); v != nil {
		return v.id(), nil
	}
	return "", ErrNotFound
}

// RenameVault gives a shared vault another name. It needs a manager, and a server.
func (c *Client) RenameVault(ctx context.Context, id, name string) (Vault, error) {
	if !validVaultName(name) {
		return Vault{}, ErrVaultName
	}
	op, err := c.begin(ctx)
	if err != nil {
		return Vault{}, err
	}
	defer op.end()
	v, err := op.loadedVault(id)
	if err == nil && v == v.personal {
		err = ErrPersonalVault
	}
	if err == nil {
		err = op.changeRecords(v, func(ch *replica.Change) error {
			if m := v.Log().State.Entry.Member(v.user); m == nil || m.Role < chain.Manager {
				return ErrVaultRole
			}
			if v.name() == name {
				return nil
			}
			return putName(ch, v, name)
		})
	}
	if err != nil {
		return Vault{}, err
	}
	return op.describe(v), nil
}

// loadedVault is loaded for the vault with an id; empty: the personal one.
func (op *operation) loadedVault(id string) (*vault, error) {
	v, err := op.loaded()
	if err != nil || id == "" || id == v.id() {
		return v, err
	}
	s, err := op.findShared(v.unlocked, func(s *vault) bool { return s.id() == id })
	if s == nil && err == nil {
		err = fmt.Errorf("%w: %s", ErrNoVault, id)
	}
	return s, err
}

// loadedWith is loaded for the vault that has, or would have, an item.
func (op *operation) loadedWith(name string) (*vault, error) {
	v, err := op.loaded()
	if err != nil || v.Owns(name) {
		return v, err
	}
	s, err := op.findShared(v.unlocked, func(s *vault) bool { return s.Owns(name) })
	if s == nil && err == nil {
		err = fmt.Errorf("%w: %s", ErrNotFound, name)
	}
	return s, err
}

// vaultOf returns the vault of an item, or the one with an id for a new item.
func (op *operation) vaultOf(item, vault string) (*vault, error) {
	if item != "" {
		return op.loadedWith(item)
	}
	return op.loadedVault(vault)
}

// owning returns the vault that has, or would have, an item; nil: the user has no such vault.
func (u *unlocked) owning(name string) *vault {
	if u.personal.Owns(name) {
		return u.personal
	}
	for _, v := range u.shared {
		if v.Owns(name) {
			return v
		}
	}
	return nil
}

// load syncs a shared vault that was not yet, or opens it from the cache.
func (op *operation) load(v *vault) error {
	if v.Loaded {
		return nil
	}
	_, err := op.syncOne(v)
	if v.Loaded && unreachable(err) {
		err = nil
	}
	return err
}
