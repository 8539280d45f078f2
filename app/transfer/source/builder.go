package source

import (
	"strings"
	"time"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
)

// Limits of a result. Without them a small file with many tiny items would exhaust the memory.
const (
	MaxItems    = 100_000
	maxProblems = 10_000
)

// Builder collects what a reader finds. It splits or adjusts items so that every one can be saved.
type Builder struct {
	Result   *parcel.Result
	Full     bool // a limit was reached, so the reader may stop
	progress func(done, total int)
	reported int // the last progress
	now      time.Time
	Exact    bool // the items were exported by VaultSphere and must not be changed
}

// NewBuilder returns an empty result.
func NewBuilder(format string, o Options) *Builder {
	return &Builder{
		Result: &parcel.Result{Format: format}, progress: o.Progress, now: o.Now,
	}
}

// Problem reports an item, or a part of one, that is not imported. The values must not quote a secret.
func (b *Builder) Problem(row int, title string, code parcel.ProblemCode, values ...parcel.Values) {
	p := parcel.Problem{Row: row, Title: Cut(clean(title), item.MaxTitle), Code: code}
	for _, p.Values = range values {
		p.Values.Name = Cut(clean(p.Values.Name), item.MaxName)
	}
	b.report(p)
}

func (b *Builder) report(p parcel.Problem) {
	if len(b.Result.Problems) == maxProblems {
		b.Full = true
		return
	}
	b.Result.Problems = append(b.Result.Problems, p)
}

func (b *Builder) relocated(row int, name string, as parcel.RelocatedTo) {
	b.Result.Relocated = append(b.Result.Relocated, parcel.Relocated{Row: row, Name: Cut(clean(name), item.MaxName), As: as})
}

// Progress reports how far the reader is, at most a hundred times per file.
func (b *Builder) Progress(done, total int) {
	if b.progress != nil && (done-b.reported >= total/100 || done >= total) {
		b.reported = done
		b.progress(done, total)
	}
}

// clean makes s valid UTF-8.
func clean(s string) string {
	return strings.ToValidUTF8(s, "\uFFFD")
}

// Cut shortens s to at most n characters.
func Cut(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}
