package vault

import (
	"context"
	"fmt"
	"slices"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// maxDocumentBytes has room for a document with chain.MaxWraps.
const maxDocumentBytes = 8 << 10

// signedKeys is what an account entry signs, with its document.
type signedKeys struct {
	Keys
	document *chain.Document
}

// parseKeys checks that identity and wraps are those of the document. Document.Annexed says whether an entry signed the document.
func parseKeys(in protocol.AccountKeys) (signedKeys, error) {
	b, err := checkBytes("keys.document", in.Document, maxDocumentBytes)
	if err != nil {
		return signedKeys{}, err
	}
	d, err := chain.ParseDocument(b)
	if err != nil {
		return signedKeys{}, refused("keys.document", err)
	}
	if err := checkToken("keys.identity", in.Identity, protocol.MaxIdentityBytes); err != nil {
		return signedKeys{}, err
	}
	if chain.HashOf(chain.HashIdentity, []byte(in.Identity)) != d.Identity {
		return signedKeys{}, badField("keys.identity", "is not that of the document")
	}
	if len(in.Wraps) != len(d.Wraps) {
		return signedKeys{}, badField("keys.wraps", "are %d, and the document names %d", len(in.Wraps), len(d.Wraps))
	}
	for i, wrap := range in.Wraps {
		field := fmt.Sprintf("keys.wraps[%d]", i)
		if err := checkToken(field, wrap, protocol.MaxSmallTokenBytes); err != nil {
			return signedKeys{}, err
		}
		if chain.HashOf(chain.HashWrap, []byte(wrap)) != d.Wraps[i].Hash {
			return signedKeys{}, badField(field, "is not that of the document")
		}
	}
	if d.Wrap(chain.MethodPassword, chain.ID{}) == nil || d.Wrap(chain.MethodPhrase, chain.ID{}) == nil {
		return signedKeys{}, badField("keys.document", "must have a wrap of the password and one of the recovery phrase")
	}
	return signedKeys{Keys{Document: b, Identity: in.Identity, Wraps: slices.Clone(in.Wraps)}, d}, nil
}

// authKeyHash returns what the document names for a method. parseKeys made sure that the method is there.
func authKeyHash(d *chain.Document, m chain.Method) chain.Hash { return d.Wrap(m, chain.ID{}).AuthKey }

func hashAuthKey(key protocol.AuthKey) chain.Hash {
	return chain.HashOf(chain.HashAuthKey, []byte(key))
}

// stored reads the document of a user. Only a damaged store has another.
func (k Keys) stored() (*chain.Document, error) {
	d, err := chain.ParseDocument(k.Document)
	if err != nil {
		return nil, fmt.Errorf("account document in the store: %w", err)
	}
	return d, nil
}

func (k Keys) wire() protocol.AccountKeys {
	return protocol.AccountKeys{Document: encodeSigned(k.Document), Identity: k.Identity, Wraps: slices.Clone(k.Wraps)}
}

// parseEnvelope returns the envelope that an entry names for its only member.
func parseEnvelope(field string, s protocol.Signed, e *chain.Entry) ([]byte, error) {
	b, err := checkBytes(field, s, protocol.MaxEnvelopeBytes)
	if err != nil {
		return nil, err
	}
	if chain.HashOf(chain.HashEnvelope, b) != e.Roster[0].Envelope {
		return nil, badField(field, "is not the envelope that the log entry names")
	}
	return b, nil
}

// cards returns cards of a user from the one with this hash to the newest, encoded and as chain.Cards.
func (s *Service) cards(ctx context.Context, user chain.ID, from chain.Hash) ([][]byte, *chain.Cards, error) {
	all, err := s.store.Cards(ctx, user)
	if err != nil {
		return nil, nil, err
	}
	known := &chain.Cards{}
	for i, b := range slices.Backward(all) {
		c, err := chain.ParseCard(b)
		if err == nil {
			err = known.Add(c)
		}
		if err != nil {
			return nil, nil, fmt.Errorf("card in the store: %w", err)
		}
		if c.Hash() == from {
			return all[i:], known, nil
		}
	}
	return nil, nil, fmt.Errorf("card of %v in the store: %w", user, chain.ErrUnknownCard)
}
