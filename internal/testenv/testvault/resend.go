package testvault

import (
	"slices"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// Part returns the history after a state of the vault.
func (v *Vault) Part(from chain.State) chain.Part {
	return chain.Part{
		Entries: slices.Clone(v.Entries[from.Entry.Sequence+1:]),
		Writes:  slices.Clone(v.Writes[from.Revision:]), Operations: slices.Clone(v.Operations[from.Revision:]),
	}
}

// Resend returns what the owner signs to lead a server here.
func (v *Vault) Resend(nonce chain.Nonce) *chain.Resend {
	r := v.State.Resend(nonce, v.Owner.ID, v.Owner.Card().Hash())
	r.Sign(v.Owner.keys().Signing)
	return r
}

// Resent returns what a server stores that has base and is led here. Account is nil if no entry follows; its User has name, ID and Keys.
func (v *Vault) Resent(base vault.Head) vault.ResendChange {
	c := vault.ResendChange{Base: base, Part: v.Part(base.State), Next: v.Head()}
	for _, n := range c.Newest() {
		c.Records = append(c.Records, vault.ResentRecord{Newest: n, Token: v.Tokens[n.Line]})
	}
	for _, card := range v.Owner.Cards {
		if card.Generation > v.Known.Get(base.State.Entry.Roster[0].Card).Generation {
			c.Cards = append(c.Cards, card)
		}
	}
	if len(c.Entries) > 0 {
		c.Account = &vault.AccountChange{User: v.User()}
		c.Envelopes = map[chain.Hash][]byte{v.State.Entry.Roster[0].Envelope: v.Envelope}
	}
	return c
}
