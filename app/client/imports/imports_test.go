package imports_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client/imports"
	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
)

var errLocked = errors.New("locked")

// vault stores nothing. It gives the items that are added the ids a, b, c.
type vault struct {
	update error            // why no item can be updated
	attach map[string]error // by name of the file
	files  int
}

func (v *vault) Get(id string) (item.Item, error) { return item.Item{ID: id}, nil }

func (v *vault) Add(_ context.Context, items []item.Item, progress func(done, total int)) ([]string, error) {
	progress(len(items), len(items))
	return []string{"a", "b", "c"}[:len(items)], nil
}

func (v *vault) Update(_ context.Context, ids []string, _ func(string, item.Item) item.Item, done func(string, error)) error {
	for _, id := range ids {
		done(id, v.update)
	}
	return nil
}

func (v *vault) Attach(_ context.Context, _ string, f parcel.Attached, _ bool) error {
	v.files++
	return v.attach[f.Name]
}

func (v *vault) Explain(p parcel.Problem, cause error) parcel.Problem {
	p.Err = cause
	return p
}

func (v *vault) Ends(err error) bool { return errors.Is(err, errLocked) }

// with returns the replica of a vault with one item.
func with(t *testing.T, it item.Item) *replica.Replica {
	t.Helper()
	it = it.Normalise()
	v, _ := testvault.NewPerson("ada").Found()
	id, err := chain.ParseID(it.ID)
	if err != nil {
		t.Fatal(err)
	}
	v.Apply(v.Draft(v.Put(chain.RecordOverview, id, 1, string(it.Overview())), v.Put(chain.RecordDetails, id, 1, string(it.Details()))))
	body, err := json.Marshal(v.Answer(0, -1, 0))
	if err != nil {
		t.Fatal(err)
	}
	r := replica.New(v.Owner.ID, v.ID)
	answer, err := replica.Parse(body)
	if err != nil {
		t.Fatal(err)
	}
	log, err := r.Follow(answer, chain.State{})
	if err != nil {
		t.Fatal(err)
	}
	next, err := r.Verify(t.Context(), log, v.Identity(), answer.Records, true)
	if err != nil {
		t.Fatal(err)
	}
	next.Commit()
	return r
}

func TestAnUpdateThatFailsIsReported(t *testing.T) {
	t.Parallel()
	id := seal.NewID().String()
	login := item.Item{ID: id, Title: "Mail", Username: "anna", URLs: []string{"https://mail.example"}, Password: "old"}
	r := with(t, login)
	login.ID, login.Password = "", "new"
	for name, c := range map[string]struct {
		why     error
		outcome imports.ImportOutcome
		code    parcel.ProblemCode
	}{
		"updated": {nil, imports.ImportedUpdated, ""},
		"deleted": {replica.ErrNotFound, imports.ImportedSkipped, parcel.DeletedElsewhere},
		"invalid": {errors.New("too long"), imports.ImportedSkipped, parcel.NotMerged},
	} {
		plan, err := imports.New(t.Context(), r, &vault{update: c.why}, &parcel.Result{Items: []parcel.Imported{{Item: login.Normalise(), Row: 7}}})
		if err != nil {
			t.Fatal(err)
		}
		report, err := plan.Run(t.Context(), imports.ImportChoice{Changed: imports.ImportUpdate}, nil)
		if err != nil || report.Entries[0].Outcome != c.outcome || report.Entries[0].ID != id {
			t.Errorf("%s: %+v, %v", name, report.Entries, err)
		}
		if c.code == "" && len(report.Problems) != 0 || c.code != "" && (len(report.Problems) != 1 || report.Problems[0].Code != c.code || report.Problems[0].Row != 7) {
			t.Errorf("%s: problems %+v", name, report.Problems)
		}
	}
}

func TestAFileThatCannotBeStoredStopsNoOther(t *testing.T) {
	t.Parallel()
	file := &parcel.Result{Items: []parcel.Imported{{Item: item.Item{Title: "Deed"}, Files: []parcel.Attached{{Name: "1"}, {Name: "2"}, {Name: "3"}}}}}
	for _, c := range []struct {
		why    error
		stored int
		tried  int
		ends   bool
	}{{errors.New("too large"), 2, 3, false}, {errLocked, 1, 2, true}} {
		v := &vault{attach: map[string]error{"2": c.why}}
		plan, err := imports.New(t.Context(), replica.New(seal.NewID(), seal.NewID()), v, file)
		if err != nil {
			t.Fatal(err)
		}
		report, err := plan.Run(t.Context(), imports.ImportChoice{}, nil)
		if report.Files != c.stored || v.files != c.tried || (err != nil) != c.ends {
			t.Errorf("%v: %d files of %d stored, %v", c.why, report.Files, v.files, err)
		}
	}
}
