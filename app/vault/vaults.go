package vault

import (
	"context"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
)

// VaultHead is the newest state of a vault: all that the next write or log entry is checked against, without the live lines.
type VaultHead struct {
	Vault   chain.ID
	State   chain.State
	Buckets [256]chain.Hash // see chain.Live
	Count   int64           // live lines
	Usage   Usage           // of the live records; see VaultStore.ApplyWrite
}

// Live returns the live lines without those of any bucket. Load the buckets that operations touch.
func (h *VaultHead) Live() *chain.Live { return chain.PartOfLive(h.Vault, h.Buckets, h.Count) }

// Keys is what the server holds of an account besides its hashes. A log entry of the personal vault signs all of it.
type Keys struct {
	Document []byte   // chain.Document, encoded: the annex of the newest account entry
	Identity string   // sealed
	Wraps    []string // the wrapped account keys, in the order of the document
	Vault    chain.ID // the personal vault
}

// Founding is the personal vault that a new user begins with.
type Founding struct {
	Card     *chain.Card
	Entries  [2]*chain.Entry // create and account
	Envelope []byte          // of the epoch key for the owner, as the entries name it
	Head     VaultHead       // after both entries
}

// WriteChange is one write of a vault, already admitted by chain.State.Admit.
type WriteChange struct {
	Base       VaultHead // the head that the write was checked against
	Next       VaultHead // the head after it; the store computes Usage
	Write      *chain.Write
	Operations []chain.Operation // in ascending order of their places
	// Tokens has the token of each put of a sealed record, in the order of Operations. It has none for attachments, whose chunks are
	// stored before: see VaultStore.PutVaultChunk.
	Tokens []string
	Now    time.Time
	Quota  Quota
}

// Replaces reports whether c only deletes and replaces: whether no item has more records of a kind after it. See Quota.Check.
func (c WriteChange) Replaces() bool {
	type records struct {
		kind chain.RecordKind
		item chain.ID
	}
	added := map[records]int{}
	for _, o := range c.Operations {
		switch {
		case !o.Kind.Sealed():
		case o.Delete:
			added[records{o.Kind, o.ID}]--
		default:
			added[records{o.Kind, o.ID}]++
		}
	}
	for _, n := range added {
		if n > 0 {
			return false
		}
	}
	return true
}

// EntryChange is one log entry of a vault, already allowed by chain.State.Follow.
type EntryChange struct {
	Base      VaultHead
	Next      VaultHead // only State differs from Base
	Entry     *chain.Entry
	Envelopes map[chain.Hash][]byte // the new ones that the roster names, by chain.HashEnvelope; at most MaxEnvelopes
	// Account changes the owner's account in the same transaction. Only for chain.OpAccount.
	Account *AccountChange
}

// MaxEnvelopes bounds the envelopes that come with an entry.
const MaxEnvelopes = 20

// AccountChange replaces what an account entry signs.
type AccountChange struct {
	// User has the new Keys, AuthHash, RecoveryAuthHash and the second factor. Its Generation is that of the stored user, as in
	// Store.UpdateUser.
	User User
	Card *chain.Card // the user's new card; nil if it stays
}

// VaultRecord is a live line of a vault, or its tombstone.
type VaultRecord struct {
	Line     chain.Line // of a tombstone: the place, without Hash
	Revision int64      // of the write that put or deleted it
	Token    string     // of a live sealed record; empty for an attachment and for a tombstone
	Deleted  bool
}

// VaultWriter receives the result of VaultStore.VaultChanges: Begin once, then Write for each record. The rules of ChangeWriter
// apply.
type VaultWriter interface {
	Begin(h VaultHead) error
	Write(r VaultRecord) error
}

// VaultAttachment is an attachment of a vault: live once a write put its line, pending before.
type VaultAttachment struct {
	ID      chain.ID
	Count   int
	Chunks  []chain.Hash // chain.HashChunk of the chunks stored so far, by number; zero for one that is missing
	Bytes   int64        // of the tokens
	Created time.Time    // when the first chunk was stored
	Live    bool
}

// VaultChunk is one sealed chunk of an attachment of a vault.
type VaultChunk struct {
	Attachment chain.ID
	Number     int // 1 to Count
	Count      int
	Token      string
}

// PendingLife is how long a store keeps the chunks of an attachment that no write made live, at least.
const PendingLife = 24 * time.Hour

// VaultStore holds the vaults of format 2. The promises of Store apply: each method is atomic, and what it reported survives.
//
// One compare-and-set guards a vault: ApplyWrite and AppendEntry succeed only if revision and sequence of the stored head are those
// of Base. A store trusts what the caller checked with package chain; it does not check signatures, roles or roots.
type VaultStore interface {
	// CreateAccount stores u with u.Keys, its card and its personal vault, or nothing. The errors are those of Store.CreateUser, and
	// ErrVaultIDTaken if a vault with this ID exists or existed.
	CreateAccount(ctx context.Context, u User, f Founding) error
	// VaultHead reads the newest head. ErrNotFound.
	VaultHead(ctx context.Context, vault chain.ID) (VaultHead, error)
	// Account reads a user and the head of the personal vault in one state. ErrNotFound, also for a user of format 1.
	Account(ctx context.Context, name Username) (User, VaultHead, error)
	// LiveLines reads the live lines in some buckets, by bucket. They may be newer than a head that was read before: chain.Live.Load
	// then refuses them, or the compare-and-set fails. An unknown vault has none.
	LiveLines(ctx context.Context, vault chain.ID, buckets []byte) (map[byte][]chain.Line, error)
	// Entries reads the log entries with a sequence number above after, encoded, in ascending order. after may be −1. An unknown vault
	// has none.
	Entries(ctx context.Context, vault chain.ID, after int64) ([][]byte, error)
	// Writes reads the writes at some revisions, encoded, in the order of the argument. ErrNotFound if one is missing.
	Writes(ctx context.Context, vault chain.ID, revisions []int64) ([][]byte, error)
	// Operations reads the operations of one write, encoded. ErrNotFound.
	Operations(ctx context.Context, vault chain.ID, revision int64) ([]byte, error)
	// Envelope reads an envelope that an entry named. ErrNotFound.
	Envelope(ctx context.Context, vault chain.ID, hash chain.Hash) ([]byte, error)
	// Cards reads the cards of a user, encoded, in ascending generation. An unknown user has none.
	Cards(ctx context.Context, user chain.ID) ([][]byte, error)

	// ApplyWrite stores one write with its operations and tokens, whatever their size. ErrRevisionConflict if the head moved;
	// ErrItemQuota and ErrRecordQuota, according to Quota. A record counts its token and RecordWeight; an item is a live record of
	// chain.RecordOverview. A deleted record leaves a tombstone for TombstoneDays, a deleted attachment loses its chunks.
	// ErrInvalidChange if a chunk of an attachment that c puts is not stored, for instance because it was pending for too long.
	// ErrNotFound for an unknown vault.
	ApplyWrite(ctx context.Context, c WriteChange) error
	// AppendEntry stores one log entry with its envelopes and the change of the account. ErrRevisionConflict if the head moved;
	// ErrConflict if the user's Generation is not c.Account.User.Generation. ErrNotFound for an unknown vault or user.
	AppendEntry(ctx context.Context, c EntryChange) error

	// VaultChanges writes one consistent state to w: its head, then all records and live attachments whose newest change is above since,
	// with tombstones, in order of revision. With since 0 it leaves out tombstones. The promises of Store.Changes apply; ErrNotFound for
	// an unknown vault.
	VaultChanges(ctx context.Context, vault chain.ID, since int64, w VaultWriter) error
	// SmallVault does for VaultChanges what Store.Small does for Changes.
	SmallVault(ctx context.Context, vault chain.ID, since, limit int64) (bool, error)

	// PutVaultChunk stores a chunk of an attachment. The errors are those of Store.PutChunk; quota bounds the chunks of the vault.
	// ErrChunkTaken also if the attachment is live and this very chunk is not stored, or if a write deleted it. ErrNotFound for an
	// unknown vault. Chunks that were pending for longer than PendingLife do not count, and may go.
	PutVaultChunk(ctx context.Context, vault chain.ID, c VaultChunk, now time.Time, quota int64) error
	// VaultChunk reads a chunk of a live or pending attachment. ErrNotFound.
	VaultChunk(ctx context.Context, vault chain.ID, attachment chain.ID, number int) (VaultChunk, error)
	// VaultAttachment reads what is known of one attachment. ErrNotFound.
	VaultAttachment(ctx context.Context, vault chain.ID, attachment chain.ID) (VaultAttachment, error)
	// VaultAttachments lists all attachments of a vault in order of ID.
	VaultAttachments(ctx context.Context, vault chain.ID) ([]VaultAttachment, error)
}
