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

// problem reports an entry, or a part of one, that does not come in. The reason quotes no secret.
func (b *builder) problem(row int, title, reason string) {
	if len(b.result.Problems) == maxProblems {
		b.full = true
		return
	}
	b.result.Problems = append(b.result.Problems, Problem{Row: row, Title: cut(clean(title), item.MaxTitle), Reason: reason})
}

func (b *builder) relocated(row int, name string, as KeptAs) {
	b.result.Kept = append(b.result.Kept, Kept{Row: row, Name: cut(clean(name), item.MaxName), As: as})
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
