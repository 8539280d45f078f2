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

// CreateTables creates the missing tables on a DynamoDB Local. On AWS, the infrastructure creates them.
func CreateTables(ctx context.Context, c Config) error {
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

func recordsTable(name string) *dynamodb.CreateTableInput {
	in := plainTable(name, names.RecordsPartitionKey)
	in.AttributeDefinitions = append(in.AttributeDefinitions,
		types.AttributeDefinition{AttributeName: aws.String(names.RecordsSortKey), AttributeType: types.ScalarAttributeTypeS},
		types.AttributeDefinition{AttributeName: aws.String(names.RevisionAttribute), AttributeType: types.ScalarAttributeTypeN})
	user := in.KeySchema[0]
	in.KeySchema = append(in.KeySchema,
		types.KeySchemaElement{AttributeName: aws.String(names.RecordsSortKey), KeyType: types.KeyTypeRange})
	in.LocalSecondaryIndexes = []types.LocalSecondaryIndex{{
		IndexName: aws.String(names.RevisionIndex),
		KeySchema: []types.KeySchemaElement{user,
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
	if err := wait.Wait(ctx, &dynamodb.DescribeTableInput{TableName: in.TableName}, time.Minute); err != nil {
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
