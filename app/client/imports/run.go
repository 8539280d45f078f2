package imports

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
)

// ImportMode says what to do with an item that the vault or the file already has.
type ImportMode string

const (
	ImportSkip   ImportMode = "skip"
	ImportAdd    ImportMode = "add"
	ImportUpdate ImportMode = "update" // the item in the vault, which keeps its older password
)

// ImportChoice has a mode for each status. An empty mode means the one in DefaultImportChoice.
type ImportChoice struct {
	Identical ImportMode `json:"identical,omitempty"`
	Changed   ImportMode `json:"changed,omitempty"` // may be ImportUpdate
	Repeated  ImportMode `json:"repeated,omitempty"`
}

// DefaultImportChoice overwrites nothing and adds nothing twice.
var DefaultImportChoice = ImportChoice{Identical: ImportSkip, Changed: ImportAdd, Repeated: ImportSkip}

// ErrImportChoice: a mode is not possible for its status.
var ErrImportChoice = errors.New("identical and repeated items can be skipped or added; changed items can also be updated")

func (c ImportChoice) mode(status ImportStatus) (ImportMode, error) {
	mode, otherwise := ImportAdd, ImportAdd
	switch status {
	case ImportIdentical:
		mode, otherwise = c.Identical, DefaultImportChoice.Identical
	case ImportChanged:
		mode, otherwise = c.Changed, DefaultImportChoice.Changed
	case ImportRepeated:
		mode, otherwise = c.Repeated, DefaultImportChoice.Repeated
	}
	switch {
	case mode == "":
		return otherwise, nil
	case mode == ImportSkip, mode == ImportAdd, mode == ImportUpdate && status == ImportChanged:
		return mode, nil
	}
	return "", ErrImportChoice
}

// ImportReport lists the outcome of every item of the file, and the relocated values. It contains no secret.
type ImportReport struct {
	Format    string             `json:"format"`
	Total     int                `json:"total"`
	Added     int                `json:"added"`
	Updated   int                `json:"updated"`
	Skipped   int                `json:"skipped"`
	Files     int                `json:"files"` // stored attachments
	Entries   []ImportedEntry    `json:"entries"`
	Problems  []parcel.Problem   `json:"problems"`
	Relocated []parcel.Relocated `json:"relocated"`
}

// ImportedEntry is one item of the file and its outcome.
type ImportedEntry struct {
	Row     int           `json:"row"`
	Type    item.Type     `json:"type"`
	Title   string        `json:"title"`
	Outcome ImportOutcome `json:"outcome"`
	ID      string        `json:"id,omitempty"` // of the item in the vault
}

// ImportOutcome says what the import did with an item.
type ImportOutcome string

const (
	ImportedAdded   ImportOutcome = "added"
	ImportedUpdated ImportOutcome = "updated"
	ImportedSkipped ImportOutcome = "skipped"
	ImportedNot     ImportOutcome = "not_reached" // the import ended earlier
)

// Run imports the items, and calls progress (which may be nil) as it proceeds. If it ends early, by an error or because ctx is
// done, the items imported so far stay, and the report names them.
func (p *Import) Run(ctx context.Context, choice ImportChoice, progress func(done, total int)) (ImportReport, error) {
	r := &importRun{
		Import: p, progress: progress, updates: map[string][]int{},
		report: ImportReport{
			Format: p.result.Format, Total: len(p.entries), Entries: make([]ImportedEntry, len(p.entries)),
			Problems: listed(slices.Clone(p.result.Problems)), Relocated: listed(p.result.Relocated),
		},
	}
	if err := r.sort(choice); err != nil {
		return ImportReport{}, err
	}
	err := r.add(ctx)
	if err == nil {
		err = r.update(ctx)
	}
	if err == nil {
		err = r.store(ctx)
	}
	for _, e := range r.report.Entries {
		switch e.Outcome {
		case ImportedAdded:
			r.report.Added++
		case ImportedUpdated:
			r.report.Updated++
		case ImportedSkipped:
			r.report.Skipped++
		}
	}
	return r.report, err
}

// importRun is the state of one Run.
type importRun struct {
	*Import
	report      ImportReport
	progress    func(done, total int)
	done, total int
	adds        []int            // indices of items
	updates     map[string][]int // by id of the item
	order       []string         // of the updates
}

func (r *importRun) advance(done int) {
	r.done = done
	if r.progress != nil {
		r.progress(done, r.total)
	}
}

// sort decides what to do with each item.
func (r *importRun) sort(choice ImportChoice) error {
	modes := map[ImportStatus]ImportMode{}
	for _, status := range []ImportStatus{ImportNew, ImportIdentical, ImportChanged, ImportRepeated} {
		mode, err := choice.mode(status)
		if err != nil {
			return err
		}
		modes[status] = mode
	}
	for i, e := range r.entries {
		mode := modes[e.status]
		line := &r.report.Entries[i]
		*line = ImportedEntry{Row: e.Row, Type: e.Item.Type, Title: e.Item.Title, Outcome: ImportedNot}
		switch mode {
		case ImportSkip:
			line.Outcome, line.ID = ImportedSkipped, e.existing
		case ImportAdd:
			r.adds = append(r.adds, i)
		case ImportUpdate:
			if r.updates[e.existing] == nil {
				r.order = append(r.order, e.existing)
			}
			r.updates[e.existing] = append(r.updates[e.existing], i)
			r.total++
		}
		if mode != ImportSkip {
			r.total += len(e.Files)
		}
	}
	r.total += len(r.adds)
	return nil
}

func (r *importRun) add(ctx context.Context) error {
	items := make([]item.Item, len(r.adds))
	for n, i := range r.adds {
		items[n] = r.entries[i].Item
	}
	added, err := r.vault.Add(ctx, items, func(done, _ int) { r.advance(done) })
	for n, id := range added {
		line := &r.report.Entries[r.adds[n]]
		line.Outcome, line.ID = ImportedAdded, id
	}
	return err
}

// update changes items of the vault.
func (r *importRun) update(ctx context.Context) error {
	merge := func(id string, stored item.Item) item.Item {
		for _, i := range r.updates[id] {
			stored = updated(stored, r.entries[i].Item)
		}
		return stored
	}
	return r.vault.Update(ctx, r.order, merge, r.updated)
}

// updated notes the outcome of an update; why is the reason if the item was not updated.
func (r *importRun) updated(id string, why error) {
	var problem parcel.Problem
	switch {
	case errors.Is(why, replica.ErrNotFound):
		problem.Code = parcel.DeletedElsewhere
	case why != nil:
		problem = r.vault.Explain(parcel.Problem{Code: parcel.NotMerged}, why)
	}
	for _, i := range r.updates[id] {
		line := &r.report.Entries[i]
		line.ID = id
		if problem.Row, problem.Title = line.Row, line.Title; why == nil {
			line.Outcome = ImportedUpdated
		} else {
			line.Outcome = ImportedSkipped
			r.report.Problems = append(r.report.Problems, problem)
		}
		r.advance(r.done + 1)
	}
}

// store attaches the files of the imported items. It reports a rejected file and continues with the next.
func (r *importRun) store(ctx context.Context) error {
	for i, e := range r.entries {
		line := r.report.Entries[i]
		if line.Outcome != ImportedAdded && line.Outcome != ImportedUpdated {
			continue
		}
		for _, f := range e.Files {
			err := r.attach(ctx, line.ID, f, line.Outcome == ImportedAdded)
			switch {
			case err == nil:
				r.report.Files++
			case ctx.Err() != nil, r.vault.Ends(err):
				return fmt.Errorf("%d files were stored: %w", r.report.Files, err)
			default:
				r.report.Problems = append(r.report.Problems, r.vault.Explain(parcel.Problem{
					Row: e.Row, Title: e.Item.Title, Code: parcel.AttachmentNotStored, Values: parcel.Values{Name: f.Name},
				}, err))
			}
			r.advance(r.done + 1)
		}
	}
	return nil
}

// attach skips a file that an updated item already has. For a new item, attaching does not change the time of its last change,
// which comes from the file.
func (r *importRun) attach(ctx context.Context, id string, f parcel.Attached, added bool) error {
	it, err := r.vault.Get(id)
	if err != nil || !added && hasFile(it, f) {
		return err
	}
	return r.vault.Attach(ctx, id, f, added)
}
