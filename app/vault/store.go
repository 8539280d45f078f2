package vault

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// Errors a Store returns, wrapped; compare with errors.Is.
var (
	ErrNotFound         = errors.New("not found")
	ErrUsernameTaken    = errors.New("username is taken")
	ErrUserIDTaken      = errors.New("user id was used before")
	ErrRevisionConflict = errors.New("vault is at another revision")
	ErrConflict         = errors.New("changed at the same time")
	ErrStoreFull        = errors.New("store is full")
	ErrStoreUnavailable = errors.New("store is unavailable")
	ErrInvalidChange    = errors.New("change does not fit the vault")
	ErrChunkTaken       = errors.New("another chunk is there")
	ErrItemQuota        = errors.New("more items than the user may have")
	ErrRecordQuota      = errors.New("records would take more room than the user has")
	ErrQuotaReached     = errors.New("attachments would take more room than the user has")
	ErrNoInvitation     = errors.New("invitation was used, has expired, or never was")
	ErrNotFirst         = errors.New("the store has, or had, a user")
)

// UserID is the client-made id of a user: 16 bytes, base64url without padding.
type UserID string

// Username is a username in canonical form (see CanonicalUsername).
type Username string

// SessionHash is the lower-case hex SHA-256 of a session id. It is what the store keeps, and the session's public name.
type SessionHash string

// User is the row of one user. Revision and Manifest are written by Apply alone; all other fields by CreateUser and
// UpdateUser alone, under Generation.
type User struct {
	Username           Username
	ID                 UserID
	Created            time.Time
	KDF                protocol.KDF
	AuthHash           []byte // bcrypt
	RecoveryAuthHash   []byte // bcrypt
	WrappedKey         string
	RecoveryWrappedKey string
	TOTPSecret         string // sealed by the server's key; empty: no second factor
	TOTPLastStep       int64  // RFC 6238 time step of the last code taken
	Deleting           bool   // DeleteUser has begun; only DeleteUser may follow
	Generation         int64

	Revision int64
	Manifest string

	// Admission is what lets a new user in. CreateUser alone looks at it; it is not kept.
	Admission Admission
}

// Admission is checked, and used up, in the transaction that stores the user. The zero value asks for nothing.
type Admission struct {
	Invitation InvitationID // is used up; not empty
	First      bool         // the store never had a user
}

// InvitationID is the public half of an invitation: 16 bytes, base64url without padding.
type InvitationID string

// Invitation lets one user register. Who has the store can see that it is there, but cannot use it.
type Invitation struct {
	ID      InvitationID
	Hash    []byte // SHA-256 of the secret
	Created time.Time
	Expires time.Time
}

type Session struct {
	Hash     SessionHash
	UserID   UserID
	Username Username
	Device   string
	Created  time.Time
	LastSeen time.Time
	Expires  time.Time

	// Generation is that of the user whose password was checked for this session. PutSession alone looks at it, so that
	// a log-in with the old password cannot be stored after the new one is in force; 0 asks for no check. It is not kept.
	Generation int64
}

// Throttle is the state of one throttle key. Version 0 means that the store has none.
type Throttle struct {
	Attempts     int
	BlockedUntil time.Time
	Expires      time.Time
	Version      int64
}

// Quota is what the records of one user may come to; 0 is no limit.
type Quota struct {
	Items int64 // live records of KindOverview
	Bytes int64 // as Usage counts them
}

// Usage is what they come to. Each record takes RecordWeight beside its token, tombstones too: else a user could fill the
// store with those.
type Usage struct {
	Items, Bytes int64
}

// RecordWeight is about what a store needs for a record without a token.
const RecordWeight = 128

// Check tells whether a change may lead from one usage to another. Who is above a quota that was lowered can still make it
// less. The last sixteenth of the bytes is for changes that only replace: moving to the trash is one, and it takes some bytes.
func (q Quota) Check(before, after Usage, replaces bool) error {
	if q.Items > 0 && after.Items > q.Items && after.Items > before.Items {
		return ErrItemQuota
	}
	room := q.Bytes
	if replaces {
		room += q.Bytes / 16
	}
	if q.Bytes > 0 && after.Bytes > room && after.Bytes > before.Bytes {
		return ErrRecordQuota
	}
	return nil
}

// Replaces tells whether c, of which added items are new, only replaces and deletes.
func (c Change) Replaces(added int64) bool {
	return added <= 0 && !slices.ContainsFunc(c.Puts, func(p protocol.Put) bool { return p.Kind == protocol.KindDetails })
}

// Change moves a vault from Base to Base+1.
type Change struct {
	Base     int64
	Manifest string
	Puts     []protocol.Put
	Deletes  []protocol.Place
	Quota    Quota
}

// Chunk is one sealed chunk of an attachment.
type Chunk struct {
	Attachment string // 16 bytes, base64url without padding
	Number     int    // 1 to Count
	Count      int    // of chunks of the attachment
	Token      string
}

// ProbeKey is the row that Probe writes. No username has a '#', and the keys of sessions and throttles are hex.
const ProbeKey = "#probe"

// TombstoneDays is how long a store remembers a deleted record at least.
const TombstoneDays = 180

// Store keeps users, sessions and sealed records. It is used by many goroutines, and by several processes at once.
// Every method is all or nothing, and what it reported as done survives the death of the process and of the machine.
// Times are kept to the millisecond, in UTC. A cancelled context may leave a write done or not done, never half done.
type Store interface {
	// CreateUser stores u with Generation 1 and Revision 0, and uses up its invitation, or does neither.
	// ErrUsernameTaken, ErrUserIDTaken (an id is never free again, not even after DeleteUser), ErrNoInvitation (also for
	// one that has expired at u.Created, and of two users with one invitation for one of them), ErrNotFirst (of two users
	// at once for one of them; users whose names begin with '#' are the server's own and do not count).
	CreateUser(ctx context.Context, u User) error
	// User reads with the latest committed state. ErrNotFound.
	User(ctx context.Context, name Username) (User, error)
	// UpdateUser replaces all but Username, ID, Created, Revision and Manifest if the stored Generation is u.Generation,
	// and adds one to it. Deleting is DeleteUser's. ErrConflict if it is another, ErrNotFound (also if the name has
	// another user's ID by now, or DeleteUser has begun).
	UpdateUser(ctx context.Context, u User) error
	// DeleteUser removes the user with all records, attachments and sessions. If it fails half way the user row stays, with Deleting
	// set, and DeleteUser can be called again; Changes and Apply then answer ErrNotFound. The username is free afterwards.
	// ErrNotFound if there is no such user.
	DeleteUser(ctx context.Context, name Username) error

	// Inhabited tells whether the store has, or ever had, a user: whether ErrNotFirst would be the answer.
	Inhabited(ctx context.Context) (bool, error)

	// PutInvitation stores a new invitation.
	PutInvitation(ctx context.Context, i Invitation) error
	// Invitation reads one. ErrNoInvitation if it is unknown, used, or expired at now.
	Invitation(ctx context.Context, id InvitationID, now time.Time) (Invitation, error)

	// PutSession stores a new session. ErrNotFound if there is no such user (any more), ErrConflict if the user's
	// Generation is not s.Generation.
	PutSession(ctx context.Context, s Session) error
	// Session returns ErrNotFound for one that is unknown or expired at now.
	Session(ctx context.Context, hash SessionHash, now time.Time) (Session, error)
	// TouchSession moves LastSeen and Expires forward, never back. ErrNotFound if it is gone or had expired at lastSeen.
	TouchSession(ctx context.Context, hash SessionHash, lastSeen, expires time.Time) error
	// Sessions lists a user's sessions that have not expired at now, newest first.
	Sessions(ctx context.Context, id UserID, now time.Time) ([]Session, error)
	// DeleteSession ends one session of this user. ErrNotFound if it is not there or not this user's.
	DeleteSession(ctx context.Context, id UserID, hash SessionHash) error
	// DeleteSessions ends all sessions of a user but keep (which may be empty): none that was stored before the call
	// is found after it.
	DeleteSessions(ctx context.Context, id UserID, keep SessionHash) error

	// Throttle reads the state of a key; the zero Throttle when there is none or it expired at now.
	Throttle(ctx context.Context, key string, now time.Time) (Throttle, error)
	// SwapThrottle stores next (with Version old+1) if the stored Version is old (0: none, or expired at now). ErrConflict.
	SwapThrottle(ctx context.Context, key string, old int64, next Throttle, now time.Time) error
	// ClearThrottle forgets a key.
	ClearThrottle(ctx context.Context, key string) error

	// Changes gives w the newest state: its head, then all records with a revision above since, in order of revision, of
	// one consistent state. since 0 leaves tombstones out. ErrNotFound for an unknown user. since at the current revision,
	// or above it, reads nothing but the user. What is read lies in memory a part at a time. ErrStoreUnavailable may also
	// come after some records, if the vault moved while it was read; what w has by then is no state at all.
	Changes(ctx context.Context, name Username, since int64, w ChangeWriter) error
	// Small tells whether the records above since have at most limit bytes together, at little cost. It may say no to a
	// little less. What an unknown user has is small.
	Small(ctx context.Context, name Username, since, limit int64) (bool, error)
	// Apply carries out c and returns the new revision. ErrRevisionConflict if the vault is not at c.Base.
	// A put of KindOverview replaces the account's record; a put of KindDetails at a place that ever held a record, and a
	// delete of a record that is not live at that version, are ErrInvalidChange, as is a change that names one record
	// twice (an account at two versions is one record) or has more than protocol.MaxChangeRecords. Any other size is atomic.
	// ErrItemQuota and ErrRecordQuota, as c.Quota says.
	// A tombstone lasts TombstoneDays or longer; a device that was away for longer finds its digest wrong and syncs in full.
	Apply(ctx context.Context, name Username, c Change) (int64, error)

	// PutChunk stores a chunk of an attachment; the first one decides of how many. What is there is never replaced: the same
	// chunk again is nothing to do, whatever the quota; another token, or another count, is ErrChunkTaken. ErrQuotaReached
	// if the tokens of all the user's chunks would be more than quota bytes. ErrNotFound for an unknown user.
	PutChunk(ctx context.Context, name Username, p Chunk, now time.Time, quota int64) error
	// Chunk reads one. ErrNotFound.
	Chunk(ctx context.Context, id UserID, attachment string, number int) (protocol.Chunk, error)
	// Attachments lists those of a user in order of ID.
	Attachments(ctx context.Context, id UserID) ([]protocol.Attachment, error)
	// DeleteAttachment removes an attachment with its chunks. If it fails half way the attachment stays in the list, perhaps
	// without some of its chunks, and DeleteAttachment can be called again. ErrConflict if it changed at the same time,
	// ErrNotFound if it is not there.
	DeleteAttachment(ctx context.Context, name Username, attachment string) error

	// Probe tells whether log-ins can be served: it reads what a log-in reads and writes the row ProbeKey, every time. A store
	// that only refuses to be asked so often serves others: that is nil. ErrStoreUnavailable, ErrStoreFull.
	Probe(ctx context.Context, now time.Time) error
	Close() error
}
