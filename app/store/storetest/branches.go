package storetest

import (
	"slices"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// forked returns another history of a vault, with so many writes that no store has.
func forked(v *testvault.Vault, writes int) *testvault.Vault {
	f := v.Fork()
	for range writes {
		f.Apply(f.Draft(items(f, 1, 10)...))
	}
	return f
}

// join stores a write that brings other together with v.
func join(t *testing.T, s vault.Store, v, other *testvault.Vault, ops ...testvault.Operation) {
	t.Helper()
	d := v.DraftJoin(other, ops...)
	d.Now = start
	if err := s.ApplyWrite(t.Context(), d.WriteChange); err != nil {
		t.Fatalf("write %d: %v", d.Write.Revision, err)
	}
	v.Apply(d)
}

// wantBranch checks that each write of a branch finds it, or the first branch that has the write. Of a long one it tries some.
func wantBranch(t *testing.T, s vault.Store, v *testvault.Vault, b *vault.Branch) {
	t.Helper()
	const tries = 10
	for i := 0; i < len(b.Writes); i += 1 + len(b.Writes)/tries {
		w := b.Writes[i]
		want := v.Branches[slices.IndexFunc(v.Branches, func(b *vault.Branch) bool { return b.Has(w.Revision, w.Hash()) })]
		got, err := s.Branch(t.Context(), v.ID, w.Revision, w.Hash())
		if err != nil {
			t.Errorf("branch of write %d: %v", w.Revision, err)
			continue
		}
		if got.Common != want.Common || got.Join != want.Join || !slices.Equal(got.EncodeWrites(), want.EncodeWrites()) {
			t.Errorf("branch of write %d begins at %d and was joined by %d, want %d and %d", w.Revision, got.Common, got.Join, want.Common, want.Join)
		}
	}
}

func branchesRoundTrip(t *testing.T, open func(t *testing.T) vault.Store) {
	a, b := open(t), open(t)
	v := founded(t, a, "ada")
	first := forked(v, 2)
	write(t, a, v, items(v, 1, 10)...)
	second, third := forked(v, 3), forked(v, 1)
	join(t, a, v, first, items(v, 1, 10)...)
	wantVault(t, b, v)
	follow(t, a, v, v.DraftRotate())
	write(t, a, v, items(v, 1, 10)...)
	join(t, b, v, second, items(v, 1, 10)...)
	join(t, b, v, third, items(v, 1, 10)...)
	// The second branch again, with more writes.
	second.Apply(second.Draft(items(second, 1, 10)...))
	join(t, a, v, second, items(v, 1, 10)...)
	wantVault(t, b, v)
	wantVault(t, a, v)

	other := founded(t, a, "eve")
	w := first.Writes[1]
	none := func(what string, id chain.ID, revision int64, hash chain.Hash) {
		t.Helper()
		_, err := b.Branch(t.Context(), id, revision, hash)
		wantError(t, what, err, vault.ErrNotFound)
	}
	none("another vault", other.ID, w.Revision, w.Hash())
	for _, revision := range []int64{0, w.Revision - 1, w.Revision + 1, 99} {
		none("another revision", v.ID, revision, w.Hash())
	}
	none("another hash", v.ID, w.Revision, chain.Hash{1})
	none("a write of the vault", v.ID, 2, v.Writes[1].Hash())
	none("no write", v.ID, 0, v.State.Genesis)

	if err := a.DeleteUser(t.Context(), vault.Username(v.Owner.Username)); err != nil {
		t.Fatal(err)
	}
	none("a deleted vault", v.ID, w.Revision, w.Hash())
}

// The longest branch, and a write that is too large for one transaction of a database.
func largeBranches(t *testing.T, open func(t *testing.T) vault.Store) {
	a, b := open(t), open(t)
	v := founded(t, a, "ada")
	other := forked(v, protocol.MaxBranchWrites)
	join(t, a, v, other, items(v, 1, 40_000)...)
	more := forked(v, 5)
	join(t, a, v, more, items(v, 300, 10)...)
	wantVault(t, b, v)
}

// A branch is stored with its write or not at all.
func writeWithoutItsBranch(t *testing.T, open func(t *testing.T) vault.Store) {
	a, b := open(t), open(t)
	v := founded(t, a, "ada")
	other := forked(v, 2)
	late, large := v.DraftJoin(other, items(v, 1, 10)...), v.DraftJoin(other, items(v, 300, 10)...)
	broken := v.DraftJoin(other, testvault.Attach(chain.ID{1}, testvault.Chunks("not stored")))
	broken.Now = start
	wantError(t, "write that does not fit", a.ApplyWrite(t.Context(), broken.WriteChange), vault.ErrInvalidChange)
	write(t, a, v, items(v, 1, 10)...)
	for _, d := range []testvault.Write{late, large} {
		d.Now = start
		wantError(t, "late write", b.ApplyWrite(t.Context(), d.WriteChange), vault.ErrRevisionConflict)
	}
	for _, w := range other.Writes {
		_, err := b.Branch(t.Context(), v.ID, w.Revision, w.Hash())
		wantError(t, "branch", err, vault.ErrNotFound)
	}
	wantVault(t, a, v)
}

func quotaOfBranches(t *testing.T, open func(t *testing.T) vault.Store) {
	s := open(t)
	v := founded(t, s, "ada")
	two, one := forked(v, 2), forked(v, 1)
	try := func(q vault.Quota, want error, other *testvault.Vault, ops ...testvault.Operation) {
		t.Helper()
		d := v.DraftJoin(other, ops...)
		d.Now, d.Quota = start, q
		err := s.ApplyWrite(t.Context(), d.WriteChange)
		wantError(t, "write", err, want)
		if err == nil {
			v.Apply(d)
		}
		wantVault(t, s, v)
	}
	q := vault.Quota{Branches: 2*vault.RecordWeight + 3*chain.WriteSize}
	try(q, nil, two, items(v, 1, 10)...)
	_, err := s.Branch(t.Context(), v.ID, 1, one.Writes[0].Hash())
	wantError(t, "branch", err, vault.ErrNotFound)
	try(q, vault.ErrBranchQuota, two, items(v, 1, 10)...)
	try(q, vault.ErrBranchQuota, two, items(v, 300, 10)...)
	try(q, nil, one, items(v, 1, 10)...)
	try(q, vault.ErrBranchQuota, one, items(v, 1, 10)...)
	limited(t, s, v, q, nil, items(v, 1, 10)...) // other writes need none of it
	lower := vault.Quota{Branches: 1}
	limited(t, s, v, lower, nil, items(v, 1, 10)...)
	try(lower, vault.ErrBranchQuota, one, items(v, 1, 10)...)
	try(vault.Quota{}, nil, one, items(v, 1, 10)...)
}
