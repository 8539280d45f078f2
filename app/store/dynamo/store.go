// Package dynamo implements vault.Store on six DynamoDB tables, for any number of replicas.
//
// Every answer comes from strongly consistent reads, and every change is conditional on the state that it is based on.
// write.go and redo.go make a change of a vault atomic; read.go reads a vault in one consistent state. head.go lists the rows of a
// vault, and feed.go those of the change feed.
//
// It needs the IAM actions dynamodb:GetItem, BatchGetItem, Query, PutItem, UpdateItem, DeleteItem and ConditionCheckItem on five
// tables, Query on the index of two, and only Query and UpdateItem on the table of events.
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

// callTimeout limits one call including its retries, so an unreachable store causes an error and not a hanging request.
const callTimeout = 5 * time.Second

// timeouts are those of one call, of each attempt, and of a connection.
type timeouts struct{ call, attempt, dial time.Duration }

var usual = timeouts{callTimeout, 2500 * time.Millisecond, time.Second}

const (
	attempts   = 3
	maxBackoff = 400 * time.Millisecond
	// conflictTries is how often a transaction is tried if it collides with another on the same row.
	conflictTries = 8
)

// Config locates the tables.
type Config struct {
	Region string // empty: AWS_DEFAULT_REGION
	// Endpoint is a DynamoDB Local, which needs no credentials; empty for AWS.
	Endpoint                                             string
	Users, Accounts, Passwords, Sessions, Vaults, Events string
	// Patience is the time limit of a call, for a DynamoDB Local on a busy machine; 0 for that of AWS.
	Patience time.Duration
}

// Store is a vault.Store.
type Store struct {
	db     *dynamodb.Client
	wait   timeouts
	http   httpClient
	table  Config
	clock  func() time.Time // of the change feed
	keyed  atomic.Bool      // whether checkKeys has succeeded
	closed atomic.Bool
}

var _ vault.Store = (*Store)(nil)

// Open returns a store on existing tables. It does not call them; Probe does.
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
	wait := usual
	if c.Patience > 0 {
		wait = timeouts{c.Patience, c.Patience, c.Patience}
	}
	s := &Store{table: c, wait: wait, clock: time.Now, http: httpClient{newTransport(wait)}}
	settings := aws.Config{
		Region: region, Credentials: signing, HTTPClient: s.http,
		// Failures are returned as errors. The SDK's log lines, about connections that it could not reuse, do not belong in
		// our log.
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

// boundCalls puts a time limit on every call and fails all calls of a closed store.
func (s *Store) boundCalls(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("BoundCalls",
		func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
			if s.closed.Load() {
				return middleware.InitializeOutput{}, middleware.Metadata{}, fmt.Errorf("%w: the store is closed", vault.ErrStoreUnavailable)
			}
			ctx, cancel := context.WithTimeout(ctx, s.wait.call)
			defer cancel()
			return next.HandleInitialize(ctx, in)
		}), middleware.Before)
}

// checkKeys returns an error if the tables were made for format 1. The keys of a table never change.
func (s *Store) checkKeys(ctx context.Context) error {
	if s.keyed.Load() {
		return nil
	}
	for _, table := range s.recordTables() {
		_, err := s.rowAt(ctx, table, recordKey(vault.ProbeKey, vault.ProbeKey), nil)
		if errors.Is(err, vault.ErrInvalidChange) { // the key does not match
			return fmt.Errorf("%w: the table %s was made for format 1, which this release cannot read: take it down and deploy it again",
				vault.ErrStoreUnavailable, table)
		}
		if err != nil {
			return err
		}
	}
	s.keyed.Store(true)
	return nil
}

// Probe implements vault.Store. All replicas write the same row; the last one wins.
func (s *Store) Probe(ctx context.Context, now time.Time) error {
	err := s.checkKeys(ctx)
	if err == nil {
		_, err = s.get(ctx, s.table.Users, names.UsersKey, vault.ProbeKey, nil)
	}
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

// Close fails all later calls.
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

// get reads one row of a table without a sort key into out and reports whether it exists.
func (s *Store) get(ctx context.Context, table, key, value string, out any) (bool, error) {
	return s.rowAt(ctx, table, item{key: str(value)}, out)
}

// rowAt is get for any key.
func (s *Store) rowAt(ctx context.Context, table string, key item, out any) (bool, error) {
	r, err := s.db.GetItem(ctx, &dynamodb.GetItemInput{TableName: &table, Key: key, ConsistentRead: aws.Bool(true)})
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

// encode encodes a struct and returns an item unchanged.
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

// errBusy is returned by transact if other transactions kept colliding with it.
var errBusy = errors.New("other transactions hold the same rows")

// refused lists the items of a transaction whose condition failed, with the existing rows.
type refused struct{ items map[int]item }

func (*refused) Error() string { return "a condition is not met" }

func (r *refused) at(i int) (row item, ok bool) {
	row, ok = r.items[i]
	return row, ok
}

// transact writes all items or none. The error is a *refused, errBusy, or an error of vault.Store.
//
// Conditional writes of a single row use it too. A transaction carries a token, so if an answer was lost, the SDK's retry
// gets the same answer. The retry of a plain conditional write would fail because the first attempt succeeded.
func (s *Store) transact(ctx context.Context, writes ...write) error {
	for try := 1; ; try++ {
		items, err := s.itemsOf(writes)
		if err != nil {
			return err
		}
		_, err = s.db.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: items})
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
		// While another transaction holds these rows, a failed condition is not final.
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

func (s *Store) itemsOf(writes []write) ([]types.TransactWriteItem, error) {
	items := make([]types.TransactWriteItem, len(writes))
	for i, w := range writes {
		if w.change != nil {
			w = s.putChange(*w.change)
		}
		if w.err != nil {
			return nil, w.err
		}
		items[i] = w.item
	}
	return items, nil
}

// refusal returns the failed conditions, and whether another transaction held the rows. Any other reason is an error.
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

// pause waits for a random time, longer with each try, so writers that collided do not collide again.
func pause(ctx context.Context, try int) error {
	limit := 10 * time.Millisecond << min(try, 5)
	select {
	case <-ctx.Done():
		return storeError(ctx.Err())
	case <-time.After(rand.N(limit)): //nolint:gosec // guessing it gains nothing
		return nil
	}
}

func reasonError(reason types.CancellationReason, err error) error {
	switch aws.ToString(reason.Code) {
	case "ItemCollectionSizeLimitExceeded":
		return fmt.Errorf("%w: %w", vault.ErrStoreFull, err)
	case "ValidationError":
		return fmt.Errorf("%w: DynamoDB rejects it: %s", vault.ErrInvalidChange, aws.ToString(reason.Message))
	}
	return fmt.Errorf("%w: %w", vault.ErrStoreUnavailable, err)
}

// storeError maps an error of the SDK to the errors of vault.Store.
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
		return fmt.Errorf("%w: DynamoDB rejects it: %w", vault.ErrInvalidChange, err)
	}
	return fmt.Errorf("%w: %w", vault.ErrStoreUnavailable, err)
}
