package transfer_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer"
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
	"github.com/vaultsphere/vaultsphere/app/transfer/source"
	"github.com/vaultsphere/vaultsphere/internal/testenv/transfertest"
)

func TestAnyCSV(t *testing.T) {
	t.Parallel()
	got := transfertest.Sample(t, "csv/plain.csv", "csv")
	transfertest.Same(t, got, []item.Item{
		{Title: "Example", URLs: []string{"https://example.org"}, Username: "alice", Password: `p,"w`},
		{
			Title: `Multi "line"`, URLs: []string{"https://a.example", "https://b.example"}, Username: "bob", Password: "p2",
			Notes: "one\r\ntwo", Tags: []string{"Work/Clients"}, Fields: []item.Field{{Name: "Door code", Value: "1234", Kind: item.FieldHidden}},
		},
		{Title: "untitled.example", URLs: []string{"https://www.untitled.example/login"}},
		{Title: "Ünïcode €", Username: "юзер", Password: "пароль"},
	})
	transfertest.SameProblems(t, got, transfer.Problem{Row: 5, Code: parcel.ColumnCount, Values: parcel.Values{Count: 3, Limit: 7}})
	if len(got.Relocated) != 1 || got.Relocated[0] != (transfer.Relocated{Row: 3, Name: "Door code", As: parcel.ToField}) {
		t.Errorf("relocated %+v", got.Relocated)
	}
}

func TestTextEncodings(t *testing.T) {
	t.Parallel()
	const header, row = "title;username;notes", "Zoë;a\u20acb;x, y"
	want := []item.Item{{Title: "Zoë", Username: "a\u20acb", Notes: "x, y"}}
	for name, data := range map[string]string{
		"LF":                 header + "\n" + row + "\n",
		"CR":                 header + "\r" + row,
		"CRLF":               header + "\r\n" + row + "\r\n\r\n",
		"tabs":               strings.ReplaceAll(header+"\n"+row, ";", "\t"),
		"byte-order mark":    "\ufeff" + header + "\n" + row,
		"UTF-16 LE":          transfertest.UTF16LE(header + "\r\n" + row),
		"UTF-16 BE":          transfertest.UTF16BE(header + "\r\n" + row),
		"Windows-1252":       header + "\nZo\xeb;a\x80b;x, y",
		"separator at end":   header + ";\n" + row + ";",
		"more, but empty":    header + "\n" + row + ";;",
		"quotes around all":  `"title";"username";"notes"` + "\n" + `"Zoë";"a€b";"x, y"`,
		"name in upper case": strings.ToUpper(header) + "\n" + row,
	} {
		t.Run(name, func(t *testing.T) {
			transfertest.Same(t, transfertest.Read(t, "x.csv", data, transfer.Options{}), want)
		})
	}
}

// A broken record does not affect its neighbours.
func TestBrokenRowIsReportedAlone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		row    string
		code   parcel.ProblemCode
		values parcel.Values
	}{
		"quote not closed":         {`"bad,u,p`, parcel.TextAfterQuote, parcel.Values{}},
		"text after quote":         {`"bad"x,u,p`, parcel.TextAfterQuote, parcel.Values{}},
		"too few values":           {`bad`, parcel.ColumnCount, parcel.Values{Count: 1, Limit: 3}},
		"far too many values":      {strings.Repeat("x,", 5000), parcel.TooManyColumns, parcel.Values{Limit: 2000}},
		"unclosed over many lines": {`bad,"u,p` + "\n", parcel.TextAfterQuote, parcel.Values{}},
	} {
		t.Run(name, func(t *testing.T) {
			got := transfertest.Read(t, "x.csv", "title,username,password\na,u,p\n"+c.row+"\n\"b\",\"u\",\"p\"\n", transfer.Options{})
			transfertest.Same(t, got, []item.Item{{Title: "a", Username: "u", Password: "p"}, {Title: "b", Username: "u", Password: "p"}})
			transfertest.SameProblems(t, got, transfer.Problem{Row: 3, Code: c.code, Values: c.values})
		})
	}
	got := transfertest.Read(t, "x.csv", "title,password\na,p\n\"last,p", transfer.Options{})
	transfertest.Same(t, got, []item.Item{{Title: "a", Password: "p"}})
	transfertest.SameProblems(t, got, transfer.Problem{Row: 3, Code: parcel.UnclosedQuote})
}

func TestChosenColumns(t *testing.T) {
	t.Parallel()
	const data = "a,b,c,d,e,f\n1,2,3,2024-05-06,yes,8\n"
	o := transfer.Options{Format: "csv", Columns: []transfer.Column{
		source.ColumnTitle, source.ColumnHidden, source.ColumnPassword, source.ColumnCreated, source.ColumnFavourite, source.ColumnSkip,
	}}
	got := transfertest.Read(t, "x.csv", data, o)
	if len(got.Items) != 1 || got.Items[0].Row != 2 {
		t.Fatalf("got %+v", got)
	}
	it := got.Items[0].Item
	if it.Title != "1" || it.Password != "3" || it.Created.String() != "2024-05-06 00:00:00 +0000 UTC" || !it.Favourite ||
		len(it.Fields) != 1 || it.Fields[0] != (item.Field{Name: "b", Value: "2", Kind: item.FieldHidden}) {
		t.Errorf("got %+v", it)
	}
	o.Headerless = true
	if got := transfertest.Read(t, "x.csv", data, o); len(got.Items) != 2 || got.Items[0].Item.Title != "a" || got.Items[0].Item.Fields[0].Name != "Column 2" {
		t.Errorf("without a header: %+v", got.Items)
	}
	o.Columns = o.Columns[1:]
	if _, err := transfer.Read(transfer.File{Data: []byte(data)}, o); !errors.Is(err, transfer.ErrColumnCount) {
		t.Errorf("one column too few: %v", err)
	}
}

func TestColumnsAreGuessed(t *testing.T) {
	t.Parallel()
	p, err := transfer.Columns(transfer.File{Data: []byte("Name,Website,E-Mail,Passwort,Colour\nx,y,z,\"1\n2\",blue\n")})
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(p.Guess, p.Rows); got != "[title url username password ] [[x y z 1\n2 blue]]" {
		t.Errorf("got %s", got)
	}
	if _, err := transfer.Columns(transfer.File{Data: []byte("no table")}); !errors.Is(err, transfer.ErrOtherFormat) {
		t.Errorf("got %v", err)
	}
}
