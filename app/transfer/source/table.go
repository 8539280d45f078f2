package source

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
)

// Table is a text with one record a line, of which one, mostly the first, names the columns.
type Table struct {
	Text      string
	separator byte
	line      int      // number of the record that names the columns
	Header    []string // as it stands in the file
	Folded    []string // the names as a format compares them
	Unnamed   bool     // the names are values: every record is a row
	wrapped   bool     // see reader
	columns   []Column // nil: as guessed from the names
	kinds     map[int]item.FieldKind
	cards     []string // for each column the part of a card that it holds
}

// CSVHeader is the names of the columns as formats compare them, nil if the file is no table.
func (in *Input) CSVHeader() []string {
	if in.Table == nil {
		in.Table = &Table{}
		if text, err := in.Text(); err == nil {
			in.Table.open(text)
		}
	}
	return in.Table.Folded
}

const (
	// sampleRows and sampleBytes bound what is looked at to find out how a table is written.
	sampleRows  = 100
	sampleBytes = 64 << 10
)

func (t *Table) open(text string) {
	separators := []byte{',', ';', '\t', '|'}
	at, number := 0, 1 // empty lines and comments may come first
	for ; at < len(text); number++ {
		end := lineEnd(text, at)
		line := strings.TrimRight(text[at:end], "\r\n")
		if rest, ok := strings.CutPrefix(line, "sep="); ok && len(rest) == 1 { // how a table tells Excel its separator
			separators = []byte{rest[0]}
		} else if strings.Trim(line, " ,;\"") != "" && !strings.HasPrefix(line, "#") {
			break
		}
		at = end
	}
	t.choose(text, at, separators)
	if len(t.Header) < 2 || (record{cells: t.Header}).empty() {
		t.Header = nil
		return
	}
	t.Text, t.line = text, number
	for _, name := range t.Header {
		t.Folded = append(t.Folded, Fold(name))
	}
}

// choose finds the separator with which most records have as many values as the first one, and then the most values.
func (t *Table) choose(text string, at int, separators []byte) {
	line := text[at:lineEnd(text, at)]
	if strings.Count(line, "\"")%2 != 0 { // a name goes on in the next line
		line = text[at:min(len(text), at+sampleBytes)]
	}
	if whole, _, broken := readRecord(line, 0, 0, doubledQuotes); broken == "" && strings.HasPrefix(line, `"`) {
		line, t.wrapped = whole[0], true
	}
	best := 0
	for _, separator := range separators {
		cells, _, broken := readRecord(line, 0, separator, doubledQuotes)
		if broken != "" || len(cells) < 2 {
			continue
		}
		alike := t.alike(text[at:], separator, len(cells))
		if alike > best || alike == best && len(cells) > len(t.Header) {
			best, t.Header, t.separator = alike, cells, separator
		}
	}
}

// alike counts the first records that have so many values.
func (t *Table) alike(text string, separator byte, values int) (n int) {
	for _, r := range t.sampleOf(text, separator) {
		if len(r) == values {
			n++
		}
	}
	return n
}

// sampleOf is the first records of a text that can be read.
func (t *Table) sampleOf(text string, separator byte) [][]string {
	var out [][]string
	text = text[:min(len(text), sampleBytes)]
	for r := range (&reader{text: text, separator: separator, wrapped: t.wrapped, url: -1, notes: -1}).records() {
		if r.broken == "" && !r.empty() {
			out = append(out, r.cells)
		}
		if len(out) == sampleRows {
			break
		}
	}
	return out
}

// Sample is the first records, beginning with that which names the columns.
func (t *Table) Sample() [][]string {
	at := 0
	for range t.line - 1 {
		at = lineEnd(t.Text, at)
	}
	return t.sampleOf(t.Text[at:], t.separator)
}

// Fold brings the name of a column to the form in which formats compare it: in lower case, without space around it.
func Fold(name string) string {
	return strings.ToLower(strings.TrimSpace(name))
}

// Row is one row, from which values are taken, with the item that is made of it. What is left is what rest yields.
type Row struct {
	*Draft
	Table *Table
	Cells []string
	Taken []bool
}

// CSVRows yields the rows of the table, see [Table.Rows].
func (in *Input) CSVRows(b *Builder, ragged bool) iter.Seq[*Row] {
	in.CSVHeader()
	return in.Table.Rows(b, ragged)
}

// Rows yields the rows below the header. Rows that are broken are reported. With ragged, a row may have fewer or more
// values than there are columns; those beyond the header have no name.
func (t *Table) Rows(b *Builder, ragged bool) iter.Seq[*Row] {
	columns := t.columns
	if columns == nil {
		columns = guess(t.Header)
	}
	from := t.reader(columns, ragged)
	return func(yield func(*Row) bool) {
		for r, at := range from.records() {
			if r.number <= from.header {
				continue
			}
			b.Progress(at, len(t.Text))
			row := t.row(b, r, columns, from.width, at == len(t.Text))
			if b.Full || row != nil && !yield(row) {
				return
			}
		}
	}
}

// row is a record as a row of the table, nil if it is none: empty, the header again, or one that is reported.
func (t *Table) row(b *Builder, r record, columns []Column, width int, last bool) *Row {
	if r.empty() || slices.Equal(r.cells, t.Header) && !t.Unnamed {
		return nil
	}
	if r.broken == "" && width > 0 {
		r = t.fill(b, r, columns, last && !strings.HasSuffix(t.Text, "\n") && !strings.HasSuffix(t.Text, "\r"))
	}
	if r.broken != "" {
		b.Problem(r.number, "", r.broken, r.values)
		return nil
	}
	return &Row{b.Draft(r.number), t, r.cells, make([]bool, len(r.cells))}
}

// reader reads the records of the table.
func (t *Table) reader(columns []Column, ragged bool) *reader {
	r := &reader{text: t.Text, separator: t.separator, wrapped: t.wrapped, header: t.line, url: -1, notes: -1}
	if t.Unnamed {
		r.header--
	}
	if ragged {
		return r
	}
	r.width, r.url, r.notes = len(t.Folded), slices.Index(columns, ColumnURL), slices.Index(columns, ColumnNotes)
	switch last := len(columns) - 1; columns[last] {
	case ColumnNotes:
		r.notes = last
	case ColumnFavourite:
		r.ends = true
	}
	return r
}

// fill brings a record to the width of the table and reports what is wrong with it. What is not needed to use an item may be
// missing at the end of a row that was not cut. More comes in only from a row that has a URL in its place, because
// the lines of a broken one look like rows too.
func (t *Table) fill(b *Builder, r record, columns []Column, last bool) record {
	n, width := len(r.cells), len(t.Folded)
	if n == width || t.pads(r.cells) {
		return r
	}
	url := slices.Index(columns, ColumnURL)
	placed := url >= 0 && url < n && LooksLikeURL(r.cells[url])
	counts := parcel.Values{Count: n, Limit: width}
	switch {
	case n < width:
		lacks := slices.ContainsFunc(columns[n:], func(c Column) bool { return slices.Contains(needed, c) })
		switch {
		case n == 1 && width > 2, lacks && !placed && !r.identified(columns):
			r.broken, r.values = parcel.ColumnCount, counts
		case lacks, last:
			b.Problem(r.number, "", parcel.MissingValues, counts)
		}
		r.cells = append(slices.Clone(r.cells), make([]string, width-n)...)
	case url >= 0 && !placed && r.cells[url] != "":
		r.broken, r.values = parcel.ColumnCount, counts
	case columns[width-1] == ColumnNotes: // separators outside quotes
		b.Problem(r.number, "", parcel.ExtraIntoNotes, counts)
		r.cells = append(slices.Clone(r.cells[:width-1]), strings.Join(r.cells[width-1:], string(t.separator)))
	default:
		b.Problem(r.number, "", parcel.ExtraIntoFields, counts)
	}
	return r
}

// identified reports whether a short record has a title and a password in their places.
func (r record) identified(columns []Column) bool {
	for _, c := range []Column{ColumnTitle, ColumnPassword} {
		if i := slices.Index(columns, c); i < 0 || i >= len(r.cells) || r.cells[i] == "" {
			return false
		}
	}
	return true
}

// needed are the parts without which an item is of little use.
var needed = []Column{ColumnTitle, ColumnURL, ColumnUsername, ColumnPassword, ColumnTOTP}

// pads reports whether the values beyond the header are empty, as when each line ends in a separator.
func (t *Table) pads(cells []string) bool {
	return len(cells) > len(t.Header) && (record{cells: cells[len(t.Header):]}).empty()
}

// Text takes the first value that is not empty of the columns with these folded names.
func (r *Row) Text(names ...string) string {
	for _, name := range names {
		for i, have := range r.Table.Folded {
			if i < len(r.Cells) && have == name && !r.Taken[i] && r.Cells[i] != "" {
				r.Taken[i] = true
				return r.Cells[i]
			}
		}
	}
	return ""
}

// Has reports whether one of the columns with these folded names has a value that was not taken.
func (r *Row) Has(names ...string) bool {
	for i, have := range r.Table.Folded {
		if i < len(r.Cells) && slices.Contains(names, have) && !r.Taken[i] && r.Cells[i] != "" {
			return true
		}
	}
	return false
}

// Left reports whether something in the row was not taken.
func (r *Row) Left() bool {
	for range r.rest() {
		return true
	}
	return false
}

// Drop leaves out columns that only mean something inside the vendor's own product.
func (r *Row) Drop(names ...string) {
	for i, have := range r.Table.Folded {
		if i < len(r.Cells) && slices.Contains(names, have) {
			r.Taken[i] = true
		}
	}
}

// rest yields what was not taken and is not empty, named as in the file. What no column names may be a secret.
func (r *Row) rest() iter.Seq[item.Field] {
	return func(yield func(item.Field) bool) {
		for i, value := range r.Cells {
			if r.Taken[i] || strings.TrimSpace(value) == "" {
				continue
			}
			f := item.Field{Name: r.Name(i), Value: value, Kind: item.FieldHidden}
			if i < len(r.Table.Header) && !r.Table.Unnamed && r.Table.Folded[i] != "" {
				f.Kind = r.Table.kind(i, f.Name)
			}
			if !yield(f) {
				return
			}
		}
	}
}

// kind is how a value of column i is shown.
func (t *Table) kind(i int, name string) item.FieldKind {
	if t.kinds == nil {
		t.kinds = map[int]item.FieldKind{}
	}
	kind, ok := t.kinds[i]
	if !ok {
		kind = KindOf(name)
		t.kinds[i] = kind
	}
	return kind
}

// Name is what the file calls column i.
func (r *Row) Name(i int) string {
	if i < len(r.Table.Header) && !r.Table.Unnamed {
		if name := strings.TrimSpace(r.Table.Header[i]); name != "" {
			return name
		}
	}
	return fmt.Sprintf("Column %d", i+1)
}
