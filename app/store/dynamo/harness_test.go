//go:build system

package dynamo

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/middleware"

	"github.com/vaultsphere/vaultsphere/internal/testenv/await"
	"github.com/vaultsphere/vaultsphere/internal/testenv/dynamolocal"
)

// openTest returns a store on new tables.
func openTest(t *testing.T) *Store {
	t.Helper()
	prefix := "Test-" + rand.Text()
	s, err := Open(t.Context(), Config{
		Region: "us-east-1", Patience: await.Limit, Endpoint: dynamolocal.Endpoint(t),
		Users: prefix + "-U", Accounts: prefix + "-A", Passwords: prefix + "-P", Sessions: prefix + "-S", Vaults: prefix + "-V", Events: prefix + "-E",
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := CreateTables(t.Context(), s.table); err != nil {
		t.Fatal(err)
	}
	return s
}

// around returns a second store on the same tables that makes every call through f. f gets the name of the operation.
func around(s *Store, f func(ctx context.Context, operation string, call func() error) error) *Store {
	o := s.db.Options()
	o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("Around",
			func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (out middleware.InitializeOutput, meta middleware.Metadata, err error) {
				err = f(ctx, awsmiddleware.GetOperationName(ctx), func() (err error) {
					out, meta, err = next.HandleInitialize(ctx, in)
					return err
				})
				return out, meta, err
			}), middleware.After)
	})
	return &Store{db: dynamodb.New(o), http: s.http, table: s.table, clock: s.clock}
}

var errDead = errors.New("this process is dead")

// dying returns a store that fails like a process that dies at its n-th call, counted from 0: before the call is sent or,
// with carriedOut, after DynamoDB has executed it.
func dying(s *Store, n int64, carriedOut bool) *Store {
	var calls atomic.Int64
	return around(s, func(_ context.Context, _ string, call func() error) error {
		switch at := calls.Add(1) - 1; {
		case at < n:
			return call()
		case at == n && carriedOut:
			return errors.Join(call(), errDead)
		}
		return errDead
	})
}

// rows counts the rows of a table without the change feed, which expires alone.
func rows(t *testing.T, s *Store, table string) int {
	t.Helper()
	n := 0
	consistent := true
	pages := dynamodb.NewScanPaginator(s.db, &dynamodb.ScanInput{TableName: &table, ConsistentRead: &consistent})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range page.Items {
			if id, ok := row["vault_id"].(*types.AttributeValueMemberS); !ok || !strings.HasPrefix(id.Value, "feed#") {
				n++
			}
		}
	}
	return n
}
