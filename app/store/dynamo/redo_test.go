//go:build system

package dynamo

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/dynamolocal"
)

func openTest(t *testing.T) (*Store, userRow) {
	t.Helper()
	prefix := "Test-" + rand.Text()
	s, err := Open(t.Context(), Config{
		Region: "us-east-1", Endpoint: dynamolocal.Endpoint(t),
		Users: prefix + "-U", Accounts: prefix + "-A", Passwords: prefix + "-P", Sessions: prefix + "-S", Vaults: prefix + "-V",
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := CreateTables(t.Context(), s.table); err != nil {
		t.Fatal(err)
	}
	u := vault.User{Username: "ada", ID: "AAAAAAAAAAAAAAAAAAAAAA", Created: time.Now(), Manifest: "manifest 0"}
	if err := s.CreateUser(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	return s, readUser(t, s)
}

func readUser(t *testing.T, s *Store) userRow {
	t.Helper()
	u, err := s.userRow(t.Context(), "ada")
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// overwrite returns a change that replaces all n overviews of a vault.
func overwrite(base int64, n int) vault.Change {
	c := vault.Change{Base: base, Manifest: fmt.Sprintf("manifest %d", base+1)}
	for i := range n {
		c.Puts = append(c.Puts, protocol.Put{
			Place: protocol.Place{ItemID: fmt.Sprintf("item-%03d", i), Kind: protocol.KindOverview, Version: base + 1},
			Token: fmt.Sprintf("token of %d %s", base+1, strings.Repeat("x", 2000)),
		})
	}
	return c
}

func stageChange(ctx context.Context, s *Store, u userRow, c vault.Change, change string) (pending, error) {
	rows, err := s.stagedRows(u, c)
	if err != nil {
		return pending{}, err
	}
	return s.stage(ctx, u.ID, change, rows)
}

// wantWhole checks that all records of the vault belong to one revision.
func wantWhole(t *testing.T, s *Store, revision int64, n int) {
	t.Helper()
	r, err := vault.Collect(t.Context(), s, "ada", 0)
	if err != nil {
		t.Fatal(err)
	}
	if r.Revision != revision || r.Manifest != fmt.Sprintf("manifest %d", revision) || len(r.Records) != n {
		t.Fatalf("the vault is at revision %d with %q and %d records, want %d with %d", r.Revision, r.Manifest, len(r.Records), revision, n)
	}
	for _, rec := range r.Records {
		if rec.Revision != revision || rec.Version != revision || !strings.HasPrefix(rec.Token, fmt.Sprintf("token of %d ", revision)) {
			t.Fatalf("at revision %d a record belongs to %d: %.20s", revision, rec.Revision, rec.Token)
		}
	}
}

// wantNothingLeft checks that no segment and no pending change is left.
func wantNothingLeft(t *testing.T, s *Store) {
	t.Helper()
	u := readUser(t, s)
	if u.Pending != nil {
		t.Errorf("%+v is still pending", *u.Pending)
	}
	r, err := s.db.Query(t.Context(), &dynamodb.QueryInput{
		TableName: &s.table.Passwords, ConsistentRead: aws.Bool(true),
		KeyConditionExpression:    aws.String("user_id = :id AND begins_with(record_id, :stage)"),
		ExpressionAttributeValues: item{":id": str(u.ID), ":stage": str("stage#")},
	})
	if err != nil {
		t.Fatal(err)
	}
	if r.Count != 0 {
		t.Errorf("%d segments are left", r.Count)
	}
}

const vaultSize = 400 // three segments, five transactions

// A writer that dies between two steps leaves the vault either unchanged or completely changed, whether a reader, a small
// change or a large one comes next.
func TestLargeChangeSurvivesDeathAfterEveryStep(t *testing.T) {
	next := map[string]func(t *testing.T, s *Store, at int64){
		"read": func(t *testing.T, s *Store, at int64) { wantWhole(t, s, at, vaultSize) },
		"small change": func(t *testing.T, s *Store, at int64) {
			c := vault.Change{Base: at, Manifest: fmt.Sprintf("manifest %d", at+1), Deletes: []protocol.Place{overwrite(at-1, 1).Puts[0].Place}}
			if _, err := s.Apply(t.Context(), "ada", c); err != nil {
				t.Fatal(err)
			}
			r, err := vault.Collect(t.Context(), s, "ada", 0)
			if err != nil || len(r.Records) != vaultSize-1 || r.Records[0].Revision != at {
				t.Fatalf("%d records, %v", len(r.Records), err)
			}
		},
		"large change": func(t *testing.T, s *Store, at int64) {
			if _, err := s.Apply(t.Context(), "ada", overwrite(at, vaultSize)); err != nil {
				t.Fatal(err)
			}
			wantWhole(t, s, at+1, vaultSize)
		},
	}
	steps := []struct {
		name string
		made bool // whether the change is committed after this step
		do   func(ctx context.Context, s *Store, u *userRow, c vault.Change) error
	}{
		{"check", false, func(ctx context.Context, s *Store, u *userRow, c vault.Change) error { return s.checkRows(ctx, *u, c) }},
		{"stage", false, func(ctx context.Context, s *Store, u *userRow, c vault.Change) error {
			p, err := stageChange(ctx, s, *u, c, rand.Text())
			u.Pending = &p
			return err
		}},
		{"commit", true, func(ctx context.Context, s *Store, u *userRow, c vault.Change) error {
			return s.commit(ctx, *u, c, u.Pending)
		}},
		{"first segment", true, func(ctx context.Context, s *Store, u *userRow, _ vault.Change) error {
			_, err := s.writeSegment(ctx, s.redoLog(*u), 0)
			return err
		}},
		{"second segment", true, func(ctx context.Context, s *Store, u *userRow, _ vault.Change) error {
			_, err := s.writeSegment(ctx, s.redoLog(*u), 1)
			return err
		}},
		{"third segment", true, func(ctx context.Context, s *Store, u *userRow, _ vault.Change) error {
			_, err := s.writeSegment(ctx, s.redoLog(*u), 2)
			return err
		}},
		{"finish", true, func(ctx context.Context, s *Store, u *userRow, _ vault.Change) error {
			return s.finish(ctx, s.redoLog(*u))
		}},
	}
	for last := range steps {
		for name, then := range next {
			t.Run(steps[last].name+", then "+name, func(t *testing.T) {
				s, _ := openTest(t)
				if _, err := s.Apply(t.Context(), "ada", overwrite(0, vaultSize)); err != nil {
					t.Fatal(err)
				}
				u, c := readUser(t, s), overwrite(1, vaultSize)
				for _, step := range steps[:last+1] {
					if err := step.do(t.Context(), s, &u, c); err != nil {
						t.Fatalf("%s: %v", step.name, err)
					}
				}
				if u.Pending != nil && u.Pending.Segments != 3 {
					t.Fatalf("%d segments, the steps expect 3", u.Pending.Segments)
				}
				at := int64(1)
				if steps[last].made {
					at = 2
				}
				then(t, s, at)
				if steps[last].made {
					wantNothingLeft(t, s)
				}
			})
		}
	}
}

// A writer stalls while rolling forward, and others finish its change and make another. When it resumes, it must write
// nothing, neither then nor after the user is deleted.
func TestStragglerWritesNothing(t *testing.T) {
	s, _ := openTest(t)
	if _, err := s.Apply(t.Context(), "ada", overwrite(0, vaultSize)); err != nil {
		t.Fatal(err)
	}
	u, c := readUser(t, s), overwrite(1, vaultSize)
	p, err := stageChange(t.Context(), s, u, c, rand.Text())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.commit(t.Context(), u, c, &p); err != nil {
		t.Fatal(err)
	}
	straggler := readUser(t, s)

	if _, err := s.Apply(t.Context(), "ada", overwrite(2, vaultSize)); err != nil {
		t.Fatal(err)
	}
	if _, err := stageChange(t.Context(), s, u, c, p.Change); err != nil { // the segments as the straggler read them
		t.Fatal(err)
	}
	if err := s.rollForward(t.Context(), s.redoLog(straggler)); err != nil {
		t.Fatal(err)
	}
	wantWhole(t, s, 3, vaultSize)

	if err := s.DeleteUser(t.Context(), "ada"); err != nil {
		t.Fatal(err)
	}
	if _, err := stageChange(t.Context(), s, u, c, p.Change); err != nil {
		t.Fatal(err)
	}
	if err := s.rollForward(t.Context(), s.redoLog(straggler)); err != nil {
		t.Fatal(err)
	}
	for _, table := range s.recordTables() {
		rows, err := s.query(t.Context(), table, u.ID, 0)
		if err != nil || len(rows) != 0 {
			t.Errorf("%d rows after the deletion, %v", len(rows), err)
		}
	}
}
