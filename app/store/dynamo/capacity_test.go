//go:build system

package dynamo

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/middleware"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// units is what calls consumed.
type units struct {
	mu            sync.Mutex
	read, written float64
	calls         int
}

func (u *units) add(all ...types.ConsumedCapacity) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.calls++
	for _, c := range all {
		read, written := aws.ToFloat64(c.ReadCapacityUnits), aws.ToFloat64(c.WriteCapacityUnits)
		if read+written == 0 { // a plain read
			read = aws.ToFloat64(c.CapacityUnits)
		}
		u.read, u.written = u.read+read, u.written+written
	}
}

func one(c *types.ConsumedCapacity) []types.ConsumedCapacity {
	if c == nil {
		return nil
	}
	return []types.ConsumedCapacity{*c}
}

// atLeastOne is one for a query, which AWS counts as a unit even if it finds nothing. DynamoDB Local does not.
func atLeastOne(c *types.ConsumedCapacity) []types.ConsumedCapacity {
	if c != nil && aws.ToFloat64(c.CapacityUnits) < 1 {
		return []types.ConsumedCapacity{{CapacityUnits: aws.Float64(1)}}
	}
	return one(c)
}

// metered returns a second store on the same tables that counts the capacity of reads and transactions.
func metered(s *Store) (*Store, *units) {
	u := &units{}
	o := s.db.Options()
	o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("Meter",
			func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
				switch p := in.Parameters.(type) {
				case *dynamodb.GetItemInput:
					p.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
				case *dynamodb.QueryInput:
					p.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
				case *dynamodb.BatchGetItemInput:
					p.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
				case *dynamodb.TransactWriteItemsInput:
					p.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
				}
				out, meta, err := next.HandleInitialize(ctx, in)
				switch r := out.Result.(type) {
				case *dynamodb.GetItemOutput:
					u.add(one(r.ConsumedCapacity)...)
				case *dynamodb.QueryOutput:
					u.add(atLeastOne(r.ConsumedCapacity)...)
				case *dynamodb.BatchGetItemOutput:
					u.add(r.ConsumedCapacity...)
				case *dynamodb.TransactWriteItemsOutput:
					u.add(r.ConsumedCapacity...)
				}
				return out, meta, err
			}), middleware.After)
	})
	return &Store{db: dynamodb.New(o), http: s.http, table: s.table, clock: s.clock}, u
}

// save edits the first item of a vault with n items, as the server does: it reads the head and the buckets, and stores the write.
// All items are in one bucket.
func save(t *testing.T, name string, n int) *units {
	t.Helper()
	s := openTest(t)
	v := found(t, s, name)
	var ops []testvault.Operation
	token := strings.Repeat("x", 700)
	for range n {
		id := seal.NewID()
		id[0] = 7
		ops = append(ops, v.PutToken(chain.RecordOverview, id, 1, token), v.PutToken(chain.RecordDetails, id, 1, token))
	}
	d := v.Draft(ops...)
	if err := s.ApplyWrite(t.Context(), d.WriteChange); err != nil {
		t.Fatal(err)
	}
	v.Apply(d)

	m, used := metered(s)
	d = v.Draft(testvault.Delete(ops[0]), v.PutToken(ops[0].Kind, ops[0].ID, 2, token), v.PutToken(ops[1].Kind, ops[1].ID, 2, token))
	if _, err := m.Head(t.Context(), v.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := m.LiveLines(t.Context(), v.ID, []byte{7}); err != nil {
		t.Fatal(err)
	}
	if err := m.ApplyWrite(t.Context(), d.WriteChange); err != nil {
		t.Fatal(err)
	}
	t.Logf("a save beside %d items in its bucket: %d calls, %.1f read units, %.1f write units", n, used.calls, used.read, used.written)
	return used
}

// A save reads and writes only the rows of one bucket, of which a vault of 10,000 items has 256. What it writes does not depend on the
// size of the vault.
func TestSaveCostsTheSameInALargeVault(t *testing.T) {
	t.Parallel()
	small, large := save(t, "small", 1), save(t, "large", 10_000/256+1)
	if small.written != large.written || small.calls != large.calls || small.calls != 5 {
		t.Errorf("a small vault costs %d calls and %.1f units, a large one %d and %.1f", small.calls, small.written, large.calls, large.written)
	}
	if large.read > small.read+4 {
		t.Errorf("a small vault costs %.1f read units, a large one %.1f", small.read, large.read)
	}
}
