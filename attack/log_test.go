//go:build integration

package attack

import (
	"slices"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// Attacks on the signed history: entries and writes that are replayed, dropped or made by the server.
var logs = []attack{
	history("entry replayed", "appends an entry of the log once more",
		func(s *stage, _ protocol.VaultAnswer, v *protocol.VaultAnswer) {
			v.Entries = append(v.Entries, s.whole(s.phone).Entries[1])
		}),
	history("entry invented", "appends an entry that begins a new epoch with a key of the server",
		func(s *stage, whole protocol.VaultAnswer, v *protocol.VaultAnswer) {
			p, mine, key := s.parse(whole), seal.NewCardKeys(), seal.NewEpochKey()
			e := *p.head()
			e.Sequence, e.Previous, e.Op, e.Epoch = e.Sequence+1, p.head().Hash(), chain.OpRotate, e.Epoch+1
			e.Revision, e.Write = p.newest.Revision, p.newest.Hash()
			e.Commitment, e.PreviousKeys = key.Commitment(e.Vault, e.Epoch), p.head().PreviousKeys+"x"
			envelope := good[[]byte](s)(key.SealEnvelope(e.Vault, e.Epoch, p.card))
			e.Roster = slices.Clone(e.Roster)
			e.Roster[0].Envelope = chain.HashOf(chain.HashEnvelope, envelope)
			e.Signatures = nil
			e.Sign(mine.Signing)
			v.Entries, v.Envelope, v.Sequence = append(v.Entries, encode(e.Encode())), encode(envelope), e.Sequence
			if len(v.Cards) == 0 {
				v.Cards = whole.Cards
			}
		}),
	history("write invented", "appends a write with an item that it made up, correct but for the signature",
		func(s *stage, whole protocol.VaultAnswer, v *protocol.VaultAnswer) {
			p := s.parse(whole)
			op, token := s.invented(&p)
			w := s.next(whole, []chain.Operation{op})
			w.Sign(seal.NewCardKeys().Signing)
			v.Writes, v.Revision = slices.Insert(v.Writes, 0, encode(w.Encode())), w.Revision
			if len(v.Cards) == 0 {
				v.Cards = whole.Cards
			}
			v.Records = append(v.Records, protocol.VaultRecord{
				ItemID: op.ID.String(), Kind: op.Kind.Wire(), Version: 1, Epoch: protocol.Epoch(op.Epoch), Revision: w.Revision, Token: token,
			})
		}),
	history("write replayed", "shows an old write as the newest",
		func(s *stage, whole protocol.VaultAnswer, v *protocol.VaultAnswer) {
			v.Writes = slices.Insert(v.Writes, 0, whole.Writes[len(whole.Writes)-1])
		}),
	history("write altered", "changes the newest write",
		func(s *stage, whole protocol.VaultAnswer, v *protocol.VaultAnswer) {
			p := s.parse(whole)
			w := *p.newest
			w.Time++
			v.Writes[0] = encode(w.Encode())
		}),
	{
		name: "entry dropped",
		does: "leaves out the newest entry of the log, which names the account",
		run: func(s *stage) string {
			l := s.vault(func(v *protocol.VaultAnswer) {
				if len(v.Entries) > 0 {
					v.Entries = v.Entries[:len(v.Entries)-1]
				}
			})
			return s.refusedByNew(altered, l)
		},
	},
	{
		name: "server-made epoch key",
		does: "encrypts its own epoch key for anna's card, so that it can read what she adds",
		run: func(s *stage) string {
			p := s.parse(s.whole(s.phone))
			envelope := good[[]byte](s)(seal.NewEpochKey().SealEnvelope(p.newest.Vault, p.newest.Epoch, p.card))
			return s.refusedByNew(altered, s.vault(func(v *protocol.VaultAnswer) { v.Envelope = encode(envelope) }))
		},
	},
	{
		name: "swapped card",
		does: "gives its own card for anna's",
		run: func(s *stage) string {
			p := s.parse(s.whole(s.phone))
			card := good[*chain.Card](s)(seal.FirstCard(p.card.User, p.card.Username, seal.NewCardKeys()))
			return s.refusedByNew(altered, s.vault(func(v *protocol.VaultAnswer) { v.Cards = []protocol.Signed{encode(card.Encode())} }))
		},
	},
}

// history is an attack on the history of a vault in which the phone has made changes since the device synced.
func history(name, does string, change func(s *stage, whole protocol.VaultAnswer, v *protocol.VaultAnswer)) attack {
	return attack{name: name, does: does, run: func(s *stage) string {
		s.phoneChanges()
		whole := s.whole(s.phone)
		return s.refusedEverywhere(either, s.vault(func(v *protocol.VaultAnswer) { change(s, whole, v) }))
	}}
}

// refusedByNew tells a lie to a new device. The known device has verified what the lie is about, and does not ask for it again.
func (s *stage) refusedByNew(w want, l lies) string {
	s.Helper()
	stored := s.stored()
	s.gate.lie(l)
	seen := s.device.another(s.T).signIn(s.T)
	s.says(w, seen)
	if len(seen.titles) > 0 {
		s.Errorf("the client shows %q", seen.titles)
	}
	if s.stored() != stored {
		s.Error("the server stores something else than before")
	}
	s.recovers(s.known...)
	return seen.said
}
