package vault

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// Error is an answer the caller may see. Message is public; the wrapped cause is for the log alone.
type Error struct {
	Code       protocol.Code
	Message    string
	RetryAfter time.Duration
	cause      error
}

func (e *Error) Error() string {
	if e.cause != nil {
		return fmt.Sprintf("%s: %v", e.Code, e.cause)
	}
	return string(e.Code) + ": " + e.Message
}

func (e *Error) Unwrap() error { return e.cause }

// Is makes errors.Is compare by code, so that ErrBusy and the others below can be matched whatever they carry.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// Answers of the Service.
var (
	ErrUnauthorized = &Error{Code: protocol.CodeUnauthorized, Message: "no session, or it has ended: log in again"}
	// ErrInvalidCredentials never says which part was wrong, nor whether the user exists.
	ErrInvalidCredentials = &Error{Code: protocol.CodeInvalidCredentials, Message: "username, password or recovery phrase is wrong"}
	ErrTOTPRequired       = &Error{Code: protocol.CodeTOTPRequired, Message: "a code from the authenticator is needed"}
	ErrTOTPInvalid        = &Error{Code: protocol.CodeTOTPInvalid, Message: "the code is wrong, or it was used before"}
	// ErrBusy means that the queue for password hashing is full. Nothing was tried.
	ErrBusy = &Error{Code: protocol.CodeUnavailable, Message: "too many log-ins at once: try again in a moment", RetryAfter: 2 * time.Second}
)

func badField(field, format string, args ...any) *Error {
	return &Error{Code: protocol.CodeBadRequest, Message: field + " " + fmt.Sprintf(format, args...)}
}

func throttled(after time.Duration) *Error {
	return &Error{Code: protocol.CodeThrottled, Message: "too many attempts: wait and try again", RetryAfter: after}
}

// Answer turns any error of the Service or of a Store into the answer for the caller.
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
		{ErrStoreUnavailable, protocol.CodeStorageUnavailable, "the server's storage does not answer: nothing was written, or all of it was", 5 * time.Second},
		{ErrUsernameTaken, protocol.CodeUsernameTaken, "this username is taken", 0},
		{ErrUserIDTaken, protocol.CodeUserIDTaken, "this user id was used before: make another", 0},
		{ErrRevisionConflict, protocol.CodeRevisionConflict, "the vault has moved on: sync and try again", 0},
		{ErrConflict, protocol.CodeConflict, "the account was changed at the same time: try again", 0},
		{ErrChunkTaken, protocol.CodeConflict, "another chunk is there, and none is ever replaced: upload under a new id", 0},
		{ErrItemQuota, protocol.CodeItemQuotaReached, "the user has as many items as the server grants: delete some, or ask who runs the server", 0},
		{ErrRecordQuota, protocol.CodeRecordQuotaReached, "there is no room for more records: delete some items, or ask who runs the server", 0},
		{ErrNoInvitation, protocol.CodeInvitationInvalid, errInvitationInvalid.Message, 0},
		{ErrNotFirst, protocol.CodeInvitationRequired, errInvitationRequired.Message, 0},
		{ErrQuotaReached, protocol.CodeQuotaReached, "there is no room for more attachments: delete some, or ask who runs the server", 0},
		{context.Canceled, protocol.CodeUnavailable, "the request was cut off before it was answered", time.Second},
		{context.DeadlineExceeded, protocol.CodeUnavailable, "the request took too long", time.Second},
		{ErrInvalidChange, protocol.CodeBadRequest, "puts or deletes do not fit the vault: sync and try again", 0},
	} {
		if errors.Is(err, m.is) {
			return &Error{Code: m.code, Message: m.message, RetryAfter: m.after, cause: err}
		}
	}
	return &Error{Code: protocol.CodeInternal, Message: "something went wrong on the server: quote the request id when you report it", cause: err}
}
