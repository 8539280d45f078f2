package vault

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// signedWrite is a protocol.WriteRequest whose tokens are those of its operations.
type signedWrite struct {
	write      *chain.Write
	operations []chain.Operation
	tokens     []string
	branch     []chain.BranchWrite // that the write brings together with the vault
}

func parseWrite(in protocol.WriteRequest) (signedWrite, error) {
	w, err := parse("write", in.Write, chain.ParseWrite)
	if err != nil {
		return signedWrite{}, err
	}
	ops, err := parseOperations("operations", in.Operations)
	if err != nil {
		return signedWrite{}, err
	}
	branch, err := parseBranch(w, in.Branch)
	if err != nil {
		return signedWrite{}, err
	}
	return signedWrite{w, ops, in.Tokens, branch}, checkTokens(ops, in.Tokens)
}

func parseOperations(field string, in protocol.Operations) ([]chain.Operation, error) {
	b, err := checkBytes(field, in, protocol.MaxOperationsBytes)
	if err != nil {
		return nil, err
	}
	ops, err := chain.ParseOperations(b)
	if err != nil {
		return nil, refused(field, err)
	}
	return ops, nil
}

// checkTokens checks that the tokens are those of the operations that put sealed records.
func checkTokens(ops []chain.Operation, tokens []protocol.Token) error {
	n := 0
	for _, o := range ops {
		if o.Delete || !o.Kind.Sealed() {
			continue
		}
		if n++; n > len(tokens) {
			continue
		}
		field := fmt.Sprintf("tokens[%d]", n-1)
		if err := checkToken(field, tokens[n-1], protocol.MaxTokenBytes); err != nil {
			return err
		}
		if chain.HashOf(chain.HashToken, []byte(tokens[n-1])) != o.Hash {
			return badField(field, "is not that of the operation")
		}
	}
	if n != len(tokens) {
		return badField("tokens", "are %d, and the operations put %d records", len(tokens), n)
	}
	return nil
}

// Write stores a signed write. A session is not enough: only the keys of a member's card sign a write.
func (s *Service) Write(ctx context.Context, session Session, vaultID string, in protocol.WriteRequest) error {
	w, err := parseWrite(in)
	if err != nil {
		return err
	}
	id, err := parseVaultID(vaultID)
	if err != nil {
		return err
	}
	// A stranger must not learn from the time of an answer that the vault is there.
	if s.holds.delays(id, session.Hash) {
		if _, _, err := s.permit(ctx, session, vaultID, chain.Editor); err != nil {
			return err
		}
	}
	if err := s.holds.pass(ctx, id, session.Hash); err != nil {
		return err
	}
	err = s.storeWrite(ctx, session, vaultID, w)
	s.holds.tried(id, session.Hash)
	if errors.Is(err, ErrRevisionConflict) {
		return s.refusedWrite(ctx, session, vaultID, w.write, err)
	}
	return err
}

func (s *Service) storeWrite(ctx context.Context, session Session, vaultID string, w signedWrite) error {
	head, member, err := s.permit(ctx, session, vaultID, chain.Editor)
	if err != nil {
		return err
	}
	if w.write.Author != member.User {
		return badField("write", "is signed by another user than that of the session")
	}
	next, err := s.admit(ctx, head, member, w)
	if err != nil {
		return err
	}
	for _, o := range w.operations {
		if o.Kind == chain.Attachment && !o.Delete {
			if err := s.checkStored(ctx, head.Vault, o.Line); err != nil {
				return err
			}
		}
	}
	branch, err := s.admitBranch(ctx, head, w)
	if err != nil {
		return err
	}
	quota := s.limits.Records
	quota.Branches = MaxBranchBytes
	err = s.store.ApplyWrite(ctx, WriteChange{
		Base: head, Next: next, Write: w.write, Operations: w.operations, Tokens: w.tokens, Branch: branch, Now: s.now(), Quota: quota,
		Kept: s.limits.keeps(w.operations), Attachments: s.limits.Attachments,
	})
	if err == nil {
		s.watchers.changed(next.Moved())
	}
	if errors.Is(err, ErrNotFound) { // deleted in between
		return errNoVault
	}
	return err
}

// admit returns the head after a write.
func (s *Service) admit(ctx context.Context, head Head, member chain.Member, w signedWrite) (Head, error) {
	_, cards, err := s.cards(ctx, member.User, member.Card)
	if err != nil {
		return Head{}, err
	}
	live, err := s.touched(ctx, head, w.operations)
	if err != nil {
		return Head{}, err
	}
	state, err := head.State.Admit(w.write, w.operations, live, cards)
	if err != nil {
		return Head{}, refused("write", err)
	}
	return Head{Vault: head.Vault, State: state, Buckets: live.Hashes(), Count: live.Count()}, nil
}

// touched returns the live lines of the buckets that operations touch.
func (s *Service) touched(ctx context.Context, head Head, ops []chain.Operation) (*chain.Live, error) {
	var buckets []byte
	for _, o := range ops {
		buckets = append(buckets, chain.Bucket(o.ID))
	}
	slices.Sort(buckets)
	buckets = slices.Compact(buckets)
	lines, err := s.store.LiveLines(ctx, head.Vault, buckets)
	if err != nil {
		return nil, err
	}
	live := head.Live()
	for _, bucket := range buckets {
		if err := live.Load(bucket, lines[bucket]); err != nil {
			return nil, s.unlikeHead(ctx, head, err)
		}
	}
	return live, nil
}

// unlikeHead returns ErrRevisionConflict if lines did not fit a head that has moved since. Otherwise the store is damaged.
func (s *Service) unlikeHead(ctx context.Context, head Head, err error) error {
	now, headErr := s.store.Head(ctx, head.Vault)
	switch {
	case headErr != nil:
		return headErr
	case now.State.Revision != head.State.Revision:
		return ErrRevisionConflict
	}
	return fmt.Errorf("live lines in the store: %w", err)
}

// checkStored checks that all chunks of an attachment are stored.
func (s *Service) checkStored(ctx context.Context, vaultID chain.ID, line chain.Line) error {
	incomplete := badField("operations", "put attachment %v before all of its chunks are stored", line.ID)
	a, err := s.store.Attachment(ctx, vaultID, line.ID, s.now())
	if errors.Is(err, ErrNotFound) {
		return incomplete
	}
	if err != nil {
		return err
	}
	switch {
	case slices.Contains(a.Chunks, chain.Hash{}) || len(a.Chunks) != a.Count:
		return incomplete
	case int64(a.Count) != int64(line.Version) || chain.HashAttachment(a.Chunks) != line.Hash:
		return badField("operations", "put attachment %v with other chunks than those that are stored", line.ID)
	}
	return nil
}
