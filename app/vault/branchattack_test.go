package vault_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/app/store/sqlite"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// forgedBranch is a branch for a test to alter. The write that brings it together is signed over its end then.
type forgedBranch struct {
	*user
	other  *testvault.Vault
	branch []chain.BranchWrite
	join   testvault.Write
}

func (f *forgedBranch) last() *chain.BranchWrite { return &f.branch[len(f.branch)-1] }

// edit alters the last write of the branch, and signs it.
func (f *forgedBranch) edit(edit func(w *chain.Write)) {
	w := *f.last().Write
	edit(&w)
	w.Sign(f.signer())
	f.last().Write = &w
}

// operate gives the last write of the branch other operations.
func (f *forgedBranch) operate(ops ...chain.Operation) {
	chain.SortOperations(ops)
	f.last().Operations = ops
	f.edit(func(w *chain.Write) { w.Operations = chain.HashOperations(ops) })
}

func (f *forgedBranch) request(end chain.Hash) protocol.WriteRequest {
	w := *f.join.Write
	w.Branch = end
	w.Sign(f.signer())
	r := f.join.Request()
	r.Write, r.Branch = encode(w.Encode()), nil
	for _, b := range f.branch {
		r.Branch = append(r.Branch, protocol.BranchWrite{Write: encode(b.Write.Encode()), Operations: encode(chain.EncodeOperations(b.Operations))})
	}
	return r
}

func branchOf(common int, v *testvault.Vault) (branch []chain.BranchWrite) {
	for i, w := range v.Writes[common:] {
		branch = append(branch, chain.BranchWrite{Write: w, Operations: v.Operations[common+i]})
	}
	return branch
}

// Whoever has keys and session of a member still cannot store what was no history of the vault.
func TestBranchThatNoServerTakes(t *testing.T) {
	t.Parallel()
	const common = 3
	u, other := newSite(t).parted(common, 2, 3)
	u.renew(testvault.Renewal{Epoch: true})
	u.item("under the next epoch")
	eve := testvault.NewPerson("eve")
	for name, c := range map[string]struct {
		forge func(f *forgedBranch)
		sent  func(f *forgedBranch, r *protocol.WriteRequest)
		want  refusal
	}{
		"that is missing":              {sent: func(_ *forgedBranch, r *protocol.WriteRequest) { r.Branch = nil }, want: bad("branch is missing")},
		"that the write does not name": {sent: func(f *forgedBranch, r *protocol.WriteRequest) { *r = f.request(chain.Hash{}) }, want: bad("names none")},
		"with another end":             {sent: func(f *forgedBranch, r *protocol.WriteRequest) { *r = f.request(chain.Hash{1}) }, want: bad("another branch")},
		"without its end":              {sent: func(_ *forgedBranch, r *protocol.WriteRequest) { r.Branch = r.Branch[:2] }, want: bad("another branch")},
		"without its beginning":        {forge: func(f *forgedBranch) { f.branch = f.branch[1:] }, want: bad("remembered state")},
		"without its middle":           {forge: func(f *forgedBranch) { f.branch = slices.Delete(f.branch, 1, 2) }, want: bad("does not follow revision")},
		"backwards":                    {forge: func(f *forgedBranch) { slices.Reverse(f.branch) }, want: bad("remembered state")},
		"with a write twice":           {forge: func(f *forgedBranch) { f.branch = append(f.branch, *f.last()) }, want: bad("does not follow revision")},
		"that is the vault itself":     {forge: func(f *forgedBranch) { f.branch = branchOf(common, f.Vault)[:2] }, want: bad("is common too")},
		"with the common write":        {forge: func(f *forgedBranch) { f.branch = branchOf(common-1, f.other) }, want: bad("is common too")},
		"with the vault in it": {forge: func(f *forgedBranch) {
			f.branch = slices.Concat(f.branch[:1], branchOf(common+1, f.Vault)[:1])
		}, want: bad("remembered state")},
		"of another vault": {forge: func(f *forgedBranch) { f.edit(func(w *chain.Write) { w.Vault[0]++ }) }, want: bad("another vault")},
		"beyond the vault": {forge: func(f *forgedBranch) {
			f.branch = f.branch[2:]
			f.edit(func(w *chain.Write) { w.Revision = 99; w.Skip = w.Previous })
		}, want: bad("begins after revision 98")},
		"at the greatest revision": {forge: func(f *forgedBranch) {
			f.branch = f.branch[2:]
			f.edit(func(w *chain.Write) { w.Revision = chain.MaxNumber; w.Skip = w.Previous })
		}, want: bad("begins after")},
		"unsigned": {forge: func(f *forgedBranch) {
			w := *f.last().Write
			w.Signature = chain.Signature{}
			f.last().Write = &w
		}, want: bad("signature")},
		"unsigned at its beginning": {forge: func(f *forgedBranch) {
			w := *f.branch[0].Write
			w.Signature[0]++
			f.branch[0].Write = &w
		}, want: bad("signature")},
		"signed by a stranger": {forge: func(f *forgedBranch) {
			w := *f.last().Write
			w.Author, w.AuthorCard = eve.ID, eve.Card().Hash()
			w.Sign(signerOf(eve))
			f.last().Write = &w
		}, want: bad("author is not a member")},
		"signed by a stranger as the owner": {forge: func(f *forgedBranch) {
			w := *f.last().Write
			w.Sign(signerOf(eve))
			f.last().Write = &w
		}, want: bad("signature")},
		"under another card": {forge: func(f *forgedBranch) { f.edit(func(w *chain.Write) { w.AuthorCard[0]++ }) }, want: bad("author is not a member")},
		"under an unknown entry": {forge: func(f *forgedBranch) {
			f.branch = f.branch[:1]
			f.edit(func(w *chain.Write) { w.Entry[0]++ })
		}, want: bad("newest log entry")},
		"under an entry that came later": {forge: func(f *forgedBranch) {
			f.branch = f.branch[:1]
			f.edit(func(w *chain.Write) { w.Entry, w.Epoch = f.State.Entry.Hash(), 2 })
		}, want: bad("newest log entry")},
		"with an entry on it": {forge: func(f *forgedBranch) {
			f.edit(func(w *chain.Write) { w.Entry = f.State.Entry.Hash() })
		}, want: bad("newest log entry")},
		"of another epoch":   {forge: func(f *forgedBranch) { f.edit(func(w *chain.Write) { w.Epoch++ }) }, want: bad("epoch")},
		"with another root":  {forge: func(f *forgedBranch) { f.edit(func(w *chain.Write) { w.Root[0]++ }) }, want: bad("not the signed ones")},
		"with another count": {forge: func(f *forgedBranch) { f.edit(func(w *chain.Write) { w.Count++ }) }, want: bad("not the signed ones")},
		"with another skip link": {forge: func(f *forgedBranch) {
			f.edit(func(w *chain.Write) { w.Skip[0]++ })
		}, want: bad("remembered state")},
		"that goes back behind an entry": {forge: func(f *forgedBranch) {
			w := *f.join.Write
			w.Entry, w.Epoch = f.Entries[1].Hash(), 1
			f.branch = []chain.BranchWrite{{Write: &w, Operations: f.last().Operations}}
			f.edit(func(w *chain.Write) { w.Operations = chain.HashOperations(f.last().Operations) })
		}, want: bad("write 6: write does not name the newest log entry")},
		"with other operations": {forge: func(f *forgedBranch) {
			f.last().Operations = slices.Clone(f.last().Operations)
			f.last().Operations[0].Hash[0]++
		}, want: bad("operations are not valid")},
		"that deletes what is not live": {forge: func(f *forgedBranch) {
			o := f.last().Operations[0]
			o.Delete = true
			f.operate(o)
		}, want: bad("is not live")},
		"that puts what is live": {forge: func(f *forgedBranch) { f.operate(f.Operations[0][0]) }, want: bad("is live already")},
		"that deletes what only the vault has": {forge: func(f *forgedBranch) {
			o := f.Operations[common][0]
			o.Delete = true
			f.operate(o)
		}, want: bad("is not live")},
		"with a text for a write":   {sent: func(_ *forgedBranch, r *protocol.WriteRequest) { r.Branch[1].Write = "AgAA" }, want: bad("branch[1].write")},
		"with an entry for a write": {sent: func(f *forgedBranch, r *protocol.WriteRequest) { r.Branch[1].Write = encode(f.State.Entry.Encode()) }, want: bad("branch[1].write")},
		"with nothing for a write":  {sent: func(_ *forgedBranch, r *protocol.WriteRequest) { r.Branch[2].Write = "" }, want: bad("branch[2].write")},
		"without operations":        {sent: func(_ *forgedBranch, r *protocol.WriteRequest) { r.Branch[0].Operations = "" }, want: bad("branch[0].operations")},
		"with half an operation":    {sent: func(_ *forgedBranch, r *protocol.WriteRequest) { r.Branch[0].Operations = "AgAA" }, want: bad("operations")},
		"with endless operations": {sent: func(_ *forgedBranch, r *protocol.WriteRequest) {
			r.Branch[0].Operations = encode(make([]byte, protocol.MaxOperationsBytes))
		}, want: refusal{protocol.CodeTooLarge, "branch[0].operations"}},
		"with too many writes": {sent: func(_ *forgedBranch, r *protocol.WriteRequest) {
			r.Branch = make([]protocol.BranchWrite, protocol.MaxBranchWrites+1)
		}, want: refusal{protocol.CodeTooLarge, "more than 1000"}},
		"that comes with a stale one": {forge: func(f *forgedBranch) { f.join.Write.Previous[0]++; f.join.Write.Skip[0]++ }, want: stale("remembered state")},
	} {
		t.Run(name, func(t *testing.T) {
			f := &forgedBranch{u, other, branchOf(common, other), u.DraftJoin(other, u.Put(chain.RecordOverview, seal.NewID(), 1, "joins"))}
			if c.forge != nil {
				c.forge(f)
			}
			r := f.request(f.last().Write.Hash())
			if c.sent != nil {
				c.sent(f, &r)
			}
			c.want.check(t, u.Write(t.Context(), u.session, u.ID.String(), r))
			u.unmoved()
			u.noBranch(slices.Concat(f.branch, branchOf(common, other)))
		})
	}
	u.join(other)
	u.rejoin(other.State)
}

// noBranch checks that the store holds none of these writes as part of a branch.
func (u *user) noBranch(writes []chain.BranchWrite) {
	u.t.Helper()
	for _, b := range writes {
		if _, err := u.store.Branch(u.t.Context(), u.ID, b.Write.Revision, b.Write.Hash()); !errors.Is(err, vault.ErrNotFound) {
			u.t.Errorf("write %d of the branch is stored: %v", b.Write.Revision, err)
		}
	}
}

// watched is a store that a test watches.
type watched struct {
	*sqlite.Store
	branch     func()
	operations func(b []byte) []byte
	applied    vault.WriteChange
}

func (w *watched) Branch(ctx context.Context, id chain.ID, revision int64, hash chain.Hash) (vault.Branch, error) {
	w.branch()
	return w.Store.Branch(ctx, id, revision, hash)
}

func (w *watched) Operations(ctx context.Context, id chain.ID, revision int64) ([]byte, error) {
	b, err := w.Store.Operations(ctx, id, revision)
	return w.operations(b), err
}

func (w *watched) ApplyWrite(ctx context.Context, c vault.WriteChange) error {
	w.applied = c
	return w.Store.ApplyWrite(ctx, c)
}

func newWatched(t *testing.T) (*watched, *site) {
	w := &watched{branch: func() {}, operations: func(b []byte) []byte { return b }}
	return w, newSiteOn(t, func(s *sqlite.Store) vault.Store { w.Store = s; return w })
}

func TestBranchesHaveAQuota(t *testing.T) {
	t.Parallel()
	w, s := newWatched(t)
	u, other := s.parted(1, 1, 2)
	u.join(other)
	if w.applied.Quota.Branches != vault.MaxBranchBytes || w.applied.Quota.Items != granted.Records.Items || w.applied.Branch.Size() < 2*chain.WriteSize {
		t.Errorf("%+v", w.applied.Quota)
	}
	head, err := w.Head(t.Context(), u.ID)
	if err != nil || head.Usage.Branches != w.applied.Branch.Size() {
		t.Errorf("usage %+v, %v", head.Usage, err)
	}
}

func TestVaultThatWentOnForTooLong(t *testing.T) {
	t.Parallel()
	w, s := newWatched(t)
	u, other := s.parted(1, 101, 1)
	many := make([]chain.Operation, chain.MaxOperations)
	for i := range many {
		many[i].Line = chain.Line{Kind: chain.RecordOverview, ID: seal.NewID(), Version: 1, Epoch: 1, Hash: chain.Hash{1}}
	}
	chain.SortOperations(many)
	w.operations = func([]byte) []byte { return chain.EncodeOperations(many) }
	request := u.DraftJoin(other, u.Put(chain.RecordOverview, seal.NewID(), 1, "joins")).Request()
	refusal{protocol.CodeTooLarge, "more than 200000 operations"}.check(t, u.Write(t.Context(), u.session, u.ID.String(), request))
	w.operations = func(b []byte) []byte { b[len(b)-2]++; return b }
	refusal{protocol.CodeInternal, "operations in the store"}.check(t, u.Write(t.Context(), u.session, u.ID.String(), request))
	w.operations = func(b []byte) []byte { return b }
	u.unmoved()
	u.join(other)
}

// A branch that is brought together while an answer is read is part of the next try.
func TestBranchIsJoinedDuringAnAnswer(t *testing.T) {
	t.Parallel()
	w, s := newWatched(t)
	u, other := s.parted(2, 2, 2)
	w.branch = func() {
		w.branch = func() {}
		u.join(other)
	}
	u.rejoin(other.State)
}
