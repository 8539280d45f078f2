package dynamo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// throttleRow is a row of the sessions table, which has a TTL and is read by key, under "throttle#" + key. It cannot collide
// with a session, whose hash is hex.
type throttleRow struct {
	Key          string `dynamodbav:"session_hash"`
	Attempts     int    `dynamodbav:"attempts"`
	BlockedUntil int64  `dynamodbav:"blocked_until"`
	Expires      int64  `dynamodbav:"expires"`
	Version      int64  `dynamodbav:"version"`
	TTL          int64  `dynamodbav:"expires_at"`
}

func throttleKey(key string) string { return "throttle#" + key }

// Throttle implements vault.Store.
func (s *Store) Throttle(ctx context.Context, key string, now time.Time) (vault.Throttle, error) {
	var row throttleRow
	found, err := s.get(ctx, s.table.Sessions, names.SessionsKey, throttleKey(key), &row)
	if err != nil || !found || row.Expires <= now.UnixMilli() {
		return vault.Throttle{}, err
	}
	return vault.Throttle{
		Attempts: row.Attempts, BlockedUntil: fromMillis(row.BlockedUntil), Expires: fromMillis(row.Expires), Version: row.Version,
	}, nil
}

// SwapThrottle implements vault.Store.
func (s *Store) SwapThrottle(ctx context.Context, key string, old int64, next vault.Throttle, now time.Time) error {
	row := throttleRow{
		Key: throttleKey(key), Attempts: next.Attempts, BlockedUntil: next.BlockedUntil.UnixMilli(),
		Expires: next.Expires.UnixMilli(), Version: old + 1, TTL: ttl(next.Expires),
	}
	end, at := attribute("expires"), value(now.UnixMilli())
	when := isNew(names.SessionsKey).Or(end.LessThanEqual(at))
	if old != 0 {
		when = attribute("version").Equal(value(old)).And(end.GreaterThan(at))
	}
	err := s.transact(ctx, put(s.table.Sessions, row, when))
	var r *refused
	if errors.As(err, &r) || errors.Is(err, errBusy) {
		return fmt.Errorf("throttle: %w", vault.ErrConflict)
	}
	return err
}

// ClearThrottle implements vault.Store.
func (s *Store) ClearThrottle(ctx context.Context, key string) error {
	_, err := s.db.DeleteItem(ctx, &dynamodb.DeleteItemInput{
		TableName: aws.String(s.table.Sessions), Key: sessionKey(throttleKey(key)),
	})
	return storeError(err)
}
