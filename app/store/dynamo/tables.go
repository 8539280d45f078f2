package dynamo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/vaultsphere/vaultsphere/app/names"
)

// tableTimeout is long, because a request that creates something cannot be repeated.
const tableTimeout = 5 * time.Minute

// CreateTables creates the missing tables on a DynamoDB Local. On AWS, the infrastructure creates them.
func CreateTables(ctx context.Context, c Config) error {
	c.Patience = tableTimeout
	s, err := Open(ctx, c)
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	for _, in := range []*dynamodb.CreateTableInput{
		plainTable(c.Users, names.UsersKey),
		recordsTable(c.Accounts),
		recordsTable(c.Passwords),
		plainTable(c.Sessions, names.SessionsKey),
		sortedTable(c.Vaults, names.VaultsPartitionKey, names.VaultsSortKey),
		sortedTable(c.Events, names.EventsPartitionKey, names.EventsSortKey),
	} {
		if err := s.createTable(ctx, in, *in.TableName != c.Users); err != nil {
			return fmt.Errorf("create table %s: %w", *in.TableName, err)
		}
	}
	return nil
}

func plainTable(name, key string) *dynamodb.CreateTableInput {
	return &dynamodb.CreateTableInput{
		TableName:            &name,
		BillingMode:          types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: &key, AttributeType: types.ScalarAttributeTypeS}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: &key, KeyType: types.KeyTypeHash}},
	}
}

func sortedTable(name, key, sort string) *dynamodb.CreateTableInput {
	in := plainTable(name, key)
	in.AttributeDefinitions = append(in.AttributeDefinitions,
		types.AttributeDefinition{AttributeName: &sort, AttributeType: types.ScalarAttributeTypeS})
	in.KeySchema = append(in.KeySchema, types.KeySchemaElement{AttributeName: &sort, KeyType: types.KeyTypeRange})
	return in
}

func recordsTable(name string) *dynamodb.CreateTableInput {
	in := sortedTable(name, names.RecordsPartitionKey, names.RecordsSortKey)
	in.AttributeDefinitions = append(in.AttributeDefinitions,
		types.AttributeDefinition{AttributeName: aws.String(names.RevisionAttribute), AttributeType: types.ScalarAttributeTypeN})
	in.LocalSecondaryIndexes = []types.LocalSecondaryIndex{{
		IndexName: aws.String(names.RevisionIndex),
		KeySchema: []types.KeySchemaElement{in.KeySchema[0],
			{AttributeName: aws.String(names.RevisionAttribute), KeyType: types.KeyTypeRange}},
		Projection: &types.Projection{ProjectionType: types.ProjectionTypeAll},
	}}
	return in
}

func (s *Store) createTable(ctx context.Context, in *dynamodb.CreateTableInput, expires bool) error {
	_, err := s.db.CreateTable(ctx, in)
	var exists *types.ResourceInUseException
	if errors.As(err, &exists) {
		return nil
	}
	if err != nil {
		return storeError(err)
	}
	wait := dynamodb.NewTableExistsWaiter(s.db)
	if err := wait.Wait(ctx, &dynamodb.DescribeTableInput{TableName: in.TableName}, tableTimeout); err != nil {
		return storeError(err)
	}
	if !expires {
		return nil
	}
	_, err = s.db.UpdateTimeToLive(ctx, &dynamodb.UpdateTimeToLiveInput{
		TableName: in.TableName,
		TimeToLiveSpecification: &types.TimeToLiveSpecification{
			AttributeName: aws.String(names.TTLAttribute), Enabled: aws.Bool(true),
		},
	})
	return storeError(err)
}
