//go:generate go run ./generate -root ../..

// Package protocol is the wire between clients and the server: paths, request and response bodies, error codes.
// All bodies are JSON (RFC 8259) in UTF-8; binary values are base64url without padding (RFC 4648 §5) unless
// a field says otherwise. Unknown fields are refused by the server and by the client.
package protocol

import (
	"time"

	"github.com/vaultsphere/vaultsphere/app/names"
)

// Paths. {id} and {piece} take one path segment each.
const (
	PathHealth          = "/health"
	PathReady           = names.PathReady
	PathOpenAPI         = "/api/v1/openapi.json"
	PathPrelogin        = "/api/v1/prelogin"
	PathRegister        = "/api/v1/register"
	PathRegisterCheck   = "/api/v1/register/check"
	PathLogin           = "/api/v1/login"
	PathLogout          = "/api/v1/logout"
	PathRecoveryOpen    = "/api/v1/recovery/open"
	PathRecoveryFinish  = "/api/v1/recovery/finish"
	PathAccount         = "/api/v1/account"
	PathAccountDelete   = "/api/v1/account/delete"
	PathAccountPassword = "/api/v1/account/password"
	PathAccountRecovery = "/api/v1/account/recovery"
	PathTOTPBegin       = "/api/v1/account/totp/begin"
	PathTOTPConfirm     = "/api/v1/account/totp/confirm"
	PathTOTPRemove      = "/api/v1/account/totp/remove"
	PathSessions        = "/api/v1/sessions"
	PathSessionsEnd     = "/api/v1/sessions/end"
	PathVault           = "/api/v1/vault"
	PathVaultChanges    = "/api/v1/vault/changes"
	PathEvents          = "/api/v1/events"
	PathSettings        = "/api/v1/settings"
	PathAttachments     = "/api/v1/attachments"
	PathAttachment      = "/api/v1/attachments/{id}"
	PathPiece           = "/api/v1/attachments/{id}/{piece}"
)

// Limits that both sides keep.
const (
	MaxBodyBytes     = 4 << 20  // of a request body
	MaxTokenBytes    = 64 << 10 // of one sealed token
	MaxChangeRecords = 500      // puts and deletes together in one change
	MaxUsernameRunes = 128
	MaxDeviceRunes   = 128
	MinArgonMemoryKB = 64 << 10
	MaxArgonMemoryKB = 1 << 20

	MaxPieces          = 54      // of one attachment: 10 MiB in pieces of 190 KiB
	MaxPieceTokenBytes = 262_220 // of one sealed piece; a DynamoDB item takes 400 KB
)

// KDF is the salt and the Argon2id (RFC 9106) cost of one user's master key.
type KDF struct {
	Salt      string `json:"salt"`       // 16 bytes, base64url without padding
	MemoryKiB uint32 `json:"memory_kib"` // 65536..1048576
	Time      uint32 `json:"time"`       // 3..20
	Threads   uint8  `json:"threads"`    // 1..16
}

type PreloginRequest struct {
	Username string `json:"username"`
}

// PreloginResponse looks the same for known and unknown users, for ever.
type PreloginResponse struct {
	KDF KDF `json:"kdf"`
}

// Transport says how the client wants to carry its session.
type SessionTransport string

const (
	// SessionCookie puts the token in an HttpOnly cookie and not in the body.
	SessionCookie SessionTransport = "cookie"
	// SessionBearer puts the token in the body, for "Authorization: Bearer".
	SessionBearer SessionTransport = "bearer"
)

// RegisterRequest makes an account and its first session. UserID is made by the client (16 random bytes) because
// the keys are bound to it; the server refuses one that was ever used.
type RegisterRequest struct {
	Invitation         *Invitation      `json:"invitation,omitempty"` // only where registration is open it may be missing
	Username           string           `json:"username"`
	UserID             string           `json:"user_id"`
	KDF                KDF              `json:"kdf"`
	AuthKey            string           `json:"auth_key"`          // standard base64 of 32 bytes
	RecoveryAuthKey    string           `json:"recovery_auth_key"` // standard base64 of 32 bytes
	WrappedKey         string           `json:"wrapped_key"`       // Fernet token: the vault key under the password
	RecoveryWrappedKey string           `json:"recovery_wrapped_key"`
	Manifest           string           `json:"manifest"` // sealed manifest of the empty vault, revision 0
	Device             string           `json:"device"`
	Transport          SessionTransport `json:"transport"`
}

// Invitation is what a link that the operator hands out says after "#join/": the id and the secret, with a slash between.
type Invitation struct {
	ID     string `json:"id"`     // 16 bytes, base64url without padding
	Secret string `json:"secret"` // 16 random bytes, base64url without padding; the server keeps its hash
}

// RegisterCheckRequest asks what RegisterRequest would be refused for, before a person has written a phrase down.
// Username may be missing: then only the invitation is looked at.
type RegisterCheckRequest struct {
	Invitation *Invitation `json:"invitation,omitempty"`
	Username   string      `json:"username,omitempty"`
}

type LoginRequest struct {
	Username  string           `json:"username"`
	AuthKey   string           `json:"auth_key"`
	TOTPCode  string           `json:"totp_code,omitempty"`
	Device    string           `json:"device"`
	Transport SessionTransport `json:"transport"`
}

// What the names of device cookies begin with, over HTTPS and on http://localhost. A session that was made is answered with
// one; PathLogin takes it back, from a bearer as well, and then counts wrong passwords apart from those of strangers.
const (
	DeviceCookie      = "__Secure-vaultsphere-device-"
	LocalDeviceCookie = "vaultsphere-device-"
)

// SessionResponse answers register, login and recovery finish.
type SessionResponse struct {
	Token   string  `json:"token,omitempty"` // only for SessionBearer
	Account Account `json:"account"`
}

// Account is what a session may read about its user. It is all a client needs to unlock.
type Account struct {
	Username    string `json:"username"` // in canonical form
	UserID      string `json:"user_id"`
	KDF         KDF    `json:"kdf"`
	WrappedKey  string `json:"wrapped_key"`
	TOTPEnabled bool   `json:"totp_enabled"`
	SessionID   string `json:"session_id"` // of the asking session, as in Session.ID
	Revision    int64  `json:"revision"`
}

type RecoveryOpenRequest struct {
	Username        string `json:"username"`
	RecoveryAuthKey string `json:"recovery_auth_key"`
}

type RecoveryOpenResponse struct {
	UserID             string `json:"user_id"`
	RecoveryWrappedKey string `json:"recovery_wrapped_key"`
	TOTPEnabled        bool   `json:"totp_enabled"`
}

// RecoveryFinishRequest replaces the password. All sessions end, a new one is made. The phrase stays valid.
// The phrase stands for both factors; RemoveTOTP says that the authenticator is lost too.
type RecoveryFinishRequest struct {
	Username        string           `json:"username"`
	RecoveryAuthKey string           `json:"recovery_auth_key"`
	KDF             KDF              `json:"kdf"`
	AuthKey         string           `json:"auth_key"`
	WrappedKey      string           `json:"wrapped_key"`
	RemoveTOTP      bool             `json:"remove_totp"`
	Device          string           `json:"device"`
	Transport       SessionTransport `json:"transport"`
}

// PasswordRequest changes the master password. Every other session ends.
type PasswordRequest struct {
	CurrentAuthKey string `json:"current_auth_key"`
	KDF            KDF    `json:"kdf"`
	AuthKey        string `json:"auth_key"`
	WrappedKey     string `json:"wrapped_key"`
}

// RecoveryRequest replaces the recovery phrase.
type RecoveryRequest struct {
	CurrentAuthKey     string `json:"current_auth_key"`
	RecoveryAuthKey    string `json:"recovery_auth_key"`
	RecoveryWrappedKey string `json:"recovery_wrapped_key"`
}

// DeleteAccountRequest and TOTPRemoveRequest prove knowledge of the master password again.
type DeleteAccountRequest struct {
	CurrentAuthKey string `json:"current_auth_key"`
}

type TOTPBeginRequest struct {
	CurrentAuthKey string `json:"current_auth_key"`
}

// TOTPBeginResponse holds a secret that is not yet in force. Enrolment is opaque, valid for ten minutes.
type TOTPBeginResponse struct {
	URI       string `json:"uri"`    // otpauth://totp/… (Google Authenticator key URI format)
	Secret    string `json:"secret"` // base32 without padding (RFC 4648 §6)
	Enrolment string `json:"enrolment"`
}

type TOTPConfirmRequest struct {
	Enrolment string `json:"enrolment"`
	Code      string `json:"code"`
}

type TOTPRemoveRequest struct {
	CurrentAuthKey string `json:"current_auth_key"`
}

type Session struct {
	ID       string    `json:"id"`
	Device   string    `json:"device"`
	Created  time.Time `json:"created"`
	LastSeen time.Time `json:"last_seen"`
	Current  bool      `json:"current"`
}

// EndSessionsRequest proves knowledge of the master password again: a stolen session must not sign the owner's devices out.
type EndSessionsRequest struct {
	CurrentAuthKey string `json:"current_auth_key"`
	ID             string `json:"id,omitempty"` // of one session; empty: all but the asking one
}

type SessionsResponse struct {
	Sessions []Session `json:"sessions"`
}

// Kind says in which table a record lies and what it seals.
type Kind string

const (
	// KindAccount is the metadata of an account: one live version, a put of the next version replaces it.
	KindAccount Kind = "account"
	// KindPassword is the secret of an account: every version lives until it is deleted; old ones are the history.
	KindPassword Kind = "password"
)

// Place names one sealed record within a user's vault.
type Place struct {
	AccountID string `json:"account_id"` // 16 random bytes, base64url without padding
	Kind      Kind   `json:"kind"`
	Version   int64  `json:"version"` // 1, 2, 3 …
}

// Record is a sealed record, or the tombstone of one.
type Record struct {
	Place
	Revision int64  `json:"revision"` // of the change that wrote it
	Token    string `json:"token,omitempty"`
	Deleted  bool   `json:"deleted,omitempty"`
}

// VaultResponse answers GET /api/v1/vault?since=N: all that changed after revision N, tombstones included; with
// N = 0 all live records and no tombstones. Manifest belongs to Revision.
type VaultResponse struct {
	Revision int64    `json:"revision"`
	Manifest string   `json:"manifest"`
	Records  []Record `json:"records"`
}

type Put struct {
	Place
	Token string `json:"token"`
}

// ChangeRequest moves the vault from BaseRevision to BaseRevision+1, all of it or nothing.
type ChangeRequest struct {
	BaseRevision int64   `json:"base_revision"`
	Manifest     string  `json:"manifest"`
	Puts         []Put   `json:"puts"`
	Deletes      []Place `json:"deletes"`
}

type ChangeResponse struct {
	Revision int64 `json:"revision"`
}

// Names of the events of GET /api/v1/events, a stream as in WHATWG HTML §9.2.
const (
	// EventRevision has a RevisionEvent as its data: once at the start, and whenever the revision is another.
	EventRevision = "revision"
	// EventEnded has an Error as its data: the session has ended, and with it the stream.
	EventEnded = "ended"
)

type RevisionEvent struct {
	Revision int64 `json:"revision"`
}

// Piece is one sealed piece of an attachment. It is the body of PUT and of the answer to GET at PathPiece, where {piece}
// is its number, from 1 to Count.
type Piece struct {
	Count int    `json:"count"` // of pieces of the attachment, the same in each of them
	Token string `json:"token"`
}

// Attachment is what the server knows of one, be it complete or not.
type Attachment struct {
	ID       string    `json:"id"` // 16 random bytes, base64url without padding
	Count    int       `json:"count"`
	Pieces   int       `json:"pieces"`   // that are there; the attachment is complete if they are Count
	Bytes    int64     `json:"bytes"`    // of their tokens together
	Uploaded time.Time `json:"uploaded"` // when the last piece came
}

// AttachmentsResponse lists all attachments of the user. Now is the server's clock, so that their age does not depend on
// the client's.
type AttachmentsResponse struct {
	Attachments []Attachment `json:"attachments"`
	Quota       int64        `json:"quota"` // bytes of tokens that the user may keep
	Now         time.Time    `json:"now"`
}

// Settings is what whoever runs the server has decided for the page.
type Settings struct {
	// BreachAddress is where the page may look passwords up among those known from breaches, by the range API of Have I
	// Been Pwned; empty: nowhere. Clients go there themselves, so that this server learns nothing of it.
	BreachAddress string `json:"breach_address"`
}

// Health answers PathHealth and, with Ready, PathReady.
type Health struct {
	OK bool `json:"ok"`
}
