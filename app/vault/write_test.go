package vault_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/app/store/sqlite"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

func TestWritesMoveTheVault(t *testing.T) {
	t.Parallel()
	u := newSite(t).register("ada")
	id := seal.NewID()
	first := u.Put(chain.RecordOverview, id, 1, "first")
	u.save(first, u.Put(chain.RecordDetails, id, 1, "details"))
	u.save(testvault.Delete(first), u.Put(chain.RecordOverview, id, 2, "second"))
	u.renew(testvault.Renewal{Epoch: true, Card: true})
	u.save(u.Put(chain.RecordOverview, seal.NewID(), 1, "under the new key"))
	u.unmoved()
	if u.Live.Count() != 3 || u.State.Revision != 3 {
		t.Errorf("%d lines at %d", u.Live.Count(), u.State.Revision)
	}
}

// forged is a write for a test to alter. It is signed again, by the owner's card unless signer says otherwise.
type forged struct {
	testvault.Write
	signer chain.Signer
}

func (f *forged) operate(ops ...testvault.Operation) {
	f.Operations, f.Tokens = nil, nil
	slices.SortFunc(ops, func(a, b testvault.Operation) int {
		both := []chain.Operation{a.Operation, b.Operation}
		if chain.SortOperations(both); both[0] == a.Operation {
			return -1
		}
		return 1
	})
	for _, o := range ops {
		f.Operations = append(f.Operations, o.Operation)
		if o.Token != "" {
			f.Tokens = append(f.Tokens, o.Token)
		}
	}
	f.Write.Write.Operations = chain.HashOperations(f.Operations)
}

// A thief has the token of a session, and can send whatever the owner ever signed.
func TestSessionAloneCannotWrite(t *testing.T) {
	t.Parallel()
	u := newSite(t).register("ada")
	u.item("first")
	u.item("second")
	u.renew(testvault.Renewal{Epoch: true})
	u.item("third")
	for name, c := range map[string]struct {
		forge func(u *user, f *forged)
		sent  func(r *protocol.WriteRequest)
		want  refusal
	}{
		"signed by the thief": {forge: func(_ *user, f *forged) { f.signer = signerOf(thief) }, want: bad("signature is wrong")},
		"not signed":          {sent: func(r *protocol.WriteRequest) { r.Write = damaged(r.Write) }, want: bad("signature is wrong")},
		"with the thief's card": {forge: func(_ *user, f *forged) {
			f.Write.Write.AuthorCard, f.signer = thief.Card().Hash(), signerOf(thief)
		}, want: bad("author is not a member")},
		"by the thief as author": {forge: func(_ *user, f *forged) {
			f.Write.Write.Author, f.Write.Write.AuthorCard, f.signer = thief.ID, thief.Card().Hash(), signerOf(thief)
		}, want: bad("signed by another user")},
		"for another vault":    {forge: func(_ *user, f *forged) { f.Write.Write.Vault = thief.ID }, want: bad("another vault")},
		"with another root":    {forge: func(_ *user, f *forged) { f.Write.Write.Root[0]++ }, want: bad("live records are not the signed ones")},
		"with another count":   {forge: func(_ *user, f *forged) { f.Write.Write.Count++ }, want: bad("live records are not the signed ones")},
		"of an older epoch":    {forge: func(_ *user, f *forged) { f.Write.Write.Epoch-- }, want: bad("epoch")},
		"after an older entry": {forge: func(u *user, f *forged) { f.Write.Write.Entry = u.Entries[1].Hash() }, want: stale("newest log entry")},
		"after another write":  {forge: func(u *user, f *forged) { f.Write.Write.Previous[0]++ }, want: stale("remembered state")},
		"with another skip":    {forge: func(u *user, f *forged) { f.Write.Write.Skip[0]++ }, want: stale("remembered state")},
		"that leaves one out":  {forge: func(_ *user, f *forged) { f.Write.Write.Revision += 2 }, want: stale("remembered state")},
		"of a known revision":  {forge: func(_ *user, f *forged) { f.Write.Write.Revision = 2 }, want: stale("does not follow revision 3")},
		"that joins a branch":  {forge: func(_ *user, f *forged) { f.Write.Write.Branch[0]++ }, want: bad("branch is missing")},
		"with other operations": {sent: func(r *protocol.WriteRequest) {
			b := must(decode(r.Operations))
			b[len(b)-2] ^= 1 // of the hash
			r.Operations = encode(b)
		}, want: bad("is not that of the operation")},
		"with fewer operations": {sent: func(r *protocol.WriteRequest) {
			b := must(decode(r.Operations))
			r.Operations, r.Tokens = encode(b[:chain.OperationSize]), r.Tokens[:1]
		}, want: bad("operations are not valid")},
		"without operations":     {sent: func(r *protocol.WriteRequest) { r.Operations, r.Tokens = "", nil }, want: bad("operations must not be empty")},
		"with half an operation": {sent: func(r *protocol.WriteRequest) { r.Operations = r.Operations[:20] }, want: bad("operations")},
		"too many operations": {sent: func(r *protocol.WriteRequest) {
			r.Operations = encode(make([]byte, protocol.MaxOperationsBytes))
		}, want: refusal{protocol.CodeTooLarge, "operations"}},
		"deletes what is not live": {forge: func(u *user, f *forged) {
			f.operate(testvault.Delete(u.Put(chain.RecordOverview, seal.NewID(), 1, "never")))
		}, want: bad("is not live")},
		"deletes with another hash": {forge: func(u *user, f *forged) {
			line := u.Operations[0][0]
			line.Delete, line.Hash = true, chain.Hash{1}
			f.operate(testvault.Operation{Operation: line})
		}, want: bad("is not live")},
		"puts what is live": {forge: func(u *user, f *forged) {
			live := u.Operations[0][0]
			f.operate(u.Put(live.Kind, live.ID, live.Version, "twice"))
		}, want: bad("is live already")},
		"puts an unknown kind": {forge: func(u *user, f *forged) {
			f.operate(u.Put(chain.RecordOverview, seal.NewID(), 1, "kind"))
			f.Operations[0].Kind = 9
			f.Write.Write.Operations = chain.HashOperations(f.Operations)
		}, want: bad("operations are not valid")},
		"with exchanged tokens": {sent: func(r *protocol.WriteRequest) {
			r.Tokens[0], r.Tokens[1] = r.Tokens[1], r.Tokens[0]
		}, want: bad("tokens[0] is not that of the operation")},
		"with the token of another write": {forge: func(u *user, f *forged) {
			f.Tokens[1] = u.Put(chain.RecordDetails, seal.NewID(), 1, "other").Token
		}, want: bad("tokens[1] is not that of the operation")},
		"with a token too few":  {sent: func(r *protocol.WriteRequest) { r.Tokens = r.Tokens[:1] }, want: bad("tokens are 1")},
		"with a token too many": {sent: func(r *protocol.WriteRequest) { r.Tokens = append(r.Tokens, r.Tokens[0]) }, want: bad("tokens are 3")},
		"with a text as token": {forge: func(u *user, f *forged) {
			f.operate(u.PutToken(chain.RecordDetails, seal.NewID(), 1, "text"))
		}, want: bad("not a Fernet token")},
		"with a giant token": {forge: func(u *user, f *forged) {
			f.operate(u.PutToken(chain.RecordDetails, seal.NewID(), 1, strings.Repeat("g", protocol.MaxTokenBytes+1)))
		}, want: refusal{protocol.CodeTooLarge, "tokens[0]"}},
		"no write at all":   {sent: func(r *protocol.WriteRequest) { r.Write = "" }, want: bad("write must not be empty")},
		"an entry as write": {forge: nil, sent: func(r *protocol.WriteRequest) { r.Write = "AgAA" }, want: bad("not canonical")},
	} {
		t.Run(name, func(t *testing.T) {
			id := seal.NewID()
			f := &forged{u.Draft(u.Put(chain.RecordOverview, id, 1, "overview"), u.Put(chain.RecordDetails, id, 1, "details")), u.signer()}
			if c.forge != nil {
				c.forge(u, f)
				f.Write.Write.Sign(f.signer)
			}
			r := writeRequest(f.Write)
			if c.sent != nil {
				c.sent(&r)
			}
			c.want.check(t, u.Write(t.Context(), u.session, u.ID.String(), r))
			u.unmoved()
		})
	}
}

func TestWriteIsTakenOnce(t *testing.T) {
	t.Parallel()
	u := newSite(t).register("ada")
	w := u.Draft(u.Put(chain.RecordOverview, seal.NewID(), 1, "first"))
	rival := u.Draft(u.Put(chain.RecordOverview, seal.NewID(), 1, "at the same time"))
	if err := u.Write(t.Context(), u.session, u.ID.String(), writeRequest(w)); err != nil {
		t.Fatal(err)
	}
	u.Apply(w)
	for _, late := range []testvault.Write{w, rival} {
		stale("does not follow revision 1").check(t, u.Write(t.Context(), u.session, u.ID.String(), writeRequest(late)))
	}
	u.unmoved()
}

func TestVaultsBelongToTheirMembers(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ada, eve := s.register("ada"), s.register("eve")
	ada.item("secret")
	w := writeRequest(ada.Draft(ada.Put(chain.RecordOverview, seal.NewID(), 1, "signed by ada")))
	none := refusal{protocol.CodeNotFound, "no such vault"}
	none.check(t, s.Write(t.Context(), eve.session, ada.ID.String(), w))
	bad("signed by another user").check(t, s.Write(t.Context(), eve.session, eve.ID.String(), w))
	for name, id := range map[string]string{"of ada": ada.ID.String(), "unknown": seal.NewID().String()} {
		_, err := s.VaultLog(t.Context(), eve.session, id, -1, 0)
		none.check(t, err)
		_, err = collect(s, eve.session, id)
		none.check(t, err)
		_, err = s.Attachments(t.Context(), eve.session, id)
		none.check(t, err)
		_, err = s.Chunk(t.Context(), eve.session, id, seal.NewID().String(), "1")
		none.check(t, err)
		none.check(t, s.PutChunk(t.Context(), eve.session, id, seal.NewID().String(), "1",
			protocol.Chunk{Count: 1, Token: testvault.Chunks("x")[0].Token}))
		if t.Failed() {
			t.Fatalf("vault %s", name)
		}
	}
	for _, id := range []string{"", "AAAAAAAAAAAAAAAAAAAAAA", "x", ada.ID.String() + "\n"} {
		bad("vault").check(t, s.Write(t.Context(), ada.session, id, w))
	}
	ada.unmoved()
	eve.unmoved()
}

// overtaken lets something happen between the reads of head and lines.
type overtaken struct {
	*sqlite.Store
	before func()
	damage bool
}

func (o *overtaken) LiveLines(ctx context.Context, id chain.ID, buckets []byte) (map[byte][]chain.Line, error) {
	o.before()
	lines, err := o.Store.LiveLines(ctx, id, buckets)
	if o.damage {
		clear(lines)
	}
	return lines, err
}

func TestWriteThatIsOvertakenIsStale(t *testing.T) {
	t.Parallel()
	o := &overtaken{before: func() {}}
	u := newSiteOn(t, func(s *sqlite.Store) vault.Store { o.Store = s; return o }).register("ada")
	u.item("first")
	first := u.Operations[0][0]
	late := writeRequest(u.Draft(u.Put(chain.RecordDetails, first.ID, 2, "late")))
	o.before = func() {
		o.before = func() {}
		u.save(u.Put(chain.RecordDetails, first.ID, 2, "in time"))
	}
	stale("").check(t, u.Write(t.Context(), u.session, u.ID.String(), late))
	u.unmoved()
	o.damage = true
	next := writeRequest(u.Draft(u.Put(chain.RecordDetails, first.ID, 3, "next")))
	refusal{protocol.CodeInternal, "live lines in the store"}.check(t, u.Write(t.Context(), u.session, u.ID.String(), next))
}
