package vault_test

import (
	"slices"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// The named attacks on shared vaults to which an honest server has the answer. Each comes with a valid session and a signature that fits.

// Another op than add names an owner whom nobody added. Members would see "new key" in the log and seal the next keys to the ghost.
func TestGhostOwnerUnderAnotherOp(t *testing.T) {
	t.Parallel()
	c := newTeam(t)
	ghost := c.register("ghost")
	haunted := func(u *user, op chain.Op, edit func(e *chain.Entry)) testvault.Entry {
		return c.by(u).Shared(op, func(e *chain.Entry) {
			if edit != nil {
				edit(e)
			}
			at, _ := slices.BinarySearchFunc(e.Roster, ghost.Owner.ID, func(m chain.Member, id chain.ID) int { return slices.Compare(m.User[:], id[:]) })
			e.Roster = slices.Insert(e.Roster, at, chain.Member{User: ghost.Owner.ID, Card: ghost.Owner.Card().Hash(), Role: chain.Owner, Envelope: chain.Hash{1}})
		}, ghost.Owner)
	}
	without := func(u *user) func(e *chain.Entry) {
		return func(e *chain.Entry) {
			e.Roster = slices.DeleteFunc(e.Roster, func(m chain.Member) bool { return m.User == u.Owner.ID })
		}
	}
	c.editor.renew(testvault.Renewal{Card: true})
	policy := c.by(c.owner).DraftPolicy([]byte("a policy"))
	policy.Entry.Roster = haunted(c.owner, chain.OpClose, nil).Entry.Roster
	policy.Resign(c.by(c.owner))
	for name, a := range map[string]struct {
		by    *user
		entry testvault.Entry
		want  refusal
	}{
		"rotate":              {c.owner, haunted(c.owner, chain.OpRotate, nil), bad("roster changed more")},
		"rotate by a manager": {c.manager, haunted(c.manager, chain.OpRotate, nil), bad("roster changed more")},
		"policy":              {c.owner, policy, bad("roster changed more")},
		"close":               {c.owner, haunted(c.owner, chain.OpClose, nil), bad("roster changed more")},
		"remove":              {c.owner, haunted(c.owner, chain.OpRemove, without(c.reader)), bad("roster changed more")},
		"role":                {c.owner, haunted(c.owner, chain.OpRole, func(e *chain.Entry) { e.Member(c.reader.Owner.ID).Role = chain.Editor }), bad("roster changed more")},
		"recard":              {c.editor, haunted(c.editor, chain.OpRecard, func(e *chain.Entry) { e.Member(c.editor.Owner.ID).Card = c.editor.Owner.Card().Hash() }), bad("roster changed more")},
		"leave":               {c.editor, haunted(c.editor, chain.OpLeave, without(c.editor)), bad("roster changed more")},
		"add by a manager":    {c.manager, haunted(c.manager, chain.OpAdd, nil), role("role does not allow")},
		"account":             {c.owner, haunted(c.owner, chain.OpAccount, nil), bad("op")},
		"create":              {c.owner, haunted(c.owner, chain.OpCreate, nil), bad("must not create")},
	} {
		t.Run(name, func(t *testing.T) { a.want.check(t, c.send(a.by, a.entry)) })
	}
	c.unmoved()
}

// A roster of earlier, signed again or not, does not bring back a member who was removed, or a role that was taken.
func TestRosterReplayed(t *testing.T) {
	t.Parallel()
	c := newTeam(t)
	added := slices.IndexFunc(c.v.Entries, func(e *chain.Entry) bool { return e.Member(c.former.Owner.ID) != nil })
	c.must(c.owner, c.by(c.owner).DraftRole(c.manager.Owner, chain.Reader))
	earlier := c.v.Entries[c.removed-1].Roster
	under := func(u *user, op chain.Op) testvault.Entry {
		return c.by(u).Shared(op, func(e *chain.Entry) {
			now := e.Roster
			e.Roster = slices.Clone(earlier)
			for _, m := range now { // with the envelopes of now, so that only the roster is of then
				e.Member(m.User).Envelope = m.Envelope
			}
		}, c.former.Owner)
	}
	for name, a := range map[string]struct {
		by    *user
		entry testvault.Entry
		want  refusal
	}{
		"under rotate":                     {c.owner, under(c.owner, chain.OpRotate), bad("roster changed more")},
		"under role":                       {c.owner, under(c.owner, chain.OpRole), bad("roster changed more")},
		"under add, with the role of then": {c.owner, under(c.owner, chain.OpAdd), bad("roster changed more")},
		"by the manager of then":           {c.manager, under(c.manager, chain.OpAdd), role("role does not allow")},
	} {
		t.Run(name, func(t *testing.T) { a.want.check(t, c.send(a.by, a.entry)) })
	}
	// The very entry of then is one that the server has: it says so, and does nothing.
	var old testvault.Entry
	old.Entry = c.v.Entries[added]
	for name, by := range map[string]*user{"an owner": c.owner, "its author": c.manager, "the removed member": c.former} {
		if err := c.send(by, old); err != nil {
			t.Errorf("by %s: %v", name, err)
		}
	}
	c.unmoved()
}

// Members who were removed or demoted write, or somebody uses the keys that the removal ended. TestSharedVaultTakesWritesOfEditorsOnly has the other
// combinations of session and signature.
func TestWritesAfterARemoval(t *testing.T) {
	t.Parallel()
	c := newTeam(t)
	c.must(c.owner, c.by(c.owner).DraftRole(c.editor.Owner, chain.Reader))
	demotion := c.v.State.Entry.Sequence
	before := c.v.Entries[demotion-1]
	by := func(signer *user, edit func(w *testvault.Write)) testvault.Write {
		w := c.draft(c.owner)
		w.Write.Author, w.Write.AuthorCard = signer.Owner.ID, signer.Owner.Card().Hash()
		edit(&w)
		w.Write.Operations = chain.HashOperations(w.Operations)
		w.Write.Sign(signerOf(signer.Owner))
		return w
	}
	asItIs := func(*testvault.Write) { /* with the newest entry and epoch */ }
	earlier := func(w *testvault.Write) { w.Write.Entry, w.Write.Epoch = before.Hash(), before.Epoch }
	removal := c.v.Entries[c.removed-1] // the entry before it
	for name, a := range map[string]struct {
		by    *user
		write testvault.Write
		want  refusal
	}{
		"a reader who was an editor":                            {c.editor, by(c.editor, asItIs), role("your role")},
		"a reader who names the entry of when he was an editor": {c.editor, by(c.editor, earlier), role("your role")},
		"the same, sent by an owner":                            {c.owner, by(c.editor, earlier), bad("signed by another user")},
		"a removed editor who names an old entry": {c.former, by(c.former, func(w *testvault.Write) {
			w.Write.Entry, w.Write.Epoch = removal.Hash(), removal.Epoch
		}), gone},
		"an owner who names an old entry": {c.owner, by(c.owner, earlier), stale("newest log entry")},
		"records under the key of before the removal": {c.owner, by(c.owner, func(w *testvault.Write) {
			for i := range w.Operations {
				w.Operations[i].Epoch = removal.Epoch
			}
		}), bad("epoch")},
		"records under a key to come": {c.owner, by(c.owner, func(w *testvault.Write) {
			for i := range w.Operations {
				w.Operations[i].Epoch++
			}
		}), bad("epoch")},
	} {
		t.Run(name, func(t *testing.T) {
			a.want.check(t, c.Write(t.Context(), a.by.session, c.v.ID.String(), writeRequest(a.write)))
		})
	}
	c.unmoved()
}
