package dynamo

import (
	"context"
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// The change feed is a few partitions of the vaults table for each minute, in the order of time. A row becomes visible when its
// transaction commits, which is later than the time in its key, and the clocks of processes differ. So a reader asks again for the
// last feedOverlap, and drops what it has seen.
const (
	// feedShards spreads the changes of a minute: a partition takes 500 of them a second.
	feedShards = 2
	// feedOverlap covers a commit (at most callTimeout after the time in the key, which each try renews) and clocks that are ten seconds
	// apart.
	feedOverlap = callTimeout + 10*time.Second
	// feedLife is how long a row stays, at least.
	feedLife = time.Hour
)

// changeRow is a vault.Change. No ID of a vault or user has a '#', so the partitions differ from theirs.
type changeRow struct {
	Partition string `dynamodbav:"vault_id"`
	Row       string `dynamodbav:"row_id"`
	Of        string `dynamodbav:"of,omitempty"` // the vault
	Revision  int64  `dynamodbav:"revision,omitempty"`
	Sequence  int64  `dynamodbav:"sequence,omitempty"`
	Members   bool   `dynamodbav:"members,omitempty"`
	Ended     string `dynamodbav:"ended,omitempty"`
	TTL       int64  `dynamodbav:"expires_at"`
}

func feedPartition(shard int, minute int64) string { return fmt.Sprintf("feed#%d#%d", shard, minute) }

// changeID begins the sort keys of the changes at t.
func changeID(t time.Time) string { return fmt.Sprintf("%014d", t.UnixMilli()) }

func minuteOf(t time.Time) int64 { return t.Unix() / 60 }

// appends is the item of a transaction that appends to the feed. transact gives it a time for each try.
func appends(c vault.Change) write { return write{change: &c} }

func (s *Store) putChange(c vault.Change) write {
	now := s.clock()
	row := changeRow{
		Partition: feedPartition(mathrand.N(feedShards), minuteOf(now)), Row: changeID(now) + "#" + rand.Text(), //nolint:gosec // guessing it gains nothing
		Revision: c.Revision, Sequence: c.Sequence, Members: c.Members, Ended: string(c.Ended), TTL: ttl(now.Add(feedLife)),
	}
	if c.Ended == "" {
		row.Of = c.Vault.String()
	}
	return put(s.table.Vaults, row)
}

func (r changeRow) change() (vault.Change, error) {
	c := vault.Change{Revision: r.Revision, Sequence: r.Sequence, Members: r.Members, Ended: vault.UserID(r.Ended)}
	if r.Ended != "" {
		return c, nil
	}
	var err error
	if c.Vault, err = chain.ParseID(r.Of); err != nil {
		err = fmt.Errorf("%w: unreadable change: %w", vault.ErrStoreUnavailable, err)
	}
	return c, err
}

// feed is a vault.Feed.
type feed struct {
	store *Store
	last  time.Time       // of the last read; zero before the first
	seen  map[string]bool // sort keys of what the last read found
}

// Feed implements vault.Store.
func (s *Store) Feed() vault.Feed { return &feed{store: s} }

// Next implements vault.Feed. It begins by looking at the clock: whatever is committed later has a time within feedOverlap.
func (f *feed) Next(ctx context.Context) ([]vault.Change, error) {
	now := f.store.clock().Round(0) // the clock that other processes have, not the monotonic one
	if f.last.IsZero() {
		f.last = now
		return nil, nil
	}
	if now.Sub(f.last).Abs() > feedOverlap { // the clock was changed, or the feed was not read
		f.last, f.seen = now, nil
		return nil, vault.ErrFeedGap
	}
	from := f.last.Add(-feedOverlap)
	if now.Before(f.last) {
		from = now.Add(-feedOverlap)
	}
	var all []vault.Change
	seen := map[string]bool{}
	for shard := range feedShards {
		rows, err := f.read(ctx, shard, from, now)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			seen[r.Row] = true
			if f.seen[r.Row] {
				continue
			}
			c, err := r.change()
			if err != nil {
				return nil, err
			}
			all = append(all, c)
		}
	}
	f.last, f.seen = now, seen
	return all, nil
}

// read reads the changes of one shard. Those of a clock that is ahead are in the partition of this minute, or are read when it comes.
func (f *feed) read(ctx context.Context, shard int, from, now time.Time) ([]changeRow, error) {
	var all []changeRow
	for minute := minuteOf(from); minute <= minuteOf(now); minute++ {
		rows, err := queryAll[changeRow](ctx, f.store, &dynamodb.QueryInput{
			TableName:                 &f.store.table.Vaults,
			KeyConditionExpression:    aws.String(names.VaultsPartitionKey + " = :minute AND " + names.VaultsSortKey + " >= :from"),
			ExpressionAttributeValues: item{":minute": str(feedPartition(shard, minute)), ":from": str(changeID(from))},
		})
		if err != nil {
			return nil, err
		}
		all = append(all, rows...)
	}
	return all, nil
}
