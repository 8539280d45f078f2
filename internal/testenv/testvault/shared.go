package testvault

import (
	"bytes"
	"maps"
	"slices"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// FoundShared creates a shared vault.
func (p *Person) FoundShared() (*Vault, vault.SharedFounding) { return p.FoundSharedAs(seal.NewID()) }

// FoundSharedAs does what FoundShared does, with an id that may be in use.
func (p *Person) FoundSharedAs(id chain.ID) (*Vault, vault.SharedFounding) {
	v := &Vault{
		ID: id, Owner: p, Members: map[chain.ID]*Person{p.ID: p}, Known: knownCards(p.Cards), Epochs: []seal.EpochKey{seal.NewEpochKey()},
		Tokens: map[chain.Line]string{}, AllTokens: map[chain.Line]string{}, Live: chain.NewLive(id),
	}
	envelope := must(v.Epochs[0].SealEnvelope(id, 1, p.Card()))
	create := &chain.Entry{
		Vault: id, Type: chain.Shared, Op: chain.OpCreate, Author: p.ID, AuthorCard: p.Card().Hash(), Time: 1, Epoch: 1,
		Commitment: v.Epochs[0].Commitment(id, 1),
		Roster: []chain.Member{{
			User: p.ID, Card: p.Card().Hash(), Role: chain.Owner, Envelope: chain.HashOf(chain.HashEnvelope, envelope),
		}},
	}
	create.Sign(p.keys().Signing)
	v.State = must(chain.Begin(create, v.Known))
	v.Entries, v.Envelope = []*chain.Entry{create}, envelope
	return v, vault.SharedFounding{
		Creator: vault.Username(p.Username), Card: p.Card(), Entry: create, Envelope: envelope, Head: v.Head(),
	}
}

// By returns the vault as another member's device holds it. Apply and Follow what it drafts to the original.
func (v *Vault) By(p *Person) *Vault {
	by := *v
	by.Owner = p
	return &by
}

// Shared drafts the next entry of a shared vault, by v.Owner. edit changes the roster and the annex; the epoch, and the envelopes that it
// makes necessary, follow from the op. The entry is signed, whether or not the rules allow it: if they do not, Next is Base.
func (v *Vault) Shared(op chain.Op, edit func(e *chain.Entry), joining ...*Person) Entry {
	d, e := v.draft(op)
	e.Author = v.Owner.ID
	if line := e.Member(v.Owner.ID); line != nil {
		e.AuthorCard = line.Card
	}
	d.joined, d.known = joining, v.cardsWith(joining)
	edit(e)
	d.Envelopes = map[chain.Hash][]byte{}
	begins := op == chain.OpRemove || op == chain.OpRotate
	if begins {
		d.nextEpoch(e)
	}
	for i, m := range e.Roster {
		if was := v.State.Entry.Member(m.User); !begins && was != nil && was.Card == m.Card {
			continue
		}
		envelope := must(d.epochs[len(d.epochs)-1].SealEnvelope(v.ID, e.Epoch, d.known.Get(m.Card)))
		e.Roster[i].Envelope = chain.HashOf(chain.HashEnvelope, envelope)
		d.Envelopes[e.Roster[i].Envelope] = envelope
	}
	d.Entry = e
	d.Cards = newCards(v.State.Entry, e, d.known)
	d.Resign(v)
	return d
}

// Resign signs the entry again, after a test changed it.
func (e *Entry) Resign(v *Vault) {
	signers := []chain.Signer{v.signer(e.Entry.AuthorCard)}
	if m := e.Entry.Member(v.Owner.ID); e.Entry.Op == chain.OpRecard && m != nil && m.Card != e.Entry.AuthorCard {
		signers = append(signers, v.signer(m.Card))
	}
	e.Entry.Sign(signers...)
	e.Base, e.Next = v.Head(), v.Head()
	if state, err := v.State.Follow([]*chain.Entry{e.Entry}, nil, e.known); err == nil {
		e.Next.State = state
	}
}

// signer returns the key of one of the owner's cards.
func (v *Vault) signer(card chain.Hash) chain.Signer {
	i := slices.IndexFunc(v.Owner.Cards, func(c *chain.Card) bool { return c.Hash() == card })
	if i < 0 {
		i = len(v.Owner.Cards) - 1
	}
	return v.Owner.CardKeys[i].Signing
}

func (v *Vault) cardsWith(joining []*Person) *chain.Cards {
	known := v.Known.Clone()
	for _, p := range slices.AppendSeq(slices.Clone(joining), maps.Values(v.Members)) {
		for _, c := range p.Cards {
			if known.Get(c.Hash()) == nil { // checking a card takes a while
				check(known.Add(c))
			}
		}
	}
	return known
}

func newCards(before, after *chain.Entry, known *chain.Cards) []*chain.Card {
	var cards []*chain.Card
	for _, m := range after.Roster {
		if was := before.Member(m.User); was == nil || was.Card != m.Card {
			cards = append(cards, known.Get(m.Card))
		}
	}
	return cards
}

// DraftAdd adds members with a role.
func (v *Vault) DraftAdd(role chain.Role, who ...*Person) Entry {
	return v.Shared(chain.OpAdd, func(e *chain.Entry) {
		for _, p := range who {
			e.Roster = append(e.Roster, chain.Member{User: p.ID, Card: p.Card().Hash(), Role: role, Envelope: chain.Hash{1}})
		}
		slices.SortFunc(e.Roster, func(a, b chain.Member) int { return bytes.Compare(a.User[:], b.User[:]) })
	}, who...)
}

// DraftRemove removes members.
func (v *Vault) DraftRemove(who ...*Person) Entry { return v.without(chain.OpRemove, who) }

// DraftLeave removes the author.
func (v *Vault) DraftLeave() Entry { return v.without(chain.OpLeave, []*Person{v.Owner}) }

func (v *Vault) without(op chain.Op, who []*Person) Entry {
	return v.Shared(op, func(e *chain.Entry) {
		e.Roster = slices.DeleteFunc(e.Roster, func(m chain.Member) bool {
			return slices.ContainsFunc(who, func(p *Person) bool { return p.ID == m.User })
		})
	})
}

// DraftRole gives a member another role.
func (v *Vault) DraftRole(p *Person, role chain.Role) Entry {
	return v.Shared(chain.OpRole, func(e *chain.Entry) { e.Member(p.ID).Role = role })
}

// DraftRecard gives a member the newest card.
func (v *Vault) DraftRecard(p *Person) Entry {
	return v.Shared(chain.OpRecard, func(e *chain.Entry) { e.Member(p.ID).Card = p.Card().Hash() })
}

// DraftPolicy gives the vault a policy.
func (v *Vault) DraftPolicy(policy []byte) Entry {
	hash := chain.HashOf(chain.HashAnnex, policy)
	d := v.Shared(chain.OpPolicy, func(e *chain.Entry) { e.Annex = hash })
	d.policy = policy
	d.Envelopes[hash] = policy
	return d
}

// DraftSame changes nothing: OpRotate or OpClose.
func (v *Vault) DraftSame(op chain.Op) Entry {
	return v.Shared(op, func(*chain.Entry) { /* keeps the roster */ })
}

// CreateRequest returns what creates the vault.
func CreateRequest(f vault.SharedFounding) protocol.NewVaultRequest {
	return protocol.NewVaultRequest{Create: signed(f.Entry.Encode()), Envelope: signed(f.Envelope)}
}

// Request returns an entry of a shared vault as a client sends it, and the parts that it uploads before.
func (e Entry) Request() (protocol.VaultEntryRequest, []protocol.EnvelopesRequest) {
	out := protocol.VaultEntryRequest{Entry: signed(e.Entry.Encode())}
	if e.policy != nil {
		out.Policy = signed(e.policy)
	}
	var envelopes []protocol.Signed
	for hash, envelope := range e.Envelopes {
		if hash != e.Entry.Annex {
			envelopes = append(envelopes, signed(envelope))
		}
	}
	slices.Sort(envelopes)
	if len(envelopes) <= protocol.MaxEntryEnvelopes {
		out.Envelopes = envelopes
		return out, nil
	}
	var parts []protocol.EnvelopesRequest
	for part := range slices.Chunk(envelopes, protocol.MaxPartEnvelopes) {
		parts = append(parts, protocol.EnvelopesRequest{Part: int64(len(parts) + 1), Envelopes: part})
	}
	return out, parts
}
