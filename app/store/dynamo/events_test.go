//go:build system

package dynamo

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

func TestEventsExpire(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	e := vault.Event{
		ID: vault.EventsAt(at) + "-0123456789abcdef", Time: at, Last: at, Count: 1, WhoID: "ada", WhomID: "grace", Expires: at.AddDate(20, 0, 0),
	}
	if err := s.AddEvent(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	found, err := s.db.Scan(t.Context(), &dynamodb.ScanInput{TableName: &s.table.Events})
	if err != nil {
		t.Fatal(err)
	}
	var partitions []string
	for _, row := range found.Items {
		ttl, _ := row[names.TTLAttribute].(*types.AttributeValueMemberN)
		partition, _ := row[names.EventsPartitionKey].(*types.AttributeValueMemberS)
		if ttl == nil || ttl.Value != strconv.FormatInt(e.Expires.Unix(), 10) || partition == nil {
			t.Fatalf("%v", row)
		}
		partitions = append(partitions, partition.Value)
	}
	slices.Sort(partitions)
	if !slices.Equal(partitions, []string{"2026-03", "user#ada", "user#grace"}) {
		t.Errorf("%q", partitions)
	}
}
