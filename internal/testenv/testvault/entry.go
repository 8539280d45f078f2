package testvault

import (
	"slices"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// Entry is the next log entry of a vault, signed, and the keys after it.
type Entry struct {
	vault.EntryChange
	owner  Person
	known  *chain.Cards
	epochs []seal.EpochKey
	keys   vault.Keys
	joined []*Person
	policy []byte

	renewed Renewal
}

// Renewal says what an account entry replaces besides the sealed identity and the wraps.
type Renewal struct {
	Card, Epoch, AccountKey bool
	Password                *seal.PasswordKey // with KDF
	KDF                     seal.KDF
	Phrase                  *seal.RecoveryPhrase
}

// DraftAccount returns the next account entry. Its User has name, ID and Keys; the caller adds the rest. The vault stays as it is: see
// Follow.
func (v *Vault) DraftAccount(r Renewal) Entry {
	d, e := v.draft(chain.OpAccount)
	signers := []chain.Signer{v.Owner.keys().Signing}
	owner := &d.owner
	if r.Card {
		owner.CardKeys = append(slices.Clone(owner.CardKeys), seal.NewCardKeys())
		card := must(seal.NextCard(v.Owner.Card(), v.Owner.keys(), owner.Username, owner.keys()))
		owner.Cards = append(slices.Clone(owner.Cards), card)
		d.known = knownCards(owner.Cards)
	}
	if r.AccountKey {
		owner.Former = append([]seal.AccountKey{owner.AccountKey}, owner.Former...)
		owner.AccountKey, owner.KeyGeneration = seal.NewAccountKey(), owner.KeyGeneration+1
	}
	if r.Password != nil {
		owner.PasswordKey, owner.KDF = *r.Password, r.KDF
	}
	if r.Phrase != nil {
		owner.Phrase = *r.Phrase
	}
	if r.Epoch {
		d.nextEpoch(e)
	}
	if r.Epoch || r.Card {
		d.envelope(e)
	}
	keys, document := owner.seal(v.ID, v.State.Genesis, v.State.Entry.Hash())
	d.keys, d.renewed, e.Annex = keys, r, document.Hash()
	user := v.User()
	user.Keys = keys
	d.Account = &vault.AccountChange{User: user}
	if r.Card {
		d.Account.Card = owner.Card()
	}
	return v.sign(d, e, append(signers, owner.keys().Signing)...)
}

// DraftRotate returns an entry that begins a new epoch.
func (v *Vault) DraftRotate() Entry {
	if v.State.Entry.Type == chain.Shared {
		return v.DraftSame(chain.OpRotate)
	}
	d, e := v.draft(chain.OpRotate)
	d.nextEpoch(e)
	d.envelope(e)
	return v.sign(d, e, v.Owner.keys().Signing)
}

func (v *Vault) draft(op chain.Op) (Entry, *chain.Entry) {
	e := *v.State.Entry
	e.Sequence, e.Previous = e.Sequence+1, v.State.Entry.Hash()
	e.Revision, e.Write = v.State.Revision, v.State.Write
	e.Op, e.PreviousKeys, e.Time = op, "", e.Time+1
	e.AuthorCard = v.Owner.Card().Hash()
	e.Roster = slices.Clone(e.Roster)
	return Entry{owner: *v.Owner, known: v.Known, epochs: v.Epochs, keys: v.Keys}, &e
}

func (d *Entry) nextEpoch(e *chain.Entry) {
	var before []seal.PreviousKey
	for i, key := range slices.Backward(d.epochs) {
		before = append(before, seal.PreviousKey{Epoch: uint32(i + 1), Key: key}) // #nosec G115 -- a test has few epochs
	}
	key := seal.NewEpochKey()
	d.epochs = append(slices.Clone(d.epochs), key)
	e.Epoch++
	e.Commitment = key.Commitment(e.Vault, e.Epoch)
	e.PreviousKeys = must(key.SealPrevious(e.Vault, e.Epoch, before))
}

// envelope seals the epoch key to the owner's newest card.
func (d *Entry) envelope(e *chain.Entry) {
	envelope := must(d.epochs[len(d.epochs)-1].SealEnvelope(e.Vault, e.Epoch, d.owner.Card()))
	hash := chain.HashOf(chain.HashEnvelope, envelope)
	e.Roster[0].Card, e.Roster[0].Envelope = d.owner.Card().Hash(), hash
	d.Envelopes = map[chain.Hash][]byte{hash: envelope}
}

func (v *Vault) sign(d Entry, e *chain.Entry, signers ...chain.Signer) Entry {
	e.Sign(signers...)
	d.Entry, d.Base, d.Next = e, v.Head(), v.Head()
	d.Next.State = must(v.State.Follow([]*chain.Entry{e}, nil, d.known))
	return d
}

// Follow moves the vault to the state after an entry that was drafted for its present state.
func (v *Vault) Follow(e Entry) {
	if e.Entry.Type == chain.Personal {
		*v.Owner = e.owner
	}
	for _, p := range e.joined {
		v.Members[p.ID] = p
	}
	v.Known, v.Epochs, v.Keys = e.known, e.epochs, e.keys
	v.State, v.Entries = e.Next.State, append(v.Entries, e.Entry)
	for _, envelope := range e.Envelopes {
		v.Envelope = envelope
	}
}
