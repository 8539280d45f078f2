package dynamo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"golang.org/x/sync/errgroup"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// memberRow lists a shared vault under the ID of a user, who is or was a member of it.
type memberRow struct {
	User string `dynamodbav:"vault_id"`
	Row  string `dynamodbav:"row_id"`
	Role int64  `dynamodbav:"role"` // 0 for a former member
	// Sequence is the number of the entry that gave the role or ended the membership.
	Sequence int64 `dynamodbav:"sequence"`
	Deleting bool  `dynamodbav:"deleting,omitempty"` // the user is being deleted
}

func memberRowOf(id chain.ID, m vault.MemberChange, sequence int64) memberRow {
	return memberRow{User: m.User.String(), Row: memberID(id.String()), Role: int64(m.Role), Sequence: sequence}
}

// vault returns the vault that the row lists.
func (r memberRow) vault() (chain.ID, error) {
	id, err := chain.ParseID(strings.TrimPrefix(r.Row, memberPrefix))
	if err != nil {
		err = fmt.Errorf("%w: unreadable membership: %w", vault.ErrStoreUnavailable, err)
	}
	return id, err
}

func (s *Store) memberRows(ctx context.Context, user string) ([]memberRow, error) {
	return rowsUnder[memberRow](ctx, s, s.table.Vaults, user, memberPrefix)
}

// envelopesRow is a vault.EnvelopePart.
type envelopesRow struct {
	Vault     string   `dynamodbav:"vault_id"`
	Row       string   `dynamodbav:"row_id"`
	Created   int64    `dynamodbav:"created"`
	Envelopes [][]byte `dynamodbav:"envelopes"`
	TTL       int64    `dynamodbav:"expires_at"`
}

// createdRow counts the shared vaults that a user created.
const createdID = "created-vaults"

// CreateVault implements vault.Store.
func (s *Store) CreateVault(ctx context.Context, f vault.SharedFounding) error {
	id, creator := f.Head.Vault.String(), f.Entry.Author.String()
	head := headRow{Vault: id, Row: headID, entryState: entryStateOf(f.Head), writeState: writeStateOf(f.Head)}
	chunks := vaultKey(id, chunksID)
	chunks["attachment_bytes"] = num(0)
	room := attribute("created").AttributeNotExists()
	if f.Quota > 0 {
		room = room.Or(attribute("created").LessThan(value(f.Quota)))
	} else {
		room = room.Or(attribute("created").AttributeExists())
	}
	checks := []check{
		{require(s.table.Users, userKey(f.Creator), isUser(vault.UserID(creator))), fmt.Errorf("user: %w", vault.ErrNotFound)},
		{put(s.table.Users, reservationKey(id), isNew(names.UsersKey)), vault.ErrVaultIDTaken},
		{update(s.table.Vaults, vaultKey(creator, createdID), nil, expression.Add(attribute("created"), value(1)), room), vault.ErrVaultQuota},
		{write: put(s.table.Vaults, head)},
		{write: put(s.table.Vaults, chunks)},
		{write: s.putSigned(id, entryID(0), f.Entry.Encode())},
		{write: s.putSigned(id, envelopeID(chain.HashOf(chain.HashEnvelope, f.Envelope)), f.Envelope)},
		{write: s.putSigned(id, vaultCardID(f.Card), f.Card.Encode())},
		{write: put(s.table.Vaults, memberRowOf(f.Head.Vault, vault.MemberChange{User: f.Entry.Author, Role: chain.Owner}, 0))},
		{write: appends(f.Change())},
	}
	writes := make([]write, len(checks))
	for i, c := range checks {
		writes[i] = c.write
	}
	err := s.transact(ctx, writes...)
	var r *refused
	switch {
	case errors.As(err, &r):
		return r.first(checks)
	case errors.Is(err, errBusy):
		return fmt.Errorf("%w: %w", vault.ErrStoreUnavailable, err)
	}
	return err
}

const (
	// maxSmallEntry is how many rows of an entry fit into one transaction: with head, user, card, entry and change of the feed.
	maxSmallEntry = 90
	// entryRow is more than the size of one such row: an envelope has at most protocol.MaxEnvelopeBytes, and a policy comes alone.
	entryRowBytes = protocol.MaxEnvelopeBytes + rowOverhead
)

// namedRows are the rows of an entry besides its own: envelopes, the policy, cards, and those that list the vault for its members.
func (s *Store) namedRows(c vault.EntryChange) ([]stagedRow, error) {
	id := c.Base.Vault
	var all []any
	for hash, b := range c.Envelopes {
		all = append(all, signedRow{Partition: id.String(), Row: envelopeID(hash), Encoded: b})
	}
	for _, card := range c.Cards {
		all = append(all, signedRow{Partition: id.String(), Row: vaultCardID(card), Encoded: card.Encode()})
	}
	for _, m := range c.MemberChanges() {
		all = append(all, memberRowOf(id, m, c.Entry.Sequence))
	}
	rows := make([]stagedRow, len(all))
	for i, row := range all {
		encoded, err := encode(row)
		if err != nil {
			return nil, err
		}
		rows[i] = stagedRow{table: s.table.Vaults, row: encoded}
	}
	return rows, nil
}

// VaultCards implements vault.Store. The cards of a large vault may be rows of an entry that is not rolled forward yet.
func (s *Store) VaultCards(ctx context.Context, id chain.ID, users []chain.ID) ([][][]byte, error) {
	if err := s.rolledForward(ctx, id); err != nil {
		return nil, err
	}
	all := make([][][]byte, len(users))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(bucketReads)
	for i, user := range users {
		g.Go(func() error {
			rows, err := rowsUnder[signedRow](ctx, s, s.table.Vaults, id.String(), vaultCardPrefix(user.String()))
			all[i] = encodedOf(rows)
			return err
		})
	}
	return all, g.Wait()
}

// Memberships implements vault.Store. The head of a vault can be gone before the row that lists it.
func (s *Store) Memberships(ctx context.Context, user vault.UserID) ([]vault.Membership, error) {
	rows, err := s.memberRows(ctx, string(user))
	if err != nil {
		return nil, err
	}
	roles := map[string]chain.Role{}
	var keys []item
	for _, r := range rows {
		if r.Role == 0 {
			continue
		}
		id := strings.TrimPrefix(r.Row, memberPrefix)
		roles[id] = chain.Role(r.Role) // #nosec G115 -- as stored
		keys = append(keys, vaultKey(id, headID))
	}
	heads, err := getAll[struct {
		Vault    string `dynamodbav:"vault_id"`
		Revision int64  `dynamodbav:"revision"`
		Sequence int64  `dynamodbav:"sequence"`
	}](ctx, s, s.table.Vaults, keys, "vault_id, revision, sequence")
	if err != nil {
		return nil, err
	}
	all := make([]vault.Membership, len(heads))
	for i, h := range heads {
		id, err := chain.ParseID(h.Vault)
		if err != nil {
			return nil, fmt.Errorf("%w: unreadable head of a vault: %w", vault.ErrStoreUnavailable, err)
		}
		all[i] = vault.Membership{Vault: id, Role: roles[h.Vault], Revision: h.Revision, Sequence: h.Sequence}
	}
	slices.SortFunc(all, func(a, b vault.Membership) int { return bytes.Compare(a.Vault[:], b.Vault[:]) })
	return all, nil
}

// Left implements vault.Store.
func (s *Store) Left(ctx context.Context, user vault.UserID, id chain.ID) (int64, error) {
	if err := s.rolledForward(ctx, id); err != nil {
		return 0, err
	}
	var r memberRow
	found, err := s.rowAt(ctx, s.table.Vaults, vaultKey(string(user), memberID(id.String())), &r)
	if err == nil && (!found || r.Role != 0) {
		err = fmt.Errorf("former member: %w", vault.ErrNotFound)
	}
	return r.Sequence, err
}

// PutEnvelopes implements vault.Store.
func (s *Store) PutEnvelopes(ctx context.Context, id chain.ID, p vault.EnvelopePart, now time.Time) error {
	err := s.transact(ctx,
		require(s.table.Vaults, headKey(id), attribute(names.VaultsPartitionKey).AttributeExists()),
		put(s.table.Vaults, envelopesRow{
			Vault: id.String(), Row: partID(p.User.String(), p.Part), Created: now.UnixMilli(), Envelopes: p.Envelopes,
			// The real clock, as DynamoDB uses it when it deletes the row.
			TTL: ttl(time.Now().Add(2 * vault.PendingLife)),
		}))
	var r *refused
	switch {
	case errors.As(err, &r):
		return errNoVault
	case errors.Is(err, errBusy):
		return fmt.Errorf("%w: %w", vault.ErrStoreUnavailable, err)
	}
	return err
}

// PendingEnvelopes implements vault.Store.
func (s *Store) PendingEnvelopes(ctx context.Context, id, user chain.ID, now time.Time) ([][]byte, error) {
	rows, err := rowsUnder[envelopesRow](ctx, s, s.table.Vaults, id.String(), partPrefix(user.String()))
	if err != nil {
		return nil, err
	}
	var all [][]byte
	for _, r := range rows {
		if fromMillis(r.Created).Add(vault.PendingLife).After(now) {
			all = append(all, r.Envelopes...)
		}
	}
	return all, nil
}

// leaveVaults ends the memberships of a user who is being deleted, and deletes the shared vaults in which nobody else is left. Each of two
// members who are deleted at the same time marks the own row before looking for the other's, so that one of them finds the vault empty.
func (s *Store) leaveVaults(ctx context.Context, user string) error {
	rows, err := s.memberRows(ctx, user)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if r.Role == 0 {
			continue
		}
		r.Deleting = true
		if err := s.transact(ctx, put(s.table.Vaults, r)); err != nil {
			return deleteConflict(err)
		}
		id, err := r.vault()
		if err != nil {
			return err
		}
		if err := s.dropIfLonely(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// dropIfLonely deletes a shared vault unless it has a member who is not being deleted. If it fails half way, the row that lists the vault is
// still there, and it can be called again.
func (s *Store) dropIfLonely(ctx context.Context, id chain.ID) error {
	for try := 1; ; try++ {
		at, err := s.upToDateHead(ctx, id)
		if errors.Is(err, vault.ErrNotFound) {
			return s.sweepVault(ctx, id.String())
		}
		if err != nil {
			return err
		}
		head, err := at.head()
		if err != nil {
			return err
		}
		others, err := s.hasMembers(ctx, head)
		if err != nil || others {
			return err
		}
		err = s.transact(ctx, remove(s.table.Vaults, headKey(id), headAt(head)), remove(s.table.Vaults, vaultKey(id.String(), chunksID)))
		var r *refused
		moved := errors.As(err, &r) || errors.Is(err, errBusy)
		switch {
		case err == nil:
			return s.sweepVault(ctx, id.String())
		case !moved:
			return err
		case try == readTries:
			return fmt.Errorf("%w: the vault keeps changing", vault.ErrStoreUnavailable)
		}
	}
}

// hasMembers reports whether a member of the roster has an account, and is not being deleted.
func (s *Store) hasMembers(ctx context.Context, head vault.Head) (bool, error) {
	keys := make([]item, len(head.State.Entry.Roster))
	for i, m := range head.State.Entry.Roster {
		keys[i] = vaultKey(m.User.String(), memberID(head.Vault.String()))
	}
	rows, err := getAll[memberRow](ctx, s, s.table.Vaults, keys, "")
	return slices.ContainsFunc(rows, func(r memberRow) bool { return !r.Deleting }), err
}
