package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// usageError is a command that was not understood.
type usageError struct {
	err     error
	command string // whose help explains it
}

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usage(command, format string, args ...any) error {
	return &usageError{fmt.Errorf(format, args...), command}
}

// hintedError is an error about which something can be done.
type hintedError struct {
	err  error
	hint string
}

func (e *hintedError) Error() string { return e.err.Error() }
func (e *hintedError) Unwrap() error { return e.err }

func withHint(err error, hint string) error { return &hintedError{err, hint} }

// also adds what failed while cleaning up after err.
func also(err, cleanup error) error {
	if cleanup == nil {
		return err
	}
	return fmt.Errorf("%w; and then: %w", err, cleanup)
}

// report writes err to standard error and returns the exit status. The text may come from the server or from a record,
// so what could steer the terminal, or pass for a line of this program, is made visible.
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
		hint = fmt.Sprintf("%s --help shows how it is used", u.command)
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

func hintFor(err error) string {
	var hinted *hintedError
	if errors.As(err, &hinted) {
		return hinted.hint
	}
	var server *client.ServerError
	var unsent *client.UnsentError
	var back *client.RolledBackError
	switch {
	case errors.As(err, &unsent):
		return "vaultsphere list sends them when the server can be reached; vaultsphere logout --discard gives them up"
	case errors.As(err, &back) && back.Copy:
		return "try again when the server can be reached: the copy is then replaced by the newest vault"
	case errors.Is(err, client.ErrSignedOut):
		return "sign in with vaultsphere login"
	case errors.Is(err, client.ErrWrongPhrase):
		return "check the user name and that the phrase is the newest one"
	case errors.Is(err, client.ErrIntercepted), errors.Is(err, client.ErrReadOnly), errors.Is(err, client.ErrNotInCopy), errors.Is(err, client.ErrCopyDamaged):
		return client.Explain(err).Hint
	case errors.Is(err, client.ErrOffline):
		return "check the address (--server) and that the server runs"
	case errors.Is(err, client.ErrUncertain):
		return "look with vaultsphere list before trying again"
	case errors.Is(err, client.ErrRolledBack):
		return "tell whoever runs the server; --copy reads the newer vault that this device keeps (vaultsphere copies); if a backup was restored on purpose, move " + seenFile + " out of the state directory to accept the older vault"
	case errors.Is(err, seal.ErrKDFTooWeak), errors.Is(err, seal.ErrKDFTooCostly), errors.Is(err, seal.ErrKDFMismatch):
		return "the server may be trying to learn your master password: do not enter it in the page either, and ask whoever runs the server"
	case errors.As(err, &server):
		return serverHint(server)
	}
	return ""
}

func serverHint(e *client.ServerError) string {
	wait := ""
	if e.RetryAfter > 0 {
		wait = fmt.Sprintf("try again in %s", e.RetryAfter.Round(time.Second))
	}
	switch e.Code {
	case protocol.CodeUnauthorized:
		return "sign in with vaultsphere login"
	case protocol.CodeInvalidCredentials:
		return "check the user name and the master password; the server does not say which is wrong"
	case protocol.CodeTOTPInvalid:
		return "wait for the next code and check the clock of the phone"
	case protocol.CodeInvitationRequired:
		return "ask the server's operator for a link, and give it with --invitation-file or --invitation-stdin"
	case protocol.CodeInvitationInvalid:
		return "each link works once, for seven days: ask the server's operator for another"
	case protocol.CodeUsernameTaken:
		return "choose another user name, or sign in with vaultsphere login"
	case protocol.CodeThrottled, protocol.CodeUnavailable, protocol.CodeStorageUnavailable:
		return wait
	case protocol.CodeInternal:
		if e.RequestID != "" {
			return "whoever runs the server finds the cause in its log under request " + e.RequestID
		}
	}
	return ""
}
