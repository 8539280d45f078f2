//go:build system

package dynamo

import (
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
	e := vault.Event{ID: vault.EventsAt(at) + "-0123456789abcdef", Time: at, Last: at, Count: 1, Expires: at.AddDate(20, 0, 0)}
	if err := s.AddEvent(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	found, err := s.db.Scan(t.Context(), &dynamodb.ScanInput{TableName: &s.table.Events})
	if err != nil || len(found.Items) != 1 {
		t.Fatalf("%v, %v", found, err)
	}
	row := found.Items[0]
	ttl, _ := row[names.TTLAttribute].(*types.AttributeValueMemberN)
	month, _ := row[names.EventsPartitionKey].(*types.AttributeValueMemberS)
	if ttl == nil || ttl.Value != strconv.FormatInt(e.Expires.Unix(), 10) || month == nil || month.Value != "2026-03" {
		t.Errorf("%v", row)
	}
}
