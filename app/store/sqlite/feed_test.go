package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

func appendChanges(t *testing.T, s *Store, n int) {
	t.Helper()
	err := s.write(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
		for i := range n {
			if err := s.appendChange(ctx, tx, vault.Change{Vault: chain.ID{1}, Revision: int64(i)}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestFeedSaysWhenChangesAreGone(t *testing.T) {
	t.Parallel()
	s := openFile(t, filepath.Join(t.TempDir(), "vault.db"))
	appendChanges(t, s, 1)
	f := s.Feed()
	next := func(what string, want int, wantErr error) {
		t.Helper()
		got, err := f.Next(t.Context())
		if len(got) != want || !errors.Is(err, wantErr) {
			t.Errorf("%s: %d changes, %v", what, len(got), err)
		}
	}
	next("the beginning", 0, nil)
	appendChanges(t, s, feedRows)
	next("as many as are kept", feedRows, nil)
	appendChanges(t, s, feedRows+1)
	next("one more", 0, vault.ErrFeedGap)
	appendChanges(t, s, 2)
	next("after a gap", 2, nil)
	var rows int
	if err := s.reader.QueryRowContext(t.Context(), "SELECT count(*) FROM feed").Scan(&rows); err != nil || rows != feedRows {
		t.Errorf("the file keeps %d changes, %v", rows, err)
	}
}
