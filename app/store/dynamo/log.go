package dynamo

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"golang.org/x/sync/errgroup"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// signedRow is a row with an encoded entry, write, card or envelope.
type signedRow struct {
	Partition  string `dynamodbav:"vault_id"`
	Row        string `dynamodbav:"row_id"`
	Encoded    []byte `dynamodbav:"encoded"`
	Operations []byte `dynamodbav:"operations,omitempty"` // of a write
}

func (s *Store) putSigned(partition, row string, encoded []byte) write {
	return put(s.table.Vaults, signedRow{Partition: partition, Row: row, Encoded: encoded})
}

func encodedOf(rows []signedRow) [][]byte {
	all := make([][]byte, len(rows))
	for i, r := range rows {
		all[i] = r.Encoded
	}
	return all
}

// CreateAccount implements vault.Store.
func (s *Store) CreateAccount(ctx context.Context, u vault.User, f vault.Founding) error {
	id := f.Head.Vault.String()
	if id == string(u.ID) {
		return vault.ErrVaultIDTaken
	}
	head := headRow{Vault: id, Row: headID, entryState: entryStateOf(f.Head), writeState: writeStateOf(f.Head)}
	chunks := vaultKey(id, chunksID)
	chunks["attachment_bytes"] = num(0)
	founding := []check{
		{put(s.table.Users, reservationKey(id), isNew(names.UsersKey)), vault.ErrVaultIDTaken},
		{write: put(s.table.Vaults, head)},
		{write: put(s.table.Vaults, chunks)},
		{write: s.putSigned(id, envelopeID(chain.HashOf(chain.HashEnvelope, f.Envelope)), f.Envelope)},
		{write: s.putSigned(string(u.ID), cardID(f.Card.Generation), f.Card.Encode())},
	}
	for _, e := range f.Entries {
		founding = append(founding, check{write: s.putSigned(id, entryID(e.Sequence), e.Encode())})
	}
	return s.createUser(ctx, u, founding...)
}

// AppendEntry implements vault.Store.
func (s *Store) AppendEntry(ctx context.Context, c vault.EntryChange) error {
	rows, err := s.namedRows(c)
	if err != nil {
		return err
	}
	if len(rows) <= maxSmallEntry && len(rows)*entryRowBytes <= maxSmallTokens {
		return s.moveEntry(ctx, c, nil, rows...)
	}
	if err := s.isAt(ctx, c.Base); err != nil { // a conflict should not cost all segments
		return err
	}
	return s.applyLarge(ctx, c.Base.Vault, rows, func(mark *pending) error { return s.moveEntry(ctx, c, mark) })
}

// moveEntry commits an entry: it advances the head from c.Base to c.Next.
func (s *Store) moveEntry(ctx context.Context, c vault.EntryChange, mark *pending, rows ...stagedRow) error {
	id := c.Base.Vault
	head := struct {
		entryState
		Pending *pending `dynamodbav:"pending,omitempty"`
	}{entryStateOf(c.Next), mark}
	writes := []write{update(s.table.Vaults, headKey(id), head, expression.UpdateBuilder{}, headAt(c.Base))}
	if c.Account != nil {
		u := c.Account.User
		writes = append(writes, s.replaceAccount(id, u))
		if card := c.Account.Card; card != nil {
			writes = append(writes, s.putSigned(string(u.ID), cardID(card.Generation), card.Encode()))
		}
	}
	writes = append(writes, s.putSigned(id.String(), entryID(c.Entry.Sequence), c.Entry.Encode()))
	for _, r := range rows {
		writes = append(writes, r.write())
	}
	writes = append(writes, appends(c.Change()))
	return headRefused(s.transact(ctx, writes...), c.Base, func(_ headRow, r *refused) error { return accountRefused(r, c.Account, id) })
}

// replaceAccount replaces what an account entry of a vault signs, and the hashes. It is the second item of a transaction.
func (s *Store) replaceAccount(id chain.ID, u vault.User) write {
	return update(s.table.Users, userKey(u.Username), accountRow{loginOf(u), keysOf(u.Keys)}, nextGeneration(),
		isUser(u.ID).And(attribute("keys.vault_id").Equal(value(id.String())), isGeneration(u.Generation)))
}

// accountRefused explains why a transaction failed whose second item is replaceAccount, unless c is nil.
func accountRefused(r *refused, c *vault.AccountChange, id chain.ID) error {
	row, ok := r.at(1)
	if c == nil || !ok {
		return fmt.Errorf("%w: %w", vault.ErrStoreUnavailable, r)
	}
	var u userRow
	if err := decode(row, &u); err != nil {
		return err
	}
	if u.Keys.Vault != id.String() {
		return fmt.Errorf("user: %w", vault.ErrNotFound)
	}
	return userMoved(u, c.User.ID)
}

// Entries implements vault.Store.
func (s *Store) Entries(ctx context.Context, id chain.ID, after int64, limit int) ([][]byte, error) {
	query := &dynamodb.QueryInput{
		TableName: &s.table.Vaults, ConsistentRead: aws.Bool(true),
		KeyConditionExpression:    aws.String(names.VaultsPartitionKey + " = :id AND row_id BETWEEN :from AND :to"),
		ExpressionAttributeValues: item{":id": str(id.String()), ":from": str(entryID(after + 1)), ":to": str(entryID(chain.MaxNumber))},
	}
	if limit > 0 {
		query.Limit = aws.Int32(int32(limit)) //nolint:gosec // small
	}
	var entries [][]byte
	size := 0
	for pages := dynamodb.NewQueryPaginator(s.db, query); pages.HasMorePages() && size < vault.LogBytes && (limit == 0 || len(entries) < limit); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, storeError(err)
		}
		rows, err := decodeAll[signedRow](page.Items)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			if size >= vault.LogBytes || limit > 0 && len(entries) == limit {
				return entries, nil
			}
			entries, size = append(entries, r.Encoded), size+len(r.Encoded)
		}
	}
	return entries, nil
}

// Cards implements vault.Store.
func (s *Store) Cards(ctx context.Context, user chain.ID) ([][]byte, error) {
	rows, err := rowsUnder[signedRow](ctx, s, s.table.Vaults, user.String(), cardPrefix)
	return encodedOf(rows), err
}

// Writes implements vault.Store. A head can be visible a moment before its write, so a missing write is looked for again.
func (s *Store) Writes(ctx context.Context, id chain.ID, revisions []int64) ([][]byte, error) {
	keys := make([]item, len(revisions))
	for i, r := range revisions {
		keys[i] = vaultKey(id.String(), writeID(r))
	}
	for try := 1; ; try++ {
		found := map[string][]byte{}
		rows, err := getAll[signedRow](ctx, s, s.table.Vaults, keys, "row_id, encoded")
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			found[r.Row] = r.Encoded
		}
		if len(found) == len(revisions) {
			writes := make([][]byte, len(revisions))
			for i, r := range revisions {
				writes[i] = found[writeID(r)]
			}
			return writes, nil
		}
		if try == writeTries {
			return nil, fmt.Errorf("write: %w", vault.ErrNotFound)
		}
		if err := pause(ctx, 1); err != nil {
			return nil, err
		}
	}
}

const writeTries = 3

// Operations implements vault.Store.
func (s *Store) Operations(ctx context.Context, id chain.ID, revision int64) ([]byte, error) {
	r, err := s.signedRow(ctx, id, writeID(revision))
	if err != nil {
		return nil, fmt.Errorf("write %d: %w", revision, err)
	}
	return r.Operations, nil
}

// Envelope implements vault.Store.
func (s *Store) Envelope(ctx context.Context, id chain.ID, hash chain.Hash) ([]byte, error) {
	r, err := s.signedRow(ctx, id, envelopeID(hash))
	if err != nil {
		return nil, fmt.Errorf("envelope: %w", err)
	}
	return r.Encoded, nil
}

func (s *Store) signedRow(ctx context.Context, id chain.ID, row string) (r signedRow, err error) {
	found, err := s.rowAt(ctx, s.table.Vaults, vaultKey(id.String(), row), &r)
	if err == nil && !found {
		err = vault.ErrNotFound
	}
	return r, err
}

// lineRow is a live line. Size is what it adds to the usage.
type lineRow struct {
	Vault     string `dynamodbav:"vault_id"`
	Row       string `dynamodbav:"row_id"`
	Operation []byte `dynamodbav:"operation"` // that put it, encoded
	Size      int64  `dynamodbav:"size"`
}

// operationOf reads the operation of a row.
func operationOf(encoded []byte) (chain.Operation, error) {
	ops, err := chain.ParseOperations(encoded)
	if err == nil && len(ops) != 1 {
		err = errors.New("not one operation")
	}
	if err != nil {
		return chain.Operation{}, fmt.Errorf("%w: unreadable operation: %w", vault.ErrStoreUnavailable, err)
	}
	return ops[0], nil
}

// bucketReads is how many buckets are read at the same time.
const bucketReads = 8

// LiveLines implements vault.Store.
func (s *Store) LiveLines(ctx context.Context, id chain.ID, buckets []byte) (map[byte][]chain.Line, error) {
	found := make([][]chain.Line, len(buckets))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(bucketReads)
	for i, b := range buckets {
		g.Go(func() (err error) { found[i], err = s.linesOf(ctx, id, b); return err })
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	lines := make(map[byte][]chain.Line, len(buckets))
	for i, b := range buckets {
		lines[b] = found[i]
	}
	return lines, nil
}

func (s *Store) linesOf(ctx context.Context, id chain.ID, bucket byte) ([]chain.Line, error) {
	rows, err := rowsUnder[lineRow](ctx, s, s.table.Vaults, id.String(), bucketPrefix(bucket))
	if err != nil {
		return nil, err
	}
	lines := make([]chain.Line, len(rows))
	for i, r := range rows {
		o, err := operationOf(r.Operation)
		if err != nil {
			return nil, err
		}
		lines[i] = o.Line
	}
	return lines, nil
}
