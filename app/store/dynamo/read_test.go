//go:build system

package dynamo

import (
	"context"
	"crypto/rand"
	"errors"
	"maps"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// overwriting stores writes that each replace all records of a vault.
type overwriting struct {
	*testing.T
	store *Store
	vault *testvault.Vault
	live  []testvault.Operation
	size  int
}

func (o *overwriting) draft() testvault.Write {
	deletes := deletesOf(o.live)
	o.live = overviews(o.vault, o.size)
	return o.vault.Draft(append(deletes, o.live...)...)
}

func (o *overwriting) write() {
	d := o.draft()
	if err := o.store.ApplyWrite(o.Context(), d.WriteChange); err != nil {
		o.Error(err)
	}
	o.vault.Apply(d)
}

// wantRead checks that a reader gets the state of the vault.
func (o *overwriting) wantRead(reader *Store, since int64) {
	o.Helper()
	var got records
	if err := reader.Changes(o.Context(), o.vault.ID, since, &got); err != nil {
		o.Fatal(err)
	}
	tokens := map[chain.Line]string{}
	for _, r := range got.all {
		if !r.Deleted {
			tokens[r.Line] = r.Token
		}
	}
	if got.head.State.Revision != o.vault.State.Revision || !maps.Equal(tokens, o.vault.Tokens) {
		o.Errorf("since %d: revision %d with %d records, want %d with %d",
			since, got.head.State.Revision, len(tokens), o.vault.State.Revision, len(o.vault.Tokens))
	}
}

// A write between a reader's queries and its second read of the head must not appear partially.
func TestWriteDuringARead(t *testing.T) {
	t.Parallel()
	for _, size := range []int{10, 60} { // the larger one goes through the redo log
		for _, since := range []int64{0, 1} {
			s, v := openVault(t)
			o := &overwriting{T: t, store: s, vault: v, size: size}
			o.write()
			o.write()
			var queries atomic.Int64
			reader := around(s, func(_ context.Context, operation string, call func() error) error {
				// Each round queries two tables: the writes happen in the middle of the first three rounds.
				if n := queries.Load(); operation == "Query" && n < 6 {
					if queries.Add(1)%2 == 0 {
						o.write()
					}
				}
				return call()
			})
			o.wantRead(reader, since)
		}
	}
}

// DynamoDB makes the rows of a transaction visible one by one. A reader that sees the new revision in the head, but not yet all
// records, waits for them.
func TestReaderWaitsForRowsOfTheNewestWrite(t *testing.T) {
	t.Parallel()
	s, v := openVault(t)
	o := &overwriting{T: t, store: s, vault: v, size: 10}
	o.write()
	d := o.draft()
	p, _, err := s.plan(t.Context(), d.WriteChange)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.moveHead(t.Context(), d.WriteChange, p, nil); err != nil { // without the rows
		t.Fatal(err)
	}
	v.Apply(d)
	var queries atomic.Int64
	reader := around(s, func(ctx context.Context, operation string, call func() error) error {
		if operation == "Query" && queries.Add(1) == 5 { // the rest arrives in the third round
			for _, r := range p.rows {
				if r.gone {
					continue
				}
				if _, err := s.db.PutItem(ctx, &dynamodb.PutItemInput{TableName: &r.table, Item: r.row}); err != nil {
					return err
				}
			}
		}
		return call()
	})
	o.wantRead(reader, 0)
}

// Format 1 had the ID of the user in the key of records.
func TestTablesOfFormat1AreRejected(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	if err := s.Probe(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	old := sortedTable("Test-"+rand.Text(), "user_id", names.RecordsSortKey)
	if err := s.createTable(t.Context(), old, true); err != nil {
		t.Fatal(err)
	}
	for _, use := range []func(c *Config){func(c *Config) { c.Accounts = *old.TableName }, func(c *Config) { c.Passwords = *old.TableName }} {
		c := s.table
		use(&c)
		other, err := Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		if err := other.Probe(t.Context(), time.Now()); err == nil || !strings.Contains(err.Error(), *old.TableName+" was made for format 1") {
			t.Errorf("probe: %v", err)
		}
	}
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
		if _, err := s.User(t.Context(), "ada"); !errors.Is(err, vault.ErrStoreUnavailable) {
			t.Errorf("user at %s: %v", endpoint, err)
		}
	}
}
