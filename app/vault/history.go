package vault

import (
	"context"
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// History returns writes of a vault with their operations, for a member. It may end early.
func (s *Service) History(ctx context.Context, session Session, vaultID string, from, to int64) (protocol.VaultHistory, error) {
	if err := checkFirst(checkNumber("from", from, 1), checkNumber("to", to, from)); err != nil {
		return protocol.VaultHistory{}, err
	}
	head, _, err := s.member(ctx, session, vaultID)
	if err != nil {
		return protocol.VaultHistory{}, err
	}
	out := protocol.VaultHistory{Writes: []protocol.Signed{}, Operations: []protocol.Operations{}, Cards: []protocol.Signed{}}
	// The head may have moved since, so a later write is not in the answer.
	to = min(to, head.State.Revision, from+protocol.MaxHistoryWrites-1)
	if from > to {
		return out, nil
	}
	writes, operations, err := s.store.History(ctx, head.Vault, from, to)
	if err != nil {
		return protocol.VaultHistory{}, err
	}
	if len(writes) == 0 { // the head says that there is one
		return protocol.VaultHistory{}, fmt.Errorf("%w: write %d is missing", ErrStoreUnavailable, from)
	}
	needed := neededCards{}
	for i, b := range writes {
		w, err := chain.ParseWrite(b)
		if err != nil {
			return protocol.VaultHistory{}, fmt.Errorf("write in the store: %w", err)
		}
		needed.add(w.Author, w.AuthorCard)
		out.Writes, out.Operations = append(out.Writes, encodeSigned(b)), append(out.Operations, encodeSigned(operations[i]))
	}
	out.Cards, err = s.between(ctx, head, needed)
	return out, err
}

// tokensAtOnce is how many tokens are in memory at a time.
const tokensAtOnce = 8

// Tokens writes the tokens of records, live or kept, for a member: a few at a time, in the order of the request. One that the store does not
// have is empty.
func (s *Service) Tokens(ctx context.Context, session Session, vaultID string, in protocol.TokensRequest, write func(protocol.TokenOrNone) error) error {
	lines, err := parseKeptTokens(in.Tokens)
	if err != nil {
		return err
	}
	head, _, err := s.member(ctx, session, vaultID)
	if err != nil {
		return err
	}
	for len(lines) > 0 {
		n := min(len(lines), tokensAtOnce)
		tokens, err := s.store.Tokens(ctx, head.Vault, lines[:n], s.now())
		if err != nil {
			return err
		}
		lines = lines[n:]
		for _, token := range tokens {
			if err := write(token); err != nil {
				return err
			}
		}
	}
	return nil
}

func parseKeptTokens(in []protocol.KeptToken) ([]chain.Line, error) {
	if len(in) == 0 || len(in) > protocol.MaxHistoryTokens {
		return nil, badField("tokens", "must be between 1 and %d", protocol.MaxHistoryTokens)
	}
	lines := make([]chain.Line, len(in))
	for i, k := range in {
		line, err := parseKeptToken(fmt.Sprintf("tokens[%d]", i), k)
		if err != nil {
			return nil, err
		}
		lines[i] = line
	}
	return lines, nil
}

func parseKeptToken(field string, k protocol.KeptToken) (chain.Line, error) {
	kind, err := chain.ParseRecordKind(k.Kind)
	if err != nil || !kind.Sealed() {
		return chain.Line{}, badField(field+".kind", "must be that of a sealed record")
	}
	id, err := chain.ParseID(k.ItemID)
	if err != nil || id == (chain.ID{}) {
		return chain.Line{}, badField(field+".item_id", "must be %d bytes in base64url without padding", idBytes)
	}
	if k.Version < 1 || k.Version > maxUint32 || k.Epoch < 1 || k.Epoch > maxUint32 {
		return chain.Line{}, badField(field, "has a version or epoch out of bounds")
	}
	if err := checkBinary(field+".hash", k.Hash, rawURL, len(chain.Hash{}), "base64url without padding"); err != nil {
		return chain.Line{}, err
	}
	line := chain.Line{Kind: kind, ID: id, Version: uint32(k.Version), Epoch: uint32(k.Epoch)}
	if _, err := rawURL.Decode(line.Hash[:], []byte(k.Hash)); err != nil {
		return chain.Line{}, badField(field+".hash", "must be %d bytes in base64url without padding", len(chain.Hash{}))
	}
	return line, nil
}

const maxUint32 = 1<<32 - 1
