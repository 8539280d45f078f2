package vault

import (
	"fmt"
	"slices"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// Head is the newest state of a vault: all that the next write or log entry is checked against, without the live lines.
type Head struct {
	Vault   chain.ID
	State   chain.State
	Buckets [256]chain.Hash // see chain.Live
	Count   int64           // live lines
	Usage   Usage           // of the live records; see Store.ApplyWrite
}

// Live returns the live lines without those of any bucket. Load the buckets that operations touch.
func (h *Head) Live() *chain.Live { return chain.PartOfLive(h.Vault, h.Buckets, h.Count) }

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
	Head     Head            // after both entries
}

// WriteChange is one write of a vault, already admitted by chain.State.Admit.
type WriteChange struct {
	Base       Head // the head that the write was checked against
	Next       Head // the head after it; the store computes Usage
	Write      *chain.Write
	Operations []chain.Operation // in ascending order of their places
	// Tokens has the token of each put of a sealed record, in the order of Operations. It has none for attachments, whose chunks are
	// stored before: see Store.PutChunk.
	Tokens []string
	// Branch is what the write brings together with the vault, already admitted by chain.Fork.Admit; nil for none.
	Branch *Branch
	Now    time.Time
	Quota  Quota
	// Kept is how many bytes the author's card may keep of what its writes replaced and deleted; 0 means unlimited. See KeptDay.
	Kept int64
	// Attachments is the quota of Store.PutChunk, for an attachment that was deleted and is put again.
	Attachments int64
}

// Branch is a part of another history of the vault, up to the write that a write of the vault names: see chain.Write.Branch. Its writes
// take no part in the vault: they let devices that know one of them find the way back.
type Branch struct {
	Common int64          // the newest revision that it has in common with the vault
	Join   int64          // the revision of the write of the vault that names its end
	Writes []*chain.Write // of Common + 1 and the following revisions; 1 to protocol.MaxBranchWrites
}

// Size is what the branch adds to Usage.Branches.
func (b *Branch) Size() int64 { return RecordWeight + chain.WriteSize*int64(len(b.Writes)) }

// EncodeWrites returns the writes for a store.
func (b *Branch) EncodeWrites() []byte {
	out := make([]byte, 0, chain.WriteSize*len(b.Writes))
	for _, w := range b.Writes {
		out = append(out, w.Encode()...)
	}
	return out
}

// ParseBranch returns a branch whose writes a store holds as EncodeWrites returned them.
func ParseBranch(common, join int64, writes []byte) (Branch, error) {
	b := Branch{Common: common, Join: join}
	if len(writes) == 0 || len(writes)%chain.WriteSize != 0 {
		return b, fmt.Errorf("branch: %w", chain.ErrEncoding)
	}
	for encoded := range slices.Chunk(writes, chain.WriteSize) {
		w, err := chain.ParseWrite(encoded)
		if err != nil {
			return b, fmt.Errorf("branch: %w", err)
		}
		b.Writes = append(b.Writes, w)
	}
	return b, nil
}

// Tip returns the revision at which the branch ends.
func (b *Branch) Tip() int64 { return b.Common + int64(len(b.Writes)) }

// Has reports whether a write with this hash is on the branch.
func (b *Branch) Has(revision int64, hash chain.Hash) bool {
	at := revision - b.Common - 1
	return at >= 0 && at < int64(len(b.Writes)) && b.Writes[at].Hash() == hash
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
	Base      Head
	Next      Head // only State differs from Base
	Entry     *chain.Entry
	Envelopes map[chain.Hash][]byte // the new ones that the roster names, by chain.HashEnvelope, and a new policy by chain.HashAnnex
	Cards     []*chain.Card         // that a shared vault does not have, and its log needs
	// Account changes the owner's account in the same transaction. Only for chain.OpAccount.
	Account *AccountChange
}

// MaxEnvelopes bounds the envelopes that come with an entry.
const MaxEnvelopes = protocol.MaxEntryEnvelopes

// ResendChange is a part of the history of a vault that the store lost, already replayed by chain.State.Replay.
type ResendChange struct {
	Base, Next Head // the store computes the Usage of Next
	chain.Part
	// Records are those of Part.Newest.
	Records   []ResentRecord
	Envelopes map[chain.Hash][]byte // as in EntryChange, of the newest entry
	Cards     []*chain.Card         // new ones of the owner
	Account   *AccountChange        // with the newest entry; its Card is nil. Nil without entries.
	Now       time.Time
	Quota     Quota
	Kept      int64 // quota of what each author's card keeps, in bytes; 0 means unlimited
	// Attachments is the quota of attachments in bytes, for one that is put again.
	Attachments int64
}

// Card returns the card that signed the newest operation at a place.
func (c *ResendChange) Card(r ResentRecord) chain.Hash {
	return c.Writes[r.Revision-c.Writes[0].Revision].AuthorCard
}

// ResentRecord is the newest operation at a place.
type ResentRecord struct {
	chain.Newest
	Token string // of a live sealed record
	Lost  bool   // a live attachment whose chunks are not all stored
}

// AccountChange replaces what an account entry signs.
type AccountChange struct {
	// User has the new Keys, AuthHash, RecoveryAuthHash and the second factor. Its Generation is that of the stored user, as in
	// Store.UpdateUser.
	User User
	Card *chain.Card // the user's new card; nil if it stays
}

// Record is a live line of a vault, or its tombstone.
type Record struct {
	Line     chain.Line // of a tombstone: the place, without Hash
	Revision int64      // of the write that put or deleted it
	Token    string     // of a live sealed record; empty for an attachment and for a tombstone
	Deleted  bool
}

// ChangeWriter receives the result of Store.Changes: Begin once, then Write for each record. If either fails, Changes stops
// and returns the error unchanged. A store may hold a snapshot open between the calls, so they must not block for long.
type ChangeWriter interface {
	Begin(h Head) error
	Write(r Record) error
}

// Attachment is an attachment of a vault: live once a write put its line, pending before.
type Attachment struct {
	ID      chain.ID
	Count   int
	Chunks  []chain.Hash // chain.HashChunk of the chunks stored so far, by number; zero for one that is missing
	Bytes   int64        // of the tokens
	Created time.Time    // when the first chunk was stored
	Live    bool
	Deleted time.Time // when a write deleted it, if its chunks are kept
}

// Chunk is one sealed chunk of an attachment of a vault.
type Chunk struct {
	Attachment chain.ID
	Number     int // 1 to Count
	Count      int
	Token      string
}

// PendingLife is how long a store keeps the chunks of an attachment that no write made live, at least.
const PendingLife = 24 * time.Hour
