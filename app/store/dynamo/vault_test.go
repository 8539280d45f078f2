//go:build system

package dynamo

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// An account entry that is stored between two reads must not give the user of one state with the head of another.
func TestAccountIsOneState(t *testing.T) {
	t.Parallel()
	for at := int64(1); at <= 3; at++ {
		s, v := openVault(t)
		var reads atomic.Int64
		reader := around(s, func(_ context.Context, operation string, call func() error) error {
			if operation == "GetItem" && reads.Add(1) == at {
				e := v.DraftAccount(testvault.Renewal{})
				e.Account.User.Generation = 1
				if err := s.AppendEntry(t.Context(), e.EntryChange); err != nil {
					t.Error(err)
				}
				v.Follow(e)
			}
			return call()
		})
		u, head, err := reader.Account(t.Context(), "eve")
		if err != nil {
			t.Fatal(err)
		}
		if chain.HashOf(chain.HashAnnex, u.Keys.Document) != head.State.Entry.Annex {
			t.Errorf("before read %d: the document is not that of entry %d", at, head.State.Entry.Sequence)
		}
	}
}

// A write puts an attachment that is about to expire. Between its check and its commit, another process deletes expired attachments.
func TestWriteHoldsItsAttachments(t *testing.T) {
	t.Parallel()
	s, v := openVault(t)
	now := time.Now()
	uploaded := now.Add(holdBefore/2 - vault.PendingLife)
	attached, other := uploadTo(t, s, v, uploaded, "one", "two"), uploadTo(t, s, v, uploaded, "three")
	d := v.Draft(attached)
	d.Now = now
	p, _, err := s.plan(t.Context(), d.WriteChange)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.clearAttachments(t.Context(), v.ID, now.Add(holdBefore)); err != nil {
		t.Fatal(err)
	}
	if err := s.moveHead(t.Context(), d.WriteChange, p, nil, p.rows...); err != nil {
		t.Fatal(err)
	}
	v.Apply(d)
	wantVault(t, s, v)
	wantOnlyLiveChunks(t, s, v, attached)

	// The other has expired.
	d = v.Draft(other)
	d.Now = now
	if err := s.ApplyWrite(t.Context(), d.WriteChange); !errors.Is(err, vault.ErrInvalidChange) {
		t.Errorf("write of an expired attachment: %v", err)
	}
}

// The partitions of users and vaults are apart because no vault has the ID of a user.
func TestVaultHasNoIDOfAUser(t *testing.T) {
	t.Parallel()
	s, v := openVault(t)
	p := testvault.NewPerson("mallory")
	for name, id := range map[string]chain.ID{"another user": v.Owner.ID, "the same user": p.ID} {
		thief, f := p.FoundAs(id)
		if err := s.CreateAccount(t.Context(), thief.User(), f); !errors.Is(err, vault.ErrVaultIDTaken) {
			t.Errorf("%s: %v", name, err)
		}
	}
	thief, f := p.Found()
	u := thief.User()
	u.ID = vault.UserID(v.ID.String())
	if err := s.CreateAccount(t.Context(), u, f); !errors.Is(err, vault.ErrUserIDTaken) {
		t.Errorf("user with the ID of a vault: %v", err)
	}
	wantVault(t, s, v)
}
