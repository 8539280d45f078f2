//go:build system

package dynamo

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/vaultsphere/vaultsphere/app/vault"
)

// The list prices of DynamoDB on demand in us-east-1, in US dollars for a million units: see docs/operations.md.
const (
	readPrice  = 0.125
	writePrice = 0.625
	month      = 730 * time.Hour
)

// What the pages of a month do, at most: each is open and visible all the time.
const (
	streamLife     = 4 * time.Minute // see app/server
	pagesOfProcess = 2000            // see app/vault
	changesOfPage  = 20              // writes a day that its user makes
	touchesOfPage  = 2               // a day, that extend its session
)

// costOf returns the units that f consumes.
func costOf(t *testing.T, s *Store, f func(s *Store) error) (read, written float64) {
	t.Helper()
	m, used := metered(s)
	m.clock = s.clock
	if err := f(m); err != nil {
		t.Fatal(err)
	}
	return used.read, used.written
}

// plainPut returns the units of a change that is written without a transaction.
func plainPut(t *testing.T, s *Store, c vault.Change) float64 {
	t.Helper()
	r, err := s.db.PutItem(t.Context(), &dynamodb.PutItemInput{
		TableName: &s.table.Vaults, Item: s.putChange(c).item.Put.Item, ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal,
	})
	if err != nil {
		t.Fatal(err)
	}
	return aws.ToFloat64(r.ConsumedCapacity.CapacityUnits)
}

// feedHour returns the units that one process reads in an hour of the feed, with the changes of a number of pages, by a clock of the
// test.
func feedHour(t *testing.T, s *Store, v vault.Change, pages int) (read float64) {
	t.Helper()
	clock := &setClock{atMinute().Add(time.Duration(pages) * time.Hour)} // each number has its own minutes
	writer := clock.replica(s)
	m, used := metered(clock.replica(s))
	m.clock = writer.clock
	f := m.Feed()
	nextChanges(t, f)
	const seconds = 240 // of the hour; each minute is like another
	perSecond := float64(pages) * changesOfPage / (24 * 3600)
	due := 0.0
	found := 0
	wrote := 0
	for range seconds {
		for due += perSecond; due >= 1; due-- {
			if err := writer.transact(t.Context(), appends(v)); err != nil {
				t.Fatal(err)
			}
			wrote++
		}
		clock.now = clock.now.Add(time.Second)
		found += len(nextChanges(t, f))
	}
	if found != wrote {
		t.Errorf("%d changes were read, and %d written", found, wrote)
	}
	return used.read * 3600 / seconds
}

// What open pages cost in a month, measured in capacity.
func TestOpenPagesCostLittle(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	v := found(t, s, "ada")
	moved := save1(t, s, v)
	u := v.User()
	u.Generation = 1
	session := vault.Session{Hash: "session", UserID: u.ID, Username: u.Username, Created: time.Now(), LastSeen: time.Now(), Expires: time.Now().Add(time.Hour)}
	if err := s.PutSession(t.Context(), session); err != nil {
		t.Fatal(err)
	}
	_, counted := costOf(t, s, func(s *Store) error { return s.transact(t.Context(), appends(moved)) })
	// AWS counts a row that a transaction writes twice, for prepare and commit. DynamoDB Local counts it four times.
	local := counted / (2 * plainPut(t, s, moved))
	change := counted / local
	openRead, _ := costOf(t, s, func(s *Store) error { // the first stream of a page at a process
		_, err := s.Session(t.Context(), session.Hash, time.Now())
		if err == nil {
			_, _, err = s.Account(t.Context(), u.Username)
		}
		return err
	})
	touchRead, touchWritten := costOf(t, s, func(s *Store) error {
		return s.TouchSession(t.Context(), session.Hash, time.Now(), time.Now().Add(time.Hour))
	})
	touchWritten /= local
	t.Logf("units of a change %v, of a first stream %v, of a touch %v and %v", change, openRead, touchRead, touchWritten)
	const hours, days = float64(month / time.Hour), float64(month) / float64(24*time.Hour)
	for _, pages := range []int{50, 1000, 10_000} {
		processes := float64((pages + pagesOfProcess - 1) / pagesOfProcess)
		// A stream that opens again comes to any process. It costs a read if the page was not there in the last hour.
		opens := float64(month / streamLife)
		missed := 1.0
		for range int(time.Hour / streamLife) {
			missed *= 1 - 1/processes
		}
		read := feedHour(t, s, moved, pages) * hours * processes
		read += openRead * float64(pages) * (processes + opens*missed)
		read += touchRead * float64(pages) * touchesOfPage * days
		written := float64(pages) * days * (touchesOfPage*touchWritten + changesOfPage*change)
		dollars := (read*readPrice + written*writePrice) / 1e6
		polling := openRead * float64(pages) * float64(month/(2*time.Second)) * readPrice / 1e6
		t.Logf("%6d pages, %.0f processes: %.1f million units read, %.1f written, %.2f dollars a month (reading each vault every 2 s: %.0f)",
			pages, processes, read/1e6, written/1e6, dollars, polling)
		if dollars >= 20 {
			t.Errorf("%d open pages cost %.2f dollars a month", pages, dollars)
		}
	}
}
