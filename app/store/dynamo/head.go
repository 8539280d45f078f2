package dynamo

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// A vault is one partition of the vaults table, with these rows. Its sealed records and its attachments are rows of the
// accounts and the passwords table, under the ID of the vault. The cards of a user, and the rows that list the user's sessions, are in
// the vaults table too, under the ID of the user, with those that list and count the user's shared vaults. IDs of users and vaults are reserved together: see reservationKey. So no two of these partitions are the same.
// Other rows of the vaults table are in partitions with a '#': invitationsPartition, directoryPartition, and those of the change feed.
const (
	headID       = "head"        // what the compare-and-set guards
	chunksID     = "attachments" // the size of all chunks: uploads do not collide with writes
	entryPrefix  = "entry#"      // and the sequence number
	writePrefix  = "write#"      // and the revision: the write and its operations
	branchPrefix = "branch#"     // and the revision of the write that joined it
	linePrefix   = "line#"       // and the ID, kind and version of a live line: see lineID
	cardPrefix   = "card#"       // and the generation: of a user
	memberPrefix = "member#"     // and the ID of a shared vault: under the ID of a user
)

func vaultKey(partition, row string) item {
	return item{names.VaultsPartitionKey: str(partition), names.VaultsSortKey: str(row)}
}

func headKey(id chain.ID) item { return vaultKey(id.String(), headID) }

func entryID(sequence int64) string { return fmt.Sprintf("%s%016d", entryPrefix, sequence) }

func writeID(revision int64) string { return fmt.Sprintf("%s%016d", writePrefix, revision) }

func branchID(joined int64) string { return fmt.Sprintf("%s%016d", branchPrefix, joined) }

func cardID(generation int64) string { return fmt.Sprintf("%s%016d", cardPrefix, generation) }

// vaultCardPrefix begins the sort keys of the cards of a user that a shared vault has.
func vaultCardPrefix(user string) string { return "member-card#" + user + "#" }

func vaultCardID(c *chain.Card) string {
	return fmt.Sprintf("%s%016d", vaultCardPrefix(c.User.String()), c.Generation)
}

func memberID(vaultID string) string { return memberPrefix + vaultID }

// partPrefix begins the sort keys of the parts of envelopes that a member uploaded.
func partPrefix(user string) string { return "envelopes#" + user + "#" }

func partID(user string, part int) string { return fmt.Sprintf("%s%02d", partPrefix(user), part) }

func envelopeID(h chain.Hash) string { return "envelope#" + h.String() }

// bucketPrefix begins the sort keys of all lines in a bucket.
func bucketPrefix(bucket byte) string { return linePrefix + hex.EncodeToString([]byte{bucket}) }

// lineID has no epoch, as a place is live in one epoch at most, and no number of chunks.
func lineID(l chain.Line) string {
	version := l.Version
	if l.Kind == chain.Attachment {
		version = 0
	}
	return fmt.Sprintf("%s%s#%02x#%08x", linePrefix, hex.EncodeToString(l.ID[:]), byte(l.Kind), version)
}

// headRow is the head of a vault. Pending and HeadRecords belong to the write that made Revision: see redo.go and read.go.
type headRow struct {
	Vault string `dynamodbav:"vault_id"`
	Row   string `dynamodbav:"row_id"`
	entryState
	writeState
	Items    int64 `dynamodbav:"record_items"`
	Bytes    int64 `dynamodbav:"record_bytes"`
	Branches int64 `dynamodbav:"branch_bytes"`
}

// entryState is the part of the head that an entry changes.
type entryState struct {
	State    []byte `dynamodbav:"state"`
	Sequence int64  `dynamodbav:"sequence"`
}

// writeState is the part of the head that only a write changes.
type writeState struct {
	Buckets     []byte   `dynamodbav:"buckets"`
	Count       int64    `dynamodbav:"live_lines"`
	Revision    int64    `dynamodbav:"revision"`
	HeadRecords int      `dynamodbav:"head_records"`
	Pending     *pending `dynamodbav:"pending,omitempty"`
}

func entryStateOf(h vault.Head) entryState {
	return entryState{State: h.State.Encode(), Sequence: h.State.Entry.Sequence}
}

func writeStateOf(h vault.Head) writeState {
	s := writeState{Count: h.Count, Revision: h.State.Revision, Buckets: make([]byte, 0, len(h.Buckets)*len(chain.Hash{}))}
	for _, b := range h.Buckets {
		s.Buckets = append(s.Buckets, b[:]...)
	}
	return s
}

func (r headRow) usage() vault.Usage {
	return vault.Usage{Items: r.Items, Bytes: r.Bytes, Branches: r.Branches}
}

func (r headRow) head() (vault.Head, error) {
	h := vault.Head{Count: r.Count, Usage: r.usage()}
	var err error
	if h.Vault, err = chain.ParseID(r.Vault); err == nil {
		h.State, err = chain.ParseState(r.State)
	}
	if err == nil && len(r.Buckets) != len(h.Buckets)*len(chain.Hash{}) {
		err = errors.New("hashes of the buckets")
	}
	if err != nil {
		return h, fmt.Errorf("%w: unreadable head of a vault: %w", vault.ErrStoreUnavailable, err)
	}
	for i := range h.Buckets {
		copy(h.Buckets[i][:], r.Buckets[i*len(chain.Hash{}):])
	}
	return h, nil
}

var errNoVault = fmt.Errorf("vault: %w", vault.ErrNotFound)

func (s *Store) headOf(ctx context.Context, id chain.ID) (headRow, error) {
	var r headRow
	found, err := s.rowAt(ctx, s.table.Vaults, headKey(id), &r)
	if err == nil && !found {
		err = errNoVault
	}
	return r, err
}

// upToDateHead rolls a pending write forward and reads the head.
func (s *Store) upToDateHead(ctx context.Context, id chain.ID) (headRow, error) {
	return upToDate(ctx, s, func() (headRow, *redoLog, error) {
		r, err := s.headOf(ctx, id)
		if err != nil || r.Pending == nil {
			return r, nil, err
		}
		return r, &redoLog{id, *r.Pending}, nil
	})
}

// Head implements vault.Store.
func (s *Store) Head(ctx context.Context, id chain.ID) (vault.Head, error) {
	r, err := s.upToDateHead(ctx, id)
	if err != nil {
		return vault.Head{}, err
	}
	return r.head()
}

// Account implements vault.Store. An account entry changes the row of the user and the head in one transaction, so they belong
// together if the user is the same before and after the read of the head.
func (s *Store) Account(ctx context.Context, name vault.Username) (vault.User, vault.Head, error) {
	u, err := s.userRow(ctx, name)
	for try := 1; err == nil && try <= readTries; try++ {
		var before vault.User
		if before, err = u.user(); err != nil {
			break
		}
		var h vault.Head
		if h, err = s.Head(ctx, before.Keys.Vault); err != nil {
			break
		}
		if u, err = s.userRow(ctx, name); err == nil && u.ID == string(before.ID) && u.Generation == before.Generation {
			return before, h, nil
		}
		if err == nil && try == readTries {
			err = fmt.Errorf("%w: the account changes faster than it can be read", vault.ErrStoreUnavailable)
		}
	}
	if err == nil {
		err = fmt.Errorf("account: %w", vault.ErrNotFound)
	}
	return vault.User{}, vault.Head{}, err
}

// headAt is the condition that the head is base and that no write is pending.
func headAt(base vault.Head) condition {
	return attribute("revision").Equal(value(base.State.Revision)).And(
		attribute("sequence").Equal(value(base.State.Entry.Sequence)), attribute("pending").AttributeNotExists())
}

// moved says why the head is not base. It returns nil if it is.
func (r headRow) moved(base vault.Head) error {
	switch {
	case r.Vault == "":
		return errNoVault
	case r.Revision != base.State.Revision || r.Sequence != base.State.Entry.Sequence || r.Pending != nil:
		return fmt.Errorf("%w: at %d and entry %d, the change is for %d and entry %d", vault.ErrRevisionConflict,
			r.Revision, r.Sequence, base.State.Revision, base.State.Entry.Sequence)
	}
	return nil
}

// isAt returns an error if the head is not base.
func (s *Store) isAt(ctx context.Context, base vault.Head) error {
	r, err := s.headOf(ctx, base.Vault)
	if err != nil {
		return err
	}
	return r.moved(base)
}

// headRefused explains why a transaction failed whose first item is conditional on headAt. other explains a refusal for another reason.
func headRefused(err error, base vault.Head, other func(head headRow, r *refused) error) error {
	var r *refused
	if errors.Is(err, errBusy) {
		return fmt.Errorf("%w: %w", vault.ErrRevisionConflict, err)
	}
	if !errors.As(err, &r) {
		return err
	}
	var head headRow
	if row, ok := r.at(0); ok {
		if err := decode(row, &head); err != nil {
			return err
		}
		if err := head.moved(base); err != nil {
			return err
		}
	}
	return other(head, r)
}
