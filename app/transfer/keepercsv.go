package transfer

import (
	"slices"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// The CSV of Keeper mostly has no header: folder, title, login, password, address, notes, shared folder, and a name and a
// value for each custom field.

const (
	keeperColumns = 7
	keeperAddress = 4
	keeperCode    = "TFC:Keeper" // the name of the one-time code
)

// keeperCSV is the table of Keeper.
var keeperCSV = custom{is: isKeeperCSV, parse: readKeeperCSV}

func isKeeperCSV(in *input) bool {
	switch first := in.csvHeader(); {
	case len(first) < keeperColumns-1:
		return false
	case in.options.Format == "keeper-csv", strings.Contains(in.table.text, keeperCode):
		return true
	case in.table.keeperNames():
		return meansURL(first[keeperAddress])
	}
	return in.table.headerless() && (strings.Contains(in.name, "keeper") || in.table.keeperRows())
}

func meansURL(name string) bool {
	column, _ := meaning(name)
	return column == ColumnURL
}

// keeperNames reports whether the first row is a header, as that of the table for an import.
func (t *table) keeperNames() bool {
	return slices.Equal(t.folded[:keeperAddress], []string{"folder", "title", "login", "password"})
}

// keeperRows reports whether the rows are such as Keeper writes: an address in its place, and behind the seven values
// pairs, of which some rows have more than others.
func (t *table) keeperRows() bool {
	addresses, pairs := 0, 0
	for _, r := range t.sample() {
		switch {
		case len(r) < keeperColumns, len(r)%2 == 0, r[keeperAddress] != "" && !looksLikeURL(r[keeperAddress]):
			return false
		case len(r) > keeperColumns:
			pairs++
		}
		if r[keeperAddress] != "" {
			addresses++
		}
	}
	return addresses > 0 && pairs > 0 && pairs < len(t.sample())
}

func readKeeperCSV(in *input, b *builder) error {
	in.csvHeader()
	t := *in.table
	t.unnamed = !t.keeperNames()
	for row := range t.rows(b, true) {
		cells := row.cells
		if len(cells) < keeperColumns {
			cells = append(slices.Clone(cells), make([]string, keeperColumns-len(cells))...)
		}
		row.Item = item.Item{Title: cells[1], Username: cells[2], Password: cells[3], Notes: cells[5]}
		r := keeper{row.draft}
		r.folder(cells[0])
		r.folder(cells[6])
		r.addURL(cells[keeperAddress], item.MatchDomain)
		for rest := cells[keeperColumns:]; len(rest) > 0; rest = rest[min(2, len(rest)):] {
			if len(rest) == 1 {
				r.relocate("Column", rest[0], item.FieldHidden)
				break
			}
			r.pair(rest[0], rest[1])
		}
		r.cardOfFields()
		r.noteOrLogin()
		r.add()
	}
	return nil
}

func (r *keeper) pair(name, value string) {
	if value != "" {
		r.field(name, value)
	}
}
