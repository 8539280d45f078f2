package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/vaultsphere/vaultsphere/app/client/outbox"
	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/protocol/bridge"
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
	added, err := r.client.addMany(ctx, items, func(done, _ int) { r.advance(done) })
	for n, id := range added {
		line := &r.report.Entries[r.adds[n]]
		line.Outcome, line.ID = ImportedAdded, id
	}
	return err
}

// update changes items of the vault, in as few changes as the server accepts.
func (r *importRun) update(ctx context.Context) error {
	c := r.client
	op, err := c.begin(ctx)
	if err != nil {
		return err
	}
	defer op.end()
	v, err := op.loaded()
	if err != nil {
		return err
	}
	for rest := r.order; len(rest) > 0; {
		var outcomes []updateOutcome
		err := op.apply(v, func(ch *replica.Change) (err error) {
			outcomes, err = r.updateSome(op.ctx, v, ch, rest)
			return err
		})
		if err != nil {
			return err
		}
		for n, outcome := range outcomes {
			r.settle(rest[n], outcome)
		}
		rest = rest[len(outcomes):]
	}
	return nil
}

// caused adds the underlying error to a problem.
func caused(p parcel.Problem, err error) parcel.Problem {
	f := Explain(err)
	if p.Cause, p.Err = bridge.Code(f.Code), err; len(f.Findings) > 0 {
		p.Finding = f.Findings[0]
	}
	return p
}

type updateOutcome = parcel.Problem // why the item was not updated; without a code: it was

func (r *importRun) updateSome(ctx context.Context, v *vault, ch *replica.Change, ids []string) ([]updateOutcome, error) {
	s := outbox.Saving{Replica: v.Replica, Now: time.Now()}
	var out []updateOutcome
	size := 0
	for _, id := range ids {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		e := v.Verified(id)
		if e == nil {
			out = append(out, updateOutcome{Code: parcel.DeletedElsewhere})
			continue
		}
		stored, err := v.Open(e)
		if err != nil {
			return nil, err
		}
		result := stored
		for _, i := range r.updates[id] {
			result = updated(result, r.entries[i].Item)
		}
		if err := result.Validate(); err != nil {
			out = append(out, caused(updateOutcome{Code: parcel.NotMerged}, err))
			continue
		}
		size += sealedBytes(result)
		if records := len(ch.Puts) + len(ch.Deletes); records > 0 && (size > replica.MaxChangeBytes || records+2+e.Versions() > protocol.MaxChangeRecords) {
			return out, nil
		}
		if err := s.Replace(ch, e, stored, result); err != nil {
			return nil, err
		}
		out = append(out, updateOutcome{})
	}
	return out, nil
}

func (r *importRun) settle(id string, why updateOutcome) {
	for _, i := range r.updates[id] {
		line := &r.report.Entries[i]
		line.ID = id
		if why.Row, why.Title = line.Row, line.Title; why.Code == "" {
			line.Outcome = ImportedUpdated
		} else {
			line.Outcome = ImportedSkipped
			r.report.Problems = append(r.report.Problems, why)
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
			case ctx.Err() != nil, unreachable(err), errors.Is(err, ErrLocked), errors.Is(err, ErrSignedOut):
				return fmt.Errorf("%d files were stored: %w", r.report.Files, err)
			default:
				r.report.Problems = append(r.report.Problems, caused(parcel.Problem{
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
	it, err := r.client.Get(id)
	if err != nil || !added && hasFile(it, f) {
		return err
	}
	_, err = r.client.attach(ctx, id, f, nil, added)
	return err
}
