package source

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
)

// Table is a text with one record per line. One of them, usually the first, names the columns.
type Table struct {
	Text      string
	separator byte
	line      int      // number of the header
	Header    []string // as in the file
	Folded    []string // the names as formats compare them
	Unnamed   bool     // there is no header: every record is a row
	wrapped   bool     // see reader
	columns   []Column // nil: guessed from the names
	kinds     map[int]item.FieldKind
	cards     []string // the part of a card that each column holds
}

// CSVHeader returns the column names as formats compare them, or nil if the file is not a table.
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
	// sampleRows and sampleBytes limit how much is examined to find out how a table is written.
	sampleRows  = 100
	sampleBytes = 64 << 10
)

func (t *Table) open(text string) {
	separators := []byte{',', ';', '\t', '|'}
	at, number := 0, 1 // empty lines and comments may come first
	for ; at < len(text); number++ {
		end := lineEnd(text, at)
		line := strings.TrimRight(text[at:end], "\r\n")
		if rest, ok := strings.CutPrefix(line, "sep="); ok && len(rest) == 1 { // the hint for Excel
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

// choose picks the separator that gives most records as many values as the header, and among those the one with the most
// values.
func (t *Table) choose(text string, at int, separators []byte) {
	line := text[at:lineEnd(text, at)]
	if strings.Count(line, "\"")%2 != 0 { // a name continues on the next line
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

// alike counts the first records that have that many values.
func (t *Table) alike(text string, separator byte, values int) (n int) {
	for _, r := range t.sampleOf(text, separator) {
		if len(r) == values {
			n++
		}
	}
	return n
}

// sampleOf returns the first records of a text that can be parsed.
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

// Sample returns the first records, starting with the header.
func (t *Table) Sample() [][]string {
	at := 0
	for range t.line - 1 {
		at = lineEnd(t.Text, at)
	}
	return t.sampleOf(t.Text[at:], t.separator)
}

// Fold normalizes a column name for comparison: lower case, no surrounding space.
func Fold(name string) string {
	return strings.ToLower(strings.TrimSpace(name))
}

// Row is one row from which values are taken, and its draft. rest yields the remaining values.
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

// Rows yields the rows below the header, and reports broken ones. If ragged, a row may have fewer or more values than there
// are columns; those beyond the header have no name.
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

// row converts a record. It returns nil for an empty one, a repeated header, and a broken one, which it reports.
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

// reader returns a reader for the records of the table.
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

// fill pads a record to the width of the table and reports problems. Values at the end of a row may be missing
// if an item is useful without them and the file was not cut there. Extra values are accepted only if the row has a URL in
// its place, because lines of a broken row look like rows too.
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
	case columns[width-1] == ColumnNotes: // unquoted separators
		b.Problem(r.number, "", parcel.ExtraIntoNotes, counts)
		r.cells = append(slices.Clone(r.cells[:width-1]), strings.Join(r.cells[width-1:], string(t.separator)))
	default:
		b.Problem(r.number, "", parcel.ExtraIntoFields, counts)
	}
	return r
}

// identified reports whether a short record has a title and a password in place.
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

// pads reports whether all values beyond the header are empty, as when each line ends in a separator.
func (t *Table) pads(cells []string) bool {
	return len(cells) > len(t.Header) && (record{cells: cells[len(t.Header):]}).empty()
}

// Text takes the first nonempty value of the columns with these folded names.
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

// Has reports whether one of the columns with these folded names has a remaining value.
func (r *Row) Has(names ...string) bool {
	for i, have := range r.Table.Folded {
		if i < len(r.Cells) && slices.Contains(names, have) && !r.Taken[i] && r.Cells[i] != "" {
			return true
		}
	}
	return false
}

// Left reports whether any value of the row remains.
func (r *Row) Left() bool {
	for range r.rest() {
		return true
	}
	return false
}

// Drop ignores columns that have a meaning only inside the vendor's product.
func (r *Row) Drop(names ...string) {
	for i, have := range r.Table.Folded {
		if i < len(r.Cells) && slices.Contains(names, have) {
			r.Taken[i] = true
		}
	}
}

// rest yields the remaining nonempty values, named as in the file. Values without a column name are hidden, as they may be
// secrets.
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

// kind returns how to show the values of column i.
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

// Name returns the name of column i in the file.
func (r *Row) Name(i int) string {
	if i < len(r.Table.Header) && !r.Table.Unnamed {
		if name := strings.TrimSpace(r.Table.Header[i]); name != "" {
			return name
		}
	}
	return fmt.Sprintf("Column %d", i+1)
}
