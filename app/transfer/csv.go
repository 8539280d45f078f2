package transfer

import (
	"fmt"
	"iter"
	"slices"
	"strings"
)

// The CSV of password managers is not always that of RFC 4180: lines end in CRLF, LF or CR, values are separated by
// commas, semicolons or tabs, and quotes are left out, doubled or forgotten. A record that cannot be understood is
// given up alone, and reading goes on at the line after the one it began on.

const (
	maxColumns = 2000
	// maxRereadBytes bounds how much is read again after records that were given up, so that a file full of forgotten
	// quotes takes no more than a few times as long as another.
	maxRereadBytes = 16 << 20
)

// What is wrong with one record.
const (
	reasonUnclosed = "a quotation mark is not closed"
	reasonQuote    = "text follows a closing quotation mark"
	reasonColumns  = "there are too many values"
)

// record is one row of a table as it stands in the file.
type record struct {
	number int // from 1 on, the header included
	cells  []string
	broken string // why it could not be read; then cells is what was read up to there
}

func (r record) empty() bool {
	return r.broken == "" && !slices.ContainsFunc(r.cells, func(c string) bool { return c != "" })
}

// records yields the records of a text, and how many bytes of it are read.
func records(text string, separator byte) iter.Seq2[record, int] {
	return func(yield func(record, int) bool) {
		reread := 0
		for i, number := 0, 1; i < len(text); number++ {
			start := i
			cells, end, broken := readRecord(text, i, separator)
			i = end
			if broken != "" {
				if next := lineEnd(text, start); next < end && reread < maxRereadBytes {
					reread += end - next
					i = next
				}
			}
			if !yield(record{number, cells, broken}, i) {
				return
			}
		}
	}
}

// readRecord reads the record that begins at i and returns where the next one begins.
func readRecord(text string, i int, separator byte) (cells []string, next int, broken string) {
	for {
		var cell string
		if i < len(text) && text[i] == '"' {
			cell, i, broken = readQuoted(text, i)
		} else {
			start := i
			for i < len(text) && text[i] != separator && text[i] != '\n' && text[i] != '\r' {
				i++
			}
			cell = text[start:i]
		}
		cells = append(cells, cell)
		if len(cells) > maxColumns {
			broken = reasonColumns
		}
		switch {
		case broken != "":
			return cells, lineEnd(text, i), broken
		case i == len(text):
			return cells, i, ""
		case text[i] == separator:
			i++
		case text[i] == '\n', text[i] == '\r':
			return cells, lineEnd(text, i), ""
		default:
			return cells, lineEnd(text, i), reasonQuote
		}
	}
}

// readQuoted reads a value in quotes, in which a quote is doubled. i is at the first quote, next behind the last.
func readQuoted(text string, i int) (value string, next int, broken string) {
	i++
	var b strings.Builder
	for {
		n := strings.IndexByte(text[i:], '"')
		if n < 0 {
			return "", len(text), reasonUnclosed
		}
		piece := text[i : i+n]
		i += n + 1
		if i == len(text) || text[i] != '"' {
			if b.Len() == 0 {
				return piece, i, ""
			}
			b.WriteString(piece)
			return b.String(), i, ""
		}
		b.WriteString(piece)
		b.WriteByte('"')
		i++
	}
}

// lineEnd is where the line after the one at i begins.
func lineEnd(text string, i int) int {
	n := strings.IndexAny(text[i:], "\r\n")
	if n < 0 {
		return len(text)
	}
	i += n
	if strings.HasPrefix(text[i:], "\r\n") {
		i++
	}
	return i + 1
}

// table is a text with one record a line, the first of them naming the columns.
type table struct {
	text      string
	separator byte
	header    []string // as it stands in the file
	folded    []string // the names as a format compares them
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

func (t *table) open(text string) {
	line := text[:lineEnd(text, 0)]
	if strings.Count(line, "\"")%2 != 0 { // a name goes on in the next line
		line = text[:min(len(text), 64<<10)]
	}
	var best []string
	for _, separator := range []byte{',', ';', '\t'} {
		cells, _, broken := readRecord(line, 0, separator)
		if broken == "" && len(cells) > len(best) {
			best, t.separator = cells, separator
		}
	}
	if len(best) < 2 || !slices.ContainsFunc(best, func(name string) bool { return name != "" }) {
		return
	}
	t.text, t.header = text, best
	for _, name := range best {
		t.folded = append(t.folded, fold(name))
	}
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
	return in.table.rows(b, ragged, 1)
}

// rows skips as many records as are no rows.
func (t *table) rows(b *builder, ragged bool, skip int) iter.Seq[*csvRow] {
	return func(yield func(*csvRow) bool) {
		for r, at := range records(t.text, t.separator) {
			if r.number <= skip || r.empty() {
				continue
			}
			b.progress(at, len(t.text))
			switch {
			case b.full:
				return
			case r.broken != "":
				b.problem(r.number, "", r.broken)
			case len(r.cells) != len(t.header) && !ragged && !t.pads(r.cells):
				b.problem(r.number, "", fmt.Sprintf("there are %d values for %d columns", len(r.cells), len(t.header)))
			case !yield(&csvRow{r.number, t, r.cells, make([]bool, len(r.cells))}):
				return
			}
		}
	}
}

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

// drop leaves out columns that only mean something inside the vendor's own product.
func (r *csvRow) drop(names ...string) {
	for i, have := range r.table.folded {
		if i < len(r.cells) && slices.Contains(names, have) {
			r.taken[i] = true
		}
	}
}

// rest yields the name of the column, as it stands in the file, and the value of what was not taken and is not empty.
func (r *csvRow) rest() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for i, value := range r.cells {
			if r.taken[i] || strings.TrimSpace(value) == "" {
				continue
			}
			if !yield(r.name(i), value) {
				return
			}
		}
	}
}

// name is what the file calls column i.
func (r *csvRow) name(i int) string {
	if i < len(r.table.header) {
		if name := strings.TrimSpace(r.table.header[i]); name != "" {
			return name
		}
	}
	return fmt.Sprintf("Column %d", i+1)
}
