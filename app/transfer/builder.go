package transfer

import (
	"strings"
	"time"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// Bounds of a result, so that a small file full of tiny entries does not take all memory.
const (
	maxItems    = 100_000
	maxProblems = 10_000
)

// builder collects what a reader finds. It sees to it that every item can be saved, whatever the source allows.
type builder struct {
	result *Result
	full   bool // there were more than maxItems items or maxProblems problems; a reader may stop
	report func(done, total int)
	told   int // what was reported last
	now    time.Time
	// exact says that the items are ours, and come back as they went out whatever is in them.
	exact bool
}

func newBuilder(format string, o Options) *builder {
	return &builder{
		result: &Result{Format: format}, report: o.Progress, now: o.Now, exact: strings.HasPrefix(format, ownFormat+"-"),
	}
}

// add adds an entry of the source, in as many items as it takes.
func (b *builder) add(row int, it item.Item, files ...Attached) {
	if it = it.Clone(); b.exact {
		it = it.FromNewer()
	}
	b.oneLineEach(row, &it)
	it = b.checked(row, it)
	for i, part := range b.fit(row, it, files) {
		if len(b.result.Items) == maxItems {
			b.full = true
			return
		}
		if err := part.Item.Validate(); err != nil {
			// fit has failed at its duty; the entry is still told of, and the error names no value.
			b.problem(row, part.Item.Title, err.Error())
			continue
		}
		if i > 0 {
			b.kept(row, part.Item.Title, KeptAsItem)
		}
		b.result.Items = append(b.result.Items, part)
	}
}

// oneLineEach leaves the first line where there is room for one, and keeps the whole beside it. Words that were typed where
// an address belongs are the title of an item that has none.
func (b *builder) oneLineEach(row int, it *item.Item) {
	for _, part := range []struct {
		name  string
		value *string
	}{{"Title", &it.Title}, {"Username", &it.Username}} {
		whole := strings.TrimSpace(*part.value)
		if end := strings.IndexAny(whole, "\r\n\v\f\u0085\u2028\u2029"); end >= 0 {
			b.keepField(row, it, part.name, whole, item.FieldText)
			*part.value = whole[:end]
		}
	}
	if it.Title == "" && len(it.URLs) > 0 && strings.Contains(strings.TrimSpace(it.URLs[0]), " ") {
		it.Title = it.URLs[0]
	}
}

// problem reports an entry, or a part of one, that does not come in. The reason quotes no secret.
func (b *builder) problem(row int, title, reason string) {
	if len(b.result.Problems) == maxProblems {
		b.full = true
		return
	}
	b.result.Problems = append(b.result.Problems, Problem{Row: row, Title: cut(clean(title), item.MaxTitle), Reason: reason})
}

func (b *builder) kept(row int, name string, as KeptAs) {
	b.result.Kept = append(b.result.Kept, Kept{Row: row, Name: cut(clean(name), item.MaxName), As: as})
}

// keepField keeps a value that has no place of its own as a custom field. An empty one is not kept.
func (b *builder) keepField(row int, it *item.Item, name, value string, kind item.FieldKind) {
	if value == "" {
		return
	}
	it.Fields = append(it.Fields, item.Field{Name: name, Value: value, Kind: kind})
	b.kept(row, name, KeptAsField)
}

// keepNote keeps a value that has no place of its own at the end of the notes.
func (b *builder) keepNote(row int, it *item.Item, name, value string) {
	if value == "" {
		return
	}
	if it.Notes != "" {
		it.Notes += "\n\n"
	}
	it.Notes += name + ": " + value
	b.kept(row, name, KeptAsNote)
}

// progress tells how far the reader is, at most a hundred times in a file.
func (b *builder) progress(done, total int) {
	if b.report != nil && (done-b.told >= total/100 || done >= total) {
		b.told = done
		b.report(done, total)
	}
}

// clean makes s valid UTF-8.
func clean(s string) string {
	return strings.ToValidUTF8(s, "\uFFFD")
}

// cut shortens s to at most n characters.
func cut(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}
