// Package dynamo is vault.Store on four DynamoDB tables, for any number of replicas.
//
// Every answer comes from strongly consistent reads, and every write is a condition on the state it was made for. How a
// change of a vault is made atomic stands in change.go and redo.go, how it is read whole in read.go.
//
// It needs the IAM actions dynamodb:GetItem, BatchGetItem, Query, PutItem, UpdateItem, DeleteItem and ConditionCheckItem
// on the four tables, and Query on the index of two.
package dynamo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"

	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

const (
	// callTimeout bounds one call with its retries: a store that is gone becomes an error, not a hanging request.
	callTimeout    = 5 * time.Second
	attemptTimeout = 2500 * time.Millisecond
	dialTimeout    = time.Second
	attempts       = 3
	maxBackoff     = 400 * time.Millisecond
	// conflictTries is how often a transaction is tried that met another one on the same row.
	conflictTries = 8
)

// Config says where the tables are.
type Config struct {
	Region string // empty: AWS_DEFAULT_REGION
	// Endpoint is a DynamoDB Local, which wants no credentials; empty for AWS.
	Endpoint                             string
	Users, Accounts, Passwords, Sessions string
}

// Store is a vault.Store.
type Store struct {
	db     *dynamodb.Client
	http   httpClient
	table  Config
	closed atomic.Bool
}

var _ vault.Store = (*Store)(nil)

// Open makes a store on tables that exist. It does not call them; Probe does.
func Open(ctx context.Context, c Config) (*Store, error) {
	region := cmp.Or(c.Region, os.Getenv("AWS_DEFAULT_REGION"))
	if region == "" {
		return nil, fmt.Errorf("configure DynamoDB: no region: set %s", names.EnvAWSRegion)
	}
	var signing aws.CredentialsProvider = credentials.NewStaticCredentialsProvider("local", "local", "")
	if c.Endpoint == "" {
		var err error
		if signing, err = signer(nil); err != nil {
			return nil, fmt.Errorf("configure DynamoDB: %w", err)
		}
	}
	s := &Store{table: c, http: httpClient{newTransport()}}
	settings := aws.Config{
		Region: region, Credentials: signing, HTTPClient: s.http,
		// What fails comes back as an error; the SDK's own lines, about connections it could not reuse, are not for our log.
		Logger: logging.Nop{},
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.MaxAttempts = attempts
				o.MaxBackoff = maxBackoff
			})
		},
	}
	s.db = dynamodb.NewFromConfig(settings, func(o *dynamodb.Options) {
		if c.Endpoint != "" {
			o.BaseEndpoint = aws.String(c.Endpoint)
		}
		o.APIOptions = append(o.APIOptions, s.boundCalls)
	})
	return s, nil
}

// boundCalls puts the time limit around every call, and ends all calls of a closed store.
func (s *Store) boundCalls(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("BoundCalls",
		func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
			if s.closed.Load() {
				return middleware.InitializeOutput{}, middleware.Metadata{}, fmt.Errorf("%w: it is closed", vault.ErrStoreUnavailable)
			}
			ctx, cancel := context.WithTimeout(ctx, callTimeout)
			defer cancel()
			return next.HandleInitialize(ctx, in)
		}), middleware.Before)
}

// Probe implements vault.Store. All replicas write the same row, the last one wins.
func (s *Store) Probe(ctx context.Context, now time.Time) error {
	_, err := s.get(ctx, s.table.Users, names.UsersKey, vault.ProbeKey, nil)
	if err == nil {
		_, err = s.db.PutItem(ctx, &dynamodb.PutItemInput{
			TableName: &s.table.Sessions, Item: item{names.SessionsKey: str(vault.ProbeKey), "probed": num(now.UnixMilli())},
		})
	}
	if retry.IsErrorThrottles(retry.DefaultThrottles).IsErrorThrottle(err) == aws.TrueTernary {
		return nil
	}
	return storeError(err)
}

// Close ends all later calls.
func (s *Store) Close() error {
	s.closed.Store(true)
	s.http.close()
	return nil
}

type item = map[string]types.AttributeValue

func str(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func num(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: fmt.Sprint(n)}
}

// get reads one item of a table without a sort key into out and tells whether it is there.
func (s *Store) get(ctx context.Context, table, key, value string, out any) (bool, error) {
	r, err := s.db.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &table, Key: item{key: str(value)}, ConsistentRead: aws.Bool(true),
	})
	if err != nil {
		return false, storeError(err)
	}
	if len(r.Item) == 0 || out == nil {
		return false, nil
	}
	return true, decode(r.Item, out)
}

func decode(from item, out any) error {
	if err := attributevalue.UnmarshalMap(from, out); err != nil {
		return fmt.Errorf("%w: unreadable row: %w", vault.ErrStoreUnavailable, err)
	}
	return nil
}

func decodeAll[T any](from []item) ([]T, error) {
	all := make([]T, len(from))
	for i, row := range from {
		if err := decode(row, &all[i]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// encode takes a struct, or an item as it is.
func encode(v any) (item, error) {
	if row, ok := v.(item); ok {
		return row, nil
	}
	m, err := attributevalue.MarshalMap(v)
	if err != nil {
		return nil, fmt.Errorf("encode row: %w", err)
	}
	return m, nil
}

// errBusy is what transact returns when other transactions kept getting in the way.
var errBusy = errors.New("other transactions are at the same rows")

// refused says which items of a transaction did not meet their condition, with the row as it was.
type refused struct{ items map[int]item }

func (*refused) Error() string { return "a condition is not met" }

func (r *refused) at(i int) (row item, ok bool) {
	row, ok = r.items[i]
	return row, ok
}

// transact carries out all items or none. The error is a *refused, errBusy, or one that vault.Store promises.
//
// Conditional writes of a single row go through here as well: a transaction carries a token, so that the SDK's retry of
// one whose answer got lost is answered as the first was, where a plain conditional write would refuse itself.
func (s *Store) transact(ctx context.Context, writes ...write) error {
	items := make([]types.TransactWriteItem, len(writes))
	for i, w := range writes {
		if w.err != nil {
			return w.err
		}
		items[i] = w.item
	}
	for try := 1; ; try++ {
		_, err := s.db.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: items})
		if err == nil {
			return nil
		}
		var canceled *types.TransactionCanceledException
		if !errors.As(err, &canceled) {
			return storeError(err)
		}
		r, conflict, err := refusal(canceled, err)
		if err != nil {
			return err
		}
		// While another transaction is at these rows, a condition that is not met may be met when it is through.
		if !conflict {
			return r
		}
		if try == conflictTries {
			return errBusy
		}
		if err := pause(ctx, try); err != nil {
			return err
		}
	}
}

// refusal is which conditions were not met, and whether another transaction was at the rows. Any other reason is an error.
func refusal(canceled *types.TransactionCanceledException, cause error) (r *refused, conflict bool, err error) {
	r = &refused{items: map[int]item{}}
	for i, reason := range canceled.CancellationReasons {
		switch aws.ToString(reason.Code) {
		case "", "None":
		case "ConditionalCheckFailed":
			r.items[i] = reason.Item
		case "TransactionConflict":
			conflict = true
		default:
			return nil, false, reasonError(reason, cause)
		}
	}
	return r, conflict, nil
}

// pause waits, at random and longer with each try, so that writers that met do not meet again.
func pause(ctx context.Context, try int) error {
	limit := 10 * time.Millisecond << min(try, 5)
	select {
	case <-ctx.Done():
		return storeError(ctx.Err())
	case <-time.After(rand.N(limit)): //nolint:gosec // nobody gains by guessing it
		return nil
	}
}

func reasonError(reason types.CancellationReason, err error) error {
	switch aws.ToString(reason.Code) {
	case "ItemCollectionSizeLimitExceeded":
		return fmt.Errorf("%w: %w", vault.ErrStoreFull, err)
	case "ValidationError":
		return fmt.Errorf("%w: DynamoDB does not take it: %s", vault.ErrInvalidChange, aws.ToString(reason.Message))
	}
	return fmt.Errorf("%w: %w", vault.ErrStoreUnavailable, err)
}

// storeError gives an error of the SDK the meaning that vault.Store promises.
func storeError(err error) error {
	var full *types.ItemCollectionSizeLimitExceededException
	var coded smithy.APIError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled), errors.Is(err, vault.ErrStoreUnavailable):
		return err
	case errors.As(err, &full):
		return fmt.Errorf("%w: %w", vault.ErrStoreFull, err)
	case errors.As(err, &coded) && coded.ErrorCode() == "ValidationException":
		return fmt.Errorf("%w: DynamoDB does not take it: %w", vault.ErrInvalidChange, err)
	}
	return fmt.Errorf("%w: %w", vault.ErrStoreUnavailable, err)
}
