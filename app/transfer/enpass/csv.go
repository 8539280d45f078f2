package enpass

import (
	"slices"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer/source"
)

// CSV is the table of Enpass. It has no header: the title, then a label and a value for each field, an asterisk before the
// label of a sensitive one, and the note alone at the end.
var CSV = source.Custom{Is: isCSV, Parse: readCSV}

func isCSV(in *source.Input) bool {
	first := in.CSVHeader()
	if len(first) == 0 {
		return false
	}
	if in.Options.Format == "enpass-csv" || strings.Contains(in.Name, "enpass") {
		return true
	}
	for i, cell := range first[1:] {
		if i%2 == 1 && columnOf(cell) != source.ColumnField {
			return false // column names side by side
		}
	}
	// Labels repeat in many rows; in other tables only the first row has such words.
	labelled, most, rows := 0, 0, in.Table.Sample()
	for _, r := range rows {
		n := countLabels(r)
		labelled, most = labelled+min(n, 1), max(most, n)
	}
	return most > 1 && labelled*2 >= len(rows)
}

// countLabels counts the labels in a row that say what the next value is.
func countLabels(cells []string) int {
	n := 0
	for i := 1; i+1 < len(cells); i += 2 {
		if columnOf(cells[i]) != source.ColumnField {
			n++
		}
	}
	return n
}

// columnOf returns the meaning of a label, in the languages of column names.
func columnOf(label string) source.Column {
	column, sure := source.Meaning(label)
	if sure/1000 == source.ByWhole && slices.Contains([]source.Column{source.ColumnUsername, source.ColumnPassword, source.ColumnURL, source.ColumnTOTP}, column) {
		return column
	}
	return source.ColumnField
}

func readCSV(in *source.Input, b *source.Builder) error {
	in.CSVHeader()
	t := *in.Table
	t.Unnamed = source.Fold(t.Header[0]) != "title"
	for r := range t.Rows(b, true) {
		cells := r.Cells
		r.Title = cells[0]
		if len(cells)%2 == 0 {
			r.Notes = cells[len(cells)-1]
		}
		for i := 1; i+1 < len(cells); i += 2 {
			takePair(&r.Item, cells[i], cells[i+1])
		}
		r.CardOfFields()
		r.NoteOrLogin()
		r.Draft.Add()
	}
	return nil
}

func takePair(it *item.Item, label, value string) {
	place := map[source.Column]*string{source.ColumnUsername: &it.Username, source.ColumnPassword: &it.Password, source.ColumnTOTP: &it.TOTP}[columnOf(label)]
	name, sensitive := strings.CutPrefix(label, "*")
	switch {
	case strings.TrimSpace(value) == "":
	case columnOf(label) == source.ColumnURL:
		it.URLs = append(it.URLs, value)
	case place != nil && source.SetOnce(place, value):
	case sensitive:
		source.AddField(it, name, value, item.FieldHidden)
	default:
		source.AddField(it, name, value, source.KindOfValue(name, value))
	}
}
