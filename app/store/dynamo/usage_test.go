//go:build system

package dynamo

import (
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

func usageTestChange(base int64, quota vault.Quota, ids ...string) vault.Change {
	c := vault.Change{Base: base, Manifest: "manifest", Quota: quota}
	for _, id := range ids {
		c.Puts = append(c.Puts, protocol.Put{Place: protocol.Place{ItemID: id, Kind: protocol.KindOverview, Version: 1}, Token: "token"})
	}
	return c
}

func wantUsage(t *testing.T, s *Store, items int64, counted bool) {
	t.Helper()
	u := readUser(t, s)
	if u.Items != items || u.Bytes != items*(vault.RecordWeight+int64(len("token"))) || (u.UsageRevision == u.Revision) != counted {
		t.Errorf("%d items, %d bytes at %d of revision %d; want %d items, counted %v", u.Items, u.Bytes, u.UsageRevision, u.Revision, items, counted)
	}
}

func TestRecordsOfAnOlderReleaseAreCounted(t *testing.T) {
	s, _ := openTest(t)
	three := vault.Quota{Items: 3}
	apply := func(want error, c vault.Change) {
		t.Helper()
		if _, err := s.Apply(t.Context(), "ada", c); !errors.Is(err, want) {
			t.Fatalf("revision %d: %v, want %v", c.Base, err, want)
		}
	}
	apply(nil, usageTestChange(0, three, "a"))
	wantUsage(t, s, 1, true)
	apply(nil, usageTestChange(1, vault.Quota{}, "b", "c")) // as a release without quotas does after a rollback
	wantUsage(t, s, 1, false)
	apply(vault.ErrItemQuota, usageTestChange(2, three, "d"))
	deletion := usageTestChange(2, three)
	deletion.Deletes = []protocol.Place{{ItemID: "a", Kind: protocol.KindOverview, Version: 1}}
	apply(nil, deletion)
	apply(nil, usageTestChange(3, three, "d"))
	apply(vault.ErrItemQuota, usageTestChange(4, three, "e"))
	if u := readUser(t, s); u.Items != 3 || u.UsageRevision != u.Revision {
		t.Errorf("%d items at %d of revision %d", u.Items, u.UsageRevision, u.Revision)
	}
}

// DynamoDB deletes expired tombstones without notice, so an old count may be too high.
func TestOldCountRejectsNothing(t *testing.T) {
	for name, test := range map[string]struct {
		age  time.Duration
		want error
	}{"a day": {usageAge + time.Hour, nil}, "an hour": {time.Hour, vault.ErrItemQuota}} {
		t.Run(name, func(t *testing.T) {
			s, u := openTest(t)
			if _, err := s.Apply(t.Context(), "ada", usageTestChange(0, vault.Quota{Items: 2}, "a")); err != nil {
				t.Fatal(err)
			}
			_, err := s.db.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
				TableName: &s.table.Users, Key: item{names.UsersKey: str(u.Username)},
				UpdateExpression: aws.String("SET record_items = :items, usage_counted = :counted"),
				ExpressionAttributeValues: item{
					":items": num(2), ":counted": num(time.Now().Add(-test.age).Unix()),
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Apply(t.Context(), "ada", usageTestChange(1, vault.Quota{Items: 2}, "b")); !errors.Is(err, test.want) {
				t.Errorf("%v, want %v", err, test.want)
			}
		})
	}
}
