//go:build integration

package attack

import (
	"encoding/base64"
	"slices"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// parsed is what a server, or a thief with a session, can read of a vault.
type parsed struct {
	entries []*chain.Entry
	writes  map[int64]*chain.Write
	card    *chain.Card // the newest of the owner
	newest  *chain.Write
}

func bytesOf[T ~string](s *stage, encoded T) []byte {
	s.Helper()
	b, err := base64.RawURLEncoding.DecodeString(string(encoded))
	if err != nil {
		s.Fatal(err)
	}
	return b
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func good[T any](s *stage) func(v T, err error) T {
	return func(v T, err error) T {
		s.Helper()
		if err != nil {
			s.Fatal(err)
		}
		return v
	}
}

func (s *stage) write(encoded protocol.Signed) *chain.Write {
	s.Helper()
	return good[*chain.Write](s)(chain.ParseWrite(bytesOf(s, encoded)))
}

func (s *stage) revisionOf(w protocol.Signed) int64 {
	s.Helper()
	return s.write(w).Revision
}

func (s *stage) parse(v protocol.VaultAnswer) parsed {
	s.Helper()
	p := parsed{writes: map[int64]*chain.Write{}}
	for _, e := range v.Entries {
		p.entries = append(p.entries, good[*chain.Entry](s)(chain.ParseEntry(bytesOf(s, e))))
	}
	for _, w := range v.Writes {
		write := s.write(w)
		p.writes[write.Revision] = write
		if p.newest == nil || write.Revision > p.newest.Revision {
			p.newest = write
		}
	}
	for _, c := range v.Cards {
		card := good[*chain.Card](s)(chain.ParseCard(bytesOf(s, c)))
		if p.card == nil || card.Generation > p.card.Generation {
			p.card = card
		}
	}
	return p
}

// head returns the newest log entry.
func (p *parsed) head() *chain.Entry { return p.entries[len(p.entries)-1] }

// hashAt returns the hash of a write; "write 0" is the first entry.
func (p *parsed) hashAt(revision int64) chain.Hash {
	if revision == 0 {
		return p.entries[0].Hash()
	}
	return p.writes[revision].Hash()
}

// next returns a write on top of a whole vault that is right in all but what only the owner's key can make.
func (s *stage) next(whole protocol.VaultAnswer, ops []chain.Operation) *chain.Write {
	s.Helper()
	p, live := s.parse(whole), s.live(whole)
	if err := live.Apply(ops); err != nil {
		s.Fatal(err)
	}
	n := p.newest.Revision + 1
	return &chain.Write{
		Vault: p.newest.Vault, Epoch: p.head().Epoch, Revision: n, Previous: p.newest.Hash(), Skip: p.hashAt(chain.SkipRevision(n)),
		Entry: p.head().Hash(), Author: p.newest.Author, AuthorCard: p.card.Hash(), Time: p.newest.Time + 1,
		Count: live.Count(), Root: live.Root(), Operations: chain.HashOperations(ops),
	}
}

// invented returns a record that the server or a thief seals with its own key, and the operation that puts it.
func (s *stage) invented(p *parsed) (chain.Operation, string) {
	s.Helper()
	place := seal.RecordPlace{Vault: p.newest.Vault, Epoch: p.head().Epoch, Item: seal.NewID(), Kind: chain.RecordOverview, Version: 1}
	token := good[string](s)(seal.NewEpochKey().Seal(place, seal.Record{Content: []byte(`{"title":"Invented","type":"login"}`)}))
	return chain.Operation{Line: chain.Line{
		Kind: place.Kind, ID: place.Item, Version: 1, Epoch: place.Epoch, Hash: chain.HashOf(chain.HashToken, []byte(token)),
	}}, token
}

// live returns the live lines of a whole vault.
func (s *stage) live(v protocol.VaultAnswer) *chain.Live {
	s.Helper()
	live := chain.NewLive(good[chain.ID](s)(chain.ParseID(s.account(s.phone).Vault)))
	var ops []chain.Operation
	for _, r := range v.Records {
		l := chain.Line{
			Kind: good[chain.RecordKind](s)(chain.ParseRecordKind(r.Kind)), ID: good[chain.ID](s)(chain.ParseID(r.ItemID)),
			Version: uint32(r.Version), Epoch: uint32(r.Epoch), Hash: chain.HashOf(chain.HashToken, []byte(r.Token)),
		}
		if r.Kind == protocol.RecordAttachment {
			copy(l.Hash[:], bytesOf(s, r.Hash))
		}
		ops = append(ops, chain.Operation{Line: l})
	}
	chain.SortOperations(ops)
	if err := live.Apply(ops); err != nil {
		s.Fatal(err)
	}
	return live
}

// joined returns a lie that leads a device from a dropped write, which follows common, to the newest one, as if its author had named the
// dropped one.
func (p *parsed) joined(common, dropped *chain.Write) func(*protocol.VaultAnswer) {
	join := *p.newest
	join.Branch = dropped.Hash()
	hash := join.Hash()
	writes := []protocol.Signed{encode(join.Encode())}
	path := chain.Path(join.Revision, common.Revision, []int64{common.Revision + 1})
	for _, n := range slices.Concat(path, chain.SkipChain(common.Revision))[1:] {
		writes = append(writes, encode(p.writes[n].Encode()))
	}
	return func(v *protocol.VaultAnswer) {
		v.Head, v.Writes = encode(hash[:]), writes
		v.Branch = &protocol.VaultBranch{Common: common.Revision, Join: join.Revision, Writes: []protocol.Signed{encode(dropped.Encode())}}
	}
}

func (s *stage) document(a protocol.AccountKeys) *chain.Document {
	s.Helper()
	return good[*chain.Document](s)(chain.ParseDocument(bytesOf(s, a.Document)))
}

// held is what a thief of an account key has: the key, and all that it opens.
type held struct {
	key      seal.AccountKey
	identity *seal.Identity
	epochs   map[uint32]seal.EpochKey
	card     *chain.Card // the newest
}

func (h *held) keys() seal.CardKeys { return h.identity.Cards[len(h.identity.Cards)-1] }

// steal returns the account key of anna with what it opens.
func (s *stage) steal() *held {
	s.Helper()
	a, whole := s.account(s.phone), s.whole(s.phone)
	p, d := s.parse(whole), s.document(a.Keys)
	user := good[chain.ID](s)(chain.ParseID(a.UserID))
	key := good[seal.PasswordKey](s)(seal.DerivePasswordKey(password, seal.KDF{Salt: d.Salt, Cost: d.Cost}))
	account, generation, err := key.WrapKey().Unwrap(a.Keys.Wraps[0], user, 0)
	if err != nil {
		s.Fatal(err)
	}
	h := &held{key: account, identity: good[*seal.Identity](s)(account.OpenIdentity(user, generation, a.Keys.Identity)), card: p.card}
	epoch := good[seal.EpochKey](s)(h.keys().KEM.OpenEnvelope(p.head(), user, bytesOf(s, whole.Envelope)))
	h.epochs = map[uint32]seal.EpochKey{p.head().Epoch: epoch}
	return h
}

// rotate gives anna's account new keys. All sessions but the phone's end.
func (s *stage) rotate() {
	s.Helper()
	must(s.T, s.phone.act(s.T, "rotate", "--keep-phrase", "--phrase-file", "phrase"))
}

// account returns the next log entry for a document, without a signature.
func (p *parsed) account(d *chain.Document) *chain.Entry {
	e := *p.head()
	e.Sequence, e.Previous = e.Sequence+1, p.head().Hash()
	e.Revision, e.Write = p.newest.Revision, p.newest.Hash()
	e.Op, e.Annex, e.PreviousKeys, e.Time, e.AuthorCard = chain.OpAccount, d.Hash(), "", e.Time+1, p.card.Hash()
	e.Signatures = nil
	return &e
}
