package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/client"
)

// usageError is an error in the arguments.
type usageError struct {
	err     error
	command string // to name in the hint
}

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usage(command, format string, args ...any) error {
	return &usageError{fmt.Errorf(format, args...), command}
}

// hintedError is an error with a hint: what to do about it.
type hintedError struct {
	err  error
	hint string
}

func (e *hintedError) Error() string { return e.err.Error() }
func (e *hintedError) Unwrap() error { return e.err }

func withHint(err error, hint string) error { return &hintedError{err, hint} }

// also adds the error of a cleanup after err.
func also(err, cleanup error) error {
	if cleanup == nil {
		return err
	}
	return fmt.Errorf("%w; cleaning up also failed: %w", err, cleanup)
}

// report writes err to standard error and returns the exit status. The text may come from the server or from an item, so control
// characters are escaped: it must not steer the terminal or imitate a line of this program.
func (p *program) report(err error) int {
	var exit exitStatus
	if errors.As(err, &exit) {
		return int(exit)
	}
	status := exitFailure
	message, hint := err.Error(), hintFor(err)
	var u *usageError
	var several interface{ candidates() []string }
	switch {
	case errors.As(err, &u):
		status = exitUsage
		hint = cmp.Or(hint, fmt.Sprintf("see %s --help", u.command))
	case errors.Is(err, context.Canceled) && !errors.Is(err, client.ErrUncertain):
		message, hint = "interrupted", ""
	}
	p.note("error: %s", message)
	if errors.As(err, &several) {
		for _, line := range several.candidates() {
			_, _ = fmt.Fprintf(p.err, "  %s\n", printable(line, ""))
		}
	}
	if hint != "" {
		p.note("hint: %s", hint)
	}
	return status
}
