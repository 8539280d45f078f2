package vault

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// Error is an answer that the caller may see. Message is public; the wrapped cause goes only to the log.
type Error struct {
	Code       protocol.Code
	Message    string
	RetryAfter time.Duration
	News       *protocol.VaultAnswer // with CodeRevisionConflict
	cause      error
}

func (e *Error) Error() string {
	if e.cause != nil {
		return fmt.Sprintf("%s: %v", e.Code, e.cause)
	}
	return string(e.Code) + ": " + e.Message
}

func (e *Error) Unwrap() error { return e.cause }

// Is makes errors.Is compare by code, so ErrBusy and the errors below match whatever message they carry.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// Answers of the Service.
var (
	ErrUnauthorized = &Error{Code: protocol.CodeUnauthorized, Message: "no session, or the session has ended: log in again"}
	// ErrInvalidCredentials never says which part was wrong, or whether the user exists.
	ErrInvalidCredentials = &Error{Code: protocol.CodeInvalidCredentials, Message: "username, password or recovery phrase is wrong"}
	ErrTOTPRequired       = &Error{Code: protocol.CodeTOTPRequired, Message: "a code from the authenticator app is required"}
	ErrTOTPInvalid        = &Error{Code: protocol.CodeTOTPInvalid, Message: "the code is wrong or was used before"}
	errSuspended          = &Error{Code: protocol.CodeSuspended, Message: "this account is suspended: ask an administrator of the server"}
	// ErrBusy means that the queue for password hashing is full. The password was not checked.
	ErrBusy = &Error{Code: protocol.CodeUnavailable, Message: "too many concurrent logins: try again in a moment", RetryAfter: 2 * time.Second}
)

func badField(field, format string, args ...any) *Error {
	return &Error{Code: protocol.CodeBadRequest, Message: field + " " + fmt.Sprintf(format, args...)}
}

func throttled(after time.Duration) *Error {
	return &Error{Code: protocol.CodeThrottled, Message: "too many attempts: wait and try again", RetryAfter: after}
}

// Answer maps any error of the Service or of a Store to the answer for the caller.
func Answer(err error) *Error {
	var known *Error
	if errors.As(err, &known) {
		return known
	}
	for _, m := range []struct {
		is      error
		code    protocol.Code
		message string
		after   time.Duration
	}{
		{ErrStoreFull, protocol.CodeStorageFull, "the server's storage is full: nothing was written", 0},
		{ErrStoreUnavailable, protocol.CodeStorageUnavailable, "the server's storage does not answer: either nothing was written or all of it", 5 * time.Second},
		{ErrUsernameTaken, protocol.CodeUsernameTaken, "this username is taken", 0},
		{ErrUserIDTaken, protocol.CodeUserIDTaken, "this user id was used before: generate another", 0},
		{ErrVaultIDTaken, protocol.CodeUserIDTaken, "this vault id was used before: generate another", 0},
		{ErrRevisionConflict, protocol.CodeRevisionConflict, "the vault has moved on: sync and try again", 0},
		{ErrConflict, protocol.CodeConflict, "the account was changed at the same time: try again", 0},
		{ErrChunkTaken, protocol.CodeConflict, "another chunk is stored here, and chunks are never replaced: upload under a new id", 0},
		{ErrItemQuota, protocol.CodeItemQuotaReached, "the item quota is reached: delete some items, or ask the operator of the server", 0},
		{ErrRecordQuota, protocol.CodeRecordQuotaReached, "the record quota is reached: delete some items, or ask the operator of the server", 0},
		{ErrBranchQuota, protocol.CodeBranchQuotaReached, "this vault has brought too many branches together: the operator of the server can say more", 0},
		{ErrVaultQuota, protocol.CodeVaultQuota, "the quota of shared vaults is reached: ask the operator of the server", 0},
		{ErrKeptQuota, protocol.CodeKeptQuota, "what was replaced and deleted is kept for 30 days, and the room for it is full: it frees as those days pass", 0},
		{ErrNoInvitation, protocol.CodeInvitationInvalid, errInvitationInvalid.Message, 0},
		{ErrNotFirst, protocol.CodeInvitationRequired, errInvitationRequired.Message, 0},
		{ErrSuspended, protocol.CodeSuspended, errSuspended.Message, 0},
		{ErrLastAdministrator, protocol.CodeLastAdministrator, "the server would have no active administrator: make another user an administrator first", 0},
		{ErrQuotaReached, protocol.CodeQuotaReached, "the attachment quota is reached: delete some attachments, or ask the operator of the server", 0},
		{context.Canceled, protocol.CodeUnavailable, "the request was canceled before it was answered", time.Second},
		{context.DeadlineExceeded, protocol.CodeUnavailable, "the request took too long", time.Second},
		{ErrInvalidChange, protocol.CodeBadRequest, "puts or deletes do not fit the vault: sync and try again", 0},
	} {
		if errors.Is(err, m.is) {
			return &Error{Code: m.code, Message: m.message, RetryAfter: m.after, cause: err}
		}
	}
	return &Error{Code: protocol.CodeInternal, Message: "internal server error: quote the request id when you report it", cause: err}
}
