package client_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/client/imports"
	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer"
	"github.com/vaultsphere/vaultsphere/internal/testenv/sample"
)

func (d *device) plan(t testing.TB, data string) *imports.Import {
	t.Helper()
	file, err := transfer.Read(transfer.File{Data: []byte(data)}, transfer.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := d.PlanImport(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// outcomes lists each entry's title and outcome.
func outcomes(r imports.ImportReport) string {
	var out []string
	for _, e := range r.Entries {
		out = append(out, e.Title+" "+string(e.Outcome))
	}
	return strings.Join(out, ", ")
}

// knownCSV has one login of knownVault unchanged, the other with another password, a new login twice, and a malformed row.
const knownCSV = "title,url,username,password,notes,Colour\n" +
	"Same,https://same.example,anna,p1,,\n" +
	"Other title,https://www.differs.example/login,Anna,p-new,from the file,99\n" +
	"New,https://new.example,anna,p3,,\n" +
	"New,https://new.example,anna,p3,,\n" +
	"broken\n"

func knownVault(t *testing.T, d *device) (same, differs item.Item) {
	t.Helper()
	d.register(t, "anna")
	same = d.save(t, item.Item{Title: "Same", URLs: []string{"https://same.example"}, Username: "anna", Password: "p1", Tags: []string{"mine"}, Favourite: true})
	differs = d.save(t, item.Item{Title: "Differs", URLs: []string{"https://differs.example"}, Username: "anna", Password: "p-old", Notes: "from the vault"})
	return same, differs
}

func TestImportPreviewShowsStatusAndNoSecret(t *testing.T) {
	t.Parallel()
	d := newDevice(t, startServer(t))
	_, differs := knownVault(t, d)
	preview := d.plan(t, knownCSV).Preview()
	text, err := json.Marshal(preview)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"p1", "p-new", "p3", "99", "from the file"} {
		if bytes.Contains(text, []byte(`"`+secret+`"`)) {
			t.Errorf("the preview holds %q", secret)
		}
	}
	if want := (map[imports.ImportStatus]int{"identical": 1, "changed": 1, "new": 1, "repeated": 1}); fmt.Sprint(preview.Statuses) != fmt.Sprint(want) {
		t.Errorf("statuses %v, want %v", preview.Statuses, want)
	}
	if preview.Format != "csv" || preview.Total != 4 || preview.Types[item.TypeLogin] != 4 || len(preview.Items) != 4 {
		t.Errorf("preview %s", text)
	}
	if len(preview.Changed) != 1 || preview.Changed[0].Existing != differs.ID || preview.Changed[0].Row != 3 {
		t.Errorf("changed %+v", preview.Changed)
	}
	if len(preview.Problems) != 1 || preview.Problems[0].Row != 6 || len(preview.Relocated) != 1 || preview.Relocated[0].Name != "Colour" {
		t.Errorf("problems %+v, relocated %+v", preview.Problems, preview.Relocated)
	}
	if s := d.sync(t); s.Count != 2 {
		t.Errorf("the preview changed the vault: %d items", s.Count)
	}
}

func TestImportByChoice(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		choice imports.ImportChoice
		want   string
		count  int
	}{
		"default":  {imports.ImportChoice{}, "Same skipped, Other title added, New added, New skipped", 4},
		"update":   {imports.ImportChoice{Changed: imports.ImportUpdate}, "Same skipped, Other title updated, New added, New skipped", 3},
		"all":      {imports.ImportChoice{Identical: imports.ImportAdd, Repeated: imports.ImportAdd}, "Same added, Other title added, New added, New added", 6},
		"only new": {imports.ImportChoice{Changed: imports.ImportSkip}, "Same skipped, Other title skipped, New added, New skipped", 3},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDevice(t, startServer(t))
			_, differs := knownVault(t, d)
			last := 0
			report, err := d.plan(t, knownCSV).Run(t.Context(), c.choice, func(done, total int) {
				if done <= last || done > total {
					t.Errorf("progress went from %d to %d of %d", last, done, total)
				}
				last = done
			})
			if err != nil || outcomes(report) != c.want {
				t.Errorf("%s, want %s (%v)", outcomes(report), c.want, err)
			}
			if s := d.sync(t); s.Count != c.count || report.Added+report.Updated+report.Skipped != report.Total || len(report.Problems) != 1 {
				t.Errorf("%d items, want %d; report %+v", s.Count, c.count, report)
			}
			got := d.get(t, differs.ID)
			if c.choice.Changed != imports.ImportUpdate {
				if !got.Equal(differs) {
					t.Errorf("%+v was changed to %+v", differs, got)
				}
				return
			}
			want := item.Item{
				Type: item.TypeLogin, Title: "Differs", Username: "anna", Password: "p-new", Notes: "from the vault\n\nfrom the file",
				URLs: []string{"https://differs.example", "https://www.differs.example/login"}, Fields: []item.Field{{Name: "Colour", Value: "99"}},
			}
			if !got.SameOverview(want) || !got.SameDetails(want) {
				t.Errorf("updated to %+v, want %+v", got, want)
			}
			if history, err := d.History(differs.ID); err != nil || len(history) != 1 || history[0].Password != "p-old" {
				t.Errorf("history %+v, %v", history, err)
			}
		})
	}
	d := newDevice(t, startServer(t))
	knownVault(t, d)
	if _, err := d.plan(t, knownCSV).Run(t.Context(), imports.ImportChoice{Identical: imports.ImportUpdate}, nil); !errors.Is(err, imports.ErrImportChoice) {
		t.Errorf("update of identical items: %v", err)
	}
}

// Items that were imported before the cancellation stay, and the report names them.
func TestCancelledImportSaysWhatCameIn(t *testing.T) {
	t.Parallel()
	d := newDevice(t, startServer(t))
	d.register(t, "anna")
	var file strings.Builder
	file.WriteString("title,password\n")
	for i := range 1000 {
		fmt.Fprintf(&file, "Item %d,p\n", i)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	report, err := d.plan(t, file.String()).Run(ctx, imports.ImportChoice{}, func(done, _ int) {
		if done >= 500 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || report.Added != 500 || report.Total != 1000 {
		t.Fatalf("%d of %d: %v", report.Added, report.Total, err)
	}
	s := d.sync(t)
	for _, e := range report.Entries {
		if e.Outcome == imports.ImportedAdded {
			d.get(t, e.ID)
		} else if e.Outcome != imports.ImportedNot {
			t.Fatalf("entry %+v", e)
		}
	}
	if s.Count != report.Added {
		t.Errorf("%d items, %d reported", s.Count, report.Added)
	}
	// Importing the same file again continues where it stopped.
	report, err = d.plan(t, file.String()).Run(t.Context(), imports.ImportChoice{}, nil)
	if err != nil || report.Added != 500 || report.Skipped != 500 {
		t.Errorf("again: %d added, %d skipped, %v", report.Added, report.Skipped, err)
	}
}

func TestImportUpdatesManyInFewChanges(t *testing.T) {
	t.Parallel()
	d := newDevice(t, startServer(t))
	d.register(t, "anna")
	if _, err := d.AddMany(t.Context(), sample.Logins(600), nil); err != nil {
		t.Fatal(err)
	}
	items, _, err := d.Export(t.Context(), client.ExportOptions{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range items {
		items[i].Item.Password += " new"
	}
	data, err := transfer.Write("vaultsphere-json", append(items, items[0]), transfer.WriteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	plan := d.plan(t, string(data))
	before := len(d.wire.sent)
	report, err := plan.Run(t.Context(), imports.ImportChoice{Changed: imports.ImportUpdate}, nil)
	if err != nil || report.Updated != 600 || len(d.wire.sent)-before > 5 {
		t.Fatalf("%d updated in %d requests: %v", report.Updated, len(d.wire.sent)-before, err)
	}
	for _, x := range items {
		if got := d.get(t, x.Item.ID); got.Password != x.Item.Password {
			t.Fatalf("%s has %q", got.Title, got.Password)
		}
	}
}

// A vault recognises its own export, including older passwords.
func TestExportComesBackAsIdentical(t *testing.T) {
	t.Parallel()
	d := newDevice(t, startServer(t))
	_, differs := knownVault(t, d)
	differs.Password = "p-second"
	differs = d.save(t, differs)
	trashed := d.save(t, item.Item{Title: "Trash", Type: item.TypeNote, Trashed: differs.Modified})
	items, problems, err := d.Export(t.Context(), client.ExportOptions{Trash: true}, nil)
	if err != nil || len(items) != 3 || len(problems) != 0 {
		t.Fatalf("%d items, %+v, %v", len(items), problems, err)
	}
	i := slices.IndexFunc(items, func(x transfer.Exported) bool { return x.Item.ID == differs.ID })
	if h := items[i].Item.PasswordHistory; len(h) != 1 || h[0].Password != "p-old" || !h[0].Until.Equal(differs.Modified) {
		t.Errorf("history %+v", h)
	}
	data, err := transfer.Write("vaultsphere-json", items, transfer.WriteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if preview := d.plan(t, string(data)).Preview(); preview.Statuses[imports.ImportIdentical] != 3 || preview.Trashed != 1 {
		t.Errorf("statuses %v", preview.Statuses)
	}
	if items, _, err := d.Export(t.Context(), client.ExportOptions{}, nil); err != nil || len(items) != 2 {
		t.Errorf("without the trash, which holds %s: %d items, %v", trashed.ID, len(items), err)
	}
	d.Lock()
	if _, _, err := d.Export(t.Context(), client.ExportOptions{Trash: true}, nil); !errors.Is(err, client.ErrLocked) {
		t.Errorf("locked: %v", err)
	}
	if _, err := d.PlanImport(t.Context(), &transfer.Result{}); !errors.Is(err, client.ErrLocked) {
		t.Errorf("locked: %v", err)
	}
}

func TestFilesOfItemsTravelAlong(t *testing.T) {
	t.Parallel()
	d := newDevice(t, startServer(t))
	d.register(t, "anna")
	first := d.save(t, login("With files"))
	content := bytes.Repeat([]byte("scan "), 50_000) // more than one chunk
	if _, err := d.Attach(t.Context(), first.ID, "scan.pdf", content, nil); err != nil {
		t.Fatal(err)
	}
	items, problems, err := d.Export(t.Context(), client.ExportOptions{Files: true}, nil)
	if err != nil || len(problems) > 0 {
		t.Fatal(problems, err)
	}
	data, err := transfer.Write("vaultsphere-json", items, transfer.WriteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if preview := d.plan(t, string(data)).Preview(); preview.Statuses[imports.ImportIdentical] != 1 || preview.Files != 1 {
		t.Errorf("in its own vault: %+v", preview)
	}

	other := newDevice(t, startServer(t))
	other.register(t, "bob")
	same := other.save(t, login("With files")) // without the attachment
	report, err := other.plan(t, string(data)).Run(t.Context(), imports.ImportChoice{Changed: imports.ImportUpdate}, nil)
	if err != nil || report.Files != 1 || report.Updated != 1 {
		t.Fatalf("report %+v, %v", report, err)
	}
	attached := other.get(t, same.ID).Attachments
	if len(attached) != 1 || attached[0].Name != "scan.pdf" {
		t.Fatalf("attachments %+v", attached)
	}
	if got, err := other.Attachment(t.Context(), same.ID, attached[0].ID, nil); err != nil || !bytes.Equal(got, content) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

// Imported items keep the times of the file, with or without attachments.
func TestFilesLeaveTheTimesOfImportedItems(t *testing.T) {
	t.Parallel()
	const file = `{"format":"vaultsphere","version":1,"items":[
		{"type":"note","title":"With","created":"2020-01-01T00:00:00Z","modified":"2020-05-05T05:05:05Z",
		 "files":[{"name":"a.txt","data":"aGVsbG8="},{"name":"b.txt","data":"aGVsbG8="}]},
		{"type":"note","title":"Without","created":"2020-01-01T00:00:00Z","modified":"2020-05-05T05:05:05Z"}]}`
	d := newDevice(t, startServer(t))
	d.register(t, "anna")
	report, err := d.plan(t, file).Run(t.Context(), imports.ImportChoice{}, nil)
	if err != nil || report.Added != 2 || report.Files != 2 || len(report.Problems) > 0 {
		t.Fatalf("%+v, %v", report, err)
	}
	for i, files := range []int{2, 0} {
		it := d.get(t, report.Entries[i].ID)
		if len(it.Attachments) != files || it.Created.Format(time.RFC3339) != "2020-01-01T00:00:00Z" || it.Modified.Format(time.RFC3339) != "2020-05-05T05:05:05Z" {
			t.Errorf("%s: %d files, created %s, modified %s", it.Title, len(it.Attachments), it.Created, it.Modified)
		}
	}
	// A file that the user attaches is a change.
	it, err := d.Attach(t.Context(), report.Entries[1].ID, "c.txt", []byte("c"), nil)
	if err != nil || it.Modified.Year() == 2020 {
		t.Errorf("%s, %v", it.Modified, err)
	}
}
