package transfer_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer"
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
	"github.com/vaultsphere/vaultsphere/internal/testenv/transfertest"
)

// An export can be imported again: unchanged in VaultSphere's formats, and in others except for what docs/export-format.md
// lists.
func TestExportsCanBeImported(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		format string
		files  bool
		lost   func(item.Item) item.Item
	}{
		{"vaultsphere-json", true, nil},
		{"vaultsphere-sealed", true, nil},
		{"vaultsphere-csv", false, nil},
		{"bitwarden-json", false, asBitwardenHolds},
	} {
		t.Run(c.format, func(t *testing.T) {
			out := transfertest.HardItems(t, 7, 400)
			o := transfer.WriteOptions{Password: "correct horse"}
			data, err := transfer.Write(c.format, out, o)
			if err != nil {
				t.Fatal(err)
			}
			in, err := transfer.Read(transfer.File{Name: "export", Data: data}, transfer.Options{Password: o.Password})
			if err != nil {
				t.Fatal(err)
			}
			transfertest.OnlyKeys(t, in)
			if in.Format != c.format || len(in.Items) != len(out) {
				t.Fatalf("%s with %d items, problems %+v", in.Format, len(in.Items), in.Problems)
			}
			for i, x := range out {
				want := x.Item
				if c.lost != nil {
					want = c.lost(want)
					in.Items[i].Item.Fields = longFields(in.Items[i].Item.Fields)
				}
				if got := in.Items[i]; !got.Item.Equal(want) {
					t.Fatalf("item %d\n got %+v\nwant %+v", i, got.Item, want)
				}
				if got := in.Items[i].Files; c.files && !slices.EqualFunc(got, x.Files, transfertest.SameFile) {
					t.Fatalf("item %d: files %q, want %q", i, got, x.Files)
				}
			}
		})
	}
}

var update = flag.Bool("update", false, "rewrite testdata/own/sealed.vaultsphere")

// The file is frozen, because old exports must always open.
func TestSealedExportOfVersion1Opens(t *testing.T) {
	t.Parallel()
	const path, password = "testdata/own/sealed.vaultsphere", "Tür zum Tresor"
	want := item.Item{Title: "Example", Username: "alice", Password: "pässword", Created: time.UnixMilli(1_700_000_000_000).UTC()}
	if *update {
		out, err := transfer.Write("vaultsphere-sealed", []transfer.Exported{{Item: want.Normalise()}}, transfer.WriteOptions{Password: password})
		if err == nil {
			err = os.WriteFile(path, out, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	transfertest.Same(t, transfertest.Read(t, "x", string(data), transfer.Options{Password: password}), []item.Item{want})
	transfertest.Same(t, transfertest.Read(t, "x", string(data), transfer.Options{Password: "Tu\u0308r zum Tresor"}), []item.Item{want}) // decomposed, as some keyboards type it
	for name, c := range map[string]struct {
		old, new, password string
		want               error
	}{
		"no password":        {"", "", "", transfer.ErrPasswordNeeded},
		"wrong password":     {"", "", "Tür zum Tresor ", transfer.ErrWrongPassword},
		"newer version":      {`"version": 1`, `"version": 2`, password, transfer.ErrNewerVersion},
		"cost of a terabyte": {`65536`, `1073741824`, password, transfer.ErrMalformed},
		"no cost":            {`65536`, `1`, password, transfer.ErrMalformed},
		"another salt":       {`"salt": "`, `"salt": "A`, password, transfer.ErrMalformed},
		"token cut":          {"\"\n ]", "\",\"\"\n ]", password, transfer.ErrWrongPassword}, // every key depends on the count
		"unknown member":     {`"version"`, `"x": 1, "version"`, password, transfer.ErrMalformed},
	} {
		changed := bytes.Replace(data, []byte(c.old), []byte(c.new), 1)
		if _, err := transfer.Read(transfer.File{Name: "x", Data: changed}, transfer.Options{Password: c.password}); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}

func TestOwnFormatIsStrict(t *testing.T) {
	t.Parallel()
	const good = `{"type":"login","title":"good"}`
	for name, c := range map[string]struct {
		file string
		err  error
	}{
		"newer version":  {`{"format":"vaultsphere","version":2,"items":[]}`, transfer.ErrNewerVersion},
		"no version":     {`{"format":"vaultsphere","items":[]}`, transfer.ErrMalformed},
		"unknown member": {`{"format":"vaultsphere","version":1,"items":[],"x":1}`, transfer.ErrMalformed},
	} {
		if _, err := transfer.Read(transfer.File{Data: []byte(c.file)}, transfer.Options{}); !errors.Is(err, c.err) {
			t.Errorf("%s: got %v, want %v", name, err, c.err)
		}
	}
	for name, element := range map[string]string{
		"unknown member": `{"type":"login","title":"x","secret thing":"s3cret"}`, "wrong kind": `{"type":"login","title":"x","password":{"p":"s3cret"}}`,
		"an id": `{"type":"login","title":"x","id":"s3cret"}`, "not an object": `"s3cret"`,
	} {
		got := transfertest.Read(t, "x", `{"format":"vaultsphere","version":1,"items":[`+good+`,`+element+`,`+good+`]}`, transfer.Options{})
		if len(got.Items) != 2 || len(got.Problems) != 1 || got.Problems[0].Row != 2 || got.Problems[0].Code != parcel.MalformedItem || strings.Contains(transfer.Sentence(got.Problems[0]), "s3cret") {
			t.Errorf("%s: %d items, problems %+v", name, len(got.Items), got.Problems)
		}
	}
}

func TestOwnCSVIsStrict(t *testing.T) {
	t.Parallel()
	header, err := transfer.Write("vaultsphere-csv", nil, transfer.WriteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for name, more := range map[string]string{
		"text with a column": `{"username":"s3cret"}`, "list with a column": `{"tags":["s3cret"]}`, "time with a column": `{"created":"2024-01-02T03:04:05Z"}`,
		"title": `{"title":"s3cret"}`, "an id": `{"id":"s3cret"}`, "unknown member": `{"other":"s3cret"}`, "not an object": `"s3cret"`,
	} {
		row := `login,x,,,,,,,,,,"` + strings.ReplaceAll(more, `"`, `""`) + "\"\nlogin,good,,,,,,,,,,\n"
		got := transfertest.Read(t, "x", string(header)+row, transfer.Options{})
		if len(got.Items) != 1 || len(got.Problems) != 1 || got.Problems[0].Row != 2 || got.Problems[0].Code != parcel.MalformedItem || strings.Contains(transfer.Sentence(got.Problems[0]), "s3cret") {
			t.Errorf("%s: %d items, problems %+v", name, len(got.Items), got.Problems)
		}
	}
}

func TestWriteRejects(t *testing.T) {
	t.Parallel()
	if _, err := transfer.Write("abacus", nil, transfer.WriteOptions{}); !errors.Is(err, transfer.ErrUnknownFormat) {
		t.Errorf("got %v", err)
	}
	for _, f := range transfer.WriteFormats() {
		if _, err := transfer.Write(f.ID, nil, transfer.WriteOptions{}); f.Sealed != errors.Is(err, transfer.ErrPasswordNeeded) {
			t.Errorf("%s without a password: %v", f.ID, err)
		}
	}
}

func TestBitwardenExport(t *testing.T) {
	t.Parallel()
	items := []transfer.Exported{{Item: item.Item{
		Type: item.TypeLogin, Title: "Example <b>", URLs: []string{"https://a.example", "https://b.example"}, Username: "alice", Password: "p",
		Match: map[string]item.MatchRule{"https://b.example": item.MatchNever}, Tags: []string{"Work/A", "B"},
		Created: time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC),
	}}, {Item: item.Item{Type: item.TypeCard, Title: "Card", Password: "1234", Card: &item.Card{Number: "4111", ExpiryYear: "2031"}}}}
	got, err := transfer.Write("bitwarden-json", items, transfer.WriteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"encrypted":false,"folders":[{"id":"00000000-0000-8000-8000-000000000001","name":"Work/A"}],"items":[` +
		`{"folderId":"00000000-0000-8000-8000-000000000001","type":1,"name":"Example <b>","notes":null,"favorite":false,` +
		`"fields":[{"name":"Tags","value":"B","type":0}],"login":{"uris":[{"match":null,"uri":"https://a.example"},` +
		`{"match":5,"uri":"https://b.example"}],"username":"alice","password":"p","totp":null},"creationDate":"2024-01-02T03:04:05Z"},` +
		`{"folderId":null,"type":3,"name":"Card","notes":null,"favorite":false,"fields":[{"name":"Password","value":"1234","type":1}],` +
		`"card":{"expYear":"2031","number":"4111"}}]}`
	var compact bytes.Buffer
	if err := json.Compact(&compact, got); err != nil || compact.String() != want {
		t.Errorf("%v\n got %s\nwant %s", err, compact.String(), want)
	}
}

// longFields joins the parts of fields that are too long for Bitwarden.
func longFields(fields []item.Field) []item.Field {
	var out []item.Field
	name, n := "", 2
	for _, f := range fields {
		if last := len(out) - 1; last >= 0 && f.Name == fmt.Sprintf("%s (%d)", name, n) {
			out[last].Value += f.Value
			n++
			continue
		}
		out, name, n = append(out, f), f.Name, 2
	}
	return out
}

// asBitwardenHolds returns what remains of an item in Bitwarden by docs/export-format.md.
func asBitwardenHolds(it item.Item) item.Item {
	const line, value = 687, 3695 // bytes
	it = it.Clone()
	it.Purge = time.Time{}
	movedAbove := func(most int, name string, value *string, kind item.FieldKind) {
		if len(*value) > most {
			it.Fields = append(it.Fields, item.Field{Name: name, Value: *value, Kind: kind})
			*value = ""
		}
	}
	moved := func(name string, value *string, kind item.FieldKind) { movedAbove(line, name, value, kind) }
	if title := it.Title; len(title) > line {
		moved("Title", &it.Title, item.FieldText)
		for it.Title = title; len(it.Title) > line-2; {
			_, size := utf8.DecodeLastRuneInString(it.Title)
			it.Title = it.Title[:len(it.Title)-size]
		}
	}
	it.PasswordHistory = slices.DeleteFunc(it.PasswordHistory, func(old item.OldPassword) bool {
		long := old.Password
		movedAbove(value, "Old password", &old.Password, item.FieldHidden)
		return old.Password != long
	})
	if it.Type == item.TypeLogin {
		moved("Username", &it.Username, item.FieldText)
		movedAbove(value, "Password", &it.Password, item.FieldHidden)
		moved("TOTP", &it.TOTP, item.FieldHidden)
	}
	if it.Type != item.TypeLogin {
		if it.Type != item.TypeIdentity {
			it.Fields, it.Username = append(it.Fields, transfertest.Text("Username", it.Username)), ""
		}
		it.Fields = append(it.Fields, transfertest.Hidden("Password", it.Password), transfertest.Hidden("TOTP", it.TOTP))
		it.Fields = slices.DeleteFunc(it.Fields, func(f item.Field) bool {
			return f.Value == "" && slices.Contains([]string{"Username", "Password", "TOTP"}, f.Name)
		})
		for _, rawURL := range it.URLs {
			it.Fields = append(it.Fields, transfertest.Text("URL", rawURL))
		}
		it.Password, it.TOTP, it.URLs, it.Match = "", "", nil, nil
	}
	if c := it.Card; c != nil {
		moved("Number", &c.Number, item.FieldHidden)
		moved("Holder", &c.Holder, item.FieldText)
		moved("Security code", &c.Code, item.FieldHidden)
	}
	if i := it.Identity; i != nil {
		moved("First name", &i.FirstName, item.FieldText)
		moved("City", &i.City, item.FieldText)
		moved("Email", &i.Email, item.FieldText)
		moved("SSN", &i.SSN, item.FieldHidden)
		moved("License", &i.License, item.FieldHidden)
		moved("Username", &it.Username, item.FieldText)
	}
	if k := it.SSHKey; k != nil && slices.ContainsFunc([]string{"x" + k.Private, k.Public, k.Fingerprint}, func(s string) bool { return strings.TrimSpace(s) == "" || len(s) > value }) {
		for _, f := range []item.Field{transfertest.Text("Public key", k.Public), transfertest.Hidden("Private key", k.Private), transfertest.Text("Fingerprint", k.Fingerprint)} {
			if f.Value != "" {
				it.Fields = append(it.Fields, f)
			}
		}
		it.Type, it.SSHKey = item.TypeNote, nil
	}
	for i, f := range it.Fields {
		if f.Kind == item.FieldLink {
			it.Fields[i].Kind = item.FieldText
		}
	}
	slices.SortStableFunc(it.PasswordHistory, func(a, b item.OldPassword) int { return b.Until.Compare(a.Until) })
	return it.Normalise()
}
