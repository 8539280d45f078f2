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
		hint = fmt.Sprintf("see %s --help", u.command)
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
		return "vaultsphere list sends them once the server can be reached; vaultsphere logout --discard discards them"
	case errors.As(err, &back) && back.Copy:
		return "try again when the server can be reached: the vault is then downloaded again"
	case errors.Is(err, client.ErrSignedOut):
		return "sign in with vaultsphere login"
	case errors.Is(err, client.ErrWrongPhrase):
		return "check the username, and use the newest recovery phrase"
	case errors.Is(err, client.ErrIntercepted), errors.Is(err, client.ErrReadOnly), errors.Is(err, client.ErrNotInCopy), errors.Is(err, client.ErrCopyDamaged):
		return client.Explain(err).Hint
	case errors.Is(err, client.ErrOffline):
		return "check the URL (--server), the network, and whether the server is running"
	case errors.Is(err, client.ErrUncertain):
		return "the server may have made the change: check with vaultsphere list before you try again"
	case errors.Is(err, client.ErrRolledBack):
		return "tell the server's operator; --cache reads the newer vault from the cache (vaultsphere cache); if a backup was restored on purpose, move " + seenFile + " out of the state directory to accept the older vault"
	case errors.Is(err, seal.ErrKDFTooWeak), errors.Is(err, seal.ErrKDFTooCostly), errors.Is(err, seal.ErrKDFMismatch):
		return "the server may be trying to learn your master password: do not enter it anywhere, including the web page, and ask the server's operator"
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
		return "check the username and the master password; the server does not say which one is wrong"
	case protocol.CodeTOTPInvalid:
		return "wait for the next code, and check the clock of the device that shows it"
	case protocol.CodeInvitationRequired:
		return "ask the server's operator for an invitation link, then use --invitation-file or --invitation-stdin"
	case protocol.CodeInvitationInvalid:
		return "an invitation link works once, within seven days: ask the server's operator for a new one"
	case protocol.CodeUsernameTaken:
		return "choose another username, or sign in with vaultsphere login"
	case protocol.CodeThrottled, protocol.CodeUnavailable, protocol.CodeStorageUnavailable:
		return wait
	case protocol.CodeInternal:
		if e.RequestID != "" {
			return "the server's operator can find the cause in the log under request " + e.RequestID
		}
	}
	return ""
}
