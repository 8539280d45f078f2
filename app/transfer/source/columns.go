package source

import (
	"regexp"
	"slices"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
)

// Column says what the values of a column become.
type Column string

const (
	ColumnField     Column = "" // a custom field with the column's name
	ColumnHidden    Column = "hidden"
	ColumnSkip      Column = "skip"
	ColumnType      Column = "type"
	ColumnTitle     Column = "title"
	ColumnURL       Column = "url"
	ColumnUsername  Column = "username"
	ColumnPassword  Column = "password"
	ColumnTOTP      Column = "totp"
	ColumnNotes     Column = "notes"
	ColumnTag       Column = "tag"
	ColumnFavourite Column = "favourite"
	ColumnCreated   Column = "created"
	ColumnModified  Column = "modified"
)

// allColumns are in display order.
var allColumns = []Column{
	ColumnTitle, ColumnURL, ColumnUsername, ColumnPassword, ColumnTOTP, ColumnNotes, ColumnTag, ColumnFavourite, ColumnType, ColumnCreated,
	ColumnModified, ColumnHidden, ColumnSkip, ColumnField,
}

// Known reports whether the column exists.
func (c Column) Known() bool { return slices.Contains(allColumns, c) }

// ColumnNames lists the columns that have a name, for use in a sentence.
func ColumnNames() string {
	var out []string
	for _, c := range allColumns[:len(allColumns)-1] {
		out = append(out, string(c))
	}
	return strings.Join(out, ", ")
}

// Preview is the start of a table, so that the user can say what its columns are. The values may be secrets.
type Preview struct {
	Header     []string   `json:"header"`
	Rows       [][]string `json:"rows"`
	Guess      []Column   `json:"guess"`
	Headerless bool       `json:"headerless"` // the first row looks like values
}

const previewRows = 5

// Columns previews a table of any kind.
func Columns(f File) (*Preview, error) {
	in, err := NewInput(f, Options{})
	if err != nil {
		return nil, err
	}
	if len(in.CSVHeader()) == 0 {
		if _, err := in.Text(); err != nil {
			return nil, err
		}
		return nil, Fail(parcel.FileOtherFormat, parcel.Values{Name: "CSV"})
	}
	rows := in.Table.Sample()
	p := &Preview{Header: in.Table.Header, Guess: guess(in.Table.Header), Headerless: in.Table.holdsValues()}
	if p.Headerless {
		p.Guess = guessByValue(rows, len(p.Header))
	}
	p.Rows = append([][]string{}, rows[min(1, len(rows)):min(1+previewRows, len(rows))]...)
	return p, nil
}

// Headerless reports whether the first row may not be a header: it holds values, or too few known names.
func (t *Table) Headerless() bool {
	named, whole := 0, 0
	for i, name := range t.Header {
		if _, sure := Meaning(name); sure > 0 || t.cardPart(i) != "" {
			named++
			if sure/1000 == ByWhole {
				whole++
			}
		}
	}
	return whole < 2 && named < 3 && named*2 <= len(t.Header) || named < 2 || t.holdsValues()
}

// holdsValues reports whether the first row contains something that cannot be a column name.
func (t *Table) holdsValues() bool {
	rows := t.Sample()
	for i, name := range t.Header {
		if _, sure := Meaning(name); isValue(name) || sure/1000 != ByWhole && repeats(rows, i, name) {
			return true
		}
	}
	return false
}

// repeats reports whether the name of column i also occurs among its values.
func repeats(rows [][]string, i int, name string) bool {
	return name != "" && len(rows) > 1 && slices.ContainsFunc(rows[1:], func(r []string) bool {
		return i < len(r) && r[i] == name && !slices.Equal(r, rows[0])
	})
}

var (
	emailAddress = regexp.MustCompile(`^[^\s@]+@[^\s@]+\.[^\s@]+$`)
	webURL       = regexp.MustCompile(`^(?i)(?:[a-z][a-z0-9+.-]*://\S+|(?:[\pL\d_-]+\.)+\pL{2,}\.?(?::\d+)?(?:[/?#]\S*)?|\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?(?:[/?#]\S*)?|\[[0-9a-f:]+\]\S*|localhost(?::\d+)?(?:/\S*)?)$`)
	onlyNumbers  = regexp.MustCompile(`^[\d +/:.,-]{4,}$`)
)

// LooksLikeURL reports whether s is a URL, with or without a scheme.
func LooksLikeURL(s string) bool { return webURL.MatchString(strings.TrimSpace(s)) }

// isValue reports whether s looks like a value instead of a column name. Names may contain dots, as in "login.username".
func isValue(s string) bool {
	s = strings.TrimSpace(s)
	if emailAddress.MatchString(s) || onlyNumbers.MatchString(s) || strings.Contains(s, "://") {
		return true
	}
	column, _ := Meaning(s)
	return column == ColumnField && LooksLikeURL(s)
}

// guessByValue guesses the columns of a table without a header from its values.
func guessByValue(rows [][]string, width int) []Column {
	out := make([]Column, width)
	for i := range out {
		switch first := firstValue(rows, i); {
		case strings.HasPrefix(first, "otpauth://") && !slices.Contains(out, ColumnTOTP):
			out[i] = ColumnTOTP
		case LooksLikeURL(first):
			out[i] = ColumnURL
		case emailAddress.MatchString(first) && !slices.Contains(out, ColumnUsername):
			out[i] = ColumnUsername
		}
	}
	return out
}

func firstValue(rows [][]string, i int) string {
	for _, r := range rows {
		if i < len(r) && r[i] != "" {
			return r[i]
		}
	}
	return ""
}
