package dynamo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// userRow is a row of the users table.
type userRow struct {
	Username   string `dynamodbav:"username"`
	ID         string `dynamodbav:"user_id"`
	Created    int64  `dynamodbav:"created"`
	Generation int64  `dynamodbav:"generation"`
	Deleting   bool   `dynamodbav:"deleting,omitempty"`
	standingRow
	LastSeen int64 `dynamodbav:"last_seen"`
	loginRow
	Keys keysRow `dynamodbav:"keys"`
}

// keysRow is the part of the row that only an account entry writes: see vault.Keys.
type keysRow struct {
	Vault    string   `dynamodbav:"vault_id"`
	Document []byte   `dynamodbav:"document"`
	Identity string   `dynamodbav:"identity"`
	Wraps    []string `dynamodbav:"wraps"`
}

func keysOf(k vault.Keys) keysRow {
	return keysRow{Vault: k.Vault.String(), Document: k.Document, Identity: k.Identity, Wraps: k.Wraps}
}

func (r keysRow) keys() (vault.Keys, error) {
	id, err := chain.ParseID(r.Vault)
	if err != nil {
		return vault.Keys{}, fmt.Errorf("%w: unreadable user: %w", vault.ErrStoreUnavailable, err)
	}
	return vault.Keys{Vault: id, Document: r.Document, Identity: r.Identity, Wraps: r.Wraps}, nil
}

// accountRow is the part of the row that an account entry writes.
type accountRow struct {
	loginRow
	Keys keysRow `dynamodbav:"keys"`
}

// loginRow is the part of the row that UpdateUser writes.
type loginRow struct {
	AuthHash         []byte `dynamodbav:"auth_hash"`
	RecoveryAuthHash []byte `dynamodbav:"recovery_auth_hash"`
	TOTPSecret       string `dynamodbav:"totp_secret"`
	TOTPLastStep     int64  `dynamodbav:"totp_last_step"`
}

func loginOf(u vault.User) loginRow {
	return loginRow{AuthHash: u.AuthHash, RecoveryAuthHash: u.RecoveryAuthHash, TOTPSecret: u.TOTPSecret, TOTPLastStep: u.TOTPLastStep}
}

func rowOf(u vault.User) userRow {
	return userRow{
		Username: string(u.Username), ID: string(u.ID), Created: u.Created.UnixMilli(), Generation: 1, loginRow: loginOf(u), Keys: keysOf(u.Keys),
		standingRow: standingRow{Administrator: u.Admission.Administrator}, LastSeen: vault.Day(u.Created).UnixMilli(),
	}
}

func (r userRow) user() (vault.User, error) {
	keys, err := r.Keys.keys()
	return vault.User{
		Username: vault.Username(r.Username), ID: vault.UserID(r.ID), Created: fromMillis(r.Created),
		AuthHash: r.AuthHash, RecoveryAuthHash: r.RecoveryAuthHash, Keys: keys,
		TOTPSecret: r.TOTPSecret, TOTPLastStep: r.TOTPLastStep, Deleting: r.Deleting, Generation: r.Generation, Standing: r.standing(),
	}, err
}

func fromMillis(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// userRow reads a user's row, even if the user is being deleted.
func (s *Store) userRow(ctx context.Context, name vault.Username) (userRow, error) {
	var row userRow
	found, err := s.get(ctx, s.table.Users, names.UsersKey, string(name), &row)
	if err == nil && !found {
		err = fmt.Errorf("user: %w", vault.ErrNotFound)
	}
	return row, err
}

func userKey(name vault.Username) item { return item{names.UsersKey: str(string(name))} }

// reservationKey is the key of the row that marks a user ID as used, permanently. No username collides: vault.CanonicalUsername
// rejects '#'.
func reservationKey(id string) item { return item{names.UsersKey: str("id#" + id)} }

// createUser stores a new user together with more rows.
func (s *Store) createUser(ctx context.Context, u vault.User, more ...check) error {
	admitted, err := s.admit(ctx, u)
	if err != nil {
		return err
	}
	checks := append([]check{
		{put(s.table.Users, rowOf(u), isNew(names.UsersKey)), vault.ErrUsernameTaken},
		{put(s.table.Users, reservationKey(string(u.ID)), isNew(names.UsersKey)), vault.ErrUserIDTaken},
		{write: put(s.table.Vaults, directoryKey(u.Username))},
	}, slices.Concat(admitted, more)...)
	writes := make([]write, len(checks))
	for i, c := range checks {
		writes[i] = c.write
	}
	err = s.transact(ctx, writes...)
	var r *refused
	switch {
	case errors.As(err, &r):
		return r.first(checks)
	case errors.Is(err, errBusy):
		if _, err := s.userRow(ctx, u.Username); err == nil {
			return vault.ErrUsernameTaken
		}
		return fmt.Errorf("%w: %w", vault.ErrStoreUnavailable, err)
	}
	return err
}

// User implements vault.Store.
func (s *Store) User(ctx context.Context, name vault.Username) (vault.User, error) {
	row, err := s.userRow(ctx, name)
	if err != nil {
		return vault.User{}, err
	}
	return row.user()
}

// UpdateUser implements vault.Store.
func (s *Store) UpdateUser(ctx context.Context, u vault.User) error {
	err := s.transact(ctx, update(s.table.Users, userKey(u.Username), loginOf(u), nextGeneration(), isUser(u.ID).And(isGeneration(u.Generation))))
	return userConflict(err, u.ID)
}

func nextGeneration() expression.UpdateBuilder {
	return expression.Add(attribute("generation"), value(1))
}

func isGeneration(n int64) condition { return attribute("generation").Equal(value(n)) }

// userConflict explains why the first item of a transaction, a condition on the user's row, failed.
func userConflict(err error, id vault.UserID) error {
	var r *refused
	if errors.As(err, &r) {
		row, ok := r.at(0)
		if !ok {
			return fmt.Errorf("%w: another row exists", vault.ErrConflict)
		}
		var u userRow
		if err := decode(row, &u); err != nil {
			return err
		}
		return userMoved(u, id)
	}
	if errors.Is(err, errBusy) {
		return fmt.Errorf("%w: %w", vault.ErrConflict, err)
	}
	return err
}

// userMoved explains why a condition on the row of a user failed.
func userMoved(u userRow, id vault.UserID) error {
	if u.ID != string(id) || u.Deleting {
		return fmt.Errorf("user: %w", vault.ErrNotFound)
	}
	return vault.ErrConflict
}

// DeleteUser implements vault.Store. It marks the user first: all other writes require that the mark is absent, so none can
// add rows behind the sweep. It deletes the user's row last, because a retry needs it to find the remaining rows.
func (s *Store) DeleteUser(ctx context.Context, name vault.Username) error {
	u, err := s.markDeleting(ctx, name)
	if err != nil {
		return err
	}
	return s.finishDeletion(ctx, name, u)
}

// DeleteRemoved implements vault.Store. A deletion that failed half way goes on: nobody can bring that user back.
func (s *Store) DeleteRemoved(ctx context.Context, removed vault.User) error {
	u, err := s.userRow(ctx, removed.Username)
	if err != nil {
		return err
	}
	switch {
	case u.ID != string(removed.ID):
		return fmt.Errorf("user: %w", vault.ErrNotFound)
	case u.Deleting:
	case u.standing() != removed.Standing:
		return vault.ErrConflict
	default:
		if err := s.mark(ctx, u, false); err != nil {
			return err
		}
	}
	return s.finishDeletion(ctx, removed.Username, u)
}

func (s *Store) finishDeletion(ctx context.Context, name vault.Username, u userRow) error {
	thisUser := attribute("user_id").Equal(value(u.ID))
	id := u.Keys.Vault
	// Delete sessions before the rows that list them.
	if err := s.DeleteSessions(ctx, vault.UserID(u.ID), ""); err != nil {
		return err
	}
	if err := s.sweepVault(ctx, id); err != nil {
		return err
	}
	if err := s.leaveVaults(ctx, u.ID); err != nil {
		return err
	}
	// The user's cards, memberships, and what lists the sessions.
	if err := s.sweep(ctx, s.table.Vaults, u.ID); err != nil {
		return err
	}
	return deleteConflict(s.transact(ctx, remove(s.table.Users, userKey(name), thisUser), remove(s.table.Vaults, directoryKey(name))))
}

// markDeleting marks a user as being deleted, takes away the role of administrator, and returns the user.
func (s *Store) markDeleting(ctx context.Context, name vault.Username) (userRow, error) {
	for try := 1; ; try++ {
		u, err := s.userRow(ctx, name)
		if err != nil {
			return u, err
		}
		alone := false
		if u.standing().Active() {
			if alone, err = s.alone(ctx); err != nil {
				return u, err
			}
		}
		err = s.mark(ctx, u, alone)
		if !errors.Is(err, vault.ErrConflict) || try == conflictTries {
			return u, err
		}
	}
}

func (s *Store) mark(ctx context.Context, u userRow, alone bool) error {
	id := u.Keys.Vault
	writes := []write{
		update(s.table.Users, userKey(vault.Username(u.Username)), standingRow{Removed: u.Removed}, expression.Set(attribute("deleting"), value(true)),
			attribute("user_id").Equal(value(u.ID)).And(hasStanding(u.standingRow))),
		// All writes of a vault are conditional on one of these rows. With the head, a pending change goes, so no reader rolls it forward
		// into swept tables.
		remove(s.table.Vaults, vaultKey(id, headID)), remove(s.table.Vaults, vaultKey(id, chunksID)),
	}
	if u.standing().Active() {
		writes = append(writes, s.removeAdministrator(vault.UserID(u.ID), alone))
	}
	err := s.transact(ctx, writes...)
	var r *refused
	switch {
	case !errors.As(err, &r):
		return deleteConflict(err)
	case lastOf(err, 3):
		return vault.ErrLastAdministrator
	}
	row, ok := r.at(0)
	if !ok || len(row) == 0 || !isID(row, u.ID) {
		return deleteConflict(err)
	}
	return vault.ErrConflict // the standing changed
}

// isID reports whether the row of a user has this ID.
func isID(row item, id string) bool {
	var u userRow
	return decode(row, &u) == nil && u.ID == id
}

func deleteConflict(err error) error {
	var r *refused
	switch {
	case errors.As(err, &r):
		return fmt.Errorf("user: %w", vault.ErrNotFound)
	case errors.Is(err, errBusy):
		return fmt.Errorf("%w: %w", vault.ErrStoreUnavailable, err)
	}
	return err
}

// sweepVault deletes the remaining rows of a vault without a head. Its ID remains reserved.
func (s *Store) sweepVault(ctx context.Context, id string) error {
	if err := s.deleteAllChunks(ctx, id); err != nil {
		return err
	}
	for _, table := range append(s.recordTables(), s.table.Vaults) {
		if err := s.sweep(ctx, table, id); err != nil {
			return err
		}
	}
	return nil
}

// sweep deletes all rows of a partition.
func (s *Store) sweep(ctx context.Context, table, partition string) error {
	key, sort := s.keyNames(table)
	pages := dynamodb.NewQueryPaginator(s.db, &dynamodb.QueryInput{
		TableName: &table, ConsistentRead: aws.Bool(true),
		KeyConditionExpression:    aws.String(key + " = :id"),
		ProjectionExpression:      aws.String(key + ", " + sort),
		ExpressionAttributeValues: item{":id": str(partition)},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return storeError(err)
		}
		if err := s.deleteRows(ctx, table, page.Items); err != nil {
			return err
		}
	}
	return nil
}

// deleteRows deletes rows by key, unconditionally. It uses transactions, because transact retries if one collides with
// another. more is part of each.
func (s *Store) deleteRows(ctx context.Context, table string, keys []item, more ...write) error {
	for len(keys) > 0 {
		n := min(len(keys), maxTransactItems)
		writes := make([]write, n)
		for i, key := range keys[:n] {
			writes[i] = remove(table, key)
		}
		if err := s.transact(ctx, append(writes, more...)...); err != nil {
			if errors.Is(err, errBusy) {
				return fmt.Errorf("%w: %w", vault.ErrStoreUnavailable, err)
			}
			return err
		}
		keys = keys[n:]
	}
	return nil
}

// serverKey is the key of the row in the users table with the key that all servers share. No username begins with '#'.
const serverKey = "#server-key"

// ServerKey implements vault.Store.
func (s *Store) ServerKey(ctx context.Context, fresh []byte) ([]byte, error) {
	row := struct {
		Row string `dynamodbav:"username"`
		Key []byte `dynamodbav:"server_key"`
	}{Row: serverKey}
	if found, err := s.get(ctx, s.table.Users, names.UsersKey, serverKey, &row); found || err != nil {
		return row.Key, err
	}
	row.Key = fresh
	err := s.transact(ctx, put(s.table.Users, row, isNew(names.UsersKey)))
	var taken *refused
	if errors.As(err, &taken) || errors.Is(err, errBusy) { // another server was first
		found, err := s.get(ctx, s.table.Users, names.UsersKey, serverKey, &row)
		if err == nil && !found {
			err = fmt.Errorf("%w: %w", vault.ErrStoreUnavailable, errBusy)
		}
		return row.Key, err
	}
	return fresh, err
}
