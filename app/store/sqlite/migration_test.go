package sqlite

import (
	"context"
	"database/sql"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// filledFile fills a file of an older release with rows of every kind.
const filledFile = `
INSERT INTO used_user_ids VALUES ('ID-ada'), ('ID-bob');
INSERT INTO users (num, username, id, created, kdf_salt, kdf_memory_kib, kdf_time, kdf_threads, auth_hash, recovery_auth_hash, wrapped_key,
	recovery_wrapped_key, totp_secret, totp_last_step, generation, revision, manifest) VALUES
	(1, 'ada', 'ID-ada', 1000, 'salt', 65536, 3, 4, x'01', x'02', 'wrapped', 'recovery', '', 0, 1, 4, 'manifest 4'),
	(2, 'bob', 'ID-bob', 1000, 'salt', 65536, 3, 4, x'01', x'02', 'wrapped', 'recovery', '', 0, 1, 0, 'manifest 0');
INSERT INTO records (user, kind, account_id, version, revision, token) VALUES
	(1, 1, 'first', 1, 1, 'overview'), (1, 2, 'first', 1, 1, 'details'), (1, 1, 'second', 2, 4, 'täg'), (1, 2, 'second', 1, 2, 'old'),
	(1, 1, 'gone', 2, 3, NULL);
INSERT INTO sessions VALUES ('hash', 1, 'laptop', 1000, 1000, 9999999999999);
INSERT INTO throttles VALUES ('u:ada', 3, 0, 9999999999999, 3);
INSERT INTO attachments VALUES (1, 1, 'file', 1, 1, 5, 1000);
INSERT INTO attachment_pieces VALUES (1, 1, 0, 'piece');
`

// datedTombstones: tombstones have a time from version withQuotas on.
const (
	withQuotas      = 4
	datedTombstones = `UPDATE records SET deleted = unixepoch() * 1000 WHERE token IS NULL;`
)

// olderFile creates a file of an older schema version and runs fill on it.
func olderFile(t *testing.T, version int, fill string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "vault.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	if err := migrate(t.Context(), db, migrations[:version]); err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), fill); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

type collected struct {
	head    vault.Head
	records []protocol.Record
}

func (c *collected) Begin(h vault.Head) error { c.head = h; return nil }

func (c *collected) Write(r protocol.Record) error { c.records = append(c.records, r); return nil }

func TestFilledFileOfAnOlderReleaseIsMigrated(t *testing.T) {
	for version := 2; version < len(migrations); version++ {
		fill := filledFile
		if version >= withQuotas {
			fill += datedTombstones
		}
		s := openFile(t, olderFile(t, version, fill))
		ctx := t.Context()
		var got collected
		if err := s.Changes(ctx, "ada", 0, &got); err != nil {
			t.Fatal(err)
		}
		tokens := make([]string, 0, len(got.records))
		for _, r := range got.records {
			tokens = append(tokens, r.Token)
		}
		if got.head.Revision != 4 || !slices.Equal(tokens, []string{"overview", "details", "old", "täg"}) {
			t.Errorf("from version %d: revision %d, %q", version, got.head.Revision, tokens)
		}
		wantCounts(ctx, t, s, vault.Usage{Items: 2, Bytes: 5*vault.RecordWeight + int64(len("overviewdetailstägold"))})
		for table, want := range map[string]int{"sessions": 1, "throttles": 1, "attachments": 1, "attachment_pieces": 1, "users": 2} {
			var n int
			if err := s.writer.QueryRowContext(ctx, "SELECT count(*) FROM "+table).Scan(&n); err != nil || n != want {
				t.Errorf("from version %d: %d rows of %s, %v", version, n, table, err)
			}
		}
		var deleted int64
		if err := s.writer.QueryRowContext(ctx, "SELECT deleted FROM records WHERE token IS NULL").Scan(&deleted); err != nil ||
			time.Since(time.UnixMilli(deleted)).Abs() > time.Hour {
			t.Errorf("from version %d: the tombstone has the time %d, %v", version, deleted, err)
		}
		_, err := s.Apply(ctx, "ada", vault.Change{
			Base: 4, Manifest: "manifest 5", Quota: vault.Quota{Items: 2},
			Deletes: []protocol.Place{{ItemID: "first", Kind: protocol.KindOverview, Version: 1}, {ItemID: "first", Kind: protocol.KindDetails, Version: 1}},
			Puts:    []protocol.Put{{Place: protocol.Place{ItemID: "third", Kind: protocol.KindOverview, Version: 1}, Token: "new"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		wantCounts(ctx, t, s, vault.Usage{Items: 2, Bytes: 6*vault.RecordWeight + int64(len("newtägold"))})
	}
}

// wantCounts checks the stored usage of ada's records.
func wantCounts(ctx context.Context, t *testing.T, s *Store, want vault.Usage) {
	t.Helper()
	var got vault.Usage
	if err := s.writer.QueryRowContext(ctx, "SELECT items, record_bytes FROM users WHERE username = 'ada'").Scan(&got.Items, &got.Bytes); err != nil || got != want {
		t.Errorf("%+v, %v, want %+v", got, err, want)
	}
}
