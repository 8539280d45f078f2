package source

import (
	"iter"
	"slices"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
)

// Password managers often deviate from RFC 4180: lines end in CRLF, LF or CR; values are separated by commas, semicolons,
// tabs or bars; quotes are missing, doubled, escaped or unclosed. A record that cannot be parsed is skipped alone, and
// parsing resumes on the line after its first.

const (
	maxColumns = 2000
	// maxRereadBytes limits how much text is parsed again after skipped records, so that a file full of unclosed quotes
	// takes only a few times as long as another.
	maxRereadBytes = 16 << 20
)

// record is one row of a table as it is in the file.
type record struct {
	number int // from 1, counting the header
	cells  []string
	broken parcel.ProblemCode // why it cannot be parsed; cells then ends there
	values parcel.Values      // for broken
}

func (r record) empty() bool {
	return r.broken == "" && !slices.ContainsFunc(r.cells, func(c string) bool { return c != "" })
}

// reader parses the records of a table.
type reader struct {
	text      string
	separator byte
	wrapped   bool // the first record is quoted as a whole, and others may be
	header    int  // number of the last record before the rows
	// width is the number of values of a record, 0 if it varies. A record of another length is parsed in other ways or
	// joined with the lines that follow, if that gives it the right length.
	width int
	// url and notes are the columns of URLs and of free text, or -1.
	url, notes int
	ends       bool // the last column is yes or no, so a record with another end continues
	reread     int
}

// records yields the records of a text, and how many bytes have been read.
func (r *reader) records() iter.Seq2[record, int] {
	return func(yield func(record, int) bool) {
		for i, number := 0, 1; i < len(r.text); number++ {
			start := i
			cells, end, broken := r.read(i, number <= r.header)
			i = end
			if broken != "" {
				if next := lineEnd(r.text, start); next < end && r.reread < maxRereadBytes {
					r.reread += end - next
					i = next
				}
			}
			if !yield(r.record(number, cells, broken), i) {
				return
			}
		}
	}
}

func (r *reader) record(number int, cells []string, broken parcel.ProblemCode) record {
	out := record{number: number, cells: cells, broken: broken}
	if broken == parcel.TooManyColumns {
		out.values.Limit = maxColumns
	}
	return out
}

// read parses the record at i by RFC 4180, and if the result is incomplete, in the other ways that programs use.
func (r *reader) read(i int, header bool) (cells []string, next int, broken parcel.ProblemCode) {
	cells, next, broken = readRecord(r.text, i, r.separator, doubledQuotes)
	if broken == "" && r.text[i] == '"' {
		cells = r.unwrapped(cells)
	}
	if header || r.whole(cells, broken) {
		if !header && len(cells) == r.width && r.notes == r.width-1 {
			cells[len(cells)-1], next = r.goesOn(cells[len(cells)-1], next)
		}
		return cells, next, broken
	}
	if others, end, ok := r.readOtherwise(i, next); ok {
		return others, end, ""
	}
	if broken == "" && r.url >= 0 {
		if joined, end, ok := r.join(cells, next); ok {
			return joined, end, ""
		}
	}
	return cells, next, broken
}

// readOtherwise parses the record at i with the quoting of other programs. next is where it ends by RFC 4180.
func (r *reader) readOtherwise(i, next int) (cells []string, end int, ok bool) {
	for _, quotes := range []quoting{escapedQuotes, innerQuotes} {
		if r.reread >= maxRereadBytes || !strings.Contains(r.text[i:next], `"`) {
			break
		}
		others, end, bad := readRecord(r.text, i, r.separator, quotes)
		if r.reread += end - i; r.whole(others, bad) {
			return others, end, true
		}
	}
	return nil, 0, false
}

// unwrapped splits a record that is one quoted value. Programs write such records after opening a table with the wrong
// separator.
func (r *reader) unwrapped(cells []string) []string {
	if len(cells) != 1 || !r.wrapped && r.width < 2 {
		return cells
	}
	inner, next, broken := readRecord(cells[0], 0, r.separator, doubledQuotes)
	if broken != "" || next < len(cells[0]) || r.width > 0 && len(inner) != r.width {
		return cells
	}
	return inner
}

// whole reports whether a record has the right number of values. Empty ones may be missing or extra at its end.
func (r *reader) whole(cells []string, broken parcel.ProblemCode) bool {
	return broken == "" && (r.width == 0 || len(cells) == r.width && (!r.ends || cells[r.width-1] == "" || r.ended(cells)) ||
		len(cells) > r.width && (record{cells: cells[r.width:]}).empty() ||
		len(cells) == 1 && cells[0] == "")
}

// maxJoined is the maximum number of lines in a record with unquoted line breaks.
const maxJoined = 500

// join appends the records that follow: up to the next end of a record, if the last column shows it, or while they cannot
// stand alone.
func (r *reader) join(cells []string, next int) ([]string, int, bool) {
	if r.ends {
		joined, end, ok := r.joinWhile(cells, next, func(joined, more []string) bool { return !r.ended(joined) && !r.ended(more) })
		if ok && r.ended(joined) {
			return joined, end, true
		}
	}
	if len(cells) >= r.width {
		return nil, 0, false
	}
	joined, end, ok := r.joinWhile(cells, next, func(joined, more []string) bool { return r.continues(more, len(joined) < r.width) })
	return joined, end, ok && LooksLikeURL(joined[r.url])
}

// joinWhile appends records while more returns true. Unquoted separators then belong to the notes.
func (r *reader) joinWhile(cells []string, next int, goesOn func(joined, more []string) bool) ([]string, int, bool) {
	joined := slices.Clone(cells)
	for n := 0; n < maxJoined && next < len(r.text) && r.reread < maxRereadBytes; n++ {
		more, end, broken := readRecord(r.text, next, r.separator, doubledQuotes)
		r.reread += end - next
		if broken != "" || !goesOn(joined, more) {
			break
		}
		joined[len(joined)-1] += lineBreak(r.text[:next]) + more[0]
		joined, next = append(joined, more[1:]...), end
	}
	if extra := len(joined) - r.width; extra > 0 && r.notes >= 0 {
		notes := strings.Join(joined[r.notes:r.notes+extra+1], string(r.separator))
		joined = slices.Replace(joined, r.notes, r.notes+extra+1, notes)
	}
	return joined, next, len(joined) == r.width && (LooksLikeURL(joined[r.url]) || joined[r.url] == "")
}

// ended reports whether cells contain a record up to its last value.
func (r *reader) ended(cells []string) bool {
	last := cells[len(cells)-1]
	return r.ends && len(cells) >= r.width && last != "" && (IsYes(last) || IsNo(last))
}

// continues reports whether a record is the rest of the previous one, which may be short: it has something else in place of
// a URL.
func (r *reader) continues(cells []string, short bool) bool {
	if len(cells) == 1 || len(cells) <= r.url {
		return short || r.url == 0 && !LooksLikeURL(cells[0]) && cells[0] != ""
	}
	return cells[r.url] != "" && !LooksLikeURL(cells[r.url])
}

// goesOn appends lines that hold a single value to the last value of a record.
func (r *reader) goesOn(last string, next int) (string, int) {
	for r.width > 2 && last != "" && next < len(r.text) && !strings.HasSuffix(strings.TrimRight(r.text[:next], "\r\n"), `"`) {
		line := strings.TrimRight(r.text[next:lineEnd(r.text, next)], "\r\n")
		if strings.TrimSpace(line) == "" || strings.ContainsAny(line, `"`+string(r.separator)) {
			break
		}
		last += lineBreak(r.text[:next]) + line
		next = lineEnd(r.text, next)
	}
	return last, next
}

// lineBreak returns the line break at the end of the text.
func lineBreak(text string) string {
	return text[len(strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r")):]
}

// quoting is how programs write a quote inside a quoted value.
type quoting int

const (
	doubledQuotes quoting = iota // "" (RFC 4180)
	escapedQuotes                // \" as well
	innerQuotes                  // unchanged; a quote ends the value if a separator or the end of the line follows
)

// readRecord parses the record at i, and returns where the next one begins.
func readRecord(text string, i int, separator byte, quotes quoting) (cells []string, next int, broken parcel.ProblemCode) {
	for {
		var cell string
		if i < len(text) && text[i] == '"' {
			cell, i, broken = readQuoted(text, i, separator, quotes)
		} else {
			cell, i, broken = readBare(text, i, separator, quotes)
		}
		cells = append(cells, cell)
		if len(cells) > maxColumns {
			broken = parcel.TooManyColumns
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
			return cells, lineEnd(text, i), parcel.TextAfterQuote
		}
	}
}

// readBare parses an unquoted value.
func readBare(text string, i int, separator byte, quotes quoting) (value string, next int, broken parcel.ProblemCode) {
	start := i
	for i < len(text) && text[i] != separator && text[i] != '\n' && text[i] != '\r' {
		i++
	}
	value = text[start:i]
	if quotes == innerQuotes && strings.Contains(value, `"`) { // the quotes are ambiguous
		broken = parcel.TextAfterQuote
	}
	return value, i, broken
}

// readQuoted parses a quoted value. i is at the opening quote, next after the closing one.
func readQuoted(text string, i int, separator byte, quotes quoting) (value string, next int, broken parcel.ProblemCode) {
	i++
	var b strings.Builder
	for {
		n := strings.IndexByte(text[i:], '"')
		if n < 0 {
			return "", len(text), parcel.UnclosedQuote
		}
		part := text[i : i+n]
		i += n + 1
		switch {
		case quotes == escapedQuotes && strings.HasSuffix(part, `\`):
			part = part[:len(part)-1]
		case i < len(text) && text[i] == '"' && (quotes != innerQuotes || !endsValue(text[i+1:], separator)):
			i++
		case quotes == innerQuotes && !endsValue(text[i:], separator):
			if strings.ContainsAny(part, "\r\n") { // the quote opens a value on another line
				return "", len(text), parcel.TextAfterQuote
			}
		default:
			if b.Len() == 0 {
				return part, i, ""
			}
			b.WriteString(part)
			return b.String(), i, ""
		}
		b.WriteString(part)
		b.WriteByte('"')
	}
}

// endsValue reports whether a value ends where rest begins.
func endsValue(rest string, separator byte) bool {
	return rest == "" || rest[0] == separator || rest[0] == '\n' || rest[0] == '\r'
}

// lineEnd returns where the line after the one at i begins.
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
