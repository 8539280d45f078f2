package item

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// vaultOnly are the fields of an Item that are not in its encoding: they mean something in one vault, or hold what no row knows.
var vaultOnly = []string{"id", "base", "unknown_overview", "unknown_details"}

// samples are values that are not empty, by type.
var samples = []any{
	"sample", true, int64(7), time.UnixMilli(1_700_000_000_000).UTC(), []string{"sample"}, TypeNote, FieldHidden,
	map[string]MatchRule{"sample": MatchHost}, []Field{{Name: "n"}}, []OldPassword{{Password: "p"}}, []Attachment{{ID: "i"}},
	&Card{Code: "c"}, &Identity{City: "c"}, &SSHKey{Public: "p"},
}

// fieldsOf are the fields of a struct by their names in JSON.
func fieldsOf(t *testing.T, v any) map[string]reflect.Value {
	t.Helper()
	out := map[string]reflect.Value{}
	s := reflect.ValueOf(v).Elem()
	for i := range s.NumField() {
		name, _, _ := strings.Cut(s.Type().Field(i).Tag.Get("json"), ",")
		if name == "" {
			t.Errorf("%s.%s has no name in JSON", s.Type(), s.Type().Field(i).Name)
		}
		out[name] = s.Field(i)
	}
	return out
}

// guard checks that every field of a T has a row, and every row the field of its name, in each of the row's roles.
func guard[T any](t *testing.T, apart []string, tables ...*object) {
	t.Helper()
	rows := map[string]int{}
	for _, o := range tables {
		for i, m := range o.sorted {
			if i > 0 && o.sorted[i-1].Name >= m.Name {
				t.Errorf("%s is there twice", m.Name)
			}
			for _, what := range contradictions(m.Row, m.kind.join != nil) {
				t.Errorf("the row %s %s", m.Name, what)
			}
			if m.Name == "hidden" { // the other half of kind
				continue
			}
			rows[m.Name]++
			var full, empty, read T
			place, known := fieldsOf(t, &full)[m.Name]
			if !known {
				t.Errorf("%T has no field for the row %s", full, m.Name)
				continue
			}
			i := slices.IndexFunc(samples, func(s any) bool { return reflect.TypeOf(s) == place.Type() })
			if i < 0 {
				t.Fatalf("there is no sample of type %s", place.Type())
			}
			place.Set(reflect.ValueOf(samples[i]))
			if m.Name == "kind" {
				place.SetString(string(FieldLink))
			}
			if m.empty(&full) || m.same(&full, &empty) {
				t.Errorf("the row %s has another place than the field", m.Name)
				continue
			}
			if err := o.readAll(o.append(nil, &full), &read); err != nil || !m.same(&full, &read) || *o.unknown(&read) != "" {
				t.Errorf("%s does not come back from its encoding: %v", m.Name, err)
			}
			if m.take(&empty, &full); !m.same(&full, &empty) {
				t.Errorf("%s is not taken over", m.Name)
			}
			if m.kind.clear(m.at(&full)); !m.empty(&full) {
				t.Errorf("%s is not cleared", m.Name)
			}
		}
	}
	var zero T
	for name := range fieldsOf(t, &zero) {
		if want := b2i(!slices.Contains(apart, name)); rows[name] != want && (name != "modified" || rows[name] != 2) {
			t.Errorf("the field %s of %T has %d rows, want %d", name, zero, rows[name], want)
		}
	}
}

// contradictions are what cannot be true of one row at once.
func contradictions(r Row, joins bool) (found []string) {
	for what, wrong := range map[string]bool{
		"is merged as a set, and is none":            r.Merge == MergeUnion && !joins,
		"is imported as a set, and is none":          r.Import == ImportUnion && !joins,
		"is a list without a largest number":         joins && r.MaxCount == 0,
		"has a largest number, and is no list":       !joins && r.MaxCount != 0,
		"is hidden, and a search finds all of it":    r.Hidden && r.Search && r.Name != "number",
		"is the time of a change, and is imported":   r.Merge >= MergeNever && r.Import != ImportNever,
		"can be typed, and has no limit":             r.Input != InputText && r.Limit == 0,
		"is typed in several lines, and hidden text": r.Input == InputEmail && r.Hidden,
		"is found by a search, and has no limit":     r.Search && r.Limit == 0 && r.MaxCount == 0 && !slices.Contains([]string{"card", "identity", "ssh_key"}, r.Name),
	} {
		if wrong {
			found = append(found, what)
		}
	}
	return found
}

func TestEveryFieldHasARow(t *testing.T) {
	guard[Item](t, vaultOnly, overview, details)
	guard[Card](t, []string{"unknown"}, card)
	guard[Identity](t, []string{"unknown"}, identity)
	guard[SSHKey](t, []string{"unknown"}, sshKey)
	guard[Field](t, []string{"unknown"}, field)
	guard[OldPassword](t, []string{"unknown"}, oldPassword)
	guard[Attachment](t, []string{"unknown"}, attachment)
}

func TestTheGuardFindsWhatContradicts(t *testing.T) {
	for _, r := range []Row{
		{Name: "a", Merge: MergeUnion}, {Name: "b", Import: ImportUnion}, {Name: "c", MaxCount: 1}, {Name: "d", Hidden: true, Search: true, Limit: 1},
		{Name: "e", Merge: MergeStamp, Import: ImportKeep}, {Name: "f", Input: InputLines}, {Name: "g", Search: true},
	} {
		if len(contradictions(r, false)) != 1 {
			t.Errorf("%+v: found %q", r, contradictions(r, false))
		}
	}
}

// textsOf are the paths of all texts of a language, of which there is a file beside each feature of the page.
func textsOf(t *testing.T, language string) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	var add func(path string, part any)
	add = func(path string, part any) {
		out[path] = true
		members, _ := part.(map[string]any)
		for key, member := range members {
			add(strings.TrimPrefix(path+"."+key, "."), member)
		}
	}
	err := fs.WalkDir(os.DirFS("../web/src"), ".", func(name string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(name, "texts/"+language+".json") {
			return err
		}
		content, err := os.ReadFile(filepath.Join("../web/src", name))
		if err != nil {
			return err
		}
		var catalog map[string]any
		if err := json.Unmarshal(content, &catalog); err != nil {
			return err
		}
		add("", catalog)
		return nil
	})
	if err != nil || len(out) == 0 {
		t.Fatalf("the texts of %s: %v", language, err)
	}
	return out
}

func TestEveryLabelIsThereInEveryLanguage(t *testing.T) {
	files, err := filepath.Glob("../web/src/texts/*.json")
	if err != nil || len(files) != 5 {
		t.Fatalf("languages: %q, %v", files, err)
	}
	for _, file := range files {
		language := strings.TrimSuffix(filepath.Base(file), ".json")
		texts := textsOf(t, language)
		for _, table := range []string{"overview", "details", "card", "identity", "ssh_key", "field", "old_password", "attachment"} {
			rows := Rows(table)
			if len(rows) == 0 {
				t.Errorf("there is no table %s", table)
			}
			for _, r := range rows {
				if r.Label != "" && !texts[r.Label] {
					t.Errorf("%s has no text %s, the label of %s in %s", language, r.Label, r.Name, table)
				}
			}
		}
	}
	if Rows("nothing") != nil {
		t.Error("there is a table of nothing")
	}
}

func TestLabelOfAField(t *testing.T) {
	for name, want := range map[string]struct {
		label  string
		number int
	}{
		"title": {"itemForm.title", 0}, "fields[2].value": {"itemForm.fieldValue", 3}, "urls[0]": {"itemView.url", 1},
		"attachments[1].size": {"attachments.title", 2}, "card.number": {"card.number", 0}, "nothing": {"", 0}, "": {"", 0},
		"fields[x].value": {"itemForm.fieldValue", 0},
	} {
		if label, number := LabelOf(name); label != want.label || number != want.number {
			t.Errorf("%s: got %q and %d, want %+v", name, label, number, want)
		}
	}
}
