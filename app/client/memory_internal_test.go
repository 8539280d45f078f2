package client

import (
	"encoding/base64"
	"errors"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// states returns what a device remembers of a vault after its founding, a write, an account entry and another write.
func states(v *testvault.Vault, write, entry func()) []Remembered {
	of := func(cost int) Remembered {
		return Remembered{Username: "anna", Vault: v.ID.String(), KeyGeneration: int64(cost), KDF: RememberedKDF{Cost: cost}, Vaults: []Seen{
			{Vault: v.ID.String(), State: base64.RawURLEncoding.EncodeToString(v.State.Encode())},
		}}
	}
	all := []Remembered{of(1)}
	write()
	all = append(all, of(1))
	entry()
	all = append(all, of(2))
	write()
	return append(all, of(2))
}

func vaultStates() []Remembered {
	v, _ := testvault.NewPerson("anna").Found()
	return states(v, func() { v.Apply(v.Draft(v.Put(chain.RecordOverview, seal.NewID(), 1, "content"))) },
		func() { v.Follow(v.DraftAccount(testvault.Renewal{})) })
}

func TestMemoryMergesToTheNewerState(t *testing.T) {
	t.Parallel()
	all := vaultStates()
	for i, a := range all {
		for j, b := range all {
			got, err := a.Merge(b)
			if want := all[max(i, j)]; err != nil || !got.Equal(want) {
				t.Errorf("%d and %d: %+v, %v", i, j, got, err)
			}
		}
	}
}

func TestMemoryDoesNotMergeTwoHistories(t *testing.T) {
	t.Parallel()
	v, _ := testvault.NewPerson("anna").Found()
	before := *v
	one := states(v, func() { v.Apply(v.Draft(v.Put(chain.RecordOverview, seal.NewID(), 1, "content"))) },
		func() { v.Follow(v.DraftAccount(testvault.Renewal{})) })
	w := before
	w.Live = chain.NewLive(w.ID)
	w.Tokens = map[chain.Line]string{}
	w.Apply(w.Draft(w.Put(chain.RecordOverview, seal.NewID(), 1, "other")))
	other := Remembered{Username: "anna", Vault: w.ID.String(), Vaults: []Seen{
		{Vault: w.ID.String(), State: base64.RawURLEncoding.EncodeToString(w.State.Encode())},
	}}
	if _, err := one[1].Merge(other); !errors.Is(err, ErrRolledBack) {
		t.Errorf("two writes of one revision: %v", err)
	}
	if got, err := one[0].Merge(other); err != nil || !got.Equal(Remembered{Username: "anna", Vault: w.ID.String(), KeyGeneration: 1, Vaults: other.Vaults}) {
		t.Errorf("a later state: %+v, %v", got, err)
	}
}
