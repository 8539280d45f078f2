package testvault

import (
	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

func wireKeys(k vault.Keys) protocol.AccountKeys {
	return protocol.AccountKeys{Document: signed(k.Document), Identity: k.Identity, Wraps: k.Wraps}
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
