package transfer

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// table is a text with one record a line, of which one, mostly the first, names the columns.
type table struct {
	text      string
	separator byte
	line      int      // number of the record that names the columns
	header    []string // as it stands in the file
	folded    []string // the names as a format compares them
	unnamed   bool     // the names are values: every record is a row
	wrapped   bool     // see reader
	columns   []Column // nil: as guessed from the names
	kinds     map[int]item.FieldKind
	cards     []string // for each column the part of a card that it holds
}

// csvHeader is the names of the columns as formats compare them, nil if the file is no table.
func (in *input) csvHeader() []string {
	if in.table == nil {
		in.table = &table{}
		if text, err := in.text(); err == nil {
			in.table.open(text)
		}
	}
	return in.table.folded
}

const (
	// sampleRows and sampleBytes bound what is looked at to find out how a table is written.
	sampleRows  = 100
	sampleBytes = 64 << 10
)

func (t *table) open(text string) {
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
	if len(t.header) < 2 || (record{cells: t.header}).empty() {
		t.header = nil
		return
	}
	t.text, t.line = text, number
	for _, name := range t.header {
		t.folded = append(t.folded, fold(name))
	}
}

// choose finds the separator with which most records have as many values as the first one, and then the most values.
func (t *table) choose(text string, at int, separators []byte) {
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
		alike := 0
		for _, r := range t.sampleOf(text[at:], separator) {
			if len(r) == len(cells) {
				alike++
			}
		}
		if alike > best || alike == best && len(cells) > len(t.header) {
			best, t.header, t.separator = alike, cells, separator
		}
	}
}

// sampleOf is the first records of a text that can be read.
func (t *table) sampleOf(text string, separator byte) [][]string {
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

// sample is the first records, beginning with that which names the columns.
func (t *table) sample() [][]string {
	at := 0
	for range t.line - 1 {
		at = lineEnd(t.text, at)
	}
	return t.sampleOf(t.text[at:], t.separator)
}

// fold brings the name of a column to the form in which formats compare it: in lower case, without space around it.
func fold(name string) string {
	return strings.ToLower(strings.TrimSpace(name))
}

// csvRow is one row, from which values are taken. What nobody took is what rest yields.
type csvRow struct {
	number int
	table  *table
	cells  []string
	taken  []bool
}

// csvRows yields the rows below the header. Rows that are broken go to b.problem. With ragged, a row may have fewer or
// more values than there are columns; those beyond the header have no name.
func (in *input) csvRows(b *builder, ragged bool) iter.Seq[*csvRow] {
	in.csvHeader()
	return in.table.rows(b, ragged)
}

func (t *table) rows(b *builder, ragged bool) iter.Seq[*csvRow] {
	columns := t.columns
	if columns == nil {
		columns = guess(t.header)
	}
	from := t.reader(columns, ragged)
	return func(yield func(*csvRow) bool) {
		for r, at := range from.records() {
			if r.number <= from.header {
				continue
			}
			b.progress(at, len(t.text))
			row := t.row(b, r, columns, from.width, at == len(t.text))
			if b.full || row != nil && !yield(row) {
				return
			}
		}
	}
}

// row is a record as a row of the table, nil if it is none: empty, the header again, or one that is reported.
func (t *table) row(b *builder, r record, columns []Column, width int, last bool) *csvRow {
	if r.empty() || slices.Equal(r.cells, t.header) && !t.unnamed {
		return nil
	}
	if r.broken == "" && width > 0 {
		r = t.fill(b, r, columns, last && !strings.HasSuffix(t.text, "\n") && !strings.HasSuffix(t.text, "\r"))
	}
	if r.broken != "" {
		b.problem(r.number, "", r.broken)
		return nil
	}
	return &csvRow{r.number, t, r.cells, make([]bool, len(r.cells))}
}

// reader reads the records of the table.
func (t *table) reader(columns []Column, ragged bool) *reader {
	r := &reader{text: t.text, separator: t.separator, wrapped: t.wrapped, header: t.line, url: -1, notes: -1}
	if t.unnamed {
		r.header--
	}
	if ragged {
		return r
	}
	r.width, r.url, r.notes = len(t.folded), slices.Index(columns, ColumnURL), slices.Index(columns, ColumnNotes)
	switch last := len(columns) - 1; columns[last] {
	case ColumnNotes:
		r.notes = last
	case ColumnFavourite:
		r.ends = true
	}
	return r
}

// fill brings a record to the width of the table and reports what is wrong with it. What is not needed to use an item may be
// missing at the end of a row that was not cut. More comes in only from a row that has an address in its place, because
// the lines of a broken one look like rows too.
func (t *table) fill(b *builder, r record, columns []Column, last bool) record {
	n, width := len(r.cells), len(t.folded)
	if n == width || t.pads(r.cells) {
		return r
	}
	url := slices.Index(columns, ColumnURL)
	placed := url >= 0 && url < n && looksLikeURL(r.cells[url])
	wrong := fmt.Sprintf("there are %d values for %d columns", n, width)
	switch {
	case n < width:
		lacks := slices.ContainsFunc(columns[n:], func(c Column) bool { return slices.Contains(needed, c) })
		switch {
		case n == 1 && width > 2, lacks && !placed && !r.identified(columns):
			r.broken = wrong
		case lacks, last:
			b.problem(r.number, "", wrong+"; what is missing is taken as empty")
		}
		r.cells = append(slices.Clone(r.cells), make([]string, width-n)...)
	case url >= 0 && !placed && r.cells[url] != "":
		r.broken = wrong
	case columns[width-1] == ColumnNotes: // separators outside quotes
		b.problem(r.number, "", wrong+"; the last ones came in as notes")
		r.cells = append(slices.Clone(r.cells[:width-1]), strings.Join(r.cells[width-1:], string(t.separator)))
	default:
		b.problem(r.number, "", wrong+"; the last ones came in as hidden fields")
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
func (t *table) pads(cells []string) bool {
	return len(cells) > len(t.header) && (record{cells: cells[len(t.header):]}).empty()
}

// text takes the first value that is not empty of the columns with these folded names.
func (r *csvRow) text(names ...string) string {
	for _, name := range names {
		for i, have := range r.table.folded {
			if i < len(r.cells) && have == name && !r.taken[i] && r.cells[i] != "" {
				r.taken[i] = true
				return r.cells[i]
			}
		}
	}
	return ""
}

// has reports whether one of the columns with these folded names has a value that was not taken.
func (r *csvRow) has(names ...string) bool {
	for i, have := range r.table.folded {
		if i < len(r.cells) && slices.Contains(names, have) && !r.taken[i] && r.cells[i] != "" {
			return true
		}
	}
	return false
}

// left reports whether something in the row was not taken.
func (r *csvRow) left() bool {
	for range r.rest() {
		return true
	}
	return false
}

// drop leaves out columns that only mean something inside the vendor's own product.
func (r *csvRow) drop(names ...string) {
	for i, have := range r.table.folded {
		if i < len(r.cells) && slices.Contains(names, have) {
			r.taken[i] = true
		}
	}
}

// rest yields what was not taken and is not empty, named as in the file. What no column names may be a secret.
func (r *csvRow) rest() iter.Seq[item.Field] {
	return func(yield func(item.Field) bool) {
		for i, value := range r.cells {
			if r.taken[i] || strings.TrimSpace(value) == "" {
				continue
			}
			f := item.Field{Name: r.name(i), Value: value, Kind: item.FieldHidden}
			if i < len(r.table.header) && !r.table.unnamed && r.table.folded[i] != "" {
				f.Kind = r.table.kind(i, f.Name)
			}
			if !yield(f) {
				return
			}
		}
	}
}

// kind is how a value of column i is shown.
func (t *table) kind(i int, name string) item.FieldKind {
	if t.kinds == nil {
		t.kinds = map[int]item.FieldKind{}
	}
	kind, ok := t.kinds[i]
	if !ok {
		kind = kindOf(name)
		t.kinds[i] = kind
	}
	return kind
}

// name is what the file calls column i.
func (r *csvRow) name(i int) string {
	if i < len(r.table.header) && !r.table.unnamed {
		if name := strings.TrimSpace(r.table.header[i]); name != "" {
			return name
		}
	}
	return fmt.Sprintf("Column %d", i+1)
}
