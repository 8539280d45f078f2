package client

import (
	"errors"
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/client/replica"
)

var (
	// ErrLocked: unlock the vault first.
	ErrLocked = errors.New("vault is locked")
	// ErrRekeyed: another device changed the account key. The vault is locked: the password opens the new key.
	ErrRekeyed = fmt.Errorf("the encryption keys were changed on another device: %w", ErrLocked)
	// ErrSignedOut: there is no session.
	ErrSignedOut = errors.New("not signed in")
	// ErrWrongPassword: the password does not open the account key.
	ErrWrongPassword = errors.New("wrong master password")
	// ErrPasswordChanged: the password is a former one, as the log proves.
	ErrPasswordChanged = fmt.Errorf("%w: it was changed, and this is a former one", ErrWrongPassword)
	// ErrCostLowered: the server asks for a cheaper key derivation than this device has seen.
	ErrCostLowered = errors.New("cost of the key derivation was lowered")
	// ErrReplaced: this device knows a user of this name whom the server no longer has, or claims not to have. See AcceptReplacement.
	ErrReplaced = errors.New("the account that this device knows under this username is no longer on the server")
	// ErrUsername: no account can have this username.
	ErrUsername = errors.New("not a valid username")
	// ErrWrongPhrase: the recovery phrase belongs to another user, or was replaced.
	ErrWrongPhrase = errors.New("recovery phrase does not open this vault")
	// ErrTOTPRequired: the password is right. Call Login again with a code.
	ErrTOTPRequired = errors.New("a code from the authenticator is needed")
	// ErrNotFound: the item does not exist.
	ErrNotFound = replica.ErrNotFound
	// ErrNoAttachment: the item does not have this attachment.
	ErrNoAttachment = errors.New("no such attachment")
	// ErrAttachmentGone: the item lists the attachment, but the server does not have it.
	ErrAttachmentGone = errors.New("the server no longer has this attachment")
	// ErrOffline: the server did not answer.
	ErrOffline = errors.New("server cannot be reached")
	// ErrIntercepted: something other than the server answered, with an invalid certificate or a redirect to another host. This
	// must not count as offline: an attacker could then make a device work with an old cache.
	ErrIntercepted = errors.New("something other than the server of this vault answered")
	// ErrUncertain: the answer to a change was lost. The next Sync shows whether the server made the change.
	ErrUncertain = errors.New("the server may or may not have saved the change")
	// ErrReprompt: the item asks for the master password before it is shown.
	ErrReprompt = errors.New("this item asks for the master password")
	// ErrReadOnly: the open vault is a cache on this device, which cannot be changed.
	ErrReadOnly = errors.New("this is a cache, which cannot be changed")
	// ErrNotInCopy: the cache does not contain attachments.
	ErrNotInCopy = errors.New("attachments are on the server, not in the cache")
	// ErrCopyDamaged: a cache on this device was changed after it was stored.
	ErrCopyDamaged = errors.New("the cache is damaged and cannot be opened")
	// ErrNoCopy: this device does not have this cache.
	ErrNoCopy = errors.New("this device does not have this cache")
	// ErrStorage: the Memory or the Cache of this device failed.
	ErrStorage = errors.New("this device cannot read or store its data")
	// ErrBusy: other devices kept changing the vault first.
	ErrBusy = errors.New("other devices keep changing this vault; try again")
)

// UnsentError: changes in the outbox would be lost.
type UnsentError struct {
	Changes int
}

func (e *UnsentError) Error() string {
	if e.Changes == 1 {
		return "1 change on this device is not on the server yet and would be lost"
	}
	return fmt.Sprintf("%d changes on this device are not on the server yet and would be lost", e.Changes)
}

// AttachmentAlteredError: an attachment differs from the file that was attached. The rest of the vault is not affected.
type AttachmentAlteredError struct {
	Name string
	Err  error // the cause
}

func (e *AttachmentAlteredError) Error() string {
	return fmt.Sprintf("attachment %s was changed outside this vault's devices: %v", e.Name, e.Err)
}

func (e *AttachmentAlteredError) Unwrap() error { return e.Err }

// ErrLongAnswer: a Transport has stopped reading an answer at the limit of the request. This must not count as offline: the server is
// there, and an answer that never ends would otherwise make a device work with an old cache.
var ErrLongAnswer = errors.New("the answer is longer than this program accepts")

// AnswerError: an answer of the server does not conform to the API.
type AnswerError struct {
	Path string
	Err  error
}

func (e *AnswerError) Error() string { return fmt.Sprintf("answer to %s: %v", e.Path, e.Err) }
func (e *AnswerError) Unwrap() error { return e.Err }

// ConflictError: Delete did not delete these items, because another device changed them at the same time.
type ConflictError struct {
	IDs []string
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("%d of the items were changed on another device at the same time and were kept", len(e.IDs))
}

// unanswered wraps the error of an exchange without an answer in ErrOffline, unless it is ErrIntercepted.
func unanswered(err error) error {
	if errors.Is(err, ErrIntercepted) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrOffline, err)
}
