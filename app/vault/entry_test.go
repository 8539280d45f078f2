package vault_test

import (
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// rotateRequest is what a client sends to rotate the vault.
func rotateRequest(e testvault.Entry) protocol.VaultEntryRequest {
	in := protocol.VaultEntryRequest{Entry: encode(e.Entry.Encode())}
	for _, envelope := range e.Envelopes {
		in.Envelopes = append(in.Envelopes, encode(envelope))
	}
	return in
}

func TestAVaultRotates(t *testing.T) {
	t.Parallel()
	u := newSite(t).register("ada")
	u.item("first")
	other := u.mustLogin()
	e := u.DraftRotate()
	if err := u.Entry(t.Context(), u.session, u.ID.String(), rotateRequest(e)); err != nil {
		t.Fatal(err)
	}
	u.Follow(e)
	u.unmoved()
	u.item("second") // under the new epoch
	u.unmoved()
	if _, err := u.store.Session(t.Context(), other.Hash, u.clock.Now()); err != nil {
		t.Errorf("the other session: %v", err)
	}
	envelope, err := u.store.Envelope(t.Context(), u.ID, e.Entry.Roster[0].Envelope)
	if err != nil || string(envelope) != string(u.Envelope) {
		t.Errorf("the envelope: %v", err)
	}
}

// A thief has the token of a session and can send whatever the owner ever signed.
func TestSessionAloneCannotRotate(t *testing.T) {
	t.Parallel()
	u := newSite(t).register("ada")
	u.item("first")
	u.renew(testvault.Renewal{Epoch: true, Card: true})
	former := u.Owner.CardKeys[0].Signing
	u.renew(testvault.Renewal{})
	u.item("second")
	stolen := u.mustLogin()
	for name, c := range map[string]struct {
		forge func(e *chain.Entry) // before it is signed
		sign  chain.Signer         // nil: the owner
		sent  func(r *protocol.VaultEntryRequest)
		want  refusal
	}{
		"signed by the thief":     {sign: signerOf(thief), want: bad("signature is wrong")},
		"signed by a former card": {sign: former, want: bad("signature is wrong")},
		"by a former card as author": {sign: former, forge: func(e *chain.Entry) {
			e.AuthorCard = u.Owner.Cards[0].Hash()
		}, want: bad("author is not a member")},
		"by the thief as author": {sign: signerOf(thief), forge: func(e *chain.Entry) {
			e.Author, e.AuthorCard = thief.ID, thief.Card().Hash()
		}, want: bad("signed by another user")},
		"for another vault":        {forge: func(e *chain.Entry) { e.Vault = thief.ID }, want: bad("another vault")},
		"of another type":          {forge: func(e *chain.Entry) { e.Type = chain.Shared }, want: bad("another vault")},
		"without a new epoch":      {forge: func(e *chain.Entry) { e.Epoch = u.State.Entry.Epoch }, want: bad("epoch")},
		"with the commitment kept": {forge: func(e *chain.Entry) { e.Commitment = u.State.Entry.Commitment }, want: bad("epoch")},
		"that skips an epoch":      {forge: func(e *chain.Entry) { e.Epoch++ }, want: bad("epoch")},
		"without the previous key": {forge: func(e *chain.Entry) { e.PreviousKeys = "" }, want: bad("epoch")},
		"with many previous keys": {forge: func(e *chain.Entry) {
			e.PreviousKeys = string(make([]byte, 5000))
		}, want: refusal{protocol.CodeTooLarge, "entry"}},
		"with another annex":  {forge: func(e *chain.Entry) { e.Annex[0]++ }, want: bad("annex")},
		"with another card":   {forge: func(e *chain.Entry) { e.Roster[0].Card = thief.Card().Hash() }, want: bad("roster changed")},
		"with another member": {forge: func(e *chain.Entry) { e.Roster[0].User = thief.ID }, want: bad("roster changed")},
		"under a known write": {forge: func(e *chain.Entry) { e.Revision, e.Write = 1, chain.Hash{1} }, want: stale("older than a known write")},
		"with another write":  {forge: func(e *chain.Entry) { e.Write[0]++ }, want: stale("another is known")},
		"after another entry": {forge: func(e *chain.Entry) { e.Previous[0]++ }, want: stale("does not follow")},
		"of an earlier place": {forge: func(e *chain.Entry) { e.Sequence-- }, want: stale("does not follow")},
		"an account entry": {sent: func(r *protocol.VaultEntryRequest) {
			r.Entry = encode(u.DraftAccount(testvault.Renewal{Epoch: true}).Entry.Encode())
		}, want: bad("must be a rotate entry")},
		"with another envelope":   {sent: func(r *protocol.VaultEntryRequest) { r.Envelopes[0] = damaged(r.Envelopes[0]) }, want: bad("envelopes[0]")},
		"without the envelope":    {sent: func(r *protocol.VaultEntryRequest) { r.Envelopes = nil }, want: bad("envelopes leave out one")},
		"with the envelope twice": {sent: func(r *protocol.VaultEntryRequest) { r.Envelopes = append(r.Envelopes, r.Envelopes[0]) }, want: bad("envelopes[1]")},
		"with many envelopes":     {sent: func(r *protocol.VaultEntryRequest) { r.Envelopes = make([]string, 21) }, want: bad("envelopes must be at most 20")},
		"with a long envelope":    {sent: func(r *protocol.VaultEntryRequest) { r.Envelopes[0] = encode(make([]byte, 1<<16)) }, want: refusal{protocol.CodeTooLarge, "envelopes[0]"}},
		"no entry":                {sent: func(r *protocol.VaultEntryRequest) { r.Entry = "" }, want: bad("entry must not be empty")},
	} {
		t.Run(name, func(t *testing.T) {
			e := u.DraftRotate()
			if c.forge != nil {
				c.forge(e.Entry)
			}
			if c.sign == nil {
				c.sign = u.signer()
			}
			e.Entry.Sign(c.sign)
			r := rotateRequest(e)
			if c.sent != nil {
				c.sent(&r)
			}
			c.want.check(t, u.Entry(t.Context(), stolen, u.ID.String(), r))
			u.unmoved()
		})
	}
}

func TestRotateOfAnotherVaultIsRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	u, eve := s.register("ada"), s.register("eve")
	r := rotateRequest(u.DraftRotate())
	refusal{protocol.CodeNotFound, "no such vault"}.check(t, eve.Entry(t.Context(), eve.session, u.ID.String(), r))
	bad("signed by another user").check(t, eve.Entry(t.Context(), eve.session, eve.ID.String(), r))
	other := rotateRequest(u.DraftRotate())
	for range 2 { // the same again is accepted
		if err := u.Entry(t.Context(), u.session, u.ID.String(), r); err != nil {
			t.Fatal(err)
		}
	}
	stale("").check(t, u.Entry(t.Context(), u.session, u.ID.String(), other))
}
