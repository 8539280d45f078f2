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

// vaultOnly are the fields of an Item without a row: they belong to one vault, or hold unknown members.
var vaultOnly = []string{"id", "base", "unknown_overview", "unknown_details"}

// samples has a non-empty value of each type.
var samples = []any{
	"sample", true, int64(7), time.UnixMilli(1_700_000_000_000).UTC(), []string{"sample"}, TypeNote, FieldHidden,
	map[string]MatchRule{"sample": MatchHost}, []Field{{Name: "n"}}, []OldPassword{{Password: "p"}}, []Attachment{{ID: "i"}},
	&Card{Code: "c"}, &BankAccount{IBAN: "i"}, &Identity{City: "c"}, &Passport{Name: "n"}, &DriversLicense{Name: "n"}, &APIKey{Key: "k"},
	&SSHKey{Public: "p"},
}

// fieldsOf returns the fields of a struct by their names in JSON.
func fieldsOf(t *testing.T, v any) map[string]reflect.Value {
	t.Helper()
	out := map[string]reflect.Value{}
	s := reflect.ValueOf(v).Elem()
	for i := range s.NumField() {
		name, _, _ := strings.Cut(s.Type().Field(i).Tag.Get("json"), ",")
		if name == "" {
			t.Errorf("%s.%s has no JSON name", s.Type(), s.Type().Field(i).Name)
		}
		out[name] = s.Field(i)
	}
	return out
}

// guard checks that every field of a T has a row, and that every row handles the field of its name.
func guard[T any](t *testing.T, apart []string, tables ...*object) {
	t.Helper()
	rows := map[string]int{}
	for _, o := range tables {
		for i, m := range o.sorted {
			if i > 0 && o.sorted[i-1].Name >= m.Name {
				t.Errorf("two rows are named %s", m.Name)
			}
			for _, what := range contradictions(m) {
				t.Errorf("the row %s %s", m.Name, what)
			}
			if m.Name == "hidden" { // a part of kind
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
				t.Errorf("the row %s does not point to its field", m.Name)
				continue
			}
			if err := o.readAll(o.append(nil, &full), &read); err != nil || !m.same(&full, &read) || *o.unknown(&read) != "" {
				t.Errorf("%s is not decoded as it was encoded: %v", m.Name, err)
			}
			if m.take(&empty, &full); !m.same(&full, &empty) {
				t.Errorf("%s is not copied", m.Name)
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

// contradictions finds attributes of a row that exclude each other.
func contradictions(m *member) (found []string) {
	r, joins := m.Row, m.kind.join != nil
	for what, wrong := range map[string]bool{
		"is merged as a list but is not a list":   r.Merge == MergeUnion && !joins,
		"is imported as a list but is not a list": r.Import == ImportUnion && !joins,
		"is a list without MaxCount":              joins && r.MaxCount == 0,
		"has MaxCount but is not a list":          !joins && r.MaxCount != 0,
		"is hidden but searchable":                r.Hidden && r.Search && m.kind != lastFour,
		"is set by saving but imported":           r.Merge >= MergeNever && r.Import != ImportNever,
		"has an input but no limit":               r.Input != InputText && r.Limit == 0,
		"is an email address but hidden":          r.Input == InputEmail && r.Hidden,
		"is searchable but has no limit":          r.Search && r.Limit == 0 && r.MaxCount == 0 && m.kind.part == nil,
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
	guard[BankAccount](t, []string{"unknown"}, bankAccount)
	guard[Identity](t, []string{"unknown"}, identity)
	guard[Passport](t, []string{"unknown"}, passport)
	guard[DriversLicense](t, []string{"unknown"}, driversLicense)
	guard[APIKey](t, []string{"unknown"}, apiKey)
	guard[SSHKey](t, []string{"unknown"}, sshKey)
	guard[Field](t, []string{"unknown"}, field)
	guard[OldPassword](t, []string{"unknown"}, oldPassword)
	guard[Attachment](t, []string{"unknown"}, attachment)
}

// A row without a shape, or with a table of another shape, would make the command line drop the field.
func TestRowsHaveTheShapeOfTheirFields(t *testing.T) {
	shapes := map[reflect.Kind]Shape{reflect.String: ShapeText, reflect.Bool: ShapeFlag, reflect.Map: ShapeMap, reflect.Pointer: ShapeObject}
	fields := fieldsOf(t, &Item{})
	for _, row := range append(Rows("overview"), Rows("details")...) {
		want, known := shapes[fields[row.Name].Kind()]
		if fields[row.Name].Kind() == reflect.Slice {
			want, known = ShapeObjects, true
			if fields[row.Name].Type().Elem().Kind() == reflect.String {
				want = ShapeTexts
			}
		}
		if known && row.Shape != want {
			t.Errorf("%s has shape %d, want %d", row.Name, row.Shape, want)
		}
		if objects := row.Shape == ShapeObject || row.Shape == ShapeObjects; objects != (len(Rows(row.Table)) > 0) {
			t.Errorf("%s has shape %d and the table %q", row.Name, row.Shape, row.Table)
		}
	}
}

func TestValuesHaveEveryText(t *testing.T) {
	it := Item{}
	want := map[string]string{}
	fill := func(prefix string, v any) {
		for name, field := range fieldsOf(t, v) {
			if field.Type() == reflect.TypeFor[string]() && !slices.Contains(vaultOnly, name) {
				field.SetString(prefix + name + " value")
				want[prefix+name] = prefix + name + " value"
			}
		}
	}
	fill("", &it)
	for name, field := range fieldsOf(t, &it) {
		if field.Kind() == reflect.Pointer {
			field.Set(reflect.New(field.Type().Elem()))
			fill(name+".", field.Interface())
		}
	}
	for _, v := range it.Values() {
		if want[v.Name] != v.Text {
			t.Errorf("%s: %q, want %q", v.Name, v.Text, want[v.Name])
		}
		delete(want, v.Name)
	}
	if len(want) > 0 {
		t.Errorf("missing: %v", want)
	}
}

// Each part has the type of its name, so that pages and importers can go from one to the other.
func TestPlaceFindsEveryTextOfAPart(t *testing.T) {
	var it Item
	for _, r := range Rows("details") {
		if r.Shape != ShapeObject {
			continue
		}
		if r.Name != string(r.Type) || !r.Type.Known() {
			t.Errorf("the part %s belongs to the type %s", r.Name, r.Type)
		}
		for _, text := range Rows(r.Table) {
			path := r.Name + "." + text.Name
			*it.Place(path) = path
		}
	}
	texts := it.PartTexts()
	for _, text := range texts {
		if path := text.Part + "." + text.Name; *text.Value != path || it.Place(path) != text.Value {
			t.Errorf("%s has the value %q", path, *text.Value)
		}
	}
	if len(texts) != len(it.Values()) {
		t.Errorf("%d texts of parts, %d values", len(texts), len(it.Values()))
	}
	for _, path := range []string{"", "passport", "passport.nothing", "title", "fields.name"} {
		if it.Place(path) != nil {
			t.Errorf("%q has a place", path)
		}
	}
	if len((&Item{}).PartTexts()) != 0 {
		t.Error("an item without parts has texts of parts")
	}
}

func TestLastFourCharactersAreSearchable(t *testing.T) {
	for number, want := range map[string]string{"DE89 3704 0044 0532 0130 00": "3000", "C01X-00T47": "0T47", "12": "12", "é-": "", "": ""} {
		lastFour.texts(&number, func(got string) {
			if got != want {
				t.Errorf("%q: %q, want %q", number, got, want)
			}
		})
	}
}

func TestGuardFindsContradictions(t *testing.T) {
	for _, r := range []Row{
		{Name: "a", Merge: MergeUnion}, {Name: "b", Import: ImportUnion}, {Name: "c", MaxCount: 1}, {Name: "d", Hidden: true, Search: true, Limit: 1},
		{Name: "e", Merge: MergeStamp, Import: ImportKeep}, {Name: "f", Input: InputLines}, {Name: "g", Search: true},
	} {
		if found := contradictions(&member{Row: r, kind: text}); len(found) != 1 {
			t.Errorf("%+v: found %q", r, found)
		}
	}
}

// textsOf returns the paths of all texts of a language. Each feature of the page has a file.
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

func TestEveryLanguageHasEveryLabel(t *testing.T) {
	files, err := filepath.Glob("../web/src/texts/*.json")
	if err != nil || len(files) != 5 {
		t.Fatalf("languages: %q, %v", files, err)
	}
	for _, file := range files {
		language := strings.TrimSuffix(filepath.Base(file), ".json")
		texts := textsOf(t, language)
		tables := []string{"overview", "details"}
		for _, r := range Rows("details") {
			if r.Table != "" {
				tables = append(tables, r.Table)
			}
		}
		for _, table := range tables {
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
		t.Error("Rows returns a table for an unknown name")
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
