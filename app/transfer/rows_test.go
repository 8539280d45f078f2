package transfer_test

import (
	"cmp"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer"
)

// leftOut lists what a format does not restore, by the paths of rows, and why. A format without an entry restores everything.
var leftOut = map[string]map[string]string{
	"vaultsphere-csv": {
		"attachments.name":    "a table has no place for files",
		"attachments.unknown": "a table has no place for files",
	},
	"bitwarden-json": {
		"purge":                    "Bitwarden sets the time itself",
		"ignored":                  "Bitwarden does not store ignored findings",
		"attachments.name":         "a JSON export of Bitwarden has no files",
		"attachments.unknown":      "a JSON export of Bitwarden has no files",
		"unknown_overview":         newer,
		"unknown_details":          newer,
		"card.unknown":             newer,
		"bank_account.unknown":     newer,
		"identity.unknown":         newer,
		"passport.unknown":         newer,
		"drivers_license.unknown":  newer,
		"api_key.unknown":          newer,
		"ssh_key.unknown":          newer,
		"fields.unknown":           newer,
		"password_history.unknown": newer,
	},
	"kdbx": {
		"unknown_overview":         newer,
		"unknown_details":          newer,
		"fields.unknown":           newer,
		"password_history.unknown": newer,
		"attachments.unknown":      newer,
	},
}

const newer = "other programs have no place for members of a newer version"

// vaultRows are the rows that have a meaning only inside a vault. The vault computes them when it stores an attachment.
var vaultRows = []string{"attachments.id", "attachments.size", "attachments.sha256", "attachments.key"}

// Every row of an item's tables comes back from every format, or is in leftOut.
func TestEveryFormatRestoresEveryRow(t *testing.T) {
	t.Parallel()
	paths := rowPaths()
	for _, f := range transfer.WriteFormats() {
		t.Run(f.ID, func(t *testing.T) {
			t.Parallel()
			restored := restoredRows(t, f.ID)
			for _, path := range paths {
				switch same, sampled := restored[path]; {
				case !sampled:
					t.Errorf("no item has a sample of the row %s; a file has those of parcel.Attached", path)
				case !same && leftOut[f.ID][path] == "":
					t.Errorf("the row %s is lost: write and read it, or list it in leftOut with the reason", path)
				case same && leftOut[f.ID][path] != "":
					t.Errorf("the row %s comes back, although leftOut lists it", path)
				}
			}
			for path := range leftOut[f.ID] {
				if !slices.Contains(paths, path) {
					t.Errorf("leftOut lists %s, which is not a row", path)
				}
			}
		})
	}
}

// rowPaths returns the paths of all rows, such as "card.number", and of the unknown members beside them.
func rowPaths() []string {
	paths := []string{"unknown_overview", "unknown_details"}
	var add func(prefix string, rows []item.Row)
	add = func(prefix string, rows []item.Row) {
		for _, r := range rows {
			path := prefix + r.Name
			switch {
			case r.Table != "":
				paths = append(paths, path+".unknown")
				add(path+".", item.Rows(r.Table))
			case path != "fields.hidden" && !slices.Contains(vaultRows, path): // fields.kind has the value
				paths = append(paths, path)
			}
		}
	}
	add("", item.Rows("overview"))
	add("", item.Rows("details"))
	return paths
}

// restoredRows exports an item of each type with a sample in every row, imports it, and reports by path which rows came back.
func restoredRows(t *testing.T, format string) map[string]bool {
	t.Helper()
	o := transfer.WriteOptions{Password: "correct horse"}
	var out []transfer.Exported
	for _, typ := range item.Types {
		out = append(out, sampleItem(t, typ))
	}
	data, err := transfer.Write(format, out, o)
	if err != nil {
		t.Fatal(err)
	}
	in, err := transfer.Read(transfer.File{Name: "export", Data: data}, transfer.Options{Format: format, Password: o.Password})
	if err != nil || len(in.Items) != len(out) || len(in.Problems) > 0 {
		t.Fatalf("%d items, problems %+v, %v", len(in.Items), in.Problems, err)
	}
	restored := map[string]bool{}
	for i, x := range out {
		want, got := tree(t, x.Item, x.Files), tree(t, in.Items[i].Item, in.Items[i].Files)
		for _, path := range rowPaths() {
			if value := at(want, path); value != nil {
				same, seen := restored[path]
				restored[path] = reflect.DeepEqual(at(got, path), value) && (same || !seen)
			}
		}
	}
	return restored
}

// tree returns an item as JSON values, with the files in place of its attachments.
func tree(t *testing.T, it item.Item, files []transfer.Attached) map[string]any {
	t.Helper()
	text, err := json.Marshal(struct {
		item.Item
		Attachments []transfer.Attached `json:"attachments"`
	}{it, files})
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// at returns the value at a path, or nil. A list gives the values of its elements.
func at(value any, path string) any {
	name, rest, deeper := strings.Cut(path, ".")
	switch v := value.(type) {
	case map[string]any:
		if deeper {
			return at(v[name], rest)
		}
		return v[name]
	case []any:
		var out []any
		for _, element := range v {
			if found := at(element, path); found != nil {
				out = append(out, found)
			}
		}
		if out != nil {
			return out
		}
	}
	return nil
}

// samples has the values of texts that have a form.
var samples = map[string]string{
	"kind": string(item.FieldHidden), "totp": "otpauth://totp/Example?secret=JBSWY3DPEHPK3PXP", "number": "4111111111111111",
	"expiry_month": "4", "expiry_year": "2031", "unknown": `{"newer":1}`, "unknown_overview": `{"newer":2}`, "unknown_details": `{"newer":3}`,
}

// sampleItem returns an item with a sample in every row that a type has.
func sampleItem(t *testing.T, typ item.Type) transfer.Exported {
	t.Helper()
	x := transfer.Exported{Files: []transfer.Attached{{Data: []byte("content")}}}
	fill(t, &x.Item, slices.Concat(item.Rows("overview"), item.Rows("details")), typ)
	x.Item.Type, x.Item.Attachments = typ, nil
	fill(t, &x.Files[0], item.Rows("attachment"), typ)
	if err := x.Item.Validate(); err != nil {
		t.Fatal(err)
	}
	return x
}

// fill sets the members of a struct that have a row of the type, and the unknown members.
func fill(t *testing.T, structure any, rows []item.Row, typ item.Type) {
	t.Helper()
	v := reflect.ValueOf(structure).Elem()
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		row := slices.IndexFunc(rows, func(r item.Row) bool { return r.Name == name && (r.Type == "" || r.Type == typ) })
		switch {
		case row >= 0:
			fillMember(t, v.Field(i), rows[row], typ)
		case strings.HasPrefix(name, "unknown"):
			v.Field(i).SetString(samples[name])
		}
	}
}

func fillMember(t *testing.T, v reflect.Value, r item.Row, typ item.Type) {
	t.Helper()
	urls := []string{"https://example.org/1", "https://example.org/2"}
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(time.UnixMilli(1_700_000_000_123 + int64(len(r.Name))*1000).UTC()))
		return
	case []string:
		v.Set(reflect.ValueOf(urls))
		return
	case map[string]item.MatchRule:
		v.Set(reflect.ValueOf(map[string]item.MatchRule{urls[1]: item.MatchHost}))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(cmp.Or(samples[r.Name], "sample of "+r.Name))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int64:
		v.SetInt(7)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Interface(), item.Rows(r.Table), typ)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(t, v.Index(0).Addr().Interface(), item.Rows(r.Table), typ)
	default:
		t.Fatalf("add a sample for the row %s of type %s", r.Name, v.Type())
	}
}
