package client

import (
	"cmp"
	"fmt"
	"slices"
	"sort"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// now returns this device's clock for a signed object.
func now() int64 { return max(0, time.Now().UnixMilli()) }

// newWrap is a way to unlock an account that an account entry adds, or replaces.
type newWrap struct {
	key    seal.WrapKey
	method chain.Method
	auth   seal.AuthKey
}

// heldWrap is a wrap of the account as it was signed.
type heldWrap struct {
	chain.Wrap
	token string
}

// accountDraft is what an account entry signs.
type accountDraft struct {
	key        seal.AccountKey
	generation int64 // of key
	identity   seal.Identity
	kdf        seal.KDF
	held       []heldWrap // that stay, unless wraps replaces them
	wraps      []newWrap
	renewed    *renewal // nil: card and epoch stay
}

// renewal is a new card, and a new epoch of the personal vault.
type renewal struct {
	card seal.CardKeys
	// begin fills in the new epoch of an entry, whose roster names a card.
	begin func(*chain.Entry, *chain.Cards) (envelopes [][]byte, err error)
}

// signedEntry is a signed account entry with everything that it names.
type signedEntry struct {
	accountKeys // after the entry
	entry       *chain.Entry
	keys        protocol.AccountKeys
	state       chain.State // after the entry
	card        *chain.Card // nil: it stays
	envelope    []byte      // nil: it stays
}

// draft returns a draft that changes nothing.
func (v *vault) draft() (*accountDraft, error) {
	d := v.keys.document
	if len(d.Wraps) != len(v.account.Keys.Wraps) {
		return nil, chain.ErrDocument
	}
	out := &accountDraft{
		key: v.keys.key, generation: v.keys.generation, identity: *v.keys.identity, kdf: seal.KDF{Salt: d.Salt, Cost: d.Cost},
	}
	for i, w := range d.Wraps {
		out.held = append(out.held, heldWrap{w, v.account.Keys.Wraps[i]})
	}
	return out, nil
}

// sign seals the identity, wraps the account key, and signs the entry that follows the newest of a verified log. It is the only place that signs account entries.
func (a *accountDraft) sign(log *replica.Log) (*signedEntry, error) {
	s := log.State
	owner := s.Entry.Roster[0]
	card := log.Cards.Get(owner.Card)
	if card == nil {
		return nil, chain.ErrUnknownCard
	}
	identity := a.identity
	identity.Cards, identity.Former = slices.Clone(identity.Cards), slices.Clone(identity.Former)
	identity.KeyGeneration, identity.Before = a.generation, s.Entry.Hash()
	signer, err := identity.Keys(card)
	if err != nil {
		return nil, err
	}
	out := &signedEntry{}
	if log, err = a.renewCard(out, log, card, signer, &identity); err != nil {
		return nil, err
	}
	sealed, err := a.key.SealIdentity(&identity)
	if err != nil {
		return nil, err
	}
	wraps, err := a.wrapAll(owner.User)
	if err != nil {
		return nil, err
	}
	document := &chain.Document{
		KeyGeneration: a.generation, Salt: a.kdf.Salt, Cost: a.kdf.Cost, Identity: chain.HashOf(chain.HashIdentity, []byte(sealed)), Card: out.cardAfter(owner),
	}
	out.accountKeys = accountKeys{key: a.key, generation: a.generation, identity: &identity, document: document}
	out.keys.Identity = sealed
	for _, w := range wraps {
		document.Wraps = append(document.Wraps, w.Wrap)
		out.keys.Wraps = append(out.keys.Wraps, w.token)
	}
	out.keys.Document = encodeDocument(document)

	e := *s.Entry
	e.Sequence, e.Previous, e.Revision, e.Write = s.Entry.Sequence+1, s.Entry.Hash(), s.Revision, s.Write
	e.Op, e.Author, e.AuthorCard, e.Time, e.PreviousKeys, e.Annex = chain.OpAccount, owner.User, owner.Card, now(), "", document.Hash()
	e.Roster = slices.Clone(s.Entry.Roster)
	e.Roster[0].Card = document.Card
	after := signer
	if a.renewed != nil {
		envelopes, err := a.renewed.begin(&e, log.Cards)
		if err != nil {
			return nil, fmt.Errorf("begin an epoch: %w", err)
		}
		out.envelope, after = envelopes[0], a.renewed.card
	}
	e.Sign(signer.Signing, after.Signing)
	out.entry = &e
	if out.state, err = s.Follow([]*chain.Entry{&e}, nil, log.Cards); err != nil {
		return nil, fmt.Errorf("sign account entry: %w", err)
	}
	return out, nil
}

// renewCard issues the next card, and adds its keys to the identity. It returns the log with that card.
func (a *accountDraft) renewCard(
	out *signedEntry, log *replica.Log, before *chain.Card, former seal.CardKeys, identity *seal.Identity,
) (*replica.Log, error) {
	if a.renewed == nil {
		return log, nil
	}
	var err error
	if out.card, err = seal.NextCard(before, former, before.Username, a.renewed.card); err != nil {
		return nil, fmt.Errorf("issue a card: %w", err)
	}
	identity.Cards = append(identity.Cards, a.renewed.card)
	return log.WithCard(out.card)
}

// cardAfter returns the hash of the card that the owner has after the entry.
func (s *signedEntry) cardAfter(owner chain.Member) chain.Hash {
	if s.card == nil {
		return owner.Card
	}
	return s.card.Hash()
}

// wrapAll returns the wraps in the order of the document.
func (a *accountDraft) wrapAll(user chain.ID) ([]heldWrap, error) {
	out := slices.DeleteFunc(slices.Clone(a.held), func(h heldWrap) bool {
		return slices.ContainsFunc(a.wraps, func(w newWrap) bool { return w.method == h.Method })
	})
	for _, w := range a.wraps {
		token, err := w.key.Wrap(a.key, user, a.generation)
		if err != nil {
			return nil, err
		}
		out = append(out, heldWrap{chain.Wrap{Method: w.method, Hash: chain.HashOf(chain.HashWrap, []byte(token)), AuthKey: w.auth.Hash()}, token})
	}
	sort.Slice(out, func(i, j int) bool {
		x, y := out[i], out[j]
		return cmp.Or(cmp.Compare(x.Method, y.Method), slices.Compare(x.Passkey[:], y.Passkey[:])) < 0
	})
	return out, nil
}

// wire returns the entry for the server, with the auth keys that it changes.
func (s *signedEntry) wire() protocol.AccountEntry {
	out := protocol.AccountEntry{Keys: s.keys, Entry: encodeSigned(s.entry.Encode())}
	if s.card != nil {
		out.Card = encodeSigned(s.card.Encode())
	}
	if s.envelope != nil {
		out.Envelope = encodeSigned(s.envelope)
	}
	return out
}
