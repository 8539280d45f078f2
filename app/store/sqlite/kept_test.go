package sqlite

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

func applyAt(t *testing.T, s *Store, v *testvault.Vault, now time.Time, ops ...testvault.Operation) {
	t.Helper()
	d := v.Draft(ops...)
	d.Now = now
	if err := s.ApplyWrite(t.Context(), d.WriteChange); err != nil {
		t.Fatal(err)
	}
	v.Apply(d)
}

func rowsOf(t *testing.T, s *Store, table string) (n int) {
	t.Helper()
	if err := s.writer.QueryRowContext(t.Context(), "SELECT count(*) FROM "+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// Writes delete expired tokens, and so does the probe of an idle server.
func TestExpiredTokensAreDeleted(t *testing.T) {
	t.Parallel()
	s, v, o := savedVault(t)
	now := time.Now()
	var puts, deletes []testvault.Operation
	for range 2 * purgedAtOnce {
		put := v.PutToken(chain.RecordDetails, seal.NewID(), 1, "token")
		puts, deletes = append(puts, put), append(deletes, testvault.Delete(put))
	}
	applyAt(t, s, v, now, puts...)
	applyAt(t, s, v, now, deletes...)
	late := now.Add(vault.KeptLife + 48*time.Hour)
	if n := rowsOf(t, s, "kept"); n != len(deletes) {
		t.Fatalf("%d tokens are kept", n)
	}
	applyAt(t, s, v, late, testvault.Delete(o))
	if n, want := rowsOf(t, s, "kept"), len(deletes)-purgedAtOnce; n != want {
		t.Errorf("%d tokens after a write, want %d", n, want)
	}
	if n := rowsOf(t, s, "kept_days"); n != 1 {
		t.Errorf("%d days", n)
	}
	for range 2 {
		if err := s.Probe(t.Context(), late); err != nil {
			t.Fatal(err)
		}
	}
	if n := rowsOf(t, s, "kept"); n != 1 {
		t.Errorf("%d tokens after two probes", n)
	}
}

// A backup has what is kept, and a restored file still knows its time and its quota.
func TestBackupHasKeptTokens(t *testing.T) {
	t.Parallel()
	s, v, o := savedVault(t)
	now := time.Now()
	next := v.PutToken(o.Kind, o.ID, 2, "next")
	applyAt(t, s, v, now, testvault.Delete(o), next)
	dir := t.TempDir()
	backup, restored := filepath.Join(dir, "backup.db"), filepath.Join(dir, "restored.db")
	var path string
	if err := s.writer.QueryRowContext(t.Context(), "SELECT file FROM pragma_database_list").Scan(&path); err != nil {
		t.Fatal(err)
	}
	if err := Backup(t.Context(), path, backup); err != nil {
		t.Fatal(err)
	}
	if err := Check(t.Context(), backup); err != nil {
		t.Fatal(err)
	}
	if err := Restore(t.Context(), restored, backup); err != nil {
		t.Fatal(err)
	}
	r := openFile(t, restored)
	if got, err := r.Tokens(t.Context(), v.ID, []chain.Line{o.Line}, now); err != nil || got[0] != "token" {
		t.Errorf("%q, %v", got, err)
	}
	d := v.Draft(testvault.Delete(next))
	d.Now, d.Kept = now, 2*vault.RecordWeight
	if err := r.ApplyWrite(t.Context(), d.WriteChange); !errors.Is(err, vault.ErrKeptQuota) {
		t.Errorf("a write beyond the quota: %v", err)
	}
}

// An old wrap with an unchanged secret would open the old account, so what an account entry replaces is not kept anywhere.
func TestReplacedKeysAreDeleted(t *testing.T) {
	t.Parallel()
	s, v, _ := savedVault(t)
	old := v.Keys
	secrets := append([]string{old.Identity}, old.Wraps...)
	if n := placesOf(t, s, secrets); n == 0 {
		t.Fatal("the keys are nowhere")
	}
	e := v.DraftAccount(testvault.Renewal{AccountKey: true, Card: true, Epoch: true})
	u, err := s.User(t.Context(), "ada")
	if err != nil {
		t.Fatal(err)
	}
	u.Keys = e.Account.User.Keys
	e.Account.User = u
	if err := s.AppendEntry(t.Context(), e.EntryChange); err != nil {
		t.Fatal(err)
	}
	if n := placesOf(t, s, secrets); n > 0 {
		t.Errorf("replaced keys are in %d places", n)
	}
}

// placesOf returns how many columns of any row hold one of the texts.
func placesOf(t *testing.T, s *Store, texts []string) (n int) {
	t.Helper()
	rows, err := s.writer.QueryContext(t.Context(), `SELECT format('SELECT count(*) FROM "%w" WHERE instr("%w", ?1) > 0', m.name, c.name)
		FROM sqlite_schema m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'`)
	if err != nil {
		t.Fatal(err)
	}
	var queries []string
	for rows.Next() {
		var q string
		if err := rows.Scan(&q); err != nil {
			t.Fatal(err)
		}
		queries = append(queries, q)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		t.Fatal(err)
	}
	for _, q := range queries {
		for _, text := range texts {
			var found int
			if err := s.writer.QueryRowContext(t.Context(), q, text).Scan(&found); err != nil {
				t.Fatal(err)
			}
			n += found
		}
	}
	return n
}
