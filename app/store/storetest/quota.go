package storetest

import (
	"errors"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// granting applies changes under a quota and tracks the revision.
type granting struct {
	t     *testing.T
	s     vault.Store
	quota vault.Quota
	base  int64
}

// want applies a change and compares the error. A rejected change must change nothing.
func (g *granting) want(what string, want error, puts []protocol.Put, deletes ...protocol.Place) {
	g.t.Helper()
	c := change(g.base, puts, deletes...)
	c.Quota = g.quota
	_, err := g.s.Apply(g.t.Context(), "ada", c)
	if !errors.Is(err, want) {
		g.t.Errorf("%s: %v, want %v", what, err, want)
	}
	if err == nil {
		g.base++
	}
	if u, err := g.s.User(g.t.Context(), "ada"); err != nil || u.Revision != g.base {
		g.t.Errorf("%s: revision %d, %v", what, u.Revision, err)
	}
}

func overviews(n, size int) []protocol.Put {
	puts := make([]protocol.Put, n)
	for i := range puts {
		puts[i] = put(overview(randomID(), 1), strings.Repeat("x", size))
	}
	return puts
}

func again(p protocol.Put, size int) []protocol.Put {
	p.Version++
	return []protocol.Put{put(p.Place, strings.Repeat("y", size))}
}

func quotaOfItems(t *testing.T, open func(t *testing.T) vault.Store) {
	s := open(t)
	u := createUser(t, s, "ada")
	apply(t, s, u, 0, overviews(2, 10)) // stored without a quota
	g := &granting{t: t, s: open(t), quota: vault.Quota{Items: 103}, base: 1}
	some := overviews(100, 10)
	g.want("100 more", nil, some)
	g.want("two more", vault.ErrItemQuota, overviews(2, 10))
	g.want("one more", nil, overviews(1, 10))
	g.want("one above the quota", vault.ErrItemQuota, overviews(1, 10))
	g.want("details", nil, manyDetails(1, 10))
	g.want("an edit", nil, again(some[0], 20))
	g.want("one replaces another", nil, overviews(1, 10), some[1].Place)
	g.want("one deleted", nil, nil, some[2].Place)
	g.want("one restored", nil, again(some[2], 10))
	g.want("a deleted one restored above the quota", vault.ErrItemQuota, again(some[1], 10))
	g.quota.Items = 50
	g.want("an edit above a lowered quota", nil, again(some[3], 20))
	g.want("one deleted above a lowered quota", nil, nil, some[4].Place)
	g.want("one added above a lowered quota", vault.ErrItemQuota, overviews(1, 10))
	g.quota = vault.Quota{}
	g.want("no quota", nil, overviews(1, 10))
}

func quotaOfRecords(t *testing.T, open func(t *testing.T) vault.Store) {
	s := open(t)
	u := createUser(t, s, "ada")
	apply(t, s, u, 0, overviews(1, 1000-vault.RecordWeight))
	g := &granting{t: t, s: open(t), quota: vault.Quota{Bytes: 160_000}, base: 1}
	item, secrets := overviews(1, 9_000-vault.RecordWeight), manyDetails(100, 1_400-vault.RecordWeight)
	g.want("150,000 bytes", nil, append(item, secrets...)) // does not fit into one transaction of DynamoDB
	g.want("10,001 more", vault.ErrRecordQuota, manyDetails(1, 10_001-vault.RecordWeight))
	g.want("10,000 more", nil, manyDetails(1, 10_000-vault.RecordWeight))
	g.want("details", vault.ErrRecordQuota, manyDetails(1, 1))
	g.want("an item", vault.ErrRecordQuota, overviews(1, 1))
	g.want("an item that moves to the trash", nil, again(item[0], 9_100))
	item[0].Version = 2
	g.want("an item that grows into more than the last sixteenth", vault.ErrRecordQuota, again(item[0], 29_000))
	g.want("a deletion", nil, nil, secrets[0].Place, secrets[1].Place)
	g.want("the weight of a tombstone", vault.ErrRecordQuota, manyDetails(1, 2_800-2*vault.RecordWeight-100))
	g.want("the freed bytes", nil, manyDetails(1, 1_500))
}
