// Package core lists the methods of core.wasm: the client, for the page. Every method can fail with any code of
// client.Explain.
package core

import (
	"context"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/client/imports"
	"github.com/vaultsphere/vaultsphere/app/health"
	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/protocol/bridge"
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
)

// Core is all that core.wasm answers.
type Core interface {
	Access
	Vault
	Edits
	Alarms
	Past
	Attachments
	Imports
	ForWorker
	Account
	Administration
	People
	Health
}

// Access is signing in and out, and what leads there.
type Access interface {
	// Resume says whether there is a session, and whose. It opens the vault with a handover if the page gave the worker access.
	Resume(context.Context, Device) (Resumed, error)
	// HandOver seals the account key for the next worker of this browser, in the service worker's memory.
	HandOver(context.Context) error
	// PrepareRegistration makes the keys of a new account and returns its recovery phrase.
	PrepareRegistration(context.Context, Password) (Words, error)
	// CheckRegistration is refused as Register would be for want of an invitation or for the username, which may be empty.
	CheckRegistration(context.Context, RegistrationCheck) error
	// Register makes the prepared account. After a refusal it can be called again, with another username.
	Register(context.Context, Registration) (Registered, error)
	// CancelRegistration forgets the prepared account.
	CancelRegistration(context.Context) error
	Login(context.Context, Login) (Username, error)
	// AcceptReplacement makes the next Login one of a device that does not know the user, after "account_replaced" and with the user's consent.
	AcceptReplacement(context.Context, Username) error
	// Unlock opens the vault of the session, or the copy on this device while the server cannot be reached.
	Unlock(context.Context, Unlock) (client.Opened, error)
	Lock(context.Context) error
	// Logout is refused with the code "unsent_changes" if changes on this device would be lost; force loses them.
	Logout(context.Context, Force) error
	// KeepCopy says whether this device keeps a sealed copy of the vault. Turning it off is refused as Logout is.
	KeepCopy(context.Context, KeepCopy) error
	// Copies lists the sealed copies on this device. They outlive a session that the person did not end here.
	Copies(context.Context) (Copies, error)
	// OpenCopy unlocks a copy to be read; what would change it is refused with the code "read_only".
	OpenCopy(context.Context, CopyOpening) (client.OpenedCopy, error)
	DeleteCopy(context.Context, ItemID) error
	// Recover sets a new master password by the recovery phrase, and signs in.
	Recover(context.Context, Recovery) (Username, error)
	CheckPhrase(context.Context, Phrase) (PhraseCheck, error)
}

// Vault is reading and writing items.
type Vault interface {
	Sync(context.Context) (client.Synced, error)
	// Follow reports each revision of the server's vault, the current one first, until it is cancelled.
	Follow(context.Context, func(client.Notice)) error
	// Waiting returns the changes that the server does not have yet.
	Waiting(context.Context) (client.Waiting, error)
	// Index opens the items that are new, so that List finds their notes and fields too.
	Index(context.Context, func(done, total int)) error
	List(context.Context, ListParams) (bridge.JSON[ListResult], error)
	// Closest returns the items with the most similar titles, for a query without a result.
	Closest(context.Context, ListParams) (Closest, error)
	// Get fails with the code "reprompt" for an item that asks for the master password first; so do all methods that return its
	// secrets.
	Get(context.Context, ItemID) (item.Item, error)
	// ConfirmItem lets an item be shown for five minutes.
	ConfirmItem(context.Context, Confirmation) error
	// History returns the older passwords of an item, without versions that changed something else.
	History(context.Context, ItemID) (History, error)
	// RestoreVersion puts an older password back in force.
	RestoreVersion(context.Context, VersionOf) (item.Item, error)
	// Code is the current code of an item, or of an authenticator key that is being typed.
	Code(context.Context, CodeOf) (client.OneTimeCode, error)
	// NextCode takes the next code of an item whose codes go by a counter, and stores the counter.
	NextCode(context.Context, ItemID) (client.OneTimeCode, error)
	// Save merges the item with the stored one if that has changed since it was read: see Item.base.
	Save(context.Context, Changed) (item.Item, error)
	// AddMany stops at the first error or when it is cancelled. Items added by then stay.
	AddMany(context.Context, Items, func(done, total int)) (Added, error)
	// SealDraft seals an item that is being written, for this device to keep while the vault is locked.
	SealDraft(context.Context, Changed) (Draft, error)
	OpenDraft(context.Context, Draft) (item.Item, error)
	// Remove deletes items permanently.
	Remove(context.Context, ItemIDs) error
}

// Edits changes many items at once, and empties the trash.
type Edits interface {
	Archive(context.Context, Archiving, func(done, total int)) (Edited, error)
	Trash(context.Context, ToTrash, func(done, total int)) (Edited, error)
	Restore(context.Context, ItemIDs, func(done, total int)) (Edited, error)
	Tag(context.Context, Tagging, func(done, total int)) (Edited, error)
	Mark(context.Context, Marking, func(done, total int)) (Edited, error)
	// Ignore dismisses a kind of health findings about items, or reports it again.
	Ignore(context.Context, Ignoring, func(done, total int)) (Edited, error)
	Duplicate(context.Context, Duplication) (item.Item, error)
	EmptyTrash(context.Context, func(done, total int)) error
	// PurgeTrash deletes what was in the trash for its time.
	PurgeTrash(context.Context) (Purged, error)
}

// Alarms is what a vault offers whose server shows another history.
type Alarms interface {
	// Alarm returns why the vault is in alarm. It asks no server.
	Alarm(context.Context) (AlarmState, error)
	// OtherState verifies the server's history, apart from the vault, and lists what differs.
	OtherState(context.Context) (client.OtherState, error)
	// BringTogether ends the alarm with a write that keeps what both histories have.
	BringTogether(context.Context) (client.Together, error)
	// AcceptServers ends the alarm by a roll-back with consent, to the state that OtherState listed.
	AcceptServers(context.Context, Acceptance) error
}

// Past is the history of the vault on the server, checked against the newest revision. All of it needs the server.
type Past interface {
	// ItemHistory returns the versions of an item, also of one that was deleted permanently.
	ItemHistory(context.Context, ItemID) (client.ItemHistory, error)
	// DeletedItems returns the items that were deleted permanently and can come back.
	DeletedItems(context.Context) (DeletedItems, error)
	// VaultLog returns the newest writes of the vault and the entries of its log.
	VaultLog(context.Context, LogLimit) (VaultLog, error)
	// PreviewRewind returns what Rewind would change.
	PreviewRewind(context.Context, client.Rewind, func(done, total int)) (client.Rewound, error)
	// Rewind restores an earlier state. Items that cannot come back stay as they are, and the result says why.
	Rewind(context.Context, client.Rewind, func(done, total int)) (client.Rewound, error)
}

// Attachments keeps files with items.
type Attachments interface {
	Attach(context.Context, NewAttachment, bridge.File, func(done, total int)) (item.Item, error)
	Attachment(context.Context, AttachmentOf, func(done, total int)) (bridge.File, error)
	RemoveAttachment(context.Context, AttachmentOf) (item.Item, error)
}

// Imports brings in what a file holds. The formats are those of transfer.wasm: see package worker.
type Imports interface {
	// ImportRun adds what the preview showed. Cancelled or failed halfway it returns the report of what was added.
	ImportRun(context.Context, imports.ImportChoice, func(done, total int)) (ImportReport, error)
	// ImportForget forgets the plan of the preview.
	ImportForget(context.Context) error
}

// ForWorker is for the worker alone, which makes methods for the page of it.
type ForWorker interface {
	// PlanImport compares what a file holds, a parcel.Result as JSON, with the vault. The plan waits for ImportRun.
	PlanImport(context.Context, bridge.File) (imports.ImportPreview, error)
	// OpenItems opens the items for an export: a list of parcel.Exported, as JSON.
	OpenItems(context.Context, client.ExportOptions, func(done, total int)) (Exported, bridge.File, error)
}

// Account is the signed-in user's.
type Account interface {
	Account(context.Context) (client.Account, error)
	ChangePassword(context.Context, PasswordChange) error
	// CheckPassword fails with the code "wrong_password" unless it is the master password.
	CheckPassword(context.Context, Password) error
	// PreparePhrase returns a new recovery phrase. The old one stays valid until ActivatePhrase.
	PreparePhrase(context.Context, Password) (Words, error)
	// ActivatePhrase replaces the recovery phrase with the prepared one. After an error it can be called again.
	ActivatePhrase(context.Context) error
	// PrepareRotation makes new encryption keys and returns the new recovery phrase. Nothing changes until ActivateRotation.
	PrepareRotation(context.Context, Rotation) (Words, error)
	// ActivateRotation changes the keys to the prepared ones. After an error it can be called again.
	ActivateRotation(context.Context) (client.Rotated, error)
	// CancelRotation forgets the prepared keys.
	CancelRotation(context.Context) error
	// Reseal encrypts the items again that are still under older keys.
	Reseal(context.Context, func(done, total int)) (client.Resealed, error)
	TOTPBegin(context.Context, Password) (client.Enrolment, error)
	TOTPConfirm(context.Context, TOTPConfirmation) error
	TOTPRemove(context.Context, Password) error
	Sessions(context.Context) (protocol.SessionsResponse, error)
	EndSession(context.Context, SessionEnd) error
	EndOtherSessions(context.Context, Password) error
	DeleteAccount(context.Context, AccountDeletion) error
}

// Health judges the passwords of the vault.
type Health interface {
	Health(context.Context, func(done, total int)) (HealthReport, error)
	// ItemHealth is what Health finds about one item, including the findings that the user ignores.
	ItemHealth(context.Context, ItemID) (health.Findings, error)
	// Breach is Breaches for one item.
	Breach(context.Context, ItemID) error
	// Breaches looks passwords up at BreachAddress, which learns the first five digits of their hashes. Health then counts them.
	Breaches(context.Context, func(done, total int)) error
	// BreachAddress is where Breaches would ask; empty: the server has turned it off.
	BreachAddress(context.Context) (BreachAddress, error)
}

type Username struct {
	Username string `json:"username"`
}

type Password struct {
	Password string `json:"password"`
}

type Words struct {
	Words []string `json:"words"`
}

// Resumed is the session that Resume found.
type Resumed struct {
	State    client.State `json:"state"`
	Username string       `json:"username"` // empty: signed out
	Offline  bool         `json:"offline"`  // see client.Opened
}

type Device struct {
	Device string `json:"device"` // as the list of sessions calls it
}

type RegistrationCheck struct {
	Username   string `json:"username"`
	Invitation string `json:"invitation"` // the secret of the link; empty: none
}

type Registration struct {
	Username   string `json:"username"`
	Device     string `json:"device"`     // as the list of sessions calls it
	Invitation string `json:"invitation"` // the secret of the link; empty: none
}

// Registered is the new account. An inviter is verified from now on.
type Registered struct {
	Username string `json:"username"`
	Inviter  string `json:"inviter"`  // a username; empty: none
	Unpinned bool   `json:"unpinned"` // there is an inviter, but the server did not store the pin
}

type Login struct {
	Username string `json:"username"`
	Password string `json:"password"`
	TOTPCode string `json:"totp_code"` // empty until it is asked for
	Device   string `json:"device"`
}

type Unlock struct {
	Password string `json:"password"`
	Device   string `json:"device"`
}

// Force says that changes which the server does not have may be lost.
type Force struct {
	Force bool `json:"force"`
}

// Copies are the sealed copies on this device.
type Copies struct {
	Copies  []client.Copy `json:"copies"`
	Damaged bool          `json:"damaged"` // the list of them is, so that some may be missing
}

// CopyOpening is a copy and the master password that it was sealed under.
type CopyOpening struct {
	ID       string `json:"id"`
	Password string `json:"password"`
}

type KeepCopy struct {
	On bool `json:"on"`
	Force
}

type Recovery struct {
	Username   string `json:"username"`
	Phrase     string `json:"phrase"`
	Password   string `json:"password"` // the new one
	RemoveTOTP bool   `json:"remove_totp"`
	Device     string `json:"device"`
}

// Rotation is a change of the encryption keys.
type Rotation struct {
	Password    string `json:"password"`               // the current one
	NewPassword string `json:"new_password,omitempty"` // empty: it stays
}

type Phrase struct {
	Phrase string `json:"phrase"`
}

// PhraseCheck says whether a text can be a recovery phrase.
type PhraseCheck struct {
	OK   bool `json:"ok"`
	Word int  `json:"word"` // the first that no phrase has, counted from 1; 0: it is another mistake
}

// AlarmState says whether and why the vault is in alarm.
type AlarmState struct {
	Alarm *client.Alarm `json:"alarm"` // null: it is not
	// Readable: what this device verified is open for reading.
	Readable bool `json:"readable"`
}

type Acceptance struct {
	Password string `json:"password"`
	Head     string `json:"head"` // of the client.OtherState that the person has seen
}

type ItemID struct {
	ID string `json:"id"`
}

type Confirmation struct {
	ID       string `json:"id"`
	Password string `json:"password"`
}

type ItemIDs struct {
	IDs []string `json:"ids"`
}

type ListParams struct {
	Query     string      `json:"query"`
	Type      item.Type   `json:"type,omitempty"`
	Tag       string      `json:"tag,omitempty"`
	Favourite bool        `json:"favourite,omitempty"`
	Archive   bool        `json:"archive,omitempty"` // only archived items
	Trash     bool        `json:"trash,omitempty"`   // only items in the trash
	Sort      client.Sort `json:"sort,omitempty"`    // of what matches equally well; absent: by title
	Reverse   bool        `json:"reverse,omitempty"`
	Offset    int         `json:"offset,omitempty"`
	Limit     int         `json:"limit,omitempty"` // absent: all
}

type ListResult struct {
	Total    int              `json:"total"`    // before offset and limit
	Complete bool             `json:"complete"` // false: Index has not opened all items yet
	Hints    []client.Hint    `json:"hints,omitempty"`
	Items    []client.Summary `json:"items"`
}

type Closest struct {
	Items []client.Summary `json:"items"`
}

type History struct {
	Versions []client.Version `json:"versions"`
}

type DeletedItems struct {
	Items []client.DeletedItem `json:"items"`
}

type LogLimit struct {
	Limit int `json:"limit"` // writes
}

type VaultLog struct {
	Lines []client.LogLine `json:"lines"` // the newest first
	More  bool             `json:"more"`  // there are older ones
}

type VersionOf struct {
	ID      string `json:"id"`
	Version int64  `json:"version"`
}

// CodeOf is the id of an item, or an authenticator key.
type CodeOf struct {
	ID   string `json:"id,omitempty"`
	TOTP string `json:"totp,omitempty"`
}

type Changed struct {
	Item item.Item `json:"item"`
}

type Items struct {
	Items []item.Item `json:"items"`
}

type Added struct {
	Added int `json:"added"`
}

type Draft struct {
	Token string `json:"token"`
}

// Edited lists the items that are different now.
type Edited struct {
	Changed []string `json:"changed"` // ids
}

type Archiving struct {
	IDs      []string `json:"ids"`
	Archived bool     `json:"archived"` // false: take them out of the archive
}

type ToTrash struct {
	IDs      []string `json:"ids"`
	KeepDays int      `json:"keep_days"` // 0: until the trash is emptied
}

type Tagging struct {
	IDs    []string `json:"ids"`
	Add    []string `json:"add,omitempty"`
	Remove []string `json:"remove,omitempty"`
}

type Marking struct {
	IDs       []string `json:"ids"`
	Favourite bool     `json:"favourite"`
}

type Ignoring struct {
	IDs    []string    `json:"ids"`
	Kind   health.Kind `json:"kind"`
	Ignore bool        `json:"ignore"` // false: report it again
}

type Duplication struct {
	ID    string `json:"id"`
	Title string `json:"title"` // of the copy
}

type Purged struct {
	Purged int `json:"purged"`
}

type NewAttachment struct {
	ID   string `json:"id"` // of the item
	Name string `json:"name"`
}

type AttachmentOf struct {
	ID         string `json:"id"` // of the item
	Attachment string `json:"attachment"`
}

// ImportReport is what was imported, and why the import ended early if it did.
type ImportReport struct {
	imports.ImportReport
	Stopped *bridge.Failure `json:"stopped,omitempty"`
}

// Exported describes the file of OpenItems.
type Exported struct {
	Items    int              `json:"items"`
	Problems []parcel.Problem `json:"problems"` // items and files that cannot be read
}

type PasswordChange struct {
	Current string `json:"current"`
	Next    string `json:"next"`
}

type TOTPConfirmation struct {
	Enrolment string `json:"enrolment"`
	Code      string `json:"code"`
}

type SessionEnd struct {
	ID       string `json:"id"`
	Password string `json:"password"`
}

type AccountDeletion struct {
	Password string `json:"password"`
	Force
}

// HealthReport is a health.Report with its score.
type HealthReport struct {
	health.Report
	Score int `json:"score"` // 0 to 100
}

type BreachAddress struct {
	Address string `json:"address"`
}
