package replica

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/item"
)

// PastPasswords returns those of the older versions, then the imported ones, the newest first.
func (v *Replica) PastPasswords(e *Entry, it item.Item) ([]item.OldPassword, error) {
	i := len(e.secrets) - 1
	if e.pending == nil {
		i-- // the last version is current
	}
	if i < 0 {
		return it.PasswordHistory, nil
	}
	newer := it
	if e.pending == nil { // when the details were saved; modified is the last change of any part
		secret, err := v.openDetails(e.id, e.current())
		if err != nil {
			return nil, &UnreadableError{e.ID, err}
		}
		newer = secret
	}
	var out []item.OldPassword
	for ; i >= 0; i-- {
		older, err := v.openDetails(e.id, e.secrets[i])
		if err != nil {
			return nil, &UnreadableError{e.ID, err}
		}
		if older.Password != newer.Password && older.Password != "" {
			out = append(out, item.OldPassword{Password: older.Password, Until: newer.Modified})
		}
		newer = older
	}
	out = slices.Concat(out, it.PasswordHistory)
	return out[:min(len(out), item.MaxPasswordHistory)], nil
}

// Tags returns the tags of all items, in no particular order.
func (v *Replica) Tags() []string {
	v.orders.mu.Lock()
	defer v.orders.mu.Unlock()
	if v.orders.tags == nil {
		seen := map[string]bool{}
		for _, e := range v.sorted {
			for _, tag := range e.Overview.Tags {
				if !seen[tag] {
					seen[tag] = true
					v.orders.tags = append(v.orders.tags, tag)
				}
			}
		}
	}
	return v.orders.tags
}

// Mentioned returns the ids that any version of any item refers to, including members that only a newer version of this program
// understands. It fails if a version cannot be opened.
func (v *Replica) Mentioned(ctx context.Context, ids []string) (map[string]bool, error) {
	named := map[string]bool{}
	look := func(text string) {
		for _, id := range ids {
			if !named[id] && strings.Contains(text, id) {
				named[id] = true
			}
		}
	}
	for _, e := range v.entries {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		look(string(e.Overview.UnknownOverview))
		for _, s := range e.secrets {
			details, err := v.openRecord(e.id, chain.RecordDetails, s)
			if err != nil {
				return nil, &UnreadableError{e.ID, err}
			}
			look(string(details))
		}
	}
	return named, nil
}

// AttachmentsOf adds the ids that the versions of an item refer to.
func (v *Replica) AttachmentsOf(e *Entry, named map[string]bool) error {
	for _, s := range e.secrets {
		secret, err := v.openDetails(e.id, s)
		if err != nil {
			return &UnreadableError{e.ID, err}
		}
		for _, a := range secret.Attachments {
			named[a.ID] = true
		}
	}
	return nil
}

// Trashed returns the ids of the wanted items in the trash.
func (v *Replica) Trashed(wanted func(item.Item) bool) []string {
	var ids []string
	for _, e := range v.sorted {
		if !e.Overview.Trashed.IsZero() && wanted(e.Overview) {
			ids = append(ids, e.ID)
		}
	}
	return ids
}

// Version is an older password of an item.
type Version struct {
	Version  int64     `json:"version"`           // below zero: from Item.PasswordHistory
	Modified time.Time `json:"modified,omitzero"` // when it was saved; zero: unknown
	Until    time.Time `json:"until,omitzero"`    // when it was replaced; zero: unknown
	Password string    `json:"password"`
}

// History opens the older passwords of an item, the newest first, followed by imported ones. It leaves out versions that did not
// change the password.
func (v *Replica) History(e *Entry) ([]Version, error) {
	out := []Version{}
	now, err := v.Open(e)
	if err != nil {
		return nil, err
	}
	newer, until := now.Password, now.Modified
	for i := len(e.secrets) - 1; i >= 0; i-- {
		secret, err := v.openDetails(e.id, e.secrets[i])
		if err != nil {
			return nil, &UnreadableError{e.ID, err}
		}
		if secret.Password != newer && secret.Password != "" {
			out = append(out, Version{int64(e.secrets[i].version), secret.Modified, until, secret.Password})
		}
		newer, until = secret.Password, secret.Modified
	}
	for i, old := range now.PasswordHistory {
		out = append(out, Version{Version: -1 - int64(i), Until: old.Until, Password: old.Password})
	}
	return out, nil
}
