//go:build system

package dynamo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"testing"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go/middleware"

	"github.com/vaultsphere/vaultsphere/app/vault"
)

// around returns a second store on the same tables that makes every call through f. f gets the name of the operation.
func around(s *Store, f func(ctx context.Context, operation string, call func() error) error) *Store {
	o := s.db.Options()
	o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("Around",
			func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (out middleware.InitializeOutput, meta middleware.Metadata, err error) {
				err = f(ctx, awsmiddleware.GetOperationName(ctx), func() (err error) {
					out, meta, err = next.HandleInitialize(ctx, in)
					return err
				})
				return out, meta, err
			}), middleware.After)
	})
	return &Store{db: dynamodb.New(o), http: s.http, table: s.table}
}

var errDead = errors.New("this process is dead")

// dying returns a store that fails like a process that dies at its n-th call, counted from 0: before the call is sent or,
// with carriedOut, after DynamoDB has executed it.
func dying(s *Store, n int64, carriedOut bool) *Store {
	var calls atomic.Int64
	return around(s, func(_ context.Context, _ string, call func() error) error {
		switch at := calls.Add(1) - 1; {
		case at < n:
			return call()
		case at == n && carriedOut:
			return errors.Join(call(), errDead)
		}
		return errDead
	})
}

// The vault is either unchanged or completely changed, whichever call the writer dies at.
func TestLargeChangeSurvivesDeathAtEveryCall(t *testing.T) {
	s, _ := openTest(t)
	if _, err := s.Apply(t.Context(), "ada", overwrite(0, vaultSize)); err != nil {
		t.Fatal(err)
	}
	at, deaths := int64(1), 0
	for n := int64(0); ; n++ {
		whole := 0
		for _, carriedOut := range []bool{false, true} {
			_, applied := dying(s, n, carriedOut).Apply(t.Context(), "ada", overwrite(at, vaultSize))
			u, err := s.User(t.Context(), "ada")
			if err != nil {
				t.Fatal(err)
			}
			if applied == nil && u.Revision != at+1 {
				t.Fatalf("call %d: acknowledged, but the vault is at revision %d", n, u.Revision)
			}
			at = u.Revision
			left := readUser(t, s).Pending != nil
			wantWhole(t, s, at, vaultSize)
			if readUser(t, s).Pending != nil {
				t.Fatalf("call %d: still pending after a read", n)
			}
			if applied == nil && !left {
				whole++
			} else {
				deaths++
			}
		}
		if whole == 2 && n > 16 { // completed without a death
			break
		}
	}
	if deaths < 16 {
		t.Errorf("only %d deaths: the test missed the change", deaths)
	}
}

// An interrupted deletion can be resumed. Until then, vault operations do not find the user, and a straggler writes nothing.
func TestDeleteUserSurvivesDeathAtEveryCall(t *testing.T) {
	s, _ := openTest(t)
	for n := int64(0); ; n++ {
		name := vault.Username(fmt.Sprintf("user%d", n))
		if err := s.CreateUser(t.Context(), vault.User{Username: name, ID: vault.UserID(name), Manifest: "manifest 0"}); err != nil {
			t.Fatal(err)
		}
		now := time.Now()
		for i := range 3 {
			hash := vault.SessionHash(fmt.Sprintf("%s-%d", name, i))
			if err := s.PutSession(t.Context(), vault.Session{Hash: hash, UserID: vault.UserID(name), Username: name, Created: now, LastSeen: now, Expires: now.Add(time.Hour)}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.Apply(t.Context(), name, overwrite(0, 50)); err != nil {
			t.Fatal(err)
		}
		u, err := s.userRow(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		c := overwrite(1, 120)
		p, err := stageChange(t.Context(), s, u, c, rand.Text())
		if err != nil {
			t.Fatal(err)
		}
		if err := s.commit(t.Context(), u, c, &p); err != nil {
			t.Fatal(err)
		}
		straggler, err := s.userRow(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}

		died := dying(s, n, n%2 == 1).DeleteUser(t.Context(), name)
		after, err := s.userRow(t.Context(), name)
		if err == nil && after.Deleting {
			if _, err := vault.Collect(t.Context(), s, name, 0); !errors.Is(err, vault.ErrNotFound) {
				t.Errorf("call %d: changes: %v", n, err)
			}
			before := rows(t, s, s.table.Accounts)
			if _, err := stageChange(t.Context(), s, u, c, p.Change); err != nil { // the segments as the straggler read them
				t.Fatal(err)
			}
			if err := s.rollForward(t.Context(), s.redoLog(straggler)); err != nil {
				t.Fatal(err)
			}
			if now := rows(t, s, s.table.Accounts); now > before {
				t.Errorf("call %d: %d rows were written after the deletion", n, now-before)
			}
		}
		if err := s.DeleteUser(t.Context(), name); err != nil && !errors.Is(err, vault.ErrNotFound) {
			t.Fatal(err)
		}
		// The remaining rows are ada, the IDs of all users, and the mark that a first user existed.
		for table, want := range map[string]int{s.table.Users: 1 + 1 + int(n) + 1 + 1, s.table.Accounts: 0, s.table.Passwords: 0, s.table.Sessions: 0} {
			if got := rows(t, s, table); got != want {
				t.Errorf("call %d: %d rows in %s, want %d", n, got, table, want)
			}
		}
		if died == nil {
			if n < 8 {
				t.Errorf("only %d deaths: the test missed the deletion", n)
			}
			return
		}
	}
}

func rows(t *testing.T, s *Store, table string) int {
	t.Helper()
	n := 0
	consistent := true
	pages := dynamodb.NewScanPaginator(s.db, &dynamodb.ScanInput{TableName: &table, ConsistentRead: &consistent})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		n += len(page.Items)
	}
	return n
}

// A change between a reader's queries and its second read of the user's row must not appear partially.
func TestChangeDuringARead(t *testing.T) {
	for _, size := range []int{20, vaultSize} {
		for _, since := range []int64{0, 1} {
			s, _ := openTest(t)
			for base := range int64(2) {
				if _, err := s.Apply(t.Context(), "ada", overwrite(base, size)); err != nil {
					t.Fatal(err)
				}
			}
			var at atomic.Int64
			at.Store(2)
			var queries atomic.Int64
			reader := around(s, func(_ context.Context, operation string, call func() error) error {
				// Each round queries two tables: the changes happen in the middle of the first three rounds.
				if n := queries.Load(); operation == "Query" && n < 6 {
					if queries.Add(1)%2 == 0 {
						if _, err := s.Apply(t.Context(), "ada", overwrite(at.Add(1)-1, size)); err != nil {
							t.Error(err)
						}
					}
				}
				return call()
			})
			r, err := vault.Collect(t.Context(), reader, "ada", since)
			if err != nil {
				t.Fatal(err)
			}
			if r.Revision != 5 || r.Manifest != "manifest 5" || len(r.Records) != size {
				t.Fatalf("revision %d, %q, %d records", r.Revision, r.Manifest, len(r.Records))
			}
			for _, rec := range r.Records {
				if rec.Revision != 5 || rec.Version != 5 {
					t.Fatalf("at revision 5 a record belongs to %d", rec.Revision)
				}
			}
		}
	}
}

// DynamoDB makes the rows of a transaction visible one by one. A reader that sees the new revision in the user's row, but not
// yet all records, waits for them.
func TestReaderWaitsForRowsOfTheNewestChange(t *testing.T) {
	s, _ := openTest(t)
	if _, err := s.Apply(t.Context(), "ada", overwrite(0, 20)); err != nil {
		t.Fatal(err)
	}
	c := overwrite(1, 20)
	if err := s.transact(t.Context(), s.moveRevision(readUser(t, s), c, nil)); err != nil { // only the user's row
		t.Fatal(err)
	}
	var queries atomic.Int64
	reader := around(s, func(ctx context.Context, operation string, call func() error) error {
		if operation == "Query" && queries.Add(1) == 5 { // the rest arrives in the third round
			for _, p := range c.Puts {
				row, err := encode(putRow("AAAAAAAAAAAAAAAAAAAAAA", p, 2))
				if err != nil {
					return err
				}
				if _, err := s.db.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.table.Accounts, Item: row}); err != nil {
					return err
				}
			}
		}
		return call()
	})
	wantWhole(t, reader, 2, 20)
}

// A store that does not answer must cause an error before the request times out. The worst case is a listener that accepts
// connections and never answers.
func TestSilentStoreIsUnavailable(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	silent := "http://" + listener.Addr().String()
	refusing := "http://127.0.0.1:1" // a port that was just closed could be in use again
	for _, endpoint := range []string{silent, refusing} {
		s, err := Open(t.Context(), Config{Region: "us-east-1", Endpoint: endpoint, Users: "Users", Accounts: "A", Passwords: "P", Sessions: "S", Vaults: "V"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Apply(t.Context(), "ada", overwrite(0, 2)); !errors.Is(err, vault.ErrStoreUnavailable) {
			t.Errorf("apply at %s: %v", endpoint, err)
		}
	}
}

// Of two changes for one revision, the second is a conflict and leaves nothing behind, even if the first writer died with its
// change pending.
func TestSecondChangeIsAConflict(t *testing.T) {
	for _, size := range []int{20, vaultSize} {
		for _, deadAt := range []int64{1000, 5} { // alive; dead after the commit
			s, _ := openTest(t)
			if _, err := s.Apply(t.Context(), "ada", overwrite(0, vaultSize)); err != nil {
				t.Fatal(err)
			}
			var raced atomic.Bool
			second := around(s, func(_ context.Context, operation string, call func() error) error {
				if operation == "TransactWriteItems" && raced.CompareAndSwap(false, true) {
					if _, err := dying(s, deadAt, true).Apply(t.Context(), "ada", overwrite(1, vaultSize)); err != nil {
						t.Error(err)
					}
					if pending := readUser(t, s).Pending != nil; pending != (deadAt == 5) {
						t.Errorf("the first change is pending: %v", pending)
					}
				}
				return call()
			})
			late := overwrite(1, size)
			for i := range late.Puts {
				late.Puts[i].Token = "late"
			}
			if _, err := second.Apply(t.Context(), "ada", late); !errors.Is(err, vault.ErrRevisionConflict) {
				t.Errorf("%d records: error is %v, want %v", size, err, vault.ErrRevisionConflict)
			}
			wantWhole(t, s, 2, vaultSize)
			wantNothingLeft(t, s)
		}
	}
}
