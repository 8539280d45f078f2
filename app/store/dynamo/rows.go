package dynamo

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// recordRow is a row of the accounts or the passwords table. For its sort key, see recordID. A tombstone has no token.
type recordRow struct {
	Vault     string `dynamodbav:"vault_id"`
	RecordID  string `dynamodbav:"record_id"`
	Revision  int64  `dynamodbav:"revision"`
	Token     string `dynamodbav:"token,omitempty"`
	Deleted   bool   `dynamodbav:"deleted,omitempty"`
	TTL       int64  `dynamodbav:"expires_at,omitempty"`
	Operation []byte `dynamodbav:"operation"` // of the write that made the row, encoded

	table string // that the row was read from
}

// getAll reads the rows that exist for keys, in any order.
func getAll[T any](ctx context.Context, s *Store, table string, keys []item, projection string) ([]T, error) {
	const maxKeys = 100
	var rows []item
	for try := 1; len(keys) > 0; {
		n := min(len(keys), maxKeys)
		want := types.KeysAndAttributes{Keys: keys[:n], ConsistentRead: aws.Bool(true)}
		if projection != "" {
			want.ProjectionExpression, want.ExpressionAttributeNames = project(projection)
		}
		r, err := s.db.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{table: want}})
		if err != nil {
			return nil, storeError(err)
		}
		rows = append(rows, r.Responses[table]...)
		// Ask again for what did not fit into the answer or was throttled.
		left := r.UnprocessedKeys[table].Keys
		keys = append(keys[n:len(keys):len(keys)], left...)
		if len(left) == n {
			if try == conflictTries {
				return nil, fmt.Errorf("%w: DynamoDB keeps throttling reads", vault.ErrStoreUnavailable)
			}
			if err := pause(ctx, try); err != nil {
				return nil, err
			}
			try++
		}
	}
	return decodeAll[T](rows)
}

// project returns an expression for a list of attributes. Some of their names are words of DynamoDB.
func project(list string) (*string, map[string]string) {
	places, named := []string{}, map[string]string{}
	for i, name := range strings.Split(list, ", ") {
		place := fmt.Sprintf("#p%d", i)
		places, named[place] = append(places, place), name
	}
	return aws.String(strings.Join(places, ", ")), named
}

// keyNames returns the attributes of the key of a table with a sort key.
func (s *Store) keyNames(table string) (partition, sort string) {
	if table == s.table.Vaults {
		return names.VaultsPartitionKey, names.VaultsSortKey
	}
	return names.RecordsPartitionKey, names.RecordsSortKey
}

// rowsUnder reads the rows of a partition whose sort key begins with prefix.
func rowsUnder[T any](ctx context.Context, s *Store, table, partition, prefix string) ([]T, error) {
	key, sort := s.keyNames(table)
	return queryAll[T](ctx, s, &dynamodb.QueryInput{
		TableName: &table, KeyConditionExpression: aws.String(key + " = :id AND begins_with(" + sort + ", :prefix)"),
		ExpressionAttributeValues: item{":id": str(partition), ":prefix": str(prefix)},
	})
}

func queryAll[T any](ctx context.Context, s *Store, query *dynamodb.QueryInput) ([]T, error) {
	query.ConsistentRead = aws.Bool(true)
	var found []item
	for pages := dynamodb.NewQueryPaginator(s.db, query); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, storeError(err)
		}
		found = append(found, page.Items...)
	}
	return decodeAll[T](found)
}
