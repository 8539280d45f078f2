//go:build integration

package attack

import (
	"net/http"
	"slices"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// Attacks of a thief who has copied the account key and all that it opens. Then anna changes her keys.
var rotations = []attack{
	{
		name: "old account key",
		does: "a thief of an old account key, with the server's data and a session, reads what is new and signs",
		run: func(s *stage) string {
			old := s.steal()
			s.rotate()
			must(s.T, s.phone.add(s.T, "New"))
			must(s.T, s.device.signIn(s.T))
			s.known = []string{"Bank", "Mail", "New"}
			s.readsNothing(old)
			stored := s.stored()
			var refusals []string
			for what, try := range s.signed(old) {
				status, body := s.ask(s.device, try.method, s.path(s.device, try.path), try.body)
				if status < 400 || status >= 500 {
					s.Errorf("%s: the server answers %d %s", what, status, body)
				}
				refusals = append(refusals, http.StatusText(status))
			}
			if s.stored() != stored {
				s.Error("the server stores something else than before")
			}
			s.recovers(s.known...)
			s.stillOpens()
			slices.Sort(refusals)
			return "(nothing: the server refuses all of it with " + strings.Join(slices.Compact(refusals), ", ") + ")"
		},
	},
	rotated("old card's write", "shows a write that the thief of an old account key has signed, as the server",
		func(s *stage, old *held, whole protocol.VaultAnswer, v *protocol.VaultAnswer) {
			p := s.parse(whole)
			op, token := s.invented(&p)
			w := s.next(whole, []chain.Operation{op})
			w.AuthorCard = old.card.Hash()
			w.Sign(old.keys().Signing)
			h := w.Hash()
			v.Revision, v.Head, v.Writes = w.Revision, encode(h[:]), slices.Insert(v.Writes, 0, encode(w.Encode()))
			v.Records = append(v.Records, protocol.VaultRecord{
				ItemID: op.ID.String(), Kind: op.Kind.Wire(), Version: 1, Epoch: protocol.Epoch(op.Epoch), Revision: w.Revision, Token: token,
			})
			v.Cards = whole.Cards
		}),
	rotated("old card's entry", "shows an entry by which the thief of an old account key gives the vault a key that the thief knows, as the server",
		func(s *stage, old *held, whole protocol.VaultAnswer, v *protocol.VaultAnswer) {
			p, key := s.parse(whole), seal.NewEpochKey()
			e := *p.head()
			e.Sequence, e.Previous, e.Op, e.Epoch = e.Sequence+1, p.head().Hash(), chain.OpRotate, e.Epoch+1
			e.Revision, e.Write, e.AuthorCard = p.newest.Revision, p.newest.Hash(), old.card.Hash()
			e.Commitment, e.PreviousKeys = key.Commitment(e.Vault, e.Epoch), p.head().PreviousKeys+"x"
			envelope := good[[]byte](s)(key.SealEnvelope(e.Vault, e.Epoch, p.card))
			e.Roster = slices.Clone(e.Roster)
			e.Roster[0].Envelope = chain.HashOf(chain.HashEnvelope, envelope)
			e.Signatures = nil
			e.Sign(old.keys().Signing)
			v.Entries, v.Envelope, v.Sequence = append(v.Entries, encode(e.Encode())), encode(envelope), e.Sequence
			v.Cards = whole.Cards
		}),
	{
		name: "old account again",
		does: "shows the account from before the keys were changed, which the thief can open",
		run: func(s *stage) string {
			before := s.account(s.phone).Keys
			s.rotate()
			must(s.T, s.device.signIn(s.T))
			return s.refusedEverywhere(want{"another generation of the account key|" + altered.commandLine, altered.page},
				s.accounts(func(a *protocol.UserAccount) { a.Keys = before }))
		},
	},
}

// rotated is an attack on the history of a vault after its keys were changed, with what the thief has.
func rotated(name, does string, change func(s *stage, old *held, whole protocol.VaultAnswer, v *protocol.VaultAnswer)) attack {
	return attack{name: name, does: does, run: func(s *stage) string {
		old := s.steal()
		s.rotate()
		must(s.T, s.device.signIn(s.T))
		whole := s.whole(s.phone)
		return s.refusedEverywhere(either, s.vault(func(v *protocol.VaultAnswer) { change(s, old, whole, v) }))
	}}
}

// readsNothing checks that old keys open nothing of what the server has, except what they opened before.
func (s *stage) readsNothing(old *held) {
	s.Helper()
	a, whole := s.account(s.phone), s.whole(s.phone)
	p := s.parse(whole)
	if _, err := old.key.OpenIdentity(old.identity.User, s.document(a.Keys).KeyGeneration, a.Keys.Identity); err == nil {
		s.Error("the old account key opens the identity")
	}
	if _, err := old.keys().KEM.OpenEnvelope(p.head(), old.identity.User, bytesOf(s, whole.Envelope)); err == nil {
		s.Error("the old card opens the envelope")
	}
	sealed := 0
	for _, r := range whole.Records {
		if r.Kind == protocol.RecordAttachment {
			continue
		}
		sealed++
		place := seal.RecordPlace{
			Vault: p.newest.Vault, Epoch: uint32(r.Epoch), Item: good[chain.ID](s)(chain.ParseID(r.ItemID)),
			Kind: good[chain.RecordKind](s)(chain.ParseRecordKind(r.Kind)), Version: uint32(r.Version),
		}
		for epoch, key := range old.epochs {
			for _, at := range []uint32{place.Epoch, epoch} {
				place.Epoch = at
				if _, err := key.Open(place, r.Token); err == nil {
					s.Errorf("the key of epoch %d opens a record of epoch %d", epoch, r.Epoch)
				}
			}
		}
	}
	if sealed < 7 {
		s.Errorf("only %d records were tried", sealed)
	}
}

// signed returns requests that the old keys sign.
func (s *stage) signed(old *held) map[string]try {
	s.Helper()
	whole, a := s.whole(s.device), s.account(s.device)
	p := s.parse(whole)
	op, token := s.invented(&p)
	ops := []chain.Operation{op}
	write := func(change func(*chain.Write)) protocol.WriteRequest {
		w := s.next(whole, ops)
		change(w)
		w.Sign(old.keys().Signing)
		return protocol.WriteRequest{Write: encode(w.Encode()), Operations: encode(chain.EncodeOperations(ops)), Tokens: []protocol.Token{token}}
	}
	d := s.document(a.Keys)
	d.Card = old.card.Hash()
	e := p.account(d)
	e.AuthorCard = old.card.Hash()
	e.Sign(old.keys().Signing, old.keys().Signing)
	keys := a.Keys
	keys.Document = encode(d.Encode())
	rotate, key := *p.head(), seal.NewEpochKey()
	rotate.Sequence, rotate.Previous, rotate.Op, rotate.Epoch = rotate.Sequence+1, p.head().Hash(), chain.OpRotate, rotate.Epoch+1
	rotate.Revision, rotate.Write, rotate.AuthorCard = p.newest.Revision, p.newest.Hash(), old.card.Hash()
	rotate.Commitment = key.Commitment(rotate.Vault, rotate.Epoch)
	envelope := good[[]byte](s)(key.SealEnvelope(rotate.Vault, rotate.Epoch, old.card))
	rotate.Roster = slices.Clone(rotate.Roster)
	rotate.Roster[0].Envelope = chain.HashOf(chain.HashEnvelope, envelope)
	rotate.Signatures = nil
	rotate.Sign(old.keys().Signing)
	password := good[seal.PasswordKey](s)(seal.DerivePasswordKey(password, seal.KDF{Salt: d.Salt, Cost: d.Cost}))
	return map[string]try{
		"a write":                   {"POST", protocol.PathVaultWrites, write(func(*chain.Write) {})},
		"a write with the old card": {"POST", protocol.PathVaultWrites, write(func(w *chain.Write) { w.AuthorCard = old.card.Hash() })},
		"a write of the old epoch": {"POST", protocol.PathVaultWrites, write(func(w *chain.Write) {
			w.AuthorCard, w.Epoch, w.Entry = old.card.Hash(), w.Epoch-1, p.entries[len(p.entries)-2].Hash()
		})},
		"an account entry, with the password": {"POST", protocol.PathAccountEntry, protocol.AccountEntryRequest{
			CurrentAuthKey: password.AuthKey().Encode(), Change: protocol.AccountEntry{Keys: keys, Entry: encode(e.Encode())},
		}},
		"a rotation": {"POST", protocol.PathVaultEntries, protocol.VaultEntryRequest{
			Entry: encode(rotate.Encode()), Envelopes: []protocol.Signed{encode(envelope)},
		}},
	}
}
