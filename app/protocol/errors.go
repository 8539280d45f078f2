package protocol

// Code identifies an error for programs. New codes may be added: a client treats an unknown one like its status, with which the
// comment of each code begins.
type Code string

const (
	CodeBadRequest         Code = "bad_request"          // 400: the request does not match the API; the message names the field
	CodeUnauthorized       Code = "unauthorized"         // 401: no session, or the session has ended
	CodeInvalidCredentials Code = "invalid_credentials"  // 401: wrong username, password or recovery phrase; never says which
	CodeTOTPRequired       Code = "totp_required"        // 401: the password is right; a code is required
	CodeTOTPInvalid        Code = "totp_invalid"         // 401: the code is wrong or was used before
	CodeForbidden          Code = "forbidden"            // 403: cross-origin request
	CodeInvitationRequired Code = "invitation_required"  // 403: registration on this server requires an invitation
	CodeInvitationInvalid  Code = "invitation_invalid"   // 403: the invitation was used, has expired, or is unknown
	CodeSuspended          Code = "suspended"            // 403: password and second factor are right, but an administrator suspended the user
	CodeNotAdministrator   Code = "not_administrator"    // 403: only administrators may do this
	CodeInvitationQuota    Code = "invitation_quota"     // 403: too many invitations are open: revoke some
	CodeQuotaReached       Code = "quota_reached"        // 403: the user's attachments would exceed their quota
	CodeItemQuotaReached   Code = "item_quota_reached"   // 403: the user would have more items than the quota
	CodeRecordQuotaReached Code = "record_quota_reached" // 403: the user's records would exceed their quota
	CodeBranchQuotaReached Code = "branch_quota_reached" // 403: the branches of the vault would exceed their quota
	CodeVaultQuota         Code = "vault_quota"          // 403: the user has created as many shared vaults as the quota
	CodeRole               Code = "role"                 // 403: the caller's role in this vault does not allow it
	CodeKeptQuota          Code = "kept_quota"           // 403: what the write replaces would exceed what the author's card may keep
	CodeNotFound           Code = "not_found"            // 404
	CodeMethodNotAllowed   Code = "method_not_allowed"   // 405
	CodeUsernameTaken      Code = "username_taken"       // 409
	CodeUserIDTaken        Code = "user_id_taken"        // 409: generate another ID and try again
	CodeLastAdministrator  Code = "last_administrator"   // 409: the server would have no active administrator: make another one first
	CodeMemberRefused      Code = "member_refused"       // 409: the log entry adds somebody who is gone or suspended, or has a newer card
	CodeRevisionConflict   Code = "revision_conflict"    // 409: another change came first; sync, rebase, try again
	CodeConflict           Code = "conflict"             // 409: the account changed concurrently; try again
	CodeTooLarge           Code = "too_large"            // 413
	CodeTooSlow            Code = "too_slow"             // 408 with Retry-After: the body arrived too slowly
	CodeUnsupportedMedia   Code = "unsupported_media"    // 415: not application/json
	CodeThrottled          Code = "throttled"            // 429 with Retry-After
	CodeInternal           Code = "internal"             // 500: logged under the request id
	CodeUnavailable        Code = "unavailable"          // 503 with Retry-After: overloaded or shutting down
	CodeWaiting            Code = "waiting"              // 503 with Retry-After: restored from a backup, waits for the operator
	CodeStorageUnavailable Code = "storage_unavailable"  // 503: the store did not answer; either nothing was written or all of it
	CodeStorageFull        Code = "storage_full"         // 507: nothing was written
)

// Error is the body of every answer outside 2xx.
type Error struct {
	Code Code `json:"code"`
	//wire:schema {"minLength":1,"examples":["username must not be empty"]}
	Message string `json:"message"`
	//wire:schema {"pattern":"^[0-9a-f]{16}$","examples":["7f25dcca024ce079"]}
	RequestID string `json:"request_id"`
	// News comes with revision_conflict after a write, unless it is too large: what the signer of the write is missing. It is the
	// answer to GET at PathVault for what the write names.
	News *VaultAnswer `json:"news,omitempty"`
}
