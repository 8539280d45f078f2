package keeper

import (
	"slices"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer/source"
)

// The CSV of Keeper usually has no header: folder, title, login, password, URL, notes, shared folder, and a name and a value
// for each custom field.

const (
	columnCount = 7
	urlColumn   = 4
	codeName    = "TFC:Keeper" // name of the authenticator key
)

// CSV is the table of Keeper.
var CSV = source.Custom{Is: isCSV, Parse: readCSV}

func isCSV(in *source.Input) bool {
	switch first := in.CSVHeader(); {
	case len(first) < columnCount-1:
		return false
	case in.Options.Format == "keeper-csv", strings.Contains(in.Table.Text, codeName):
		return true
	case keeperNames(in.Table):
		return meansURL(first[urlColumn])
	}
	return in.Table.Headerless() && (strings.Contains(in.Name, "keeper") || keeperRows(in.Table))
}

func meansURL(name string) bool {
	column, _ := source.Meaning(name)
	return column == source.ColumnURL
}

// keeperNames reports whether the first row is a header, as in tables made for import.
func keeperNames(t *source.Table) bool {
	return slices.Equal(t.Folded[:urlColumn], []string{"folder", "title", "login", "password"})
}

// keeperRows reports whether Keeper may have written the rows: URLs in place, and after the seven values, pairs whose number
// varies.
func keeperRows(t *source.Table) bool {
	urls, pairs := 0, 0
	for _, r := range t.Sample() {
		switch {
		case len(r) < columnCount, len(r)%2 == 0, r[urlColumn] != "" && !source.LooksLikeURL(r[urlColumn]):
			return false
		case len(r) > columnCount:
			pairs++
		}
		if r[urlColumn] != "" {
			urls++
		}
	}
	return urls > 0 && pairs > 0 && pairs < len(t.Sample())
}

func readCSV(in *source.Input, b *source.Builder) error {
	in.CSVHeader()
	t := *in.Table
	t.Unnamed = !keeperNames(&t)
	for row := range t.Rows(b, true) {
		cells := row.Cells
		if len(cells) < columnCount {
			cells = append(slices.Clone(cells), make([]string, columnCount-len(cells))...)
		}
		row.Item = item.Item{Title: cells[1], Username: cells[2], Password: cells[3], Notes: cells[5]}
		r := record{row.Draft}
		r.folder(cells[0])
		r.folder(cells[6])
		r.AddURL(cells[urlColumn], item.MatchDomain)
		for rest := cells[columnCount:]; len(rest) > 0; rest = rest[min(2, len(rest)):] {
			if len(rest) == 1 {
				r.Relocate("Column", rest[0], item.FieldHidden)
				break
			}
			r.pair(rest[0], rest[1])
		}
		r.CardOfFields()
		r.NoteOrLogin()
		r.Add()
	}
	return nil
}

func (r *record) pair(name, value string) {
	if value != "" {
		r.field(name, value)
	}
}
