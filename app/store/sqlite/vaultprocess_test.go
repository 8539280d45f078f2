package sqlite_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/seal/format2"
	"github.com/vaultsphere/vaultsphere/app/store/sqlite"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// envVaultOwner makes a writer write to the vault of a new user with this name.
const envVaultOwner = "VAULTSPHERE_TEST_VAULT_OWNER"

// vaultWriter makes endless writes and log entries, and prints how many were acknowledged.
func vaultWriter(ctx context.Context, path string) error {
	s, err := sqlite.Open(ctx, path)
	if err != nil {
		return err
	}
	v, founding := testvault.NewPerson(os.Getenv(envVaultOwner)).Found()
	if err := s.CreateAccount(ctx, v.User(), founding); err != nil {
		return err
	}
	var before []testvault.Operation
	for n := 1; ; n++ {
		if n%5 == 0 {
			e := v.DraftRotate()
			if err := s.AppendEntry(ctx, e.EntryChange); err != nil {
				return err
			}
			v.Follow(e)
		} else {
			var ops, puts []testvault.Operation
			for _, o := range before {
				ops = append(ops, testvault.Delete(o))
			}
			for range 20 {
				puts = append(puts, v.PutToken(chain.RecordOverview, format2.NewID(), 1, strings.Repeat("x", 100+n)))
			}
			d := v.Draft(append(ops, puts...)...)
			d.Now, before = time.Now(), puts
			if err := s.ApplyWrite(ctx, d.WriteChange); err != nil {
				return err
			}
			v.Apply(d)
		}
		fmt.Println(n)
	}
}

type vaultRecords []vault.VaultRecord

func (r *vaultRecords) Begin(vault.VaultHead) error { return nil }

func (r *vaultRecords) Write(v vault.VaultRecord) error { *r = append(*r, v); return nil }

// wantWhole checks that all that a file has of a vault is of one state, and returns how many writes and entries that is.
func wantWhole(t *testing.T, s *sqlite.Store, name vault.Username) int64 {
	t.Helper()
	ctx := t.Context()
	u, head, err := s.Account(ctx, name)
	if err != nil {
		t.Fatal(err)
	}
	var buckets []byte
	for b := range 256 {
		buckets = append(buckets, byte(b))
	}
	lines, err := s.LiveLines(ctx, u.Keys.Vault, buckets)
	if err != nil {
		t.Fatal(err)
	}
	live := head.Live()
	for _, b := range buckets {
		if err := live.Load(b, lines[b]); err != nil {
			t.Errorf("revision %d: %v", head.State.Revision, err)
		}
	}
	var records vaultRecords
	if err := s.VaultChanges(ctx, u.Keys.Vault, 0, &records); err != nil {
		t.Fatal(err)
	}
	var usage vault.Usage
	for _, r := range records {
		usage.Items++
		usage.Bytes += vault.RecordWeight + int64(len(r.Token))
	}
	entries, err := s.Entries(ctx, u.Keys.Vault, -1)
	if err != nil {
		t.Fatal(err)
	}
	for n := range head.State.Revision + 1 {
		_, err := s.Writes(ctx, u.Keys.Vault, []int64{n + 1})
		if (err == nil) != (n < head.State.Revision) {
			t.Errorf("revision %d has write %d: %v", head.State.Revision, n+1, err)
		}
	}
	if int64(len(records)) != head.Count || usage != head.Usage || int64(len(entries)) != head.State.Entry.Sequence+1 {
		t.Errorf("%d records of %d, %d entries of %d, usage %+v of %+v", len(records), head.Count, len(entries), head.State.Entry.Sequence+1, usage, head.Usage)
	}
	return head.State.Revision + head.State.Entry.Sequence - 1
}

func TestAcknowledgedWritesOfVaultsSurviveKill(t *testing.T) {
	t.Parallel()
	path, s := newVault(t)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for round := range 8 {
		name := fmt.Sprintf("ada%d", round)
		cmd, out := startWriter(t, path, 0, envVaultOwner+"="+name)
		acknowledged, killed := int64(0), false
		revisions(t, out, func(n int64) {
			acknowledged = n
			if !killed && n >= int64(4+round*3%17) {
				killed = true
				if err := cmd.Process.Kill(); err != nil {
					t.Error(err)
				}
			}
		})
		if err := cmd.Wait(); err == nil || !killed {
			t.Fatalf("round %d: the writer was not killed: %v", round, err)
		}
		s, err := sqlite.Open(t.Context(), path)
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		// At most one change was made without acknowledgment.
		if at := wantWhole(t, s, vault.Username(name)); at < acknowledged || at > acknowledged+1 {
			t.Fatalf("round %d: acknowledged %d, the vault has %d", round, acknowledged, at)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
