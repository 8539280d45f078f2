package client

import (
	"errors"
	"fmt"
	"strings"
)

var (
	// ErrLocked says that the vault has to be unlocked first.
	ErrLocked = errors.New("vault is locked")
	// ErrSignedOut says that there is no session.
	ErrSignedOut = errors.New("not signed in")
	// ErrWrongPassword says that the password does not open the vault key.
	ErrWrongPassword = errors.New("wrong master password")
	// ErrWrongPhrase says that the recovery phrase is not this user's.
	ErrWrongPhrase = errors.New("recovery phrase does not open this vault")
	// ErrTOTPRequired says that the password is right and a code is needed: call Login again with it.
	ErrTOTPRequired = errors.New("a code from the authenticator is needed")
	// ErrNotFound says that there is no such item.
	ErrNotFound = errors.New("no such item")
	// ErrNoAttachment says that the item has no such attachment.
	ErrNoAttachment = errors.New("no such attachment")
	// ErrAttachmentGone says that the item names an attachment that the server does not have.
	ErrAttachmentGone = errors.New("the server does not have this attachment any more")
	// ErrOffline says that the server did not answer.
	ErrOffline = errors.New("server cannot be reached")
	// ErrIntercepted says that something answered in place of the server: a certificate that does not verify, a redirect to
	// another host. The client must not go on as if it were offline, because that is what an attacker would want.
	ErrIntercepted = errors.New("what answers is not the server of this vault")
	// ErrUncertain says that the answer to a change was lost: a later Sync tells whether it took place.
	ErrUncertain = errors.New("it is not known whether the change was saved")
	// ErrReadOnly says that the vault is a copy on this device, which nothing is saved to.
	ErrReadOnly = errors.New("this is a copy on this device: it can be read, not changed")
	// ErrNotInCopy says that the content of an attachment is on the server alone.
	ErrNotInCopy = errors.New("attachments are on the server, not in the copy on this device")
	// ErrCopyDamaged says that a copy on this device is not what was stored.
	ErrCopyDamaged = errors.New("the copy on this device is damaged and cannot be opened")
	// ErrNoCopy says that this device has no copy of that name.
	ErrNoCopy = errors.New("this device has no such copy")
	// ErrBusy says that other devices were faster time after time.
	ErrBusy = errors.New("other devices change this vault at the same time; try again")
)

// RolledBackError says that the server shows an older vault than this device has seen, or another one of the same revision.
type RolledBackError struct {
	Seen, Got int64 // revisions
	Copy      bool  // it is not the server, it is the copy on this device
}

// ErrRolledBack is what every RolledBackError is.
var ErrRolledBack = errors.New("vault was rolled back")

func (e *RolledBackError) Is(target error) bool { return target == ErrRolledBack }

func (e *RolledBackError) Error() string {
	who := "server"
	if e.Copy {
		who = "copy on this device"
	}
	if e.Seen == e.Got {
		return fmt.Sprintf("%s shows another vault at revision %d than this device has seen at revision %d", who, e.Got, e.Seen)
	}
	return fmt.Sprintf("%s shows the vault at revision %d, but this device has seen revision %d", who, e.Got, e.Seen)
}

// UnsentError says that changes wait on this device that would be lost.
type UnsentError struct {
	Changes int
}

func (e *UnsentError) Error() string {
	if e.Changes == 1 {
		return "1 change on this device is not on the server yet and would be lost"
	}
	return fmt.Sprintf("%d changes on this device are not on the server yet and would be lost", e.Changes)
}

// VaultAlteredError says that what the server sent is not what this user's devices have stored. Problems is not empty; the
// most telling one comes first.
type VaultAlteredError struct {
	Problems []error
	Err      error // the cause of the first problem; may be nil
}

const maxProblemsShown = 5

func (e *VaultAlteredError) Error() string {
	var b strings.Builder
	b.WriteString("vault was changed outside this vault's devices")
	for i, p := range e.Problems[:min(len(e.Problems), maxProblemsShown)] {
		b.WriteString([]string{": ", "; "}[min(i, 1)])
		b.WriteString(p.Error())
	}
	if more := len(e.Problems) - maxProblemsShown; more > 0 {
		fmt.Fprintf(&b, " (and %d more)", more)
	}
	return b.String()
}

func (e *VaultAlteredError) Unwrap() error { return e.Err }

func altered(problem error) *VaultAlteredError { return &VaultAlteredError{Problems: []error{problem}} }

// AttachmentAlteredError says that an attachment is not, to the last byte, the file that was attached. The rest of the
// vault is not in doubt.
type AttachmentAlteredError struct {
	Name string
	Err  error // what was found
}

func (e *AttachmentAlteredError) Error() string {
	return fmt.Sprintf("attachment %s was changed outside this vault's devices: %v", e.Name, e.Err)
}

func (e *AttachmentAlteredError) Unwrap() error { return e.Err }

// AnswerError says that an answer of the server is not what the API describes.
type AnswerError struct {
	Path string
	Err  error
}

func (e *AnswerError) Error() string { return fmt.Sprintf("answer to %s: %v", e.Path, e.Err) }
func (e *AnswerError) Unwrap() error { return e.Err }

// UnreadableError says that a record is what was stored, but cannot be opened or understood. All others still work.
type UnreadableError struct {
	ID  string
	Err error
}

func (e *UnreadableError) Error() string {
	return fmt.Sprintf("record %s cannot be read: %v", e.ID, e.Err)
}
func (e *UnreadableError) Unwrap() error { return e.Err }

// KeptError says that Delete kept items because another device changed them at the same time.
type KeptError struct {
	IDs []string
}

func (e *KeptError) Error() string {
	return fmt.Sprintf("%d of the items were changed on another device at the same time and were kept", len(e.IDs))
}

// unanswered says why an exchange has no answer.
func unanswered(err error) error {
	if errors.Is(err, ErrIntercepted) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrOffline, err)
}
