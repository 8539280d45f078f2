//go:generate go run ./generate -root ../..

// Package protocol defines the wire between clients and the server: paths, request and response bodies, error codes. All bodies
// are JSON (RFC 8259) in UTF-8; binary values are base64url without padding (RFC 4648 §5) unless a field says otherwise. Server
// and client both reject unknown fields.
package protocol

import (
	"time"

	"github.com/vaultsphere/vaultsphere/app/names"
)

// Paths. {id} and {chunk} are one path segment each.
const (
	PathHealth         = "/health"
	PathReady          = names.PathReady
	PathOpenAPI        = "/api/v1/openapi.json"
	PathPrelogin       = "/api/v1/prelogin"
	PathRegisterCheck  = "/api/v1/register/check"
	PathLogin          = "/api/v1/login"
	PathLogout         = "/api/v1/logout"
	PathRecoveryOpen   = "/api/v1/recovery/open"
	PathRecoveryFinish = "/api/v1/recovery/finish"
	PathAccount        = "/api/v1/account"
	PathAccountDelete  = "/api/v1/account/delete"
	PathTOTPBegin      = "/api/v1/account/totp/begin"
	PathTOTPConfirm    = "/api/v1/account/totp/confirm"
	PathTOTPRemove     = "/api/v1/account/totp/remove"
	PathSessions       = "/api/v1/sessions"
	PathSessionsEnd    = "/api/v1/sessions/end"
	PathEvents         = "/api/v1/events"
	PathSettings       = "/api/v1/settings"
)

// Limits that both sides enforce.
const (
	MaxBodyBytes     = 4 << 20  // of a request body
	MaxTokenBytes    = 64 << 10 // of one sealed token
	MaxUsernameRunes = 128
	MaxDeviceRunes   = 128

	MaxSmallTokenBytes = 4 << 10 // of a wrapped key: a few hundred bytes, with room for later formats
	MaxEnrolmentBytes  = 2 << 10

	MaxChunks          = 54      // of one attachment: 10 MiB in chunks of 190 KiB
	MaxChunkTokenBytes = 262_220 // of one sealed chunk; a DynamoDB item holds 400 KB
)

// PreloginRequest asks for the key derivation parameters of a user. Known is what a device remembers of the user.
type PreloginRequest struct {
	Username Username    `json:"username"`
	Known    *KnownEntry `json:"known,omitempty"`
}

// SessionTransport is how the client carries its session.
type SessionTransport string

const (
	// SessionCookie sends the token in an HttpOnly cookie, not in the body.
	SessionCookie SessionTransport = "cookie"
	// SessionBearer sends the token in the body, for "Authorization: Bearer".
	SessionBearer SessionTransport = "bearer"
)

// Invitation is what a client derives from the secret of an invitation link: see JoinSecret.
type Invitation struct {
	ID    ID `json:"id"`
	Proof ID `json:"proof"` // the server stores its hash, so a reader of the store cannot register
}

// RegisterCheckRequest asks for the error that RegisterRequest would get, before the user writes down a phrase. Without
// Username, only the invitation is checked.
type RegisterCheckRequest struct {
	Invitation *Invitation `json:"invitation,omitempty"`
	Username   Username    `json:"username,omitempty"`
}

// LoginRequest creates a session. TOTPCode is required if the user has a second factor (CodeTOTPRequired).
type LoginRequest struct {
	Username Username `json:"username"`
	AuthKey  AuthKey  `json:"auth_key"`
	//wire:schema {"pattern":"^([0-9]{6})?$"}
	TOTPCode  TOTPCode         `json:"totp_code,omitempty"`
	Device    Device           `json:"device"`
	Transport SessionTransport `json:"transport"`
}

// Prefixes of device cookies, over HTTPS and on http://localhost. Every new session sets one. PathLogin accepts it, also from a
// bearer client, and then counts wrong passwords separately from those of strangers.
const (
	DeviceCookie      = "__Secure-vaultsphere-device-"
	LocalDeviceCookie = "vaultsphere-device-"
)

// DeleteAccountRequest proves the master password again.
type DeleteAccountRequest struct {
	CurrentAuthKey AuthKey `json:"current_auth_key"`
}

// TOTPBeginRequest starts enrolling a second factor and proves the master password again.
type TOTPBeginRequest struct {
	CurrentAuthKey AuthKey `json:"current_auth_key"`
}

// TOTPBeginResponse holds a secret that is not enabled yet. Enrolment is opaque and valid for ten minutes.
type TOTPBeginResponse struct {
	//wire:schema {"pattern":"^otpauth://totp/","examples":["otpauth://totp/VaultSphere:alice?algorithm=SHA1&digits=6&issuer=VaultSphere&period=30&secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"]}
	URI string `json:"uri"` // otpauth://totp/… (Google Authenticator key URI format)
	//wire:schema {"pattern":"^[A-Z2-7]{32}$","examples":["JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"]}
	Secret    string    `json:"secret"` // base32 without padding (RFC 4648 §6)
	Enrolment Enrolment `json:"enrolment"`
}

// TOTPConfirmRequest enables the second factor of an enrolment, with a code that proves that the authenticator has the secret.
type TOTPConfirmRequest struct {
	Enrolment Enrolment `json:"enrolment"`
	Code      TOTPCode  `json:"code"`
}

// TOTPRemoveRequest disables the second factor and proves the master password again.
type TOTPRemoveRequest struct {
	CurrentAuthKey AuthKey `json:"current_auth_key"`
}

// Session is one signed-in device. Times are RFC 3339 with millisecond precision, in UTC; LastSeen may lag by five minutes.
type Session struct {
	ID       SessionID `json:"id"`
	Device   Device    `json:"device"`
	Created  time.Time `json:"created"`
	LastSeen time.Time `json:"last_seen"`
	Current  bool      `json:"current"`
}

// EndSessionsRequest proves the master password again: a stolen session must not sign out the owner's devices.
type EndSessionsRequest struct {
	CurrentAuthKey AuthKey   `json:"current_auth_key"`
	ID             SessionID `json:"id,omitempty"` // of one session; empty: all but the current one
}

// SessionsResponse lists the live sessions of the user, newest first.
type SessionsResponse struct {
	Sessions []Session `json:"sessions"`
}

// Events of GET /api/v1/events, a stream as in WHATWG HTML §9.2.
const (
	// EventRevision has a RevisionEvent as its data. It is sent once at the start and whenever the vault changes.
	EventRevision = "revision"
	// EventVaults has SharedVaults as its data: all of them, whenever the list or a vault in it changes. It is sent at the start unless
	// the list is empty.
	EventVaults = "vaults"
	// EventEnded has an Error as its data: the session has ended, and the stream with it.
	EventEnded = "ended"
)

// RevisionEvent is the current state of the personal vault. A log entry moves Sequence alone.
type RevisionEvent struct {
	Revision Revision `json:"revision"`
	Sequence Sequence `json:"sequence"` // of the newest log entry
	// Head and Entry are those of VaultLog. They are left out after a change: then the numbers are new. A client that knows another write
	// or entry under the same numbers syncs.
	//wire:schema {"optional":true}
	Head Hash `json:"head,omitempty"`
	//wire:schema {"optional":true}
	Entry Hash `json:"entry,omitempty"`
}

// Chunk is one sealed chunk of an attachment: the body of PUT and of the answer to GET at PathVaultChunk, where {chunk} is its
// number, from 1 to Count.
type Chunk struct {
	Count ChunkCount `json:"count"` // total number of chunks, the same in each of them
	Token ChunkToken `json:"token"`
}

// Settings are the operator's settings, as the page needs them.
type Settings struct {
	// BreachAddress is where the page may look up passwords in known breaches, with the range API of Have I Been Pwned; empty:
	// nowhere. Clients ask it directly, so this server learns nothing.
	//wire:schema {"examples":["https://api.pwnedpasswords.com"]}
	BreachAddress string `json:"breach_address"`
}

// Health answers PathHealth and, with the server ready, PathReady.
type Health struct {
	//wire:schema {"const":true}
	OK bool `json:"ok"`
	// Waiting says that the server was restored from a backup, and that its operator has not opened it yet.
	//wire:schema {"minLength":1,"examples":["the server was restored from a backup and waits for its operator"]}
	Waiting string `json:"waiting,omitempty"`
}
