package dynamo

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// standingRow is the part of a user's row that administrators decide.
type standingRow struct {
	Administrator bool `dynamodbav:"administrator"`
	Suspended     bool `dynamodbav:"suspended"`
	// Removed is missing in rows of releases that did not know it.
	Removed int64 `dynamodbav:"removed"`
}

func standingOf(s vault.Standing) standingRow {
	return standingRow{Administrator: s.Administrator, Suspended: s.Suspended, Removed: s.Removed}
}

// administering is the standing of an active administrator.
var administering = standingRow{Administrator: true}

func (r standingRow) standing() vault.Standing {
	return vault.Standing{Administrator: r.Administrator, Suspended: r.Suspended, Removed: r.Removed}
}

// hasStanding is the condition that the row of a user has this standing.
func hasStanding(r standingRow) condition {
	removed := attribute("removed").Equal(value(r.Removed))
	if r.Removed == 0 {
		removed = removed.Or(attribute("removed").AttributeNotExists())
	}
	return attribute("administrator").Equal(value(r.Administrator)).And(attribute("suspended").Equal(value(r.Suspended)), removed)
}

// administrators is the key of the row in the users table with the IDs of all active administrators, as a set. Each transaction that
// makes one or unmakes one changes it, so of two administrators who demote each other one comes second and finds the other gone.
const administrators = "#administrators"

func idSet(id vault.UserID) expression.ValueBuilder {
	return value(&types.AttributeValueMemberSS{Value: []string{string(id)}})
}

func (s *Store) addAdministrator(id vault.UserID) write {
	e, err := expression.NewBuilder().WithUpdate(expression.Add(attribute("members"), idSet(id))).Build()
	return write{item: types.TransactWriteItem{Update: &types.Update{
		TableName: &s.table.Users, Key: userKey(administrators), UpdateExpression: e.Update(),
		ExpressionAttributeNames: e.Names(), ExpressionAttributeValues: e.Values(),
	}}, err: err}
}

// removeAdministrator fails if no other is left, unless last is allowed.
func (s *Store) removeAdministrator(id vault.UserID, last bool) write {
	left := 1
	if last {
		left = 0
	}
	return update(s.table.Users, userKey(administrators), nil, expression.Delete(attribute("members"), idSet(id)),
		attribute("members").Size().GreaterThan(value(left)))
}

// lastOf reports whether only the condition of item i failed.
func lastOf(err error, i int) bool {
	var r *refused
	if !errors.As(err, &r) {
		return false
	}
	_, at := r.at(i)
	return at && len(r.items) == 1
}

// SetStanding implements vault.Store.
func (s *Store) SetStanding(ctx context.Context, u vault.User, next vault.Standing) error {
	writes := []write{
		update(s.table.Users, userKey(u.Username), standingOf(next), expression.UpdateBuilder{},
			isUser(u.ID).And(hasStanding(standingOf(u.Standing)))),
	}
	switch {
	case next.Active() && !u.Standing.Active():
		writes = append(writes, s.addAdministrator(u.ID))
	case !next.Active() && u.Standing.Active():
		writes = append(writes, s.removeAdministrator(u.ID, false))
	}
	err := s.transact(ctx, writes...)
	if lastOf(err, 1) {
		return vault.ErrLastAdministrator
	}
	return userConflict(err, u.ID)
}

// The directory is a partition of the vaults table with a row for each user, in the order of names: the users table has no order, and
// servers may not scan it.
const directoryPartition = "#users"

func directoryKey(name vault.Username) item { return vaultKey(directoryPartition, string(name)) }

// namesAfter reads at most limit names of the directory. There are no others if it reads fewer.
func (s *Store) namesAfter(ctx context.Context, after vault.Username, limit int) ([]string, error) {
	query := &dynamodb.QueryInput{
		TableName: &s.table.Vaults, ConsistentRead: aws.Bool(true), Limit: aws.Int32(int32(limit)), //nolint:gosec // small
		KeyConditionExpression:    aws.String(names.VaultsPartitionKey + " = :id"),
		ExpressionAttributeValues: item{":id": str(directoryPartition)},
	}
	if after != "" {
		query.KeyConditionExpression = aws.String(*query.KeyConditionExpression + " AND " + names.VaultsSortKey + " > :after")
		query.ExpressionAttributeValues[":after"] = str(string(after))
	}
	page, err := s.db.Query(ctx, query) // all of it is far smaller than a page of 1 MB
	if err != nil {
		return nil, storeError(err)
	}
	rows, err := decodeAll[signedRow](page.Items)
	found := make([]string, len(rows))
	for i, r := range rows {
		found[i] = r.Row
	}
	return found, err
}

// alone reports whether the store has at most one user.
func (s *Store) alone(ctx context.Context) (bool, error) {
	found, err := s.namesAfter(ctx, "", 2)
	return len(found) <= 1, err
}

// usageRow is the part of the rows of a vault that a list of users needs.
type usageRow struct {
	Vault       string `dynamodbav:"vault_id"`
	Items       int64  `dynamodbav:"record_items"`
	Bytes       int64  `dynamodbav:"record_bytes"`
	Attachments int64  `dynamodbav:"attachment_bytes"`
}

// Directory implements vault.Store.
func (s *Store) Directory(ctx context.Context, after vault.Username, limit int) ([]vault.Listed, error) {
	var all []vault.Listed
	for len(all) < limit {
		want := limit - len(all)
		found, err := s.namesAfter(ctx, after, want)
		if err != nil {
			return nil, err
		}
		listed, err := s.listed(ctx, found)
		if err != nil {
			return nil, err
		}
		all = append(all, listed...)
		if len(found) < want {
			break
		}
		after = vault.Username(found[len(found)-1])
	}
	return all, nil
}

// listed reads the users with these names, in the same order. One may have been removed meanwhile.
func (s *Store) listed(ctx context.Context, found []string) ([]vault.Listed, error) {
	keys := make([]item, len(found))
	for i, name := range found {
		keys[i] = userKey(vault.Username(name))
	}
	rows, err := getAll[userRow](ctx, s, s.table.Users, keys, "")
	if err != nil {
		return nil, err
	}
	usage, err := s.usages(ctx, rows)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(rows, func(a, b userRow) int { return strings.Compare(a.Username, b.Username) })
	var all []vault.Listed
	for _, r := range rows {
		u, err := r.user()
		if err != nil {
			return nil, err
		}
		used := usage[r.Keys.Vault]
		all = append(all, vault.Listed{User: u, LastSeen: fromMillis(r.LastSeen), Items: used.Items, Bytes: used.Bytes + used.Attachments})
	}
	return all, nil
}

// usages adds up what the personal vaults of users take, by vault.
func (s *Store) usages(ctx context.Context, users []userRow) (map[string]usageRow, error) {
	var keys []item
	for _, u := range users {
		keys = append(keys, vaultKey(u.Keys.Vault, headID), vaultKey(u.Keys.Vault, chunksID))
	}
	rows, err := getAll[usageRow](ctx, s, s.table.Vaults, keys, "vault_id, record_items, record_bytes, attachment_bytes")
	if err != nil {
		return nil, err
	}
	sum := map[string]usageRow{}
	for _, r := range rows {
		was := sum[r.Vault]
		sum[r.Vault] = usageRow{r.Vault, was.Items + r.Items, was.Bytes + r.Bytes, was.Attachments + r.Attachments}
	}
	return sum, nil
}

// seen updates the day on which a user was last seen.
func (s *Store) seen(name vault.Username, day time.Time, when condition) write {
	return update(s.table.Users, userKey(name), struct {
		LastSeen int64 `dynamodbav:"last_seen"`
	}{day.UnixMilli()}, expression.UpdateBuilder{}, when)
}
