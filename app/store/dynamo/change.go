package dynamo

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// What one transaction takes: DynamoDB allows 100 items and 4 MB, which count names and numbers too.
const (
	maxTransactItems = 90
	maxTransactBytes = 3_500_000
	rowOverhead      = 300 // of a row beside its token, well above what it has
)

// Apply implements vault.Store. A change that fits is one transaction, whose first item moves the user's revision; a
// larger one goes through the redo log.
func (s *Store) Apply(ctx context.Context, name vault.Username, c vault.Change) (int64, error) {
	if err := c.Check(); err != nil {
		return 0, err
	}
	u, err := s.settledUser(ctx, name)
	if err != nil {
		return 0, err
	}
	if u.Revision != c.Base {
		return 0, revisionConflict(u.Revision, c.Base)
	}
	if c.Quota != (vault.Quota{}) {
		if u.usageRow, err = s.grant(ctx, u, c); err != nil {
			return 0, err
		}
	}
	if fits(c) {
		err = s.applySmall(ctx, u, c)
	} else {
		err = s.applyLarge(ctx, u, c)
	}
	if err != nil {
		return 0, err
	}
	return c.Base + 1, nil
}

func revisionConflict(at, base int64) error {
	return fmt.Errorf("%w: at %d, the change is for %d", vault.ErrRevisionConflict, at, base)
}

func fits(c vault.Change) bool {
	n := len(c.Puts) + len(c.Deletes)
	size := n*rowOverhead + len(c.Manifest)
	for _, p := range c.Puts {
		size += len(p.Token)
	}
	return n <= maxTransactItems && size <= maxTransactBytes
}

// moveRevision is the item that makes a change: it takes the user's row from base to base+1, if it is settled there.
func (s *Store) moveRevision(u userRow, c vault.Change, next *pending) (types.TransactWriteItem, error) {
	values, err := encode(struct {
		ID       string   `dynamodbav:":id"`
		Base     int64    `dynamodbav:":base"`
		Next     int64    `dynamodbav:":next"`
		Manifest string   `dynamodbav:":manifest"`
		Records  int      `dynamodbav:":records"`
		Pending  *pending `dynamodbav:":pending,omitempty"`
		Items    int64    `dynamodbav:":items"`
		Bytes    int64    `dynamodbav:":bytes"`
		At       int64    `dynamodbav:":at"`
		Counted  int64    `dynamodbav:":counted"`
	}{u.ID, c.Base, c.Base + 1, c.Manifest, len(c.Puts) + len(c.Deletes), next, u.Items, u.Bytes, u.UsageRevision, u.UsageCounted})
	if err != nil {
		return types.TransactWriteItem{}, err
	}
	update := "SET revision = :next, manifest = :manifest, head_records = :records, " +
		"record_items = :items, record_bytes = :bytes, usage_revision = :at, usage_counted = :counted"
	if next != nil {
		update += ", pending = :pending"
	}
	return types.TransactWriteItem{Update: &types.Update{
		TableName: &s.table.Users, Key: userKey(vault.Username(u.Username)),
		UpdateExpression:                    &update,
		ConditionExpression:                 aws.String(isUser + " AND revision = :base AND attribute_not_exists(pending)"),
		ExpressionAttributeValues:           values,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}}, nil
}

func (s *Store) applySmall(ctx context.Context, u userRow, c vault.Change) error {
	move, err := s.moveRevision(u, c, nil)
	if err != nil {
		return err
	}
	items := []types.TransactWriteItem{move}
	for _, p := range c.Puts {
		row, err := encode(putRow(u.ID, p, c.Base+1))
		if err != nil {
			return err
		}
		put := &types.Put{TableName: aws.String(s.tableOf(p.Kind)), Item: row}
		if p.Kind == protocol.KindPassword {
			put.ConditionExpression = aws.String("attribute_not_exists(record_id)")
		}
		items = append(items, types.TransactWriteItem{Put: put})
	}
	for _, p := range c.Deletes {
		row, err := encode(tombstone(u.ID, p, c.Base+1))
		if err != nil {
			return err
		}
		items = append(items, types.TransactWriteItem{Put: &types.Put{
			TableName: aws.String(s.tableOf(p.Kind)), Item: row,
			ConditionExpression:       aws.String("version = :version AND attribute_exists(#token)"),
			ExpressionAttributeNames:  map[string]string{"#token": "token"}, // a reserved word
			ExpressionAttributeValues: item{":version": num(p.Version)},
		}})
	}
	return changeError(s.transact(ctx, items...), u, c)
}

// changeError explains why the transaction of a change was refused: the user's row first, for against another revision
// nothing can be said about the records.
func changeError(err error, u userRow, c vault.Change) error {
	var r *refused
	if errors.Is(err, errBusy) {
		return fmt.Errorf("%w: %w", vault.ErrRevisionConflict, err)
	}
	if !errors.As(err, &r) {
		return err
	}
	if old, ok := r.at(0); ok {
		var now userRow
		if err := decode(old, &now); err != nil {
			return err
		}
		if now.ID != u.ID || now.Deleting {
			return fmt.Errorf("user: %w", vault.ErrNotFound)
		}
		return revisionConflict(now.Revision, c.Base)
	}
	for i, p := range c.Puts {
		if _, ok := r.at(1 + i); ok {
			return vault.PlaceUsed(p.Place)
		}
	}
	for i, p := range c.Deletes {
		if _, ok := r.at(1 + len(c.Puts) + i); ok {
			return vault.PlaceNotLive(p)
		}
	}
	return fmt.Errorf("%w: %w", vault.ErrStoreUnavailable, err)
}
