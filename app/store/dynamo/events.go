package dynamo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// eventRow is a row of the events table. It has a partition for each month, which is read by time, and one for each user, with the events
// by or about this user once more.
type eventRow struct {
	eventAttributes
	ID    string `dynamodbav:"event_id"`
	Count int64  `dynamodbav:"events"`
}

type eventAttributes struct {
	Kind       string `dynamodbav:"kind"`
	Time       int64  `dynamodbav:"time"`
	Last       int64  `dynamodbav:"last"`
	Who        string `dynamodbav:"who"`
	WhoID      string `dynamodbav:"who_id"`
	Whom       string `dynamodbav:"whom"`
	WhomID     string `dynamodbav:"whom_id"`
	Host       bool   `dynamodbav:"host"`
	Address    string `dynamodbav:"address"`
	Device     string `dynamodbav:"device"`
	Request    string `dynamodbav:"request"`
	Invitation string `dynamodbav:"invitation"`
	TTL        int64  `dynamodbav:"expires_at"`
}

func (r eventRow) event() vault.Event {
	return vault.Event{
		ID: vault.EventID(r.ID), Kind: protocol.AuditKind(r.Kind), Time: fromMillis(r.Time), Last: fromMillis(r.Last), Count: r.Count,
		Who: vault.Username(r.Who), WhoID: vault.UserID(r.WhoID), Whom: vault.Username(r.Whom), WhomID: vault.UserID(r.WhomID), Host: r.Host,
		Origin: vault.Origin{Address: r.Address, Request: r.Request}, Device: r.Device, Invitation: vault.InvitationID(r.Invitation),
	}
}

const eventTimeDigits = 14

// monthOf returns the first day of the month of an event.
func monthOf(id vault.EventID) (time.Time, error) {
	ms, err := strconv.ParseInt(string(id[:min(len(id), eventTimeDigits)]), 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("event %q has no time: %w", id, err)
	}
	t := fromMillis(ms)
	return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC), nil
}

func eventMonth(month time.Time) string { return month.Format("2006-01") }

func eventUser(id vault.UserID) string { return "user#" + string(id) }

// AddEvent implements vault.Store. It is a transaction, also if it has only one row, so that a retry after a lost answer does not count twice. The server
// may not delete events, which is why it does not put rows either.
func (s *Store) AddEvent(ctx context.Context, e vault.Event) error {
	month, err := monthOf(e.ID)
	if err != nil {
		return err
	}
	set := eventAttributes{
		Kind: string(e.Kind), Time: e.Time.UnixMilli(), Last: e.Last.UnixMilli(), Who: string(e.Who), WhoID: string(e.WhoID),
		Whom: string(e.Whom), WhomID: string(e.WhomID), Host: e.Host, Address: e.Origin.Address, Device: e.Device,
		Request: e.Origin.Request, Invitation: string(e.Invitation), TTL: ttl(e.Expires),
	}
	partitions := []string{eventMonth(month)}
	for _, id := range []vault.UserID{e.WhoID, e.WhomID} {
		if id != "" && !slices.Contains(partitions, eventUser(id)) {
			partitions = append(partitions, eventUser(id))
		}
	}
	var rows []write
	for _, p := range partitions {
		key := item{names.EventsPartitionKey: str(p), names.EventsSortKey: str(string(e.ID))}
		rows = append(rows, upsert(s.table.Events, key, set, expression.Add(attribute("events"), value(e.Count))))
	}
	err = s.transact(ctx, rows...)
	if errors.Is(err, errBusy) {
		return fmt.Errorf("%w: %w", vault.ErrStoreUnavailable, err)
	}
	return err
}

// Events implements vault.Store.
func (s *Store) Events(ctx context.Context, from, before vault.EventID, limit int) ([]vault.Event, error) {
	first, err := monthOf(from)
	if err != nil {
		return nil, err
	}
	month, err := monthOf(before)
	if err != nil {
		return nil, err
	}
	if from >= before {
		return nil, nil
	}
	var all []vault.Event
	for ; !month.Before(first) && len(all) < limit; month = month.AddDate(0, -1, 0) {
		rows, err := s.eventsOf(ctx, eventMonth(month), from, before, limit-len(all))
		if err != nil {
			return nil, err
		}
		all = append(all, rows...)
	}
	return all, nil
}

// UserEvents implements vault.Store.
func (s *Store) UserEvents(ctx context.Context, user vault.UserID, from, before vault.EventID, limit int) ([]vault.Event, error) {
	if from >= before {
		return nil, nil
	}
	return s.eventsOf(ctx, eventUser(user), from, before, limit)
}

// eventsOf reads the events of one partition.
func (s *Store) eventsOf(ctx context.Context, partition string, from, before vault.EventID, limit int) ([]vault.Event, error) {
	query := &dynamodb.QueryInput{
		TableName: &s.table.Events, ConsistentRead: aws.Bool(true), ScanIndexForward: aws.Bool(false),
		Limit: aws.Int32(int32(limit + 1)), //nolint:gosec // small
		// BETWEEN includes its upper end, which is not wanted.
		KeyConditionExpression: aws.String(names.EventsPartitionKey + " = :partition AND " + names.EventsSortKey + " BETWEEN :from AND :before"),
		ExpressionAttributeValues: item{
			":partition": str(partition), ":from": str(string(from)), ":before": str(string(before)),
		},
	}
	var rows []item
	for pages := dynamodb.NewQueryPaginator(s.db, query); pages.HasMorePages() && len(rows) < limit; {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, storeError(err)
		}
		for _, row := range page.Items {
			if id, ok := row[names.EventsSortKey].(*types.AttributeValueMemberS); !ok || id.Value != string(before) {
				rows = append(rows, row)
			}
		}
	}
	decoded, err := decodeAll[eventRow](rows[:min(len(rows), limit)])
	if err != nil {
		return nil, err
	}
	var all []vault.Event
	for _, r := range decoded {
		all = append(all, r.event())
	}
	return all, nil
}
