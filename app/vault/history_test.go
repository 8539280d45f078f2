package vault_test

import (
	"slices"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// wired names a record as a client asks for its token.
func wired(o testvault.Operation) protocol.KeptToken {
	return protocol.KeptToken{
		ItemID: o.ID.String(), Kind: o.Kind.Wire(), Version: int64(o.Version), Epoch: int64(o.Epoch), Hash: encode(o.Hash[:]),
	}
}

// ask asks for tokens in a session.
func (s *site) ask(session vault.Session, vaultID string, tokens ...protocol.KeptToken) (got []string, err error) {
	err = s.Tokens(s.t.Context(), session, vaultID, protocol.TokensRequest{Tokens: tokens}, func(token string) error {
		got = append(got, token)
		return nil
	})
	return got, err
}

func TestHistoryIsForMembers(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ada, eve := s.register("ada"), s.register("eve")
	old := ada.Put(chain.RecordOverview, seal.NewID(), 1, "secret")
	ada.save(old)
	ada.save(testvault.Delete(old))
	none := refusal{protocol.CodeNotFound, "no such vault"}
	for name, id := range map[string]string{"of ada": ada.ID.String(), "unknown": seal.NewID().String()} {
		_, err := s.History(t.Context(), eve.session, id, 1, 2)
		none.check(t, err)
		tokens, err := s.ask(eve.session, id, wired(old))
		none.check(t, err)
		if t.Failed() || len(tokens) > 0 {
			t.Fatalf("vault %s: %d tokens", name, len(tokens))
		}
	}
	// In the own vault, the lines of another lead nowhere.
	if got, err := s.ask(eve.session, eve.ID.String(), wired(old)); err != nil || !slices.Equal(got, []string{""}) {
		t.Errorf("%.60q, %v", got, err)
	}
	for _, id := range []string{"", "AAAAAAAAAAAAAAAAAAAAAA", "x", ada.ID.String() + "\n"} {
		_, err := s.History(t.Context(), ada.session, id, 1, 2)
		bad("vault").check(t, err)
		_, err = s.ask(ada.session, id, wired(old))
		bad("vault").check(t, err)
	}
	got, err := s.ask(ada.session, ada.ID.String(), wired(old), wired(old))
	if err != nil || !slices.Equal(got, []string{old.Token, old.Token}) {
		t.Errorf("%.60q, %v", got, err)
	}
}

func TestHistoryIsBounded(t *testing.T) {
	t.Parallel()
	u := newSite(t).register("ada")
	for range protocol.MaxHistoryWrites + 2 {
		u.save(u.PutToken(chain.RecordDetails, seal.NewID(), 1, testvault.Chunks("x")[0].Token))
	}
	u.renew(testvault.Renewal{Card: true})
	u.item("signed with the second card")
	newest := u.State.Revision
	for _, c := range []struct{ from, to, first, last int64 }{
		{1, 1, 1, 1}, {3, 5, 3, 5}, {1, chain.MaxNumber, 1, protocol.MaxHistoryWrites}, {newest - 1, newest + 7, newest - 1, newest},
		{newest + 1, chain.MaxNumber, 1, 0}, {chain.MaxNumber, chain.MaxNumber, 1, 0},
	} {
		got, err := u.Service.History(t.Context(), u.session, u.ID.String(), c.from, c.to)
		if err != nil {
			t.Fatal(err)
		}
		var writes, operations []string
		for n := c.first; n <= c.last; n++ {
			writes, operations = append(writes, encode(u.Writes[n-1].Encode())), append(operations, encode(chain.EncodeOperations(u.Operations[n-1])))
		}
		if !slices.Equal(got.Writes, writes) || !slices.Equal(got.Operations, operations) {
			t.Errorf("from %d to %d: %d writes, %d operations, want %d", c.from, c.to, len(got.Writes), len(got.Operations), len(writes))
		}
		var cards []string
		for i, card := range u.Owner.Cards {
			if i == 0 && c.first < newest && c.last > 0 || i == 1 && c.last == newest {
				cards = append(cards, encode(card.Encode()))
			}
		}
		if !slices.Equal(got.Cards, cards) || got.Cards == nil {
			t.Errorf("from %d to %d: %d cards, want %d", c.from, c.to, len(got.Cards), len(cards))
		}
	}
	for _, c := range []struct {
		from, to int64
		want     string
	}{
		{0, 1, "from must be"}, {-1, 1, "from must be"}, {2, 1, "to must be"}, {1, 0, "to must be"}, {1, chain.MaxNumber + 1, "to must be"},
		{chain.MaxNumber + 1, chain.MaxNumber + 1, "from must be"}, {-1 << 63, 1<<63 - 1, "from must be"},
	} {
		_, err := u.Service.History(t.Context(), u.session, u.ID.String(), c.from, c.to)
		bad(c.want).check(t, err)
	}
}

func TestGarbageHasNoTokens(t *testing.T) {
	t.Parallel()
	u := newSite(t).register("ada")
	u.item("content")
	line := wired(testvault.Operation{Operation: u.Operations[0][0]})
	with := func(change func(k *protocol.KeptToken)) []protocol.KeptToken {
		k := line
		change(&k)
		return []protocol.KeptToken{line, k}
	}
	for _, c := range []struct {
		tokens []protocol.KeptToken
		want   string
	}{
		{nil, "tokens must be"},
		{slices.Repeat([]protocol.KeptToken{line}, protocol.MaxHistoryTokens+1), "tokens must be"},
		{with(func(k *protocol.KeptToken) { k.Kind = protocol.RecordAttachment }), "tokens[1].kind"},
		{with(func(k *protocol.KeptToken) { k.Kind = "" }), "tokens[1].kind"},
		{with(func(k *protocol.KeptToken) { k.Kind = "x" }), "tokens[1].kind"},
		{with(func(k *protocol.KeptToken) { k.ItemID = "" }), "tokens[1].item_id"},
		{with(func(k *protocol.KeptToken) { k.ItemID = "AAAAAAAAAAAAAAAAAAAAAA" }), "tokens[1].item_id"},
		{with(func(k *protocol.KeptToken) { k.ItemID += "\n" }), "tokens[1].item_id"},
		{with(func(k *protocol.KeptToken) { k.Version = 0 }), "tokens[1] has"},
		{with(func(k *protocol.KeptToken) { k.Version = 1 << 32 }), "tokens[1] has"},
		{with(func(k *protocol.KeptToken) { k.Epoch = -1 }), "tokens[1] has"},
		{with(func(k *protocol.KeptToken) { k.Epoch = 1 << 32 }), "tokens[1] has"},
		{with(func(k *protocol.KeptToken) { k.Hash = "" }), "tokens[1].hash"},
		{with(func(k *protocol.KeptToken) { k.Hash = k.Hash[1:] }), "tokens[1].hash"},
		{with(func(k *protocol.KeptToken) { k.Hash = k.Hash[:42] + "_" }), "tokens[1].hash"},
	} {
		tokens, err := u.ask(u.session, u.ID.String(), c.tokens...)
		bad(c.want).check(t, err)
		if len(tokens) > 0 {
			t.Errorf("%s: %d tokens", c.want, len(tokens))
		}
	}
	got, err := u.ask(u.session, u.ID.String(), slices.Repeat([]protocol.KeptToken{line}, protocol.MaxHistoryTokens)...)
	if err != nil || len(got) != protocol.MaxHistoryTokens || got[0] == "" || got[len(got)-1] != got[0] {
		t.Errorf("%d tokens, %v", len(got), err)
	}
}

// withLimits gives a site other quotas.
func (s *site) withLimits(l vault.Limits) {
	s.t.Helper()
	ring, err := vault.ParseKeyring(vault.NewKey())
	if err != nil {
		s.t.Fatal(err)
	}
	s.Service = newService(s.t, s.store, ring, l, s.clock)
}

func (u *user) send(ops ...testvault.Operation) error {
	return u.Write(u.t.Context(), u.session, u.ID.String(), writeRequest(u.Draft(ops...)))
}

// A fake client that replaces its records over and over meets its quota, and nothing goes early.
func TestKeptTokensHaveAQuota(t *testing.T) {
	t.Parallel()
	u := newSite(t).register("ada")
	first := u.Put(chain.RecordDetails, seal.NewID(), 1, "content")
	size := int64(len(first.Token)) + vault.RecordWeight
	u.withLimits(vault.Limits{Records: vault.Quota{Bytes: 3 * size}, Attachments: size, Sessions: 50})
	u.save(first)
	old := []testvault.Operation{first}
	full := refusal{protocol.CodeKeptQuota, "frees"}
	next := func() []testvault.Operation {
		last := old[len(old)-1]
		old = append(old, u.Put(last.Kind, last.ID, last.Version+1, "content"))
		return []testvault.Operation{testvault.Delete(last), old[len(old)-1]}
	}
	for range 7 { // twice the quota of records, and that of attachments
		u.save(next()...)
	}
	full.check(t, u.send(next()...))
	u.unmoved()
	old = old[:8]
	u.save(u.Put(chain.RecordDetails, seal.NewID(), 1, "content")) // replaces nothing

	// A thief of the session, who cannot sign, takes none of it, and reads what its user reads.
	forged := u.Draft(testvault.Delete(old[7]))
	forged.Write.Signature[0]++
	if err := u.Write(t.Context(), u.session, u.ID.String(), writeRequest(forged)); err == nil {
		t.Error("a write without a signature was stored")
	}
	u.unmoved()

	u.clock.move(vault.KeptLife - time.Millisecond)
	for i, o := range old {
		if got, err := u.ask(u.session, u.ID.String(), wired(o)); err != nil || !slices.Equal(got, []string{o.Token}) {
			t.Errorf("token %d is %.40q, %v", i, got, err)
		}
	}
	u.clock.move(time.Millisecond)
	if got, err := u.ask(u.session, u.ID.String(), wired(old[0]), wired(old[7])); err != nil || !slices.Equal(got, []string{"", old[7].Token}) {
		t.Errorf("after 30 days: %.60q, %v", got, err)
	}
	full.check(t, u.send(next()...)) // the day is not over
	old = old[:8]
	u.clock.move(24 * time.Hour)
	u.save(next()...)
}

// Re-sealing everything leaves half of the quota to changes, and a new card starts afresh.
func TestResealingMayFillHalfTheQuota(t *testing.T) {
	t.Parallel()
	u := newSite(t).register("ada")
	const n = 4
	var all []testvault.Operation
	for range n {
		all = append(all, u.Put(chain.RecordDetails, seal.NewID(), 1, "content"))
	}
	size := int64(len(all[0].Token)) + vault.RecordWeight
	u.withLimits(vault.Limits{Records: vault.Quota{Bytes: n * size}, Sessions: 50})
	u.save(all...)
	reseal := func() (ops []testvault.Operation) {
		for i, o := range all {
			all[i] = u.Put(o.Kind, o.ID, o.Version, "content")
			ops = append(ops, testvault.Delete(o), all[i])
		}
		return ops
	}
	u.renew(testvault.Renewal{Epoch: true})
	u.save(reseal()...)
	u.renew(testvault.Renewal{Epoch: true})
	was := slices.Clone(all)
	refusal{protocol.CodeKeptQuota, "frees"}.check(t, u.send(reseal()...))
	all = was
	edit := u.Put(all[0].Kind, all[0].ID, 2, "content")
	u.save(testvault.Delete(all[0]), edit)
	all[0] = edit
	u.renew(testvault.Renewal{Card: true, Epoch: true})
	u.save(reseal()...)
	u.unmoved()
}
