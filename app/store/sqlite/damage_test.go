package sqlite

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// savedVault returns a vault with an item and a pending attachment.
func savedVault(t *testing.T) (*Store, *testvault.Vault, testvault.Operation) {
	t.Helper()
	s := openFile(t, filepath.Join(t.TempDir(), "vault.db"))
	v, founding := testvault.NewPerson("ada").Found()
	if err := s.CreateAccount(t.Context(), v.User(), founding); err != nil {
		t.Fatal(err)
	}
	o := v.PutToken(chain.RecordOverview, seal.NewID(), 1, "token")
	d := v.Draft(o)
	d.Now = time.Now()
	if err := s.ApplyWrite(t.Context(), d.WriteChange); err != nil {
		t.Fatal(err)
	}
	v.Apply(d)
	chunk := testvault.Chunks("content")[0]
	if err := s.PutChunk(t.Context(), v.ID, chunk, time.Now(), 1<<20); err != nil {
		t.Fatal(err)
	}
	return s, v, o
}

// A file that another program changed must not end the server.
func TestDamagedVaultIsUnavailable(t *testing.T) {
	t.Parallel()
	for damage, read := range map[string]func(context.Context, *Store, *testvault.Vault) error{
		"UPDATE vaults SET state = x'02'":        damagedHead,
		"UPDATE vaults SET buckets = x'02'":      damagedHead,
		"UPDATE records SET hash = x'02'":        damagedRecords,
		"UPDATE records SET item = x'02'":        damagedRecords,
		"UPDATE records SET hash = zeroblob(33)": damagedRecords,
		"UPDATE chunks SET hash = x'02'":         damagedAttachments,
		"UPDATE chunks SET number = 2":           damagedAttachments,
		"UPDATE attachments SET id = x'02'":      damagedAttachments,
		"UPDATE writes SET revision = 2":         damagedHistory,
	} {
		s, v, _ := savedVault(t)
		if err := read(t.Context(), s, v); err != nil {
			t.Errorf("before %s: %v", damage, err)
		}
		if _, err := s.writer.ExecContext(t.Context(), damage); err != nil {
			t.Fatal(err)
		}
		if err := read(t.Context(), s, v); !errors.Is(err, vault.ErrStoreUnavailable) {
			t.Errorf("after %s: %v", damage, err)
		}
	}
}

func damagedHead(ctx context.Context, s *Store, v *testvault.Vault) error {
	_, err := s.Head(ctx, v.ID)
	_, _, accountErr := s.Account(ctx, "ada")
	if (err == nil) != (accountErr == nil) {
		return errors.Join(errors.New("head and account differ"), err, accountErr)
	}
	return err
}

func damagedRecords(ctx context.Context, s *Store, v *testvault.Vault) error {
	var n counted
	return s.Changes(ctx, v.ID, 0, &n)
}

func damagedAttachments(ctx context.Context, s *Store, v *testvault.Vault) error {
	_, err := s.Attachments(ctx, v.ID)
	return err
}

func damagedHistory(ctx context.Context, s *Store, v *testvault.Vault) error {
	_, _, err := s.History(ctx, v.ID, 1, 2)
	return err
}

// The caller has checked a write. A fault there must not damage the vault.
func TestContradictoryWriteIsRefused(t *testing.T) {
	t.Parallel()
	s, v, o := savedVault(t)
	before, err := s.Head(t.Context(), v.ID)
	if err != nil {
		t.Fatal(err)
	}
	other := o
	other.Hash[0]++
	put := func(o testvault.Operation) chain.Operation { return o.Operation }
	for name, c := range map[string]struct {
		ops    []chain.Operation
		tokens []string
	}{
		"put of a live line":        {[]chain.Operation{put(o)}, []string{"token"}},
		"delete of a line not live": {[]chain.Operation{put(testvault.Delete(v.PutToken(chain.RecordOverview, o.ID, 2, "token")))}, nil},
		"delete of another hash":    {[]chain.Operation{put(testvault.Delete(other))}, nil},
		"token missing":             {[]chain.Operation{put(v.PutToken(chain.RecordOverview, o.ID, 2, "token"))}, nil},
		"token too many":            {[]chain.Operation{put(testvault.Delete(o))}, []string{"token"}},
	} {
		d := v.Draft(v.PutToken(chain.RecordDetails, seal.NewID(), 1, "token"))
		d.Operations, d.Tokens, d.Now = c.ops, c.tokens, time.Now()
		if err := s.ApplyWrite(t.Context(), d.WriteChange); !errors.Is(err, vault.ErrInvalidChange) {
			t.Errorf("%s: %v", name, err)
		}
		after, err := s.Head(t.Context(), v.ID)
		if err != nil || after.State.Revision != before.State.Revision || after.Usage != before.Usage {
			t.Errorf("%s: revision %d, usage %+v, %v", name, after.State.Revision, after.Usage, err)
		}
	}
	lines, err := s.LiveLines(t.Context(), v.ID, []byte{chain.Bucket(o.ID)})
	if err != nil || len(lines[chain.Bucket(o.ID)]) != 1 || lines[chain.Bucket(o.ID)][0] != o.Line {
		t.Errorf("live lines are %v, %v", lines, err)
	}
}

func TestDeletedUserLeavesNoRows(t *testing.T) {
	t.Parallel()
	s, v, o := savedVault(t)
	rotate := v.DraftRotate()
	if err := s.AppendEntry(t.Context(), rotate.EntryChange); err != nil {
		t.Fatal(err)
	}
	v.Follow(rotate)
	d := v.Draft(testvault.Delete(o), v.PutToken(chain.RecordOverview, o.ID, 2, "next"))
	d.Now = time.Now()
	if err := s.ApplyWrite(t.Context(), d.WriteChange); err != nil {
		t.Fatal(err)
	}
	tables := []string{
		"users", "cards", "vaults", "entries", "writes", "envelopes", "records", "attachments", "chunks", "kept", "kept_days",
	}
	wantRows := func(empty bool) {
		t.Helper()
		for _, table := range tables {
			var n int
			if err := s.writer.QueryRowContext(t.Context(), "SELECT count(*) FROM "+table).Scan(&n); err != nil || (n == 0) != empty {
				t.Errorf("%d rows of %s, %v", n, table, err)
			}
		}
	}
	wantRows(false)
	if err := s.DeleteUser(t.Context(), "ada"); err != nil {
		t.Fatal(err)
	}
	wantRows(true)
}
