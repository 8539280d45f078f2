package vault_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// team is a shared vault with a member of each role, and one who was removed.
type team struct {
	*site
	v                                              *testvault.Vault
	owner, second, manager, editor, reader, former *user
	removed                                        int64 // the sequence number of the removal
}

func newTeam(t *testing.T) *team {
	t.Helper()
	s := newSite(t)
	c := &team{
		site: s, owner: s.register("owner"), second: s.register("second"), manager: s.register("manager"), editor: s.register("editor"),
		reader: s.register("reader"), former: s.register("former"),
	}
	var f vault.SharedFounding
	c.v, f = c.owner.Owner.FoundShared()
	if err := s.CreateVault(t.Context(), c.owner.session, testvault.CreateRequest(f)); err != nil {
		t.Fatal(err)
	}
	c.must(c.owner, c.v.DraftAdd(chain.Owner, c.second.Owner))
	c.must(c.owner, c.v.DraftAdd(chain.Manager, c.manager.Owner))
	c.must(c.manager, c.by(c.manager).DraftAdd(chain.Editor, c.editor.Owner, c.former.Owner))
	c.must(c.manager, c.by(c.manager).DraftAdd(chain.Reader, c.reader.Owner))
	c.save(c.former)
	c.must(c.manager, c.by(c.manager).DraftRemove(c.former.Owner))
	c.removed = c.v.State.Entry.Sequence
	c.save(c.editor)
	return c
}

func (c *team) by(u *user) *testvault.Vault { return c.v.By(u.Owner) }

// send sends an entry with its envelopes.
func (c *team) send(u *user, e testvault.Entry) error {
	c.t.Helper()
	request, parts := e.Request()
	for _, part := range parts {
		if err := c.PutEnvelopes(c.t.Context(), u.session, c.v.ID.String(), part); err != nil {
			return err
		}
	}
	return c.Entry(c.t.Context(), u.session, c.v.ID.String(), request)
}

func (c *team) must(u *user, e testvault.Entry) {
	c.t.Helper()
	if err := c.send(u, e); err != nil {
		c.t.Fatalf("%v: %v", e.Entry.Op, err)
	}
	c.v.Follow(e)
}

func (c *team) draft(u *user) testvault.Write {
	v := c.by(u)
	return v.Draft(v.Put(chain.RecordOverview, seal.NewID(), 1, "new"))
}

func (c *team) save(u *user) {
	c.t.Helper()
	w := c.draft(u)
	if err := c.Write(c.t.Context(), u.session, c.v.ID.String(), writeRequest(w)); err != nil {
		c.t.Fatal(err)
	}
	c.v.Apply(w)
}

// unmoved checks that the server still has what the members' devices have.
func (c *team) unmoved() {
	c.t.Helper()
	head, err := c.store.Head(c.t.Context(), c.v.ID)
	if err != nil {
		c.t.Fatal(err)
	}
	if string(head.State.Encode()) != string(c.v.State.Encode()) || head.Buckets != c.v.Live.Hashes() {
		c.t.Errorf("the vault moved from %d and entry %d to %d and entry %d", c.v.State.Revision, c.v.State.Entry.Sequence,
			head.State.Revision, head.State.Entry.Sequence)
	}
}

func role(reason string) refusal { return refusal{protocol.CodeRole, reason} }

var gone = refusal{protocol.CodeNotFound, "no such vault"}

// TestSharedLogTakesOnlyWhatTheRulesAllow sends entries with a valid session that the session's user may not sign, or not like this.
func TestSharedLogTakesOnlyWhatTheRulesAllow(t *testing.T) {
	t.Parallel()
	c := newTeam(t)
	_, elsewhere := c.owner.Owner.FoundShared()
	newcomer := c.register("newcomer")
	for name, a := range map[string]struct {
		by    *user
		entry func() testvault.Entry
		sent  func(r *protocol.VaultEntryRequest)
		want  refusal
	}{
		"a manager adds an owner":    {by: c.manager, entry: func() testvault.Entry { return c.by(c.manager).DraftAdd(chain.Owner, newcomer.Owner) }, want: role("role does not allow")},
		"a manager adds a manager":   {by: c.manager, entry: func() testvault.Entry { return c.by(c.manager).DraftAdd(chain.Manager, newcomer.Owner) }, want: role("role does not allow")},
		"a manager removes an owner": {by: c.manager, entry: func() testvault.Entry { return c.by(c.manager).DraftRemove(c.second.Owner) }, want: role("role does not allow")},
		"a manager makes an owner":   {by: c.manager, entry: func() testvault.Entry { return c.by(c.manager).DraftRole(c.editor.Owner, chain.Owner) }, want: role("role does not allow")},
		"a manager promotes himself": {by: c.manager, entry: func() testvault.Entry { return c.by(c.manager).DraftRole(c.manager.Owner, chain.Owner) }, want: role("role does not allow")},
		"a manager sets a policy":    {by: c.manager, entry: func() testvault.Entry { return c.by(c.manager).DraftPolicy([]byte("x")) }, want: role("role does not allow")},
		"a manager closes":           {by: c.manager, entry: func() testvault.Entry { return c.by(c.manager).DraftSame(chain.OpClose) }, want: role("role does not allow")},
		"an editor adds":             {by: c.editor, entry: func() testvault.Entry { return c.by(c.editor).DraftAdd(chain.Reader, newcomer.Owner) }, want: role("role does not allow")},
		"an editor rotates":          {by: c.editor, entry: func() testvault.Entry { return c.by(c.editor).DraftSame(chain.OpRotate) }, want: role("role does not allow")},
		"a reader removes":           {by: c.reader, entry: func() testvault.Entry { return c.by(c.reader).DraftRemove(c.editor.Owner) }, want: role("role does not allow")},
		"a reader leaves for another": {by: c.reader, entry: func() testvault.Entry {
			return c.by(c.reader).Shared(chain.OpLeave, func(e *chain.Entry) {
				e.Roster = slices.DeleteFunc(e.Roster, func(m chain.Member) bool { return m.User == c.editor.Owner.ID })
			})
		}, want: role("role does not allow")},
		"a removed member adds himself": {by: c.former, entry: func() testvault.Entry { return c.by(c.former).DraftAdd(chain.Owner, c.former.Owner) }, want: gone},
		"a stranger adds himself":       {by: newcomer, entry: func() testvault.Entry { return c.by(newcomer).DraftAdd(chain.Owner, newcomer.Owner) }, want: gone},
		"signed by another member":      {by: c.editor, entry: func() testvault.Entry { return c.by(c.owner).DraftSame(chain.OpRotate) }, want: bad("signed by another user")},
		"signed with another key": {by: c.owner, entry: func() testvault.Entry {
			e := c.by(c.owner).DraftSame(chain.OpRotate)
			e.Entry.Sign(signerOf(c.manager.Owner))
			return e
		}, want: bad("signature is wrong")},
		"a rotation that drops a member": {by: c.owner, entry: func() testvault.Entry {
			return c.by(c.owner).Shared(chain.OpRotate, func(e *chain.Entry) { e.Roster = e.Roster[1:] })
		}, want: bad("roster changed more")},
		"after an older entry": {by: c.owner, entry: func() testvault.Entry {
			e := c.by(c.owner).DraftSame(chain.OpRotate)
			e.Entry.Sequence, e.Entry.Previous = c.removed, c.v.Entries[c.removed-1].Hash()
			e.Resign(c.v)
			return e
		}, want: stale("does not follow")},
		"at an older write": {by: c.owner, entry: func() testvault.Entry {
			e := c.by(c.owner).DraftSame(chain.OpRotate)
			e.Entry.Revision, e.Entry.Write = 1, c.v.Writes[0].Hash()
			e.Resign(c.v)
			return e
		}, want: stale("older than a known write")},
		"without an envelope": {by: c.owner, entry: func() testvault.Entry { return c.by(c.owner).DraftSame(chain.OpRotate) },
			sent: func(r *protocol.VaultEntryRequest) { r.Envelopes = r.Envelopes[1:] }, want: bad("leave out one")},
		"with an envelope that it does not name": {by: c.owner, entry: func() testvault.Entry { return c.by(c.owner).DraftSame(chain.OpRotate) },
			sent: func(r *protocol.VaultEntryRequest) { r.Envelopes = append(r.Envelopes, encode(elsewhere.Envelope)) }, want: bad("is not a new envelope")},
		"with the envelope of another vault": {by: c.owner, entry: func() testvault.Entry { return c.by(c.owner).DraftSame(chain.OpRotate) },
			sent: func(r *protocol.VaultEntryRequest) { r.Envelopes[0] = encode(elsewhere.Envelope) }, want: bad("is not a new envelope")},
		"with too many envelopes": {by: c.owner, entry: func() testvault.Entry { return c.by(c.owner).DraftSame(chain.OpRotate) },
			sent: func(r *protocol.VaultEntryRequest) {
				r.Envelopes = slices.Repeat(r.Envelopes[:1], protocol.MaxEntryEnvelopes+1)
			}, want: bad("at most 20")},
		"create again": {by: c.owner, entry: func() testvault.Entry { return testvault.Entry{EntryChange: vault.EntryChange{Entry: elsewhere.Entry}} }, want: bad("must not create")},
		"with another policy": {by: c.owner, entry: func() testvault.Entry { return c.by(c.owner).DraftPolicy([]byte("signed")) },
			sent: func(r *protocol.VaultEntryRequest) { r.Policy = encode([]byte("other")) }, want: bad("policy is not the annex")},
		"without its policy": {by: c.owner, entry: func() testvault.Entry { return c.by(c.owner).DraftPolicy([]byte("signed")) },
			sent: func(r *protocol.VaultEntryRequest) { r.Policy = "" }, want: bad("policy must not be empty")},
		"with a policy too long": {by: c.owner, entry: func() testvault.Entry { return c.by(c.owner).DraftPolicy([]byte("signed")) },
			sent: func(r *protocol.VaultEntryRequest) { r.Policy = strings.Repeat("A", protocol.MaxPolicyBytes+4) },
			want: refusal{protocol.CodeTooLarge, "policy"}},
		"with a policy of no entry": {by: c.owner, entry: func() testvault.Entry { return c.by(c.owner).DraftSame(chain.OpRotate) },
			sent: func(r *protocol.VaultEntryRequest) { r.Policy = "AAAA" }, want: bad("only for a policy entry")},
		"the last owners leave": {by: c.owner, entry: func() testvault.Entry {
			return c.by(c.owner).Shared(chain.OpLeave, func(e *chain.Entry) {
				e.Roster = slices.DeleteFunc(e.Roster, func(m chain.Member) bool { return m.Role == chain.Owner })
			})
		}, want: bad("no owner")},
	} {
		request, parts := a.entry().Request()
		if len(parts) > 0 {
			t.Fatalf("%s: %d parts", name, len(parts))
		}
		if a.sent != nil {
			a.sent(&request)
		}
		err := c.Entry(t.Context(), a.by.session, c.v.ID.String(), request)
		if a.want.check(t, err); t.Failed() {
			t.Fatal(name)
		}
	}
	c.unmoved()
}

// An entry of one vault is refused by another, also if both have the same owner.
func TestEntriesBelongToTheirVault(t *testing.T) {
	t.Parallel()
	c := newTeam(t)
	rotate, _ := c.by(c.owner).DraftSame(chain.OpRotate).Request()
	bad("another vault").check(t, c.Entry(t.Context(), c.owner.session, c.owner.ID.String(), rotate))
	gone.check(t, c.Entry(t.Context(), c.editor.session, c.owner.ID.String(), rotate))
	bad("another vault").check(t, c.Entry(t.Context(), c.owner.session, c.v.ID.String(), rotateRequest(c.owner.DraftRotate())))
	bad("must be a shared one").check(t, c.PutEnvelopes(t.Context(), c.owner.session, c.owner.ID.String(), protocol.EnvelopesRequest{Part: 1, Envelopes: []protocol.Signed{"AAAA"}}))
	c.unmoved()
	c.owner.unmoved()
}

func TestSharedVaultTakesWritesOfEditorsOnly(t *testing.T) {
	t.Parallel()
	c := newTeam(t)
	write := func(u *user, w testvault.Write) error {
		return c.Write(t.Context(), u.session, c.v.ID.String(), writeRequest(w))
	}
	by := func(u *user, edit func(w *chain.Write)) testvault.Write {
		w := c.draft(c.owner)
		w.Write.Author, w.Write.AuthorCard = u.Owner.ID, u.Owner.Card().Hash()
		edit(w.Write)
		w.Write.Sign(signerOf(u.Owner))
		return w
	}
	nothing := func(*chain.Write) { /* as it is */ }
	role("your role").check(t, write(c.reader, by(c.reader, nothing)))
	role("your role").check(t, c.PutChunk(t.Context(), c.reader.session, c.v.ID.String(), seal.NewID().String(), "1",
		protocol.Chunk{Count: 1, Token: testvault.Chunks("x")[0].Token}))
	gone.check(t, write(c.former, by(c.former, nothing)))
	before := c.v.Entries[c.removed-1]
	gone.check(t, write(c.former, by(c.former, func(w *chain.Write) { w.Entry, w.Epoch = before.Hash(), before.Epoch })))
	// With the help of somebody who is still a member.
	bad("signed by another user").check(t, write(c.editor, by(c.former, func(w *chain.Write) { w.Entry, w.Epoch = before.Hash(), before.Epoch })))
	stale("newest log entry").check(t, write(c.editor, by(c.editor, func(w *chain.Write) { w.Entry = before.Hash() })))
	bad("epoch").check(t, write(c.editor, by(c.editor, func(w *chain.Write) { w.Epoch-- })))

	kind := func(u *user, k chain.RecordKind) testvault.Write {
		w := c.draft(c.owner)
		for i := range w.Operations {
			w.Operations[i].Kind = k
		}
		w.Write.Operations = chain.HashOperations(w.Operations)
		w.Write.Author, w.Write.AuthorCard = u.Owner.ID, u.Owner.Card().Hash()
		w.Write.Sign(signerOf(u.Owner))
		return w
	}
	for _, k := range []chain.RecordKind{chain.RecordPin, chain.RecordPasskey, chain.RecordInvitation, chain.RecordGrant} {
		bad("for personal vaults").check(t, write(c.owner, kind(c.owner, k)))
	}
	role("role does not allow").check(t, write(c.editor, kind(c.editor, chain.RecordVault)))
	c.unmoved()
	v := c.by(c.manager)
	named := v.Draft(v.Put(chain.RecordVault, c.v.ID, 1, "name"))
	if err := write(c.manager, named); err != nil {
		t.Fatal(err)
	}
	c.v.Apply(named)

	late := c.draft(c.editor)
	c.must(c.owner, c.v.DraftSame(chain.OpClose))
	late.Write.Entry = c.v.State.Entry.Hash()
	late.Write.Sign(signerOf(c.editor.Owner))
	bad("vault is closed").check(t, write(c.editor, late))
	bad("vault is closed").check(t, c.PutChunk(t.Context(), c.editor.session, c.v.ID.String(), seal.NewID().String(), "1",
		protocol.Chunk{Count: 1, Token: testvault.Chunks("x")[0].Token}))
	bad("vault is closed").check(t, c.send(c.owner, c.v.DraftSame(chain.OpRotate)))
	c.must(c.editor, c.by(c.editor).DraftLeave())
	c.must(c.manager, c.by(c.manager).DraftRemove(c.reader.Owner))
	c.unmoved()
}

func TestMembersRecardThemselves(t *testing.T) {
	t.Parallel()
	c := newTeam(t)
	c.save(c.editor)
	c.editor.renew(testvault.Renewal{Card: true, Epoch: true})
	c.editor.renew(testvault.Renewal{Card: true, Epoch: true})
	// Until then, the former key signs.
	c.save(c.editor)
	good := c.by(c.editor).DraftRecard(c.editor.Owner)
	alone := good
	entry := *good.Entry
	alone.Entry = &entry
	entry.Sign(signerOf(c.editor.Owner))
	bad("signature").check(t, c.send(c.editor, alone))
	entry.Sign(signerOf(c.editor.Owner), signerOf(c.editor.Owner))
	bad("signature is wrong").check(t, c.send(c.editor, alone))
	older := *c.editor.Owner
	older.Cards, older.CardKeys = older.Cards[:2], older.CardKeys[:2]
	refusal{protocol.CodeMemberRefused, "not the newest"}.check(t, c.send(c.editor, c.v.By(&older).DraftRecard(&older)))
	role("role does not allow").check(t, c.send(c.manager, c.by(c.manager).DraftRecard(c.editor.Owner)))
	c.unmoved()
	c.must(c.editor, good)
	c.save(c.editor)
	c.reader.renew(testvault.Renewal{Card: true, Epoch: true})
	c.must(c.owner, c.v.DraftRecard(c.reader.Owner))

	// A device without memory can check all of it.
	a, err := collect(c.site, c.reader.session, c.v.ID.String())
	if err != nil {
		t.Fatal(err)
	}
	generations := map[chain.ID][]int64{}
	for _, s := range a.Cards {
		card := must(chain.ParseCard(must(decode(s))))
		generations[card.User] = append(generations[card.User], card.Generation)
	}
	if got := generations[c.editor.Owner.ID]; !slices.Equal(got, []int64{1, 2, 3}) {
		t.Errorf("the editor's cards: %v", got)
	}
}

func TestEntriesAreAcceptedAgain(t *testing.T) {
	t.Parallel()
	c := newTeam(t)
	e := c.by(c.owner).DraftSame(chain.OpRotate)
	c.must(c.owner, e)
	for range 2 {
		if err := c.send(c.owner, e); err != nil {
			t.Error(err)
		}
	}
	leave := c.by(c.editor).DraftLeave()
	c.must(c.editor, leave)
	if err := c.send(c.editor, leave); err != nil {
		t.Errorf("leaving again: %v", err)
	}
	other := c.by(c.owner).DraftSame(chain.OpRotate)
	request, _ := other.Request()
	gone.check(t, c.Entry(t.Context(), c.editor.session, c.v.ID.String(), request))
	c.unmoved()
}

func TestAtMostAThousandMembers(t *testing.T) {
	t.Parallel()
	c := newTeam(t)
	e := c.by(c.owner).DraftSame(chain.OpAdd)
	for i := len(e.Entry.Roster); i <= chain.MaxMembers; i++ {
		e.Entry.Roster = append(e.Entry.Roster, chain.Member{User: chain.ID{255, byte(i >> 8), byte(i)}, Card: chain.Hash{1}, Role: chain.Reader, Envelope: chain.Hash{2}})
	}
	slices.SortFunc(e.Entry.Roster, func(a, b chain.Member) int { return bytes.Compare(a.User[:], b.User[:]) })
	e.Resign(c.v)
	bad("entry was refused").check(t, c.send(c.owner, e)) // 1,001
	e.Entry.Roster = e.Entry.Roster[:chain.MaxMembers]
	e.Resign(c.v)
	bad(fmt.Sprintf("at most %d members", protocol.MaxNewMembers)).check(t, c.send(c.owner, e))
	c.unmoved()
}

// The log of a vault with a large roster does not fit into one answer.
func TestLongLogComesInParts(t *testing.T) {
	t.Parallel()
	c := newTeam(t)
	var crowd []*testvault.Person
	for i := range chain.MaxMembers - 5 {
		crowd = append(crowd, testvault.NewPerson(fmt.Sprintf("crowd-%d", i)))
	}
	stored := func(e testvault.Entry) { // by a shorter way
		if err := c.store.AppendEntry(t.Context(), e.EntryChange); err != nil {
			t.Fatal(err)
		}
		c.v.Follow(e)
	}
	stored(c.v.DraftAdd(chain.Reader, crowd...))
	for range vault.LogBytes/len(c.v.State.Entry.Encode()) + 2 {
		role := chain.Reader
		if c.v.State.Entry.Member(crowd[0].ID).Role == role {
			role = chain.Editor
		}
		stored(c.v.DraftRole(crowd[0], role))
	}
	state := chain.State{}
	var parts int
	for after, revision, more := int64(-1), int64(0), true; more; parts++ {
		var w collected
		asked := vault.Asked{After: after, Revision: revision}
		if err := c.Changes(t.Context(), c.reader.session, c.v.ID.String(), asked, &w); err != nil {
			t.Fatal(err)
		}
		state = followed(t, state, w.VaultLog)
		after, revision, more = w.Sequence, w.Revision, w.More
		if more && (len(w.Records) > 0 || w.Envelope != "") || !more && (len(w.Records) == 0 || w.Envelope == "") {
			t.Errorf("more %v: %d records", more, len(w.Records))
		}
	}
	if parts != 2 || string(state.Encode()) != string(c.v.State.Encode()) {
		t.Errorf("%d parts lead to %d", parts, state.Entry.Sequence)
	}
}

// followed returns the state after a part of a log.
func followed(t *testing.T, s chain.State, log protocol.VaultLog) chain.State {
	t.Helper()
	cards := &chain.Cards{}
	for _, c := range log.Cards {
		if err := cards.Add(must(chain.ParseCard(must(decode(c))))); err != nil {
			t.Fatal(err)
		}
	}
	var entries []*chain.Entry
	for _, e := range log.Entries {
		entries = append(entries, must(chain.ParseEntry(must(decode(e)))))
	}
	var writes []*chain.Write
	for _, w := range log.Writes {
		writes = append(writes, must(chain.ParseWrite(must(decode(w)))))
	}
	var err error
	if s.Entry == nil {
		s, err = chain.Begin(entries[0], cards)
		entries = entries[1:]
	}
	if err == nil {
		s, err = s.Follow(entries, writes, cards)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}
