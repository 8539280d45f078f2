package vault_test

import (
	"encoding/binary"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/app/store/sqlite"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// restored returns the user at a server that was restored from a backup of now, after change. The user's device keeps what it has.
func (u *user) restored(change func()) *user {
	u.t.Helper()
	file := filepath.Join(u.t.TempDir(), "backup.db")
	if err := sqlite.Backup(u.t.Context(), u.path, file); err != nil {
		u.t.Fatal(err)
	}
	change()
	back := *u
	back.site = openSite(u.t, file, u.ring, u.clock, func(s *sqlite.Store) vault.Store { return s })
	return &back
}

func (u *user) head() vault.Head {
	u.t.Helper()
	h, err := u.store.Head(u.t.Context(), u.ID)
	if err != nil {
		u.t.Fatal(err)
	}
	return h
}

func (u *user) nonce() chain.Nonce {
	u.t.Helper()
	state, err := u.ResendState(u.t.Context(), u.ID.String())
	if err != nil {
		u.t.Fatal(err)
	}
	return chain.Nonce(must(decode(state.Nonce)))
}

// resent returns what the user's device sends again, signed over a nonce.
func (u *user) resent(nonce chain.Nonce) protocol.ResendRequest {
	return u.ResendRequest(u.head(), nonce)
}

func (u *user) resend(in protocol.ResendRequest) (protocol.ResendAnswer, error) {
	return u.Service.Resend(u.t.Context(), u.ID.String(), in)
}

func (u *user) mustResend(in protocol.ResendRequest) protocol.ResendAnswer {
	u.t.Helper()
	answer, err := u.resend(in)
	if err != nil {
		u.t.Fatal(err)
	}
	return answer
}

// busy does what a user does in a month: items, changes, deletions, a new epoch, a new card, another password.
func (u *user) busy() {
	u.t.Helper()
	id := seal.NewID()
	first := u.Put(chain.RecordOverview, id, 1, "first")
	u.save(first, u.Put(chain.RecordDetails, id, 1, "details"))
	second := u.Put(chain.RecordOverview, id, 2, "second")
	u.save(testvault.Delete(first), second)
	u.renew(testvault.Renewal{Epoch: true, Card: true})
	third := u.Put(chain.RecordOverview, id, 2, "in the new epoch")
	u.save(testvault.Delete(second), third)
	u.renew(newPassword())
	u.item("after the password")
	u.save(testvault.Delete(third))
}

func TestDeviceLeadsARestoredServerBack(t *testing.T) {
	t.Parallel()
	u := newSite(t).register("ada")
	u.item("before the backup")
	back := u.restored(u.busy)
	old := *back
	old.authKey, _ = testvault.NewPerson("x").AuthKeys()
	in := back.resent(back.nonce())
	if answer := back.mustResend(in); len(answer.Lost) != 0 {
		t.Errorf("lost %v", answer.Lost)
	}
	back.authKey = u.authKey
	back.session = back.mustLogin() // with the new password, of which the server never saw the key
	back.unmoved()
	_, err := old.login()
	refusal{protocol.CodeInvalidCredentials, ""}.check(t, err)
	back.item("afterwards")
	back.unmoved()
	// The whole vault is what the device has.
	a := &answerLog{}
	if err := back.Changes(t.Context(), back.session, back.ID.String(), vault.Asked{After: -1}, a); err != nil {
		t.Fatal(err)
	}
	for _, r := range a.records {
		kind := must(chain.ParseRecordKind(r.Kind))
		line, _ := back.Live.Find(kind, must(chain.ParseID(r.ItemID)), uint32(r.Version)) // #nosec G115 -- small
		if back.Tokens[line] != r.Token {
			t.Errorf("another token for %s %s", r.Kind, r.ItemID)
		}
	}
	if int64(len(a.records)) != back.Live.Count() {
		t.Errorf("%d records, want %d", len(a.records), back.Live.Count())
	}
}

type answerLog struct{ records []protocol.VaultRecord }

func (a *answerLog) Log(protocol.VaultLog) error { return nil }

func (a *answerLog) Write(r protocol.VaultRecord) error {
	a.records = append(a.records, r)
	return nil
}

// A device sends the same bytes again if the answer was lost.
func TestResendAgainIsDone(t *testing.T) {
	t.Parallel()
	u := newSite(t).register("ada")
	back := u.restored(u.busy)
	in := back.resent(back.nonce())
	back.mustResend(in)
	back.mustResend(in)
	back.authKey = u.authKey
	back.session = back.mustLogin()
	back.unmoved()
}

// Two devices send again at once: one wins, and the other has nothing left to send.
func TestTwoDevicesResend(t *testing.T) {
	t.Parallel()
	u := newSite(t).register("ada")
	back := u.restored(func() { u.item("one"); u.item("two") })
	first, second := back.resent(back.nonce()), back.resent(back.nonce())
	back.mustResend(first)
	back.mustResend(second) // leads to the same state
	back.unmoved()
}

// A device that is behind others leads the server to its own state, and the others from there.
func TestDeviceBehindOthersResends(t *testing.T) {
	t.Parallel()
	u := newSite(t).register("ada")
	var behind testvault.Vault
	back := u.restored(func() {
		u.item("one")
		behind = *u.Vault
		u.item("two")
	})
	other := *back
	other.Vault = &behind
	asked := back.nonce()
	other.mustResend(other.resent(other.nonce()))
	other.unmoved()
	late := back.resent(asked)
	_, err := back.resend(late)
	bad("nonce").check(t, err)
	back.mustResend(back.resent(back.nonce()))
	back.unmoved()
}

// A backup lacks the chunks of newer attachments. They do not block the rest.
func TestLostAttachmentsAreNamed(t *testing.T) {
	t.Parallel()
	u := newSite(t).register("ada")
	stays, gone, lost, half := testvault.Chunks("stays"), testvault.Chunks("gone"), testvault.Chunks("lost", "in two"), testvault.Chunks("half", "of two")
	put := func(chunks []vault.Chunk) {
		t.Helper()
		for _, c := range chunks {
			if err := u.PutChunk(t.Context(), u.session, u.ID.String(), c.Attachment.String(), strconv.Itoa(c.Number), protocol.Chunk{Count: c.Count, Token: c.Token}); err != nil {
				t.Fatal(err)
			}
		}
	}
	put(stays)
	put(half[:1])
	back := u.restored(func() {
		put(gone)
		put(lost)
		put(half[1:])
		u.save(testvault.Attach(gone[0].Attachment, gone))
		u.save(testvault.Delete(testvault.Attach(gone[0].Attachment, gone)), testvault.Attach(stays[0].Attachment, stays),
			testvault.Attach(lost[0].Attachment, lost), testvault.Attach(half[0].Attachment, half))
		u.item("beside it")
	})
	answer := back.mustResend(back.resent(back.nonce()))
	want := []string{lost[0].Attachment.String(), half[0].Attachment.String()}
	slices.Sort(want)
	slices.Sort(answer.Lost)
	if !slices.Equal(answer.Lost, want) {
		t.Errorf("lost %v, want %v", answer.Lost, want)
	}
	back.unmoved()
	if _, err := back.Chunk(t.Context(), back.session, back.ID.String(), stays[0].Attachment.String(), "1"); err != nil {
		t.Error(err)
	}
	_, err := back.Chunk(t.Context(), back.session, back.ID.String(), half[0].Attachment.String(), "1")
	refusal{protocol.CodeNotFound, ""}.check(t, err)
	// The lost ones can be deleted.
	back.save(testvault.Delete(testvault.Attach(lost[0].Attachment, lost)), testvault.Delete(testvault.Attach(half[0].Attachment, half)))
	back.unmoved()
}

// A stranger has everything that a device ever sent, and the ID of the vault.
func TestStrangersCannotResend(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	other := s.register("eve")
	u := s.register("ada")
	u.item("before the backup")
	former := signerOf(u.Owner)
	formerCard := u.Owner.Card().Hash()
	back := u.restored(u.busy)
	sign := func(r *chain.Resend, by chain.Signer) protocol.Signed {
		r.Sign(by)
		return encode(r.Encode())
	}
	statement := func(nonce chain.Nonce) *chain.Resend { return u.State.Resend(nonce, u.Owner.ID, u.Owner.Card().Hash()) }
	forgedWrite := func(in *protocol.ResendRequest, edit func(w *chain.Write)) {
		last := len(in.Writes) - 1
		w := must(chain.ParseWrite(must(decode(in.Writes[last].Write))))
		edit(w)
		in.Writes[last].Write = encode(w.Encode())
	}
	for name, c := range map[string]struct {
		nonce func() chain.Nonce
		sent  func(in *protocol.ResendRequest, nonce chain.Nonce)
		want  refusal
	}{
		"signed by the stranger": {sent: func(in *protocol.ResendRequest, n chain.Nonce) { in.Resend = sign(statement(n), signerOf(thief)) }, want: bad("signature is wrong")},
		"by the stranger as author": {sent: func(in *protocol.ResendRequest, n chain.Nonce) {
			in.Resend = sign(u.State.Resend(n, thief.ID, thief.Card().Hash()), signerOf(thief))
		}, want: bad("author is not a member")},
		"by a former card": {sent: func(in *protocol.ResendRequest, n chain.Nonce) {
			in.Resend = sign(u.State.Resend(n, u.Owner.ID, formerCard), former)
		}, want: bad("author is not a member")},
		"by a former key":                              {sent: func(in *protocol.ResendRequest, n chain.Nonce) { in.Resend = sign(statement(n), former) }, want: bad("signature is wrong")},
		"with an old signature":                        {nonce: func() chain.Nonce { return chain.Nonce{1} }, want: bad("nonce")},
		"with another vault's nonce":                   {nonce: other.nonce, want: bad("nonce")},
		"with a nonce of the server before the backup": {nonce: u.nonce, want: bad("nonce")},
		"with a nonce that lasts": {nonce: func() chain.Nonce {
			n := back.nonce()
			binary.BigEndian.PutUint64(n[:8], binary.BigEndian.Uint64(n[:8])+1)
			return n
		}, want: bad("nonce")},
		"with an expired nonce": {nonce: func() chain.Nonce {
			n := back.nonce()
			s.clock.mu.Lock()
			s.clock.now = s.clock.now.Add(11 * time.Minute)
			s.clock.mu.Unlock()
			return n
		}, want: bad("nonce")},
		"to another state": {sent: func(in *protocol.ResendRequest, n chain.Nonce) {
			r := statement(n)
			r.Revision--
			in.Resend = sign(r, u.signer())
		}, want: stale("leads to another state")},
		"of another vault": {sent: func(in *protocol.ResendRequest, n chain.Nonce) {
			r := statement(n)
			r.Vault = other.ID
			in.Resend = sign(r, u.signer())
		}, want: bad("another vault")},
		"that leaves out a write":  {sent: func(in *protocol.ResendRequest, _ chain.Nonce) { in.Writes = slices.Delete(in.Writes, 1, 2) }, want: stale("remembered state")},
		"that begins too late":     {sent: func(in *protocol.ResendRequest, _ chain.Nonce) { in.Writes = in.Writes[1:] }, want: stale("remembered state")},
		"that leaves out an entry": {sent: func(in *protocol.ResendRequest, _ chain.Nonce) { in.Entries = in.Entries[1:] }, want: stale("does not follow")},
		"without the entries": {sent: func(in *protocol.ResendRequest, _ chain.Nonce) {
			in.Entries, in.Cards, in.Keys, in.Envelope = nil, nil, nil, ""
		}, want: stale("log entry")},
		"with a forged write": {sent: func(in *protocol.ResendRequest, _ chain.Nonce) { forgedWrite(in, func(w *chain.Write) { w.Time++ }) }, want: bad("signature is wrong")},
		"with another root": {sent: func(in *protocol.ResendRequest, _ chain.Nonce) {
			forgedWrite(in, func(w *chain.Write) { w.Root[0]++; w.Sign(u.signer()) })
		}, want: stale("leads to another state")},
		"with other operations": {sent: func(in *protocol.ResendRequest, _ chain.Nonce) { in.Writes[0].Operations = in.Writes[1].Operations }, want: bad("operations are not valid")},
		"without operations":    {sent: func(in *protocol.ResendRequest, _ chain.Nonce) { in.Writes[0].Operations = "" }, want: bad("must not be empty")},
		"with a token too few":  {sent: func(in *protocol.ResendRequest, _ chain.Nonce) { in.Tokens = in.Tokens[1:] }, want: bad("tokens")},
		"with a token too many": {sent: func(in *protocol.ResendRequest, _ chain.Nonce) { in.Tokens = append(in.Tokens, in.Tokens[0]) }, want: bad("tokens")},
		"with exchanged tokens": {sent: func(in *protocol.ResendRequest, _ chain.Nonce) {
			in.Tokens[0], in.Tokens[1] = in.Tokens[1], in.Tokens[0]
		}, want: bad("tokens[0]")},
		"without the new card": {sent: func(in *protocol.ResendRequest, _ chain.Nonce) { in.Cards = nil }, want: bad("card is missing")},
		"with the stranger's card": {sent: func(in *protocol.ResendRequest, _ chain.Nonce) {
			in.Cards = append(in.Cards, encode(thief.Card().Encode()))
		}, want: bad("does not follow the card before")},
		"without keys":      {sent: func(in *protocol.ResendRequest, _ chain.Nonce) { in.Keys = nil }, want: bad("keys")},
		"without envelope":  {sent: func(in *protocol.ResendRequest, _ chain.Nonce) { in.Envelope = "" }, want: bad("envelope")},
		"with other wraps":  {sent: func(in *protocol.ResendRequest, _ chain.Nonce) { slices.Reverse(in.Keys.Wraps) }, want: bad("wraps")},
		"with the old keys": {sent: func(in *protocol.ResendRequest, _ chain.Nonce) { keys := wireKeys(other.Keys); in.Keys = &keys }, want: bad("keys")},
		"with nothing":      {sent: func(in *protocol.ResendRequest, _ chain.Nonce) { in.Entries, in.Writes = nil, nil }, want: bad("must not both be empty")},
		"not signed":        {sent: func(in *protocol.ResendRequest, _ chain.Nonce) { in.Resend = damaged(in.Resend) }, want: bad("signature is wrong")},
		"no statement":      {sent: func(in *protocol.ResendRequest, _ chain.Nonce) { in.Resend = "AgAA" }, want: bad("not canonical")},
	} {
		t.Run(name, func(t *testing.T) {
			nonce := back.nonce
			if c.nonce != nil {
				nonce = c.nonce
			}
			n := nonce()
			in := back.resent(n)
			if c.sent != nil {
				c.sent(&in, n)
			}
			before := back.head()
			_, err := back.resend(in)
			c.want.check(t, err)
			if now := back.head(); now.State.Write != before.State.Write || now.State.Entry.Hash() != before.State.Entry.Hash() {
				t.Error("the vault moved")
			}
		})
	}
	// What none of them changed is taken.
	back.mustResend(back.resent(back.nonce()))
}

func TestResendOfAnUnknownVault(t *testing.T) {
	t.Parallel()
	u := newSite(t).register("ada")
	in := protocol.ResendRequest{Resend: encode(u.Resend(chain.Nonce{1}).Encode()), Writes: []protocol.ResentWrite{}, Entries: []protocol.Signed{encode(u.Entries[1].Encode())}}
	for id, want := range map[string]refusal{seal.NewID().String(): {protocol.CodeNotFound, "vault"}, "ada": bad("vault")} {
		_, err := u.ResendState(t.Context(), id)
		want.check(t, err)
		_, err = u.Service.Resend(t.Context(), id, in)
		want.check(t, err)
	}
	// Before the first write, the head would be an entry: a stranger who knows it could ask for the log.
	state, err := u.ResendState(t.Context(), u.ID.String())
	if err != nil || state.Head != encode(make([]byte, 32)) || state.Revision != 0 || state.Sequence != 1 {
		t.Errorf("%+v, %v", state, err)
	}
}

// A member cannot get past the quotas by re-sending.
func TestResendKeepsTheQuota(t *testing.T) {
	t.Parallel()
	u := newSite(t).register("ada")
	back := *u
	v := *u.Vault
	back.Vault = &v
	for range 3 {
		var ops []testvault.Operation
		for range 400 {
			ops = append(ops, back.Put(chain.RecordOverview, seal.NewID(), 1, "item"))
		}
		back.Apply(back.Draft(ops...))
	}
	_, err := back.resend(back.resent(back.nonce()))
	refusal{protocol.CodeItemQuotaReached, ""}.check(t, err)
	u.unmoved()
}

// A thief of the key cannot use up the time of old tokens: what he sends again is kept on the same quota as what he writes.
func TestResendKeepsWhatItReplaces(t *testing.T) {
	t.Parallel()
	u := newSite(t).register("ada")
	first := u.Put(chain.RecordDetails, seal.NewID(), 1, "content")
	size := int64(len(first.Token)) + vault.RecordWeight
	u.withLimits(vault.Limits{Records: vault.Quota{Bytes: 3 * size}, Sessions: 50})
	u.save(first)
	other := u.Put(chain.RecordDetails, seal.NewID(), 1, "another")
	u.save(other)
	thief := *u
	stolen := *u.Vault
	thief.Vault = &stolen
	last := first
	for range 6 { // fills twice the quota of records
		next := thief.Put(last.Kind, last.ID, last.Version+1, "garbage")
		thief.Apply(thief.Draft(testvault.Delete(last), next))
		thief.mustResend(thief.resent(thief.nonce()))
		last = next
	}
	if got, err := thief.ask(thief.session, thief.ID.String(), wired(first)); err != nil || !slices.Equal(got, []string{first.Token}) {
		t.Errorf("%.60q, %v", got, err)
	}
	head := thief.head()
	thief.Apply(thief.Draft(testvault.Delete(last), testvault.Delete(other)))
	_, err := thief.resend(thief.resent(thief.nonce()))
	refusal{protocol.CodeKeptQuota, "frees"}.check(t, err)
	if thief.head().State.Write != head.State.Write {
		t.Error("the vault moved")
	}
}

// A thief of the key cannot make the server drop chunks by putting another attachment with the same ID, as one that a backup lacks.
func TestResendDropsNoChunks(t *testing.T) {
	t.Parallel()
	u := newSite(t).register("ada")
	chunks := testvault.Chunks("content", "of two chunks")
	for _, c := range chunks {
		if err := u.PutChunk(t.Context(), u.session, u.ID.String(), c.Attachment.String(), strconv.Itoa(c.Number), protocol.Chunk{Count: c.Count, Token: c.Token}); err != nil {
			t.Fatal(err)
		}
	}
	put := testvault.Attach(chunks[0].Attachment, chunks)
	other := testvault.Attach(chunks[0].Attachment, testvault.Chunks("garbage"))
	u.save(put)
	attack := func(ops ...testvault.Operation) {
		t.Helper()
		thief := *u
		stolen := *u.Vault
		thief.Vault = &stolen
		for _, o := range ops {
			thief.Apply(thief.Draft(o))
		}
		_, err := thief.resend(thief.resent(thief.nonce()))
		bad("other chunks").check(t, err)
		u.unmoved()
		for _, c := range chunks {
			got, err := u.Chunk(t.Context(), u.session, u.ID.String(), c.Attachment.String(), strconv.Itoa(c.Number))
			if err != nil || got.Token != c.Token {
				t.Errorf("chunk %d: %v", c.Number, err)
			}
		}
	}
	attack(testvault.Delete(put), other)
	u.save(testvault.Delete(put))
	attack(other)
}
