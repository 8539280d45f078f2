package client

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client/directory"
	"github.com/vaultsphere/vaultsphere/app/client/imports"
	"github.com/vaultsphere/vaultsphere/app/client/members"
	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/protocol/bridge"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// Code identifies an error for a user interface: a protocol.Code of the server, or one of these.
type Code string

const (
	CodeLocked            Code = "locked"
	CodeWrongPassword     Code = "wrong_password"
	CodePasswordChanged   Code = "password_changed"
	CodeBadPhrase         Code = "bad_phrase"
	CodeKDFRefused        Code = "kdf_refused"
	CodeVaultAltered      Code = "vault_altered"
	CodeVaultRolledBack   Code = "vault_rolled_back"
	CodeHistoryAltered    Code = "history_altered"
	CodeAttachmentAltered Code = "attachment_altered"
	CodeRecordUnreadable  Code = "record_unreadable"
	CodeOffline           Code = "offline"
	CodeIntercepted       Code = "intercepted"
	CodeBadAnswer         Code = "bad_answer"
	CodeServerFault       Code = "server_fault"
	CodeCancelled         Code = "cancelled"
	CodeBadInput          Code = "bad_input"
	CodeUnsent            Code = "unsent_changes"
	CodeReadOnly          Code = "read_only"
	CodeAlarm             Code = "vault_alarm"
	CodeCannotMerge       Code = "cannot_merge"
	CodeOtherIdentity     Code = "other_identity"
	CodeReprompt          Code = "reprompt"
	CodeAccountReplaced   Code = "account_replaced"
	CodeBadUsername       Code = "bad_username"
	CodeCopyDamaged       Code = "copy_damaged"
	CodeDeviceStorage     Code = "device_storage"
	CodeCardsInvalid      Code = "cards_invalid"
	CodePersonParted      Code = "person_parted"
	CodePersonOlder       Code = "person_older"
	CodeOtherFingerprint  Code = "other_fingerprint"
	CodeOfferInvalid      Code = "offer_invalid"
	CodeAnswerInvalid     Code = "answer_invalid"
	CodePersonUnverified  Code = "person_unverified"
	CodeMembersUnseen     Code = "members_unseen"
	CodeLastOwner         Code = "last_owner"
	CodeVaultAwaited      Code = "vault_awaited"
	CodeNotFound          Code = Code(protocol.CodeNotFound)
	CodeInternal          Code = Code(protocol.CodeInternal)
)

// Failure is an error for a user interface, which has a sentence for each code and each finding.
type Failure struct {
	Code       Code
	Findings   []bridge.Finding // what exactly is wrong, the most telling first; may be empty
	RequestID  string           // of a CodeServerFault, by which the operator finds the cause
	RetryAfter time.Duration    // zero: the server did not say
}

// serverFaults are refusals that a user can do nothing about.
var serverFaults = []protocol.Code{
	protocol.CodeInternal, protocol.CodeForbidden, protocol.CodeMethodNotAllowed, protocol.CodeUnsupportedMedia, protocol.CodeUserIDTaken,
}

type failure struct {
	err  error
	code Code
}

// failures are checked in order: the first match counts.
var failures = []failure{
	{context.Canceled, CodeCancelled},
	{context.DeadlineExceeded, CodeCancelled},
	{ErrLocked, CodeLocked},
	{ErrUncertain, CodeOffline},
	{ErrAlarm, CodeAlarm},
	{ErrNoCommon, CodeCannotMerge},
	{ErrLogParted, CodeCannotMerge},
	{ErrNothingToMerge, CodeCannotMerge},
	{ErrOtherIdentity, CodeOtherIdentity},
	{ErrOtherHead, Code(protocol.CodeRevisionConflict)},
	{ErrNoAlarm, CodeNotFound},
	{ErrReadOnly, CodeReadOnly},
	{ErrVaultWithheld, CodeNotFound},
	{ErrVaultAwaited, CodeVaultAwaited},
	{ErrVaultLeft, Code(protocol.CodeRole)},
	{ErrVaultRole, Code(protocol.CodeRole)},
	{ErrVaultClosed, CodeReadOnly},
	{ErrVaultName, CodeBadInput},
	{ErrPersonalVault, CodeBadInput},
	{ErrNoVault, CodeNotFound},
	{ErrVaultNames, CodeBadInput},
	{ErrReprompt, CodeReprompt},
	{ErrReplaced, CodeAccountReplaced},
	{ErrNotInCopy, CodeReadOnly},
	{ErrCopyDamaged, CodeCopyDamaged},
	{ErrNoCopy, CodeNotFound},
	{ErrIntercepted, CodeIntercepted},
	{ErrOffline, CodeOffline},
	{ErrSignedOut, Code(protocol.CodeUnauthorized)},
	{ErrPasswordChanged, CodePasswordChanged},
	{ErrWrongPassword, CodeWrongPassword},
	{ErrTOTPRequired, Code(protocol.CodeTOTPRequired)},
	{ErrWrongPhrase, CodeBadPhrase},
	{seal.ErrPhraseLength, CodeBadPhrase},
	{seal.ErrPhraseChecksum, CodeBadPhrase},
	{ErrRolledBack, CodeVaultRolledBack},
	{seal.ErrKDFMismatch, CodeKDFRefused},
	{seal.ErrUnknownCost, CodeKDFRefused},
	{ErrCostLowered, CodeKDFRefused},
	{ErrMemory, CodeVaultRolledBack},
	{seal.ErrTooLarge, CodeBadInput},
	{seal.ErrEmptyPassword, CodeBadInput},
	{seal.ErrPasswordText, CodeBadInput},
	{imports.ErrImportChoice, CodeBadInput},
	{ErrHistoryAltered, CodeHistoryAltered},
	{ErrUnproven, CodeHistoryAltered},
	{ErrNoRevision, CodeNotFound},
	{ErrNotFound, CodeNotFound},
	{ErrNoUser, CodeNotFound},
	{ErrNoAttachment, CodeNotFound},
	{ErrAttachmentGone, CodeNotFound},
	{ErrBusy, Code(protocol.CodeRevisionConflict)},
	{ErrStorage, CodeDeviceStorage},
	{ErrCacheMoved, Code(protocol.CodeRevisionConflict)},
	{ErrLongAnswer, CodeBadAnswer},
	{ErrUsername, CodeBadUsername},
	{ErrSelf, CodeBadInput},
	{directory.ErrCards, CodeCardsInvalid},
	{directory.ErrParted, CodePersonParted},
	{directory.ErrOlder, CodePersonOlder},
	{directory.ErrFingerprint, CodeOtherFingerprint},
	{directory.ErrOffer, CodeOfferInvalid},
	{directory.ErrInvitee, CodeBadInput},
	{ErrDays, CodeBadInput},
	{directory.ErrAnswer, CodeAnswerInvalid},
	{ErrNoInvitation, CodeNotFound},
	{directory.ErrMoved, Code(protocol.CodeConflict)},
	{directory.ErrPin, CodeRecordUnreadable},
	{directory.ErrVaultPin, CodeRecordUnreadable},
	{directory.ErrNoVaultPin, CodeNotFound},
	{directory.ErrVaultParted, CodeVaultRolledBack},
	{ErrNotInvited, CodePersonUnverified},
	{members.ErrUnverified, CodePersonUnverified},
	{members.ErrUnseen, CodeMembersUnseen},
	{members.ErrLastOwner, CodeLastOwner},
	{members.ErrNotMember, CodeNotFound},
	{members.ErrNoMember, CodeNotFound},
	{members.ErrMember, Code(protocol.CodeConflict)},
	{members.ErrRotateFirst, Code(protocol.CodeConflict)},
	{members.ErrRole, Code(protocol.CodeRole)},
	{members.ErrClosed, CodeReadOnly},
	{members.ErrSelf, CodeBadInput},
	{members.ErrSame, CodeBadInput},
	{members.ErrFull, CodeBadInput},
	{members.ErrPolicy, CodeBadInput},
	{members.ErrNoKey, CodeVaultAltered},
}

// causes are checked after the errors that wrap them with more to say.
var causes = []failure{
	{replica.ErrTooManyVersions, Code(protocol.CodeTooLarge)},
	{replica.ErrExpired, CodeNotFound},
	{replica.ErrOtherToken, CodeHistoryAltered},
	{replica.ErrNoOverview, CodeRecordUnreadable},
	{replica.ErrNoDetails, CodeRecordUnreadable},
	{item.ErrMalformed, CodeRecordUnreadable},
	{replica.ErrNoEpochKey, CodeVaultAltered},
	{seal.ErrWrongKey, CodeVaultAltered},
	{seal.ErrWrongUser, CodeVaultAltered},
	{seal.ErrWrongMethod, CodeVaultAltered},
	{seal.ErrOldKey, CodeVaultAltered},
	{seal.ErrAltered, CodeVaultAltered},
	{seal.ErrBadID, CodeVaultAltered},
	{seal.ErrBadPlace, CodeVaultAltered},
	{seal.ErrMisplaced, CodeVaultAltered},
	{seal.ErrCardKeys, CodeVaultAltered},
	{seal.ErrNotMember, CodeVaultAltered},
	{seal.ErrCommitment, CodeVaultAltered},
}

// Explain returns the code of an error of this package or app/transfer, and CodeInternal for any other.
func Explain(err error) Failure {
	f := Failure{Code: CodeInternal}
	var server *ServerError
	if errors.As(err, &server) {
		f.Code, f.RetryAfter = Code(server.Code), server.RetryAfter
		if slices.Contains(serverFaults, server.Code) {
			f.Code, f.RequestID = CodeServerFault, server.RequestID
		}
	}
	var file interface{ Explain() (code, hint string) } // a failure of app/transfer, which the browser's core does not link
	if errors.As(err, &file) {
		code, _ := file.Explain()
		f.Code = Code(code)
		return f
	}
	if code := codeOf(err); code != "" && (server == nil || !errors.Is(err, ErrUncertain)) {
		f.Code = code
	}
	switch f.Code {
	case CodeBadInput, CodeKDFRefused, CodeRecordUnreadable, CodeVaultAltered, CodeVaultRolledBack:
		f.Findings = findingsOf(err)
	}
	return f
}

// codeOf returns "" for an error of another package.
func codeOf(err error) Code {
	var unreadable *UnreadableError
	if errors.As(err, &unreadable) {
		return CodeRecordUnreadable
	}
	if code := among(failures, err); code != "" {
		return code
	}
	var field *item.FieldError
	var word *seal.WordError
	var conflict *ConflictError
	var altered *VaultAlteredError
	var unsent *UnsentError
	var answer *AnswerError
	var file *AttachmentAlteredError
	var reason chain.Reason
	switch {
	case errors.As(err, &unsent):
		return CodeUnsent
	case errors.As(err, &file):
		return CodeAttachmentAltered
	case errors.As(err, &field):
		return CodeBadInput
	case errors.As(err, &word):
		return CodeBadPhrase
	case errors.As(err, &conflict):
		return Code(protocol.CodeConflict)
	case errors.As(err, &altered):
		return CodeVaultAltered
	}
	if code := among(causes, err); code != "" {
		return code
	}
	switch {
	case errors.As(err, &reason):
		return CodeVaultAltered
	case errors.As(err, &answer):
		return CodeBadAnswer
	}
	return ""
}

func among(list []failure, err error) Code {
	for _, known := range list {
		if errors.Is(err, known.err) {
			return known.code
		}
	}
	return ""
}
