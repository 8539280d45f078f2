package own

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
	"github.com/vaultsphere/vaultsphere/app/transfer/source"
)

// A column holds a member of an item as text.
type column struct {
	name string
	get  func(it *item.Item) string
	set  func(it *item.Item, text string) bool // false if the text has no such value; "" empties the member
}

// VaultSphere CSV, see docs/export-format.md. Cells that start with =, +, - or @ are not escaped, although spreadsheets take
// them for formulas: a password must survive unchanged.
var columns = []column{
	text("type", func(it *item.Item) *string { return (*string)(&it.Type) }),
	text("title", func(it *item.Item) *string { return &it.Title }),
	lines("url", func(it *item.Item) *[]string { return &it.URLs }),
	text("username", func(it *item.Item) *string { return &it.Username }),
	text("password", func(it *item.Item) *string { return &it.Password }),
	text("totp", func(it *item.Item) *string { return &it.TOTP }),
	text("notes", func(it *item.Item) *string { return &it.Notes }),
	lines("tags", func(it *item.Item) *[]string { return &it.Tags }),
	{"favourite", func(it *item.Item) string { return yesOrNo(it.Favourite) }, setFavourite},
	moment("created", func(it *item.Item) *time.Time { return &it.Created }),
	moment("modified", func(it *item.Item) *time.Time { return &it.Modified }),
}

const moreColumn = "more"

// more is the content of the last column: the members without a column, as JSON.
type more struct {
	Values map[string]string `json:"values,omitempty"` // values of columns that CSV cannot represent
	item.Item
	Type        omitted `json:"type,omitzero"` // an item always has these two
	Title       omitted `json:"title,omitzero"`
	ID          omitted `json:"id,omitzero"`
	Base        omitted `json:"base,omitzero"`
	Attachments omitted `json:"attachments,omitzero"`
}

func text(name string, at func(*item.Item) *string) column {
	set := func(it *item.Item, s string) bool {
		*at(it) = s
		return true
	}
	return column{name, func(it *item.Item) string { return *at(it) }, set}
}

// lines has one text per line.
func lines(name string, at func(*item.Item) *[]string) column {
	set := func(it *item.Item, s string) bool {
		*at(it) = strings.FieldsFunc(s, func(r rune) bool { return r == '\n' })
		return true
	}
	return column{name, func(it *item.Item) string { return strings.Join(*at(it), "\n") }, set}
}

func moment(name string, at func(*item.Item) *time.Time) column {
	set := func(it *item.Item, s string) bool {
		*at(it) = time.Time{}
		return s == "" || source.SetTime(at(it), s)
	}
	return column{name, func(it *item.Item) string { return formatTime(*at(it)) }, set}
}

func setFavourite(it *item.Item, s string) bool {
	it.Favourite = source.IsYes(s)
	return s == "" || it.Favourite || source.IsNo(s)
}

func columnNames() []string {
	var names []string
	for _, c := range columns {
		names = append(names, c.name)
	}
	return append(names, moreColumn)
}

// WriteCSV writes VaultSphere CSV.
func WriteCSV(items []parcel.Exported, _ string) ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	if err := w.Write(columnNames()); err != nil {
		return nil, err
	}
	for _, x := range items {
		row, err := rowOf(x.Item)
		if err == nil {
			err = w.Write(row)
		}
		if err != nil {
			return nil, fmt.Errorf("write an item: %w", err)
		}
	}
	w.Flush()
	return b.Bytes(), w.Error()
}

// rowOf empties each member that has a column, so the rest of the item is what more holds.
func rowOf(it item.Item) ([]string, error) {
	rest := more{Values: map[string]string{}, Item: it.Clone()}
	var row []string
	for _, c := range columns {
		cell := c.get(&it)
		c.set(&rest.Item, "")
		if strings.Contains(cell, "\x00") { // a file with a NUL is not detected as text
			rest.Values[c.name], cell = cell, ""
		}
		row = append(row, cell)
	}
	cell, err := json.Marshal(rest)
	if string(cell) == "{}" {
		cell = nil
	}
	return append(row, string(cell)), err
}

func yesOrNo(yes bool) string {
	if yes {
		return "yes"
	}
	return ""
}

func formatTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// CSV is VaultSphere CSV.
var CSV = source.Custom{Is: source.CSV{Needs: columnNames()}.Detect, Parse: readCSV}

func readCSV(in *source.Input, b *source.Builder) error {
	b.Exact = true
	for r := range in.CSVRows(b, false) {
		var rest more
		if err := rest.read(r.Text(moreColumn)); err != nil {
			r.Malformed(r.Text("title"), err)
			continue
		}
		r.Item = rest.Item
		for _, c := range columns {
			cell, held := rest.Values[c.name]
			if !held {
				cell = r.Text(c.name)
			}
			if !c.set(&r.Item, cell) {
				r.Relocate(c.name, cell, item.FieldText)
			}
		}
		r.Add()
	}
	return nil
}

// read rejects a member that has a column, because one of the two values would be lost.
func (m *more) read(cell string) error {
	if cell == "" {
		return nil
	}
	if err := strict.Unmarshal([]byte(cell), m); err != nil {
		return err
	}
	if i := slices.IndexFunc(columns, func(c column) bool { return c.get(&m.Item) != "" }); i >= 0 {
		return fmt.Errorf("%s is a column", columns[i].name)
	}
	return nil
}
