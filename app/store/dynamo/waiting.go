package dynamo

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// waitingKey is the key of the row in the users table that exists while the store waits for its operator. No username begins with '#'.
const waitingKey = "#waiting"

// Waiting implements vault.Store.
func (s *Store) Waiting(ctx context.Context) (bool, error) {
	var row struct{}
	return s.get(ctx, s.table.Users, names.UsersKey, waitingKey, &row)
}

// SetWaiting implements vault.Store.
func (s *Store) SetWaiting(ctx context.Context, waits bool) error {
	key := item{names.UsersKey: str(waitingKey)}
	if !waits {
		_, err := s.db.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &s.table.Users, Key: key})
		return storeError(err)
	}
	_, err := s.db.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.table.Users, Item: key})
	return storeError(err)
}

// Users implements vault.Store. It needs dynamodb:Scan, which the operator has and a server does not.
func (s *Store) Users(ctx context.Context, each func(vault.User) error) error {
	pages := dynamodb.NewScanPaginator(s.db, &dynamodb.ScanInput{
		TableName: &s.table.Users, ConsistentRead: aws.Bool(true),
		FilterExpression:         aws.String("attribute_exists(user_id) AND attribute_exists(#keys)"),
		ExpressionAttributeNames: map[string]string{"#keys": "keys"},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return storeError(err)
		}
		rows, err := decodeAll[userRow](page.Items)
		if err != nil {
			return err
		}
		for _, row := range rows {
			u, err := row.user()
			if err != nil {
				return err
			}
			if err := each(u); err != nil {
				return err
			}
		}
	}
	return nil
}
