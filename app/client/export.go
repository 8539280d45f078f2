package client

import (
	"context"

	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
)

// ExportOptions say what to export besides the items outside the trash.
type ExportOptions struct {
	Trash bool   `json:"trash"`           // items in the trash
	Files bool   `json:"files"`           // contents of attachments
	Vault string `json:"vault,omitempty"` // id of the only vault; empty: all
}

// Export opens all items for transfer.Write, by title, each with the older passwords in the vault. progress (which may be nil)
// counts the downloaded files. Problems name the items and files that cannot be read.
func (c *Client) Export(ctx context.Context, o ExportOptions, progress func(done, total int)) ([]parcel.Exported, []parcel.Problem, error) {
	items, problems, err := c.exportItems(ctx, o)
	if err != nil || !o.Files {
		return items, problems, err
	}
	done, total := 0, 0
	for _, x := range items {
		total += len(x.Item.Attachments)
	}
	for i := range items {
		x := &items[i]
		for _, a := range x.Item.Attachments {
			data, err := c.Attachment(ctx, x.Item.ID, a.ID, nil)
			switch {
			case err == nil:
				x.Files = append(x.Files, parcel.Attached{Name: a.Name, Data: data, Unknown: a.Unknown})
			case ctx.Err() != nil, ends(err):
				return nil, nil, err
			default:
				problems = append(problems, caused(parcel.Problem{
					Title: x.Item.Title, Code: parcel.UnreadableAttachment, Values: parcel.Values{Name: a.Name},
				}, err))
			}
			if done++; progress != nil {
				progress(done, total)
			}
		}
	}
	return items, problems, nil
}

// exportItems opens the items of the vaults, one after the other.
func (c *Client) exportItems(ctx context.Context, o ExportOptions) ([]parcel.Exported, []parcel.Problem, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.unlocked == nil {
		return nil, nil, ErrLocked
	}
	var out []parcel.Exported
	problems := []parcel.Problem{}
	for _, v := range c.unlocked.set(o.Vault) {
		items, wrong, err := exportVault(ctx, v, o.Trash)
		if err != nil {
			return nil, nil, err
		}
		out, problems = append(out, items...), append(problems, wrong...)
	}
	return out, problems, nil
}

func exportVault(ctx context.Context, v *replica.Replica, trash bool) (out []parcel.Exported, problems []parcel.Problem, err error) {
	for _, e := range v.All() {
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		if e.Err == nil && !trash && !e.Overview.Trashed.IsZero() {
			continue
		}
		it, err := v.Open(e)
		if err == nil && !it.UnknownDetails.Has("password_history") {
			it.PasswordHistory, err = v.PastPasswords(e, it)
		}
		if err != nil {
			problems = append(problems, caused(parcel.Problem{Title: e.Overview.Title, Code: parcel.UnreadableItem}, err))
			continue
		}
		out = append(out, parcel.Exported{Item: it})
	}
	return out, problems, nil
}
