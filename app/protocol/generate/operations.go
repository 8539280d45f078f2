package main

// operation is one of the API's. What follows from its form is not repeated: the answers of every operation with a session, with
// a body, with parameters, or that changes something.
type operation struct {
	method, path     string // as in package protocol
	id, tag, summary string
	description      string
	guest            bool   // needs no session
	takes, gives     string // types of package protocol; gives is empty: 204
	parameters       []parameter
	codes            []string // beside those that follow
}

type parameter struct {
	name, in, description string
	schema                object
	required              bool
}

var (
	idInPath    = parameter{name: "id", in: "path", schema: object{"$ref": schemas + "ID"}, required: true}
	chunkInPath = parameter{name: "chunk", in: "path", schema: object{"$ref": schemas + "ChunkCount"}, required: true}
	since       = parameter{name: "since", in: "query",
		description: "All that changed after this revision, tombstones included; 0, the default: all live records and no tombstones.",
		schema:      object{"type": "integer", "format": "int64", "minimum": 0, "default": 0}}
)

// tags are the groups of operations.
var tags = []object{
	{"name": "state", "description": "For proxies and programs."},
	{"name": "entry", "description": "Ways in and out; limited by address and by account."},
	{"name": "account", "description": "The user's keys. Each change asks for the master password again."},
	{"name": "sessions", "description": "Devices that are signed in."},
	{"name": "vault", "description": "Sealed records."},
	{"name": "attachments", "description": "Sealed files in chunks. They are not part of the vault's revision."},
}

var operations = []operation{
	{method: "get", path: "PathHealth", id: "health", tag: "state", summary: "The process lives", guest: true, gives: "Health"},
	{method: "get", path: "PathReady", id: "ready", tag: "state", summary: "A proxy may send requests here", guest: true, gives: "Health",
		description: "503 while the store does not answer, and from SIGTERM on, while requests are still served.",
		codes:       []string{"unavailable", "storage_unavailable"}},
	{method: "get", path: "PathOpenAPI", id: "openapi", tag: "state", summary: "This document", guest: true, gives: anyObject},
	{method: "get", path: "PathSettings", id: "settings", tag: "state", summary: "The operator's settings, as the page needs them", gives: "Settings"},

	{method: "post", path: "PathPrelogin", id: "prelogin", tag: "entry", summary: "Key derivation parameters of a user", guest: true,
		takes: "PreloginRequest", gives: "PreloginResponse"},
	{method: "post", path: "PathRegister", id: "register", tag: "entry", summary: "Create an account and its first session", guest: true,
		takes: "RegisterRequest", gives: "SessionResponse",
		codes: []string{"invitation_required", "invitation_invalid", "username_taken", "user_id_taken", "conflict"}},
	{method: "post", path: "PathRegisterCheck", id: "registerCheck", tag: "entry", guest: true, takes: "RegisterCheckRequest",
		summary: "What a registration would be refused for, before a phrase is written down",
		codes:   []string{"invitation_required", "invitation_invalid", "username_taken"}},
	{method: "post", path: "PathLogin", id: "login", tag: "entry", summary: "Create a session", guest: true,
		description: "A session that the request carries ends.", takes: "LoginRequest", gives: "SessionResponse",
		codes: []string{"invalid_credentials", "totp_required", "totp_invalid", "conflict"}},
	{method: "post", path: "PathLogout", id: "logout", tag: "entry", summary: "End this session"},
	{method: "post", path: "PathRecoveryOpen", id: "recoveryOpen", tag: "entry", guest: true,
		summary: "Get the vault key as wrapped under the recovery phrase", takes: "RecoveryOpenRequest", gives: "RecoveryOpenResponse",
		codes: []string{"invalid_credentials"}},
	{method: "post", path: "PathRecoveryFinish", id: "recoveryFinish", tag: "entry", guest: true,
		summary: "Set a new password by the recovery phrase", takes: "RecoveryFinishRequest", gives: "SessionResponse",
		codes: []string{"unauthorized", "invalid_credentials", "conflict"}},

	{method: "get", path: "PathAccount", id: "account", tag: "account", summary: "What a client needs to unlock", gives: "Account"},
	{method: "post", path: "PathAccountDelete", id: "accountDelete", tag: "account", takes: "DeleteAccountRequest",
		summary: "Delete the account, the vault and all sessions", codes: []string{"invalid_credentials", "conflict"}},
	{method: "post", path: "PathAccountPassword", id: "accountPassword", tag: "account", summary: "Change the master password",
		takes: "PasswordRequest", codes: []string{"invalid_credentials", "conflict"}},
	{method: "post", path: "PathAccountRecovery", id: "accountRecovery", tag: "account", summary: "Replace the recovery phrase",
		takes: "RecoveryRequest", codes: []string{"invalid_credentials", "conflict"}},
	{method: "post", path: "PathTOTPBegin", id: "totpBegin", tag: "account", summary: "Make a second factor that is not yet in force",
		takes: "TOTPBeginRequest", gives: "TOTPBeginResponse", codes: []string{"invalid_credentials", "conflict"}},
	{method: "post", path: "PathTOTPConfirm", id: "totpConfirm", tag: "account", summary: "Put the second factor in force",
		takes: "TOTPConfirmRequest", codes: []string{"totp_invalid", "conflict"}},
	{method: "post", path: "PathTOTPRemove", id: "totpRemove", tag: "account", summary: "Remove the second factor",
		takes: "TOTPRemoveRequest", codes: []string{"invalid_credentials", "conflict"}},
	{method: "get", path: "PathSessions", id: "sessions", tag: "sessions", summary: "List sessions", gives: "SessionsResponse"},
	{method: "post", path: "PathSessionsEnd", id: "sessionsEnd", tag: "sessions", summary: "End one session, or all other ones",
		takes: "EndSessionsRequest", codes: []string{"invalid_credentials", "not_found"}},

	{method: "get", path: "PathVault", id: "vaultChanges", tag: "vault", summary: "Read the vault from a revision on", gives: "VaultResponse",
		parameters: []parameter{since}},
	{method: "post", path: "PathVaultChanges", id: "vaultApply", tag: "vault", summary: "Change the vault, all of it or nothing",
		takes: "ChangeRequest", gives: "ChangeResponse", codes: []string{"item_quota_reached", "record_quota_reached", "revision_conflict"}},
	{method: "get", path: "PathEvents", id: "events", tag: "vault", summary: "Follow the vault's revision", gives: eventStream,
		description: "A stream of server-sent events (WHATWG HTML §9.2). `revision`, a RevisionEvent, comes at once and whenever the vault " +
			"has another revision; several in a short time may come as one. `ended`, an Error with the code unauthorized, is the last " +
			"event of a session that has ended. Comments show that the stream lives. When the server stops, the stream ends without " +
			"an event: open another after the time in `retry`. 429: this user has too many streams open; 503: the server has."},

	{method: "get", path: "PathAttachments", id: "attachments", tag: "attachments", summary: "All attachments of the user, complete or not",
		gives: "AttachmentsResponse"},
	{method: "delete", path: "PathAttachment", id: "attachmentDelete", tag: "attachments", summary: "Delete an attachment with its chunks",
		parameters: []parameter{idInPath}, codes: []string{"not_found", "conflict"}},
	{method: "get", path: "PathChunk", id: "attachmentChunk", tag: "attachments", summary: "Read one chunk", gives: "Chunk",
		parameters: []parameter{idInPath, chunkInPath}, codes: []string{"not_found"}},
	{method: "put", path: "PathChunk", id: "attachmentChunkStore", tag: "attachments", summary: "Store one chunk", takes: "Chunk",
		description: "May be sent again when the answer was lost. A stored chunk is never replaced: another token, or another count than " +
			"that of the first chunk, is a conflict.",
		parameters: []parameter{idInPath, chunkInPath}, codes: []string{"quota_reached", "conflict"}},
}
