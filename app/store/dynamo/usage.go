package dynamo

import (
	"context"
	"time"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// usageRow is the part of a user's row with the usage of the records. It is valid only at UsageRevision: a release without
// quotas advances only the revision, and then the records are counted again.
type usageRow struct {
	Items         int64 `dynamodbav:"record_items"`
	Bytes         int64 `dynamodbav:"record_bytes"`
	UsageRevision int64 `dynamodbav:"usage_revision"`
	UsageCounted  int64 `dynamodbav:"usage_counted"` // when the records were counted, in Unix seconds
}

// usageAge is the maximum age of a count that may reject a change: DynamoDB deletes tombstones without notice.
const usageAge = 24 * time.Hour

// usageReads is how many records are read at a time: each may have the maximum token size.
const usageReads = 25

// grant returns the usage after c, or an error if c.Quota does not allow it. u is at the revision that c is based on. If the
// rows that grant reads are newer, the change is rejected anyway.
func (s *Store) grant(ctx context.Context, u userRow, c vault.Change) (usageRow, error) {
	delta, err := s.weigh(ctx, u.ID, c)
	if err != nil {
		return usageRow{}, err
	}
	before := u.usageRow
	if before.UsageRevision != u.Revision {
		if before, err = s.count(ctx, u.ID); err != nil {
			return usageRow{}, err
		}
	}
	err = before.allows(c, delta)
	if err != nil && time.Since(time.Unix(before.UsageCounted, 0)) > usageAge {
		if before, err = s.count(ctx, u.ID); err == nil {
			err = before.allows(c, delta)
		}
	}
	return usageRow{before.Items + delta.Items, before.Bytes + delta.Bytes, c.Base + 1, before.UsageCounted}, err
}

func (r usageRow) allows(c vault.Change, delta vault.Usage) error {
	after := vault.Usage{Items: r.Items + delta.Items, Bytes: r.Bytes + delta.Bytes}
	return c.Quota.Check(vault.Usage{Items: r.Items, Bytes: r.Bytes}, after, c.Replaces(delta.Items))
}

// weight is the usage of one row.
func (r recordRow) weight(k protocol.Kind) vault.Usage {
	w := vault.Usage{Bytes: vault.RecordWeight + int64(len(r.Token))}
	if k == protocol.KindOverview && r.Token != "" {
		w.Items = 1
	}
	return w
}

// weigh returns by how much c changes the usage.
func (s *Store) weigh(ctx context.Context, userID string, c vault.Change) (delta vault.Usage, err error) {
	held := map[protocol.Kind][]item{} // keys of rows that may exist
	add := func(w vault.Usage, sign int64) {
		delta.Items += sign * w.Items
		delta.Bytes += sign * w.Bytes
	}
	for _, p := range c.Puts {
		add(putRow(userID, p, 0).weight(p.Kind), 1)
		if p.Kind == protocol.KindOverview {
			held[p.Kind] = append(held[p.Kind], recordKey(userID, p.Place))
		}
	}
	for _, p := range c.Deletes {
		add(recordRow{}.weight(p.Kind), 1)
		held[p.Kind] = append(held[p.Kind], recordKey(userID, p))
	}
	for kind, keys := range held {
		for len(keys) > 0 {
			n := min(len(keys), usageReads)
			rows, err := getAll[recordRow](ctx, s, s.tableOf(kind), keys[:n:n], "")
			if err != nil {
				return delta, err
			}
			keys = keys[n:]
			for _, r := range rows {
				add(r.weight(kind), -1)
			}
		}
	}
	return delta, nil
}

// count adds up all records of a user.
func (s *Store) count(ctx context.Context, userID string) (usageRow, error) {
	sum := usageRow{UsageCounted: time.Now().Unix()}
	for _, table := range s.recordTables() {
		for c := s.cursor(table, userID, 0); ; c.page = nil {
			if err := c.fill(ctx); err != nil {
				return usageRow{}, err
			}
			if len(c.page) == 0 {
				break
			}
			for _, r := range c.page {
				w := r.weight(s.kindOf(table))
				sum.Items += w.Items
				sum.Bytes += w.Bytes
			}
		}
	}
	return sum, nil
}
