package client

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// Code says what went wrong in a word that a user interface may rely on: an protocol.Code of the server, or one of these.
type Code string

const (
	CodeLocked            Code = "locked"
	CodeWrongPassword     Code = "wrong_password"
	CodeBadPhrase         Code = "bad_phrase"
	CodeKDFRefused        Code = "kdf_refused"
	CodeVaultAltered      Code = "vault_altered"
	CodeVaultRolledBack   Code = "vault_rolled_back"
	CodeAttachmentAltered Code = "attachment_altered"
	CodeRecordUnreadable  Code = "record_unreadable"
	CodeOffline           Code = "offline"
	CodeIntercepted       Code = "intercepted"
	CodeServerFault       Code = "server_fault"
	CodeCancelled         Code = "cancelled"
	CodeBadInput          Code = "bad_input"
	CodeUnsent            Code = "unsent_changes"
	CodeReadOnly          Code = "read_only"
	CodeCopyDamaged       Code = "copy_damaged"
	CodeNotFound          Code = Code(protocol.CodeNotFound)
	CodeInternal          Code = Code(protocol.CodeInternal)
)

// Failure is an error in the words of a user interface.
type Failure struct {
	Code       Code
	Message    string
	Hint       string        // what can be done; may be empty
	RetryAfter time.Duration // zero: the server did not say
}

const alteredHint = "nothing was changed on this device; do not enter your password again until whoever runs the server has explained this"

const interceptedHint = "nothing was saved; use another network, or ask the server's operator whether it has a new certificate or address"

// serverFaults are refusals about which a person can do nothing.
var serverFaults = []protocol.Code{
	protocol.CodeInternal, protocol.CodeForbidden, protocol.CodeMethodNotAllowed, protocol.CodeUnsupportedMedia, protocol.CodeUserIDTaken,
}

// failures are tried in order: an error that wraps two of them is the first.
var failures = []struct {
	err  error
	code Code
	hint string
}{
	{context.Canceled, CodeCancelled, ""},
	{context.DeadlineExceeded, CodeCancelled, ""},
	{ErrUncertain, CodeOffline, "sync to see whether the change was saved"},
	{ErrReadOnly, CodeReadOnly, "close it and sign in to change something"},
	{ErrNotInCopy, CodeReadOnly, "close the copy and sign in to get it"},
	{ErrCopyDamaged, CodeCopyDamaged, "sign in to get the vault from the server"},
	{ErrNoCopy, CodeNotFound, ""},
	{ErrIntercepted, CodeIntercepted, interceptedHint},
	{ErrOffline, CodeOffline, "check the connection and try again"},
	{ErrLocked, CodeLocked, "unlock the vault first"},
	{ErrSignedOut, Code(protocol.CodeUnauthorized), "sign in first"},
	{ErrWrongPassword, CodeWrongPassword, ""},
	{ErrTOTPRequired, Code(protocol.CodeTOTPRequired), "enter the code that your authenticator shows"},
	{ErrWrongPhrase, CodeBadPhrase, ""},
	{seal.ErrPhraseLength, CodeBadPhrase, ""},
	{seal.ErrPhraseChecksum, CodeBadPhrase, ""},
	{ErrRolledBack, CodeVaultRolledBack, alteredHint},
	{seal.ErrKDFTooWeak, CodeKDFRefused, alteredHint},
	{seal.ErrKDFTooCostly, CodeKDFRefused, alteredHint},
	{seal.ErrKDFMismatch, CodeKDFRefused, alteredHint},
	{seal.ErrTooLarge, CodeBadInput, "shorten the notes or the fields"},
	{seal.ErrEmptyPassword, CodeBadInput, "enter a password"},
	{seal.ErrPasswordText, CodeBadInput, ""},
	{ErrImportChoice, CodeBadInput, ""},
	{ErrNotFound, CodeNotFound, ""},
	{ErrNoAttachment, CodeNotFound, ""},
	{ErrAttachmentGone, CodeNotFound, "remove it from the item, and attach the file again if you have it"},
	{ErrBusy, Code(protocol.CodeRevisionConflict), "try again"},
}

// Explain finds the code and the hint of any error of this package and of app/transfer.
func Explain(err error) Failure {
	f := Failure{Code: CodeInternal, Message: err.Error()}
	var server *ServerError
	if errors.As(err, &server) {
		f.Code, f.Message, f.RetryAfter = Code(server.Code), server.Message, server.RetryAfter
		if slices.Contains(serverFaults, server.Code) {
			// The server's sentence is English, and the operator needs only the id to find the cause.
			f.Code, f.Message = CodeServerFault, server.RequestID
		}
	}
	var told interface{ Explain() (code, hint string) } // a failure of app/transfer, which is not linked into the browser's core
	if errors.As(err, &told) {
		code, hint := told.Explain()
		f.Code, f.Hint = Code(code), hint
		return f
	}
	var unreadable *UnreadableError
	if errors.As(err, &unreadable) {
		f.Code = CodeRecordUnreadable
		return f
	}
	for _, known := range failures {
		if !errors.Is(err, known.err) {
			continue
		}
		f.Hint = known.hint
		if server == nil || !errors.Is(err, ErrUncertain) {
			f.Code = known.code
		}
		return f
	}
	var field *item.FieldError
	var word *seal.WordError
	var kept *KeptError
	var altered *VaultAlteredError
	var unsent *UnsentError
	var file *AttachmentAlteredError
	switch {
	case errors.As(err, &unsent):
		f.Code, f.Hint = CodeUnsent, "sync first, or lose them on purpose"
	case errors.As(err, &file):
		f.Code, f.Hint = CodeAttachmentAltered, "the rest of the vault is not affected; tell whoever runs the server"
	case errors.As(err, &field):
		f.Code = CodeBadInput
	case errors.As(err, &word):
		f.Code = CodeBadPhrase
	case errors.As(err, &kept):
		f.Code = Code(protocol.CodeConflict)
		f.Hint = "look at what the other device changed, then delete again"
	case errors.As(err, &altered), errors.Is(err, seal.ErrWrongKey), errors.Is(err, seal.ErrWrongUser),
		errors.Is(err, seal.ErrWrongPurpose), errors.Is(err, seal.ErrAltered), errors.Is(err, seal.ErrBadID):
		f.Code, f.Hint = CodeVaultAltered, alteredHint
	}
	return f
}
