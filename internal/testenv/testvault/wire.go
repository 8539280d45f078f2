package testvault

import (
	"slices"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

func wireKeys(k vault.Keys) protocol.AccountKeys {
	return protocol.AccountKeys{Document: signed(k.Document), Identity: k.Identity, Wraps: slices.Clone(k.Wraps)}
}

// Registration returns a new vault, and the request that creates its account with a bearer token.
func (p *Person) Registration() (*Vault, protocol.NewUserRequest) {
	v, f := p.Found()
	r := protocol.NewUserRequest{
		Card: signed(f.Card.Encode()), Create: signed(f.Entries[0].Encode()), Account: signed(f.Entries[1].Encode()),
		Envelope: signed(f.Envelope), Keys: wireKeys(v.Keys), Device: "test device", Transport: protocol.SessionBearer,
	}
	r.AuthKey, r.RecoveryAuthKey = p.AuthKeys()
	return v, r
}

// Request returns the write as a client sends it.
func (w Write) Request() protocol.WriteRequest {
	r := protocol.WriteRequest{Write: signed(w.Write.Encode()), Operations: signed(chain.EncodeOperations(w.Operations)), Tokens: w.Tokens}
	for _, b := range w.branch {
		r.Branch = append(r.Branch, protocol.BranchWrite{Write: signed(b.Write.Encode()), Operations: signed(chain.EncodeOperations(b.Operations))})
	}
	return r
}

// Change returns an account entry as a client sends it.
func (e Entry) Change() protocol.AccountEntry {
	change := protocol.AccountEntry{Keys: wireKeys(e.keys), Entry: signed(e.Entry.Encode())}
	if e.Account.Card != nil {
		change.Card = signed(e.Account.Card.Encode())
	}
	for _, envelope := range e.Envelopes {
		change.Envelope = signed(envelope)
	}
	password, phrase := e.owner.AuthKeys()
	if e.renewed.Password != nil {
		change.AuthKey = password
	}
	if e.renewed.Phrase != nil {
		change.RecoveryAuthKey = phrase
	}
	return change
}

// ResendRequest returns what a client sends to lead a server that has base to the state of the vault.
func (v *Vault) ResendRequest(base vault.Head, nonce chain.Nonce) protocol.ResendRequest {
	c := v.Resent(base)
	out := protocol.ResendRequest{Resend: signed(v.Resend(nonce).Encode())}
	for _, e := range c.Entries {
		out.Entries = append(out.Entries, signed(e.Encode()))
	}
	for i, w := range c.Writes {
		out.Writes = append(out.Writes, protocol.ResentWrite{Write: signed(w.Encode()), Operations: signed(chain.EncodeOperations(c.Operations[i]))})
	}
	for _, card := range c.Cards {
		out.Cards = append(out.Cards, signed(card.Encode()))
	}
	for _, r := range c.Records {
		if r.Token != "" && !r.Delete {
			out.Tokens = append(out.Tokens, r.Token)
		}
	}
	if c.Account == nil {
		return out
	}
	keys := wireKeys(v.Keys)
	out.Keys = &keys
	if v.State.Entry.Roster[0].Envelope != base.State.Entry.Roster[0].Envelope {
		out.Envelope = signed(v.Envelope)
	}
	return out
}
