package main

// operation is one operation of the API. allCodes adds the error codes that follow from its form: whether it requires a
// session, has a body or parameters, or changes something.
type operation struct {
	method, path     string // path is the name of a constant in package protocol
	id, tag, summary string
	description      string
	guest            bool   // requires no session
	waits            bool   // possible before the operator opens a restored server, though not a GET
	takes, gives     string // types of package protocol; gives is empty for 204
	parameters       []parameter
	codes            []string // in addition to those that allCodes adds
}

type parameter struct {
	name, in, description string
	schema                object
	required              bool
}

var (
	idInPath    = parameter{name: "id", in: "path", schema: object{"$ref": schemas + "ID"}, required: true}
	chunkInPath = parameter{name: "chunk", in: "path", schema: object{"$ref": schemas + "ChunkCount"}, required: true}
	vaultInPath = parameter{name: "vault", in: "path", schema: object{"$ref": schemas + "ID"}, required: true}
	since       = number("since", 0, "Returns the records of all changes after this revision, with tombstones. 0 returns all live records without tombstones.")
	after       = number("after", -1, "Returns the log entries after this sequence number.")
	afterName   = parameter{name: "after", in: "query", schema: object{"$ref": schemas + "Username"},
		description: "Returns the users whose names come after this one."}
	auditSince  = moment("since", "Returns events from this time on.")
	auditUntil  = moment("until", "Returns events before this time.")
	auditUser   = parameter{name: "user", in: "query", schema: object{"$ref": schemas + "Username"}, description: "Returns events by or about this user."}
	auditKind   = parameter{name: "kind", in: "query", schema: object{"$ref": schemas + "AuditKind"}, description: "Returns events of this kind."}
	auditBefore = parameter{name: "before", in: "query", schema: object{"$ref": schemas + "AuditID"}, description: "`next` of the answer before."}
	username    = parameter{name: "username", in: "query", schema: object{"$ref": schemas + "Username"}, required: true}
	from        = number("from", 1, "Returns the writes from this revision on.")
	to          = number("to", 1, "Returns the writes up to this revision.")
	revision    = number("revision", 0, "Returns the writes on the path from the newest one down to this revision, which the client knows.")
	head        = parameter{name: "head", in: "query", schema: object{"$ref": schemas + "Hash"},
		description: "The hash of the write at `revision` that the client knows. If a branch has it, the answer leads from there to the vault."}
)

// standing lists the codes of the changes of another user.
var standing = []string{"not_administrator", "invalid_credentials", "not_found", "conflict", "last_administrator"}

// number is a parameter whose default is the lowest: that of a client that remembers nothing.
func number(name string, lowest int, description string) parameter {
	return parameter{name: name, in: "query", description: description,
		schema: object{"type": "integer", "format": "int64", "minimum": lowest, "maximum": 1<<53 - 1, "default": lowest}}
}

func moment(name, description string) parameter {
	return parameter{name: name, in: "query", description: description, schema: object{"type": "string", "format": "date-time"}}
}

// tags group the operations.
var tags = []object{
	{"name": "state", "description": "Health, readiness and metadata, for proxies and programs."},
	{"name": "access", "description": "Registration, login, logout and recovery; rate-limited by IP address and by account."},
	{"name": "account", "description": "The user's keys and second factor. Each change requires the master password again, and a change of the keys a signature."},
	{"name": "sessions", "description": "Signed-in devices."},
	{"name": "people", "description": "The public identities of other users, who see each other's names."},
	{"name": "admin", "description": "For administrators: who may use the server. An administrator reads no vault."},
	{"name": "vault", "description": "Sealed records, and the signed history of a vault."},
	{"name": "attachments", "description": "Sealed files, in chunks. A write of the vault makes them live, and deletes them."},
}

var operations = []operation{
	{method: "get", path: "PathHealth", id: "health", tag: "state", summary: "Report that the process is alive", guest: true, gives: "Health"},
	{method: "get", path: "PathReady", id: "ready", tag: "state", summary: "Report whether a proxy may send requests here", guest: true, gives: "Health",
		description: "503 while the store does not answer, and after SIGTERM, while requests in flight are still served.",
		codes:       []string{"unavailable", "storage_unavailable"}},
	{method: "get", path: "PathOpenAPI", id: "openapi", tag: "state", summary: "Get this document", guest: true, gives: anyObject},
	{method: "get", path: "PathSettings", id: "settings", tag: "state", summary: "Get the operator's settings that the page needs", gives: "Settings"},

	{method: "post", path: "PathPrelogin", id: "prelogin", tag: "access", summary: "Get a user's key derivation parameters", guest: true, waits: true,
		takes: "PreloginRequest", gives: "PasswordKDF"},
	{method: "post", path: "PathUsers", id: "register", tag: "access", guest: true,
		summary: "Create an account with its vault, and the first session", takes: "NewUserRequest", gives: "UserSession",
		codes: []string{"invitation_required", "invitation_invalid", "username_taken", "user_id_taken", "conflict"}},
	{method: "post", path: "PathRegisterCheck", id: "registerCheck", tag: "access", guest: true, takes: "RegisterCheckRequest",
		summary: "Check a registration before the user writes down a phrase",
		codes:   []string{"invitation_required", "invitation_invalid", "username_taken"}},
	{method: "post", path: "PathInvitationOffer", id: "invitationOffer", tag: "access", guest: true, takes: "OfferRequest", gives: "OfferResponse",
		summary: "Get what an inviter sealed for the new user", codes: []string{"invitation_invalid"}},
	{method: "post", path: "PathLogin", id: "login", tag: "access", summary: "Log in", guest: true,
		description: "Ends the session that the request carries, if any.", takes: "LoginRequest", gives: "UserSession",
		codes: []string{"invalid_credentials", "totp_required", "totp_invalid", "suspended", "conflict"}},
	{method: "post", path: "PathLogout", id: "logout", tag: "access", summary: "End this session", waits: true},
	{method: "post", path: "PathRecoveryOpen", id: "recoveryOpen", tag: "access", guest: true,
		summary: "Get what the recovery phrase opens, and the log of the vault", takes: "PhraseProof", gives: "PhraseOpened",
		codes: []string{"invalid_credentials", "suspended"}},
	{method: "post", path: "PathRecoveryFinish", id: "recoveryFinish", tag: "access", guest: true,
		summary: "Change the account's keys with the recovery phrase", takes: "PhraseEntryRequest", gives: "UserSession",
		codes: []string{"unauthorized", "invalid_credentials", "suspended", "conflict", "revision_conflict", "record_quota_reached"}},

	{method: "get", path: "PathAccount", id: "account", tag: "account", summary: "Get what a client needs to unlock the vault", gives: "UserAccount"},
	{method: "post", path: "PathAccountDelete", id: "accountDelete", tag: "account", takes: "DeleteAccountRequest",
		summary: "Delete the account, its vault and all sessions", codes: []string{"invalid_credentials", "conflict", "last_administrator"}},
	{method: "post", path: "PathAccountEntry", id: "accountEntry", tag: "account", summary: "Change the account's keys with a signed log entry",
		takes: "AccountEntryRequest", codes: []string{"invalid_credentials", "conflict", "revision_conflict", "record_quota_reached"}},
	{method: "post", path: "PathTOTPBegin", id: "totpBegin", tag: "account", summary: "Start enrolling a second factor",
		takes: "TOTPBeginRequest", gives: "TOTPBeginResponse", codes: []string{"invalid_credentials", "conflict"}},
	{method: "post", path: "PathTOTPConfirm", id: "totpConfirm", tag: "account", summary: "Enable the second factor",
		takes: "TOTPConfirmRequest", codes: []string{"totp_invalid", "conflict"}},
	{method: "post", path: "PathTOTPRemove", id: "totpRemove", tag: "account", summary: "Disable the second factor",
		takes: "TOTPRemoveRequest", codes: []string{"invalid_credentials", "conflict"}},
	{method: "get", path: "PathAccountEvents", id: "accountEvents", tag: "account", gives: "AuditResponse",
		summary:     "Read the events of the account, newest first",
		description: "What the user did, and what others did to the user. Events by other users have only time, kind and names.",
		parameters:  []parameter{auditSince, auditUntil, auditKind, auditBefore}},
	{method: "get", path: "PathSessions", id: "sessions", tag: "sessions", summary: "List sessions", gives: "SessionsResponse"},
	{method: "post", path: "PathSessionsEnd", id: "sessionsEnd", tag: "sessions", summary: "End one session, or all others",
		takes: "EndSessionsRequest", codes: []string{"invalid_credentials", "not_found"}},

	{method: "get", path: "PathCards", id: "cards", tag: "people", summary: "Get the public cards of a user", gives: "UserCards",
		description: "All generations, also those of a suspended user.", parameters: []parameter{username}, codes: []string{"not_found"}},

	{method: "get", path: "PathAdminUsers", id: "adminUsers", tag: "admin", summary: "List users", gives: "AdminUsersResponse",
		parameters: []parameter{afterName}, codes: []string{"not_administrator"}},
	{method: "post", path: "PathAdminUsersSuspend", id: "adminUsersSuspend", tag: "admin", takes: "AdminUserRequest", codes: standing,
		summary: "Suspend a user, and end all of the user's sessions"},
	{method: "post", path: "PathAdminUsersResume", id: "adminUsersResume", tag: "admin", takes: "AdminUserRequest", codes: standing,
		summary: "Let a suspended or removed user sign in again"},
	{method: "post", path: "PathAdminUsersRemove", id: "adminUsersRemove", tag: "admin", takes: "AdminUserRequest", codes: standing,
		summary:     "Suspend a user who will be deleted after 30 days",
		description: "Until then, resuming the user takes it back. Removing a user again does not change the date."},
	{method: "post", path: "PathAdminUsersDelete", id: "adminUsersDelete", tag: "admin", takes: "AdminUserRequest", codes: standing,
		summary: "Delete a user with the personal vault and all sessions"},
	{method: "post", path: "PathAdminUsersUnthrottle", id: "adminUsersUnthrottle", tag: "admin", takes: "AdminUserRequest",
		codes:   []string{"not_administrator", "invalid_credentials", "not_found"},
		summary: "Forget the wrong passwords that make a user wait before the next sign-in"},
	{method: "post", path: "PathAdminUsersPromote", id: "adminUsersPromote", tag: "admin", takes: "AdminUserRequest", codes: standing,
		summary: "Make a user an administrator"},
	{method: "post", path: "PathAdminUsersDemote", id: "adminUsersDemote", tag: "admin", takes: "AdminUserRequest", codes: standing,
		summary: "Make an administrator a plain user"},
	{method: "get", path: "PathAdminInvitations", id: "adminInvitations", tag: "admin", summary: "List open invitations",
		gives: "InvitationsResponse", codes: []string{"not_administrator"}},
	{method: "post", path: "PathAdminInvitations", id: "adminInvite", tag: "admin", summary: "Invite one user", takes: "NewInvitationRequest",
		description: "The invitation is void when its administrator is removed, suspended or demoted.",
		codes:       []string{"not_administrator", "invalid_credentials", "invitation_quota", "conflict"}},
	{method: "get", path: "PathInvitationsAnswers", id: "invitationAnswers", tag: "admin", gives: "AnswersResponse",
		summary: "List who registered with one's own invitations", description: "Answers are kept for 30 days.", codes: []string{"not_administrator"}},
	{method: "post", path: "PathAdminInvitationsRevoke", id: "adminInvitationsRevoke", tag: "admin", summary: "Revoke an open invitation",
		takes: "RevokeInvitationRequest", codes: []string{"not_administrator", "not_found"}},
	{method: "get", path: "PathAdminEvents", id: "adminEvents", tag: "admin", summary: "Read the audit trail, newest first", gives: "AuditResponse",
		description: "Events without a user are those of strangers, or of the operator.",
		parameters:  []parameter{auditSince, auditUntil, auditUser, auditKind, auditBefore}, codes: []string{"not_administrator"}},

	{method: "get", path: "PathVault", id: "vaultChanges", tag: "vault", summary: "Get what a client is missing of a vault", gives: "VaultAnswer",
		parameters: []parameter{vaultInPath, since, after, revision, head}, codes: []string{"not_found"}},
	{method: "post", path: "PathVaultWrites", id: "vaultWrite", tag: "vault", summary: "Store a signed write, atomically",
		takes: "WriteRequest", parameters: []parameter{vaultInPath},
		codes: []string{"not_found", "role", "item_quota_reached", "record_quota_reached", "branch_quota_reached", "quota_reached", "kept_quota", "revision_conflict"}},
	{method: "post", path: "PathVaultEntries", id: "vaultEntry", tag: "vault", summary: "Store a signed log entry, atomically",
		description: "A personal vault takes `rotate` here, a shared one all but `create`. The same entry again is accepted and changes nothing.",
		takes:       "VaultEntryRequest", parameters: []parameter{vaultInPath},
		codes: []string{"not_found", "role", "member_refused", "record_quota_reached", "revision_conflict"}},
	{method: "get", path: "PathVaults", id: "sharedVaults", tag: "vault", summary: "List the shared vaults of which the user is a member",
		gives: "SharedVaults"},
	{method: "post", path: "PathVaults", id: "vaultCreate", tag: "vault", summary: "Create a shared vault", takes: "NewVaultRequest",
		codes: []string{"user_id_taken", "member_refused", "vault_quota"}},
	{method: "post", path: "PathVaultEnvelopes", id: "vaultEnvelopes", tag: "vault", takes: "EnvelopesRequest",
		summary:     "Upload envelopes for a log entry of a large vault",
		description: "Managers and owners may. A part replaces what the user uploaded as this part before, and is dropped after 24 hours.",
		parameters:  []parameter{vaultInPath}, codes: []string{"not_found", "role"}},
	{method: "get", path: "PathVaultResend", id: "vaultResendState", tag: "vault", guest: true, gives: "ResendState",
		summary: "Ask what a server has that was restored from a backup", parameters: []parameter{vaultInPath}, codes: []string{"not_found"}},
	{method: "post", path: "PathVaultResend", id: "vaultResend", tag: "vault", guest: true, waits: true, takes: "ResendRequest", gives: "ResendAnswer",
		summary:     "Send what a restored server lost again, atomically",
		description: "Each write and entry is checked as if it had come alone, from the server's newest one on. A member signs the request.",
		parameters:  []parameter{vaultInPath},
		codes:       []string{"suspended", "not_found", "conflict", "item_quota_reached", "record_quota_reached", "revision_conflict"}},
	{method: "get", path: "PathVaultHistory", id: "vaultHistory", tag: "vault", summary: "Get writes and their operations", gives: "VaultHistory",
		description: "The answer may end early: ask again from the revision after its last write.",
		parameters:  []parameter{vaultInPath, from, to}, codes: []string{"not_found"}},
	{method: "post", path: "PathVaultTokens", id: "vaultTokens", tag: "vault", summary: "Get tokens of records, live or kept",
		description: "What a write replaced or deleted is kept for 30 days, except pins.",
		takes:       "TokensRequest", gives: "TokensAnswer", parameters: []parameter{vaultInPath}, codes: []string{"not_found"}},
	{method: "get", path: "PathEvents", id: "events", tag: "vault", summary: "Follow the user's vaults", gives: eventStream,
		description: "A stream of server-sent events (WHATWG HTML §9.2). `revision`, a RevisionEvent, is sent at the start and whenever the " +
			"personal vault changes; several changes in a short time may be sent as one. `vaults`, a SharedVaults with all shared vaults of the " +
			"user, is sent at the start unless there is none, and whenever the list or one of them changes. `ended`, an Error with the code unauthorized, is the " +
			"last event when the session ends. Comments keep the stream alive. When the server stops, the stream ends without an " +
			"event: reconnect after the time in `retry`. 429: this user has too many open streams; 503: the server has."},

	{method: "get", path: "PathVaultAttachments", id: "attachments", tag: "attachments", summary: "List the attachments of a vault, live or pending",
		gives: "VaultAttachments", parameters: []parameter{vaultInPath}, codes: []string{"not_found"}},
	{method: "get", path: "PathVaultChunk", id: "attachmentChunk", tag: "attachments", summary: "Get one chunk", gives: "Chunk",
		parameters: []parameter{vaultInPath, idInPath, chunkInPath}, codes: []string{"not_found"}},
	{method: "put", path: "PathVaultChunk", id: "attachmentChunkStore", tag: "attachments", summary: "Store one chunk", takes: "Chunk",
		description: "The attachment is pending until a write puts it, and may go after 24 hours. A chunk may be sent again if the answer was " +
			"lost. It is never replaced: another token, or a count that differs from the first chunk's, is a conflict.",
		parameters: []parameter{vaultInPath, idInPath, chunkInPath}, codes: []string{"not_found", "role", "quota_reached", "conflict"}},
}
