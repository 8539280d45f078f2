package storetest

import (
	"slices"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// A write whose operations do not fit the stored vault is refused as a whole, of whatever size. If the vault has moved on, that is the reason.
func misfitsChangeNothing(t *testing.T, open func(t *testing.T) vault.Store) {
	s := open(t)
	v := founded(t, s, "ada")
	live := items(v, 1, 10)
	write(t, s, v, live...)
	deleted := func(d *testvault.Write) *chain.Operation {
		return &d.Operations[slices.IndexFunc(d.Operations, func(o chain.Operation) bool { return o.Delete })]
	}
	misfits := map[string]func(d *testvault.Write){
		"deletes another token":      func(d *testvault.Write) { deleted(d).Hash = chain.Hash{1} },
		"deletes another version":    func(d *testvault.Write) { deleted(d).Version++ },
		"deletes an unknown record":  func(d *testvault.Write) { deleted(d).ID = seal.NewID() },
		"has a token too few":        func(d *testvault.Write) { d.Tokens = d.Tokens[1:] },
		"has a token too many":       func(d *testvault.Write) { d.Tokens = append(slices.Clone(d.Tokens), "more") },
		"has no token for its first": func(d *testvault.Write) { d.Tokens = nil },
	}
	for name, misfit := range misfits {
		for _, n := range []int{1, 150} {
			d := v.Draft(append(items(v, n, 10), testvault.Delete(live[0]))...)
			d.Now = start
			misfit(&d)
			wantError(t, name, s.ApplyWrite(t.Context(), d.WriteChange), vault.ErrInvalidChange)
		}
	}
	wantVault(t, s, v)
	late := v.Draft(append(items(v, 1, 10), testvault.Delete(live[0]))...)
	late.Now = start
	write(t, s, v, testvault.Delete(live[0]))
	wantError(t, "late, and deletes what is gone", s.ApplyWrite(t.Context(), late.WriteChange), vault.ErrRevisionConflict)
	wantVault(t, s, v)
}

// A write changes as much as there is besides its rows: what is kept, the size of all chunks, and a branch. A store may have a limit for what
// it changes at once, so the number of deletes passes it one by one.
func writesWithAllBesides(t *testing.T, open func(t *testing.T) vault.Store) {
	s := open(t)
	v := founded(t, s, "ada")
	for deletes := 29; deletes <= 33; deletes++ {
		ops := items(v, (deletes+1)/2, 10)
		chunks := testvault.Chunks("content")
		attached := testvault.Attach(chunks[0].Attachment, chunks)
		putChunks(t, s, v, chunks...)
		write(t, s, v, append(ops, attached)...)
		other := forked(v, 1)
		all := []testvault.Operation{testvault.Delete(attached)}
		for _, o := range ops[:deletes] {
			all = append(all, testvault.Delete(o))
		}
		join(t, s, v, other, all...)
		wantVault(t, s, v)
	}
}
