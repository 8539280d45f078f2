//go:build system

package dynamo

import (
	"context"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/middleware"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/names"
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

// transaction counts what a transaction costs, from the rows that it replaces and writes: DynamoDB Local counts only one row of each table.
// A unit writes 1 KB, a transaction takes two for each, and so does the index by revision, for the old row and the new one.
func (u *units) transaction(ctx context.Context, s *Store, in *dynamodb.TransactWriteItemsInput,
	call func() (middleware.InitializeOutput, middleware.Metadata, error),
) (middleware.InitializeOutput, middleware.Metadata, error) {
	before := rowsOf(ctx, s, in)
	out, meta, err := call()
	after := rowsOf(ctx, s, in)
	u.mu.Lock()
	defer u.mu.Unlock()
	u.calls++
	for i := range before {
		was, is := kilobytes(before[i]), kilobytes(after[i])
		u.written += 2 * max(was, is, 1)
		for _, row := range []item{before[i], after[i]} {
			if row[names.RevisionAttribute] != nil && row[names.RecordsSortKey] != nil {
				u.written += 2 * kilobytes(row)
			}
		}
	}
	return out, meta, err
}

// rowsOf reads the rows that a transaction writes, nil for one that does not exist.
func rowsOf(ctx context.Context, s *Store, in *dynamodb.TransactWriteItemsInput) []item {
	rows := make([]item, len(in.TransactItems))
	for i, w := range in.TransactItems {
		var table *string
		var key item
		switch {
		case w.Put != nil:
			partition, sort := s.keyNames(*w.Put.TableName)
			table, key = w.Put.TableName, item{partition: w.Put.Item[partition], sort: w.Put.Item[sort]}
		case w.Update != nil:
			table, key = w.Update.TableName, w.Update.Key
		case w.Delete != nil:
			table, key = w.Delete.TableName, w.Delete.Key
		default:
			table, key = w.ConditionCheck.TableName, w.ConditionCheck.Key
		}
		if got, err := s.db.GetItem(ctx, &dynamodb.GetItemInput{TableName: table, Key: key, ConsistentRead: aws.Bool(true)}); err == nil && len(got.Item) > 0 {
			rows[i] = got.Item
		}
	}
	return rows
}

func kilobytes(row item) float64 {
	n := 0
	for name, v := range row {
		n += len(name) + sizeOf(v)
	}
	return math.Ceil(float64(n) / 1024)
}

// sizeOf is the size of a value as DynamoDB counts it ("Item sizes and formats").
func sizeOf(v types.AttributeValue) int {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return len(v.Value)
	case *types.AttributeValueMemberB:
		return len(v.Value)
	case *types.AttributeValueMemberN:
		return (len(v.Value)+1)/2 + 1
	case *types.AttributeValueMemberM:
		n := 3
		for name, value := range v.Value {
			n += len(name) + sizeOf(value) + 1
		}
		return n
	}
	return 1
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
					return u.transaction(ctx, s, p, func() (middleware.InitializeOutput, middleware.Metadata, error) {
						return next.HandleInitialize(ctx, in)
					})
				}
				out, meta, err := next.HandleInitialize(ctx, in)
				switch r := out.Result.(type) {
				case *dynamodb.GetItemOutput:
					u.add(one(r.ConsumedCapacity)...)
				case *dynamodb.QueryOutput:
					u.add(one(r.ConsumedCapacity)...)
				case *dynamodb.BatchGetItemOutput:
					u.add(r.ConsumedCapacity...)
				}
				return out, meta, err
			}), middleware.After)
	})
	return &Store{db: dynamodb.New(o), http: s.http, table: s.table}, u
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
	d.Now = time.Now()
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
