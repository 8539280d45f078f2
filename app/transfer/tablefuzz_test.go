package transfer_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/vaultsphere/vaultsphere/app/transfer"
)

// FuzzTableLosesNothing holds for RFC 4180 tables: every value is in an item, or its row is reported.
func FuzzTableLosesNothing(f *testing.F) {
	f.Add("Title", "Password", "Thing", "Post", "pw", "x")
	f.Add("URL", "Login Password", "Tags", "a b", "p\"w\\", "a, b;c")
	f.Add("Name", "Username", "Notes", "N", "mia\nsecond", "one\n\"two\"")
	f.Add("Type", "Kennwort", "Extra", "Credit Card", "4111111111111111", `{"a":["b",{"name":"PIN","value":"1"}]}`)
	f.Add("Name", "Data", "Password", "N", "User Name:mia\nPassword:pw", "")
	f.Fuzz(func(t *testing.T, name1, name2, name3, value1, value2, value3 string) {
		header, row := []string{"Title", name1, name2, name3, "Password"}, []string{"T", value1, value2, value3, "secret"}
		for _, s := range slices.Concat(header, row) {
			if !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return r != '\n' && unicode.IsControl(r) }) || len(s) > 200 {
				return
			}
		}
		var b bytes.Buffer
		w := csv.NewWriter(&b)
		if w.WriteAll([][]string{header, row}) != nil {
			return
		}
		got, err := transfer.Read(transfer.File{Name: "x.csv", Data: b.Bytes()}, transfer.Options{Format: "csv"})
		if err != nil || len(got.Problems) > 0 {
			return
		}
		if len(got.Items) != 1 {
			t.Fatalf("%d items of %q", len(got.Items), b.String())
		}
		have, err := json.Marshal(got.Items[0].Item)
		if err != nil {
			t.Fatal(err)
		}
		for _, value := range row {
			for _, word := range lettersOf(value) {
				if !strings.Contains(string(have), word) {
					t.Fatalf("%q of %q is not in %s", word, b.String(), have)
				}
			}
		}
	})
}

// lettersOf returns the words of a value that are long enough not to be syntax: dates, yes and no, escapes, names at the
// start of lines.
func lettersOf(value string) []string {
	words := strings.FieldsFunc(value, func(r rune) bool { return r < 'a' || r > 'z' })
	if len(strings.Join(words, "")) < 20 || strings.ContainsAny(value, `\<>&:`) {
		return nil
	}
	return slices.DeleteFunc(words, func(w string) bool { return len(w) < 5 })
}

// FuzzEscapedQuotes holds for tables with backslashes before quotes: quoted values are unchanged.
func FuzzEscapedQuotes(f *testing.F) {
	f.Add("a", "b\"c", "d,\"e\"\nf")
	f.Add("\"", "\"\"", ",\"")
	f.Fuzz(func(t *testing.T, title, password, thing string) {
		quoted := func(s string) string { return `"` + strings.ReplaceAll(s, `"`, `\"`) + `"` }
		for _, s := range []string{title, password, thing} {
			if !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) || strings.Contains(s, `\`) || strings.TrimSpace(s) != s || s == "" || len(s) > 200 {
				return
			}
		}
		data := `"Title","Password","Thing"` + "\n" + strings.Join([]string{quoted(title), quoted(password), quoted(thing)}, ",") + "\n"
		got, err := transfer.Read(transfer.File{Name: "x.csv", Data: []byte(data)}, transfer.Options{Format: "csv"})
		if err != nil || len(got.Items) != 1 || len(got.Problems) > 0 {
			return // rejected or reported; a quote at the end of a value is ambiguous
		}
		it := got.Items[0].Item
		if it.Password != password && !strings.Contains(data, `\""`) && !strings.Contains(data, `\",`) {
			t.Errorf("%q is %q", data, it.Password)
		}
	})
}
