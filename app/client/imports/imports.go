// Package imports compares a file with a vault, shows what an import would do, and does it.
package imports

import (
	"context"
	"sort"

	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
)

// Import is a file that was read and compared with the vault. Nothing is written to the vault before Run.
type Import struct {
	vault   Vault
	result  *parcel.Result
	entries []importEntry
}

type importEntry struct {
	parcel.Imported
	status   ImportStatus
	existing string // id of the identical item, or of the item to update
}

// ImportStatus is the result of comparing an imported item with the vault and with the earlier items of the file.
type ImportStatus string

const (
	ImportNew       ImportStatus = "new"
	ImportIdentical ImportStatus = "identical" // the vault has an identical item
	ImportChanged   ImportStatus = "changed"   // the vault has an item with the same website and username, but other values
	ImportRepeated  ImportStatus = "repeated"  // the file has the item twice
)

// Vault is where an import writes.
type Vault interface {
	// Get returns an item.
	Get(id string) (item.Item, error)
	// Add adds items in as few changes as possible. It returns the ids of those it added, a prefix of items, even if it fails.
	Add(ctx context.Context, items []item.Item, progress func(done, total int)) ([]string, error)
	// Update replaces items by what merge makes of them, in as few changes as possible. For each it calls done, with the reason if it
	// left the item as it was: ErrNotFound of package replica, or an invalid result.
	Update(ctx context.Context, ids []string, merge func(id string, stored item.Item) item.Item, done func(id string, why error)) error
	// Attach adds a file to an item. quiet leaves the item's time of change.
	Attach(ctx context.Context, id string, f parcel.Attached, quiet bool) error
	// Explain adds the cause to a problem.
	Explain(p parcel.Problem, cause error) parcel.Problem
	// Ends reports whether nothing more can be stored after err.
	Ends(err error) bool
}

// New compares a file with the vault, whose replica nothing changes meanwhile. Run writes to the vault.
func New(ctx context.Context, r *replica.Replica, v Vault, file *parcel.Result) (*Import, error) {
	p := &Import{vault: v, result: file}
	return p, p.compare(ctx, r)
}

// Forget releases the content of the file.
func (p *Import) Forget() { p.result, p.entries = nil, nil }

// ImportPreview describes an import before anything is written. It contains no secret.
type ImportPreview struct {
	Format    string               `json:"format"`
	Total     int                  `json:"total"`
	Types     map[item.Type]int    `json:"types"`
	Statuses  map[ImportStatus]int `json:"statuses"`
	Trashed   int                  `json:"trashed"`
	Files     int                  `json:"files"`
	Items     []ImportLine         `json:"items"`   // the first
	Changed   []ImportLine         `json:"changed"` // the first of this status
	Problems  []parcel.Problem     `json:"problems"`
	Relocated []RelocatedValues    `json:"relocated"`
}

// ImportLine is one item of a file.
type ImportLine struct {
	Row      int          `json:"row"`
	Type     item.Type    `json:"type"`
	Title    string       `json:"title"`
	Username string       `json:"username,omitempty"`
	URL      string       `json:"url,omitempty"`
	Status   ImportStatus `json:"status"`
	Existing string       `json:"existing,omitempty"` // id of an item of the vault
}

// RelocatedValues counts the values of one name that were relocated to one place.
type RelocatedValues struct {
	Name  string             `json:"name"`
	As    parcel.RelocatedTo `json:"as"`
	Count int                `json:"count"`
	Row   int                `json:"row"` // the first
}

const previewLines = 100

// Preview describes the content of the file.
func (p *Import) Preview() ImportPreview {
	out := ImportPreview{
		Format: p.result.Format, Total: len(p.entries), Types: map[item.Type]int{}, Statuses: map[ImportStatus]int{},
		Items: []ImportLine{}, Changed: []ImportLine{}, Problems: listed(p.result.Problems), Relocated: relocatedValues(p.result.Relocated),
	}
	for _, e := range p.entries {
		out.Types[e.Item.Type]++
		out.Statuses[e.status]++
		out.Files += len(e.Files)
		if !e.Item.Trashed.IsZero() {
			out.Trashed++
		}
		if len(out.Items) < previewLines {
			out.Items = append(out.Items, e.line())
		}
		if e.status == ImportChanged && len(out.Changed) < previewLines {
			out.Changed = append(out.Changed, e.line())
		}
	}
	return out
}

// listed returns list, or an empty list in place of nil, which JSON would encode as null.
func listed[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func (e importEntry) line() ImportLine {
	line := ImportLine{
		Row: e.Row, Type: e.Item.Type, Title: e.Item.Title, Username: e.Item.Username, Status: e.status, Existing: e.existing,
	}
	if len(e.Item.URLs) > 0 {
		line.URL = e.Item.URLs[0]
	}
	return line
}

func relocatedValues(relocated []parcel.Relocated) []RelocatedValues {
	type key struct {
		name string
		as   parcel.RelocatedTo
	}
	out, at := []RelocatedValues{}, map[key]int{}
	for _, k := range relocated {
		i, known := at[key{k.Name, k.As}]
		if !known {
			i = len(out)
			at[key{k.Name, k.As}] = i
			out = append(out, RelocatedValues{Name: k.Name, As: k.As, Row: k.Row})
		}
		out[i].Count++
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].Count > out[j].Count })
	return out
}
