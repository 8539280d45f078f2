package replica

import (
	"errors"
	"fmt"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol/bridge"
)

// RolledBackError: the history of the vault does not contain what this device has seen. The server has an older vault, or another one.
type RolledBackError struct {
	Seen, Got int64 // revisions; Got is 0 if the server did not name one
	Copy      bool  // of the cache on this device instead of the server
	Err       error // may be nil
}

// ErrRolledBack matches every *RolledBackError.
var ErrRolledBack = errors.New("vault was rolled back")

func (e *RolledBackError) Is(target error) bool { return target == ErrRolledBack }

func (e *RolledBackError) Error() string {
	who := "server"
	if e.Copy {
		who = "copy on this device"
	}
	if e.other() {
		return fmt.Sprintf("%s shows another vault at revision %d than this device has seen at revision %d", who, e.Got, e.Seen)
	}
	return fmt.Sprintf("%s shows the vault at revision %d, but this device has seen revision %d", who, e.Got, e.Seen)
}

func (e *RolledBackError) Unwrap() error { return e.Err }

// other reports whether it is another vault instead of an older one.
func (e *RolledBackError) other() bool { return e.Got >= e.Seen }

// AlteredError: the server sent something other than this user's devices stored. Problems is not empty; the most useful one
// comes first.
type AlteredError struct {
	Problems []error
	Err      error // the cause of the first problem; may be nil
}

const MaxProblemsShown = 5

func (e *AlteredError) Error() string {
	var b strings.Builder
	b.WriteString("vault was changed outside this vault's devices")
	for i, p := range e.Problems[:min(len(e.Problems), MaxProblemsShown)] {
		b.WriteString([]string{": ", "; "}[min(i, 1)])
		b.WriteString(p.Error())
	}
	if more := len(e.Problems) - MaxProblemsShown; more > 0 {
		fmt.Fprintf(&b, " (and %d more)", more)
	}
	return b.String()
}

func (e *AlteredError) Unwrap() error { return e.Err }

// Altered returns an *AlteredError with one problem.
func Altered(problem error) *AlteredError { return &AlteredError{Problems: []error{problem}} }

// UnreadableError: a record is authentic, but this client cannot read it. Other records are not affected.
type UnreadableError struct {
	ID  string
	Err error
}

func (e *UnreadableError) Error() string {
	return fmt.Sprintf("record %s cannot be read: %v", e.ID, e.Err)
}
func (e *UnreadableError) Unwrap() error { return e.Err }

// FindingError is an error with its finding.
type FindingError struct {
	Finding bridge.Finding
	text    string
}

func (e *FindingError) Error() string { return e.text }

// Found returns an error with its finding.
func Found(f bridge.Finding, format string, args ...any) error {
	return &FindingError{f, fmt.Sprintf(format, args...)}
}

// atPlace returns the error of a record.
func atPlace(code bridge.FindingCode, l chain.Line, format string, args ...any) error {
	return Found(bridge.Finding{Code: code, Name: l.ID.String()}, "record %s of kind %s version %d %s", l.ID, l.Kind.Wire(), l.Version, fmt.Sprintf(format, args...))
}

// older is the error of an overview that is older than this device's version.
func older(e *Entry, got, held uint32) error {
	return Found(bridge.Finding{Code: bridge.RecordOlder, Name: e.ID, Got: int64(got), Want: int64(held)},
		"overview %s version %d is older than the version %d that this device has", e.ID, got, held)
}

// Finding says which kind of rollback it is.
func (e *RolledBackError) Finding() bridge.Finding {
	f := bridge.Finding{Code: bridge.VaultOlder, Got: e.Got, Want: e.Seen}
	same := e.other()
	switch {
	case same && e.Copy:
		f.Code = bridge.CacheOther
	case e.Copy:
		f.Code = bridge.CacheOlder
	case same:
		f.Code = bridge.VaultOther
	}
	return f
}

// ErrNotFound: the item does not exist.
var ErrNotFound = errors.New("no such item")
