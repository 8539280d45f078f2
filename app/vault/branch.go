package vault

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// MaxBranchBytes is how many bytes of branches a vault keeps: see Branch.Size. They are never deleted, so one member could fill the store.
const MaxBranchBytes = 4 << 20

// maxUndone bounds the operations that are undone to find the lines where a branch begins.
const maxUndone = 200_000

// parseBranch reads the branch that comes with a write.
func parseBranch(w *chain.Write, in []protocol.BranchWrite) ([]chain.BranchWrite, error) {
	switch {
	case w.Branch == chain.Hash{} && len(in) > 0:
		return nil, badField("branch", "comes with a write that names none")
	case w.Branch != chain.Hash{} && len(in) == 0:
		return nil, badField("branch", "is missing: the write names the newest write of another branch")
	case len(in) > protocol.MaxBranchWrites:
		return nil, tooDeep("the branch has more than %d writes", protocol.MaxBranchWrites)
	}
	branch := make([]chain.BranchWrite, 0, len(in))
	for i, b := range in {
		w, err := parse(fmt.Sprintf("branch[%d].write", i), b.Write, chain.ParseWrite)
		if err != nil {
			return nil, err
		}
		ops, err := parseOperations(fmt.Sprintf("branch[%d].operations", i), b.Operations)
		if err != nil {
			return nil, err
		}
		branch = append(branch, chain.BranchWrite{Write: w, Operations: ops})
	}
	return branch, nil
}

func tooDeep(format string, args ...any) error {
	return &Error{Code: protocol.CodeTooLarge, Message: fmt.Sprintf(format, args...)}
}

// refusedBranch is never revision_conflict: what is wrong with a branch stays wrong when the vault moves on.
func refusedBranch(err error) error {
	return &Error{Code: protocol.CodeBadRequest, Message: fmt.Sprintf("branch was refused: %v", err), cause: err}
}

// admitBranch checks the branch that comes with a write, which was admitted at head. It returns nil if none comes. One branch is checked
// at a time, because it takes memory: that of the writes since the vault and the branch parted.
func (s *Service) admitBranch(ctx context.Context, head Head, w signedWrite) (*Branch, error) {
	if len(w.branch) == 0 {
		return nil, nil
	}
	select {
	case s.joins <- struct{}{}:
		defer func() { <-s.joins }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	out := &Branch{Common: w.branch[0].Write.Revision - 1, Join: w.write.Revision}
	for _, b := range w.branch {
		out.Writes = append(out.Writes, b.Write)
	}
	if err := checkDepth(head, out.Common); err != nil {
		return nil, err
	}
	base, cards, err := s.stateAt(ctx, head, out.Common, w.branch)
	if err != nil {
		return nil, err
	}
	live, err := s.linesAt(ctx, head, base, w.branch)
	if err != nil {
		return nil, err
	}
	main := w.write.Hash()
	if out.Common < head.State.Revision {
		next, err := s.writes(ctx, head.Vault, []int64{out.Common + 1})
		if err != nil {
			return nil, err
		}
		main = next[0].Hash()
	}
	if err := base.AdmitBranch(w.write, w.branch, main, live, cards); err != nil {
		return nil, refusedBranch(err)
	}
	return out, nil
}

func checkDepth(head Head, common int64) error {
	switch depth := head.State.Revision - common; {
	case depth < 0:
		return badField("branch", "begins after revision %d, and the vault is at %d", common, head.State.Revision)
	case depth > protocol.MaxBranchDepth:
		return tooDeep("the vault has more than %d writes since the branch parted", protocol.MaxBranchDepth)
	}
	return nil
}

// stateAt returns the state of the vault at a revision under the log entry that a branch names, and the cards of the branch's authors.
func (s *Service) stateAt(ctx context.Context, head Head, revision int64, branch []chain.BranchWrite) (chain.State, *chain.Cards, error) {
	entry := branch[0].Write.Entry
	entries, _, err := s.entries(ctx, head, -1)
	if err != nil {
		return chain.State{}, nil, err
	}
	at := slices.IndexFunc(entries, func(e *chain.Entry) bool { return e.Hash() == entry })
	if at < 0 || entries[at].Revision > revision {
		return chain.State{}, nil, refusedBranch(fmt.Errorf("%w: it begins at revision %d", chain.ErrEntry, revision))
	}
	named := entries[at]
	skips, err := s.writes(ctx, head.Vault, chain.SkipChain(named.Revision))
	if err != nil {
		return chain.State{}, nil, err
	}
	state, err := chain.Resume(head.State.Genesis, named, head.State.Closed, skips)
	if err != nil {
		return chain.State{}, nil, fmt.Errorf("history in the store: %w", err)
	}
	path, err := s.writes(ctx, head.Vault, chain.Path(revision, named.Revision, nil))
	if err != nil {
		return chain.State{}, nil, err
	}
	authors := map[chain.ID]bool{}
	for _, b := range branch {
		authors[b.Write.Author] = true
	}
	if len(path) > 0 {
		authors[path[0].Author] = true
	}
	cards := &chain.Cards{}
	for _, m := range named.Roster {
		if !authors[m.User] {
			continue
		}
		if err := s.addCards(ctx, head, cards, m); err != nil {
			return chain.State{}, nil, err
		}
	}
	// Fails if the write at revision names a newer entry: the branch would go back behind it.
	if state, err = state.Follow(nil, path, cards); err != nil {
		return chain.State{}, nil, refusedBranch(err)
	}
	return state, cards, nil
}

// addCards adds the cards of a member, from that in the roster on.
func (s *Service) addCards(ctx context.Context, head Head, cards *chain.Cards, m chain.Member) error {
	known, err := s.cardsIn(ctx, head, []chain.ID{m.User})
	if err != nil {
		return err
	}
	needed := false
	for _, b := range known[0] {
		c, err := chain.ParseCard(b)
		if err == nil && (needed || c.Hash() == m.Card) {
			needed = true
			err = cards.Add(c)
		}
		if err != nil {
			return fmt.Errorf("card in the store: %w", err)
		}
	}
	if !needed {
		return fmt.Errorf("card of %v in the store: %w", m.User, chain.ErrUnknownCard)
	}
	return nil
}

// writes reads writes of the vault.
func (s *Service) writes(ctx context.Context, vaultID chain.ID, revisions []int64) ([]*chain.Write, error) {
	if len(revisions) == 0 {
		return nil, nil
	}
	encoded, err := s.store.Writes(ctx, vaultID, revisions)
	if err != nil {
		return nil, fmt.Errorf("writes in the store: %w", hideNotFound(err))
	}
	writes := make([]*chain.Write, 0, len(encoded))
	for _, b := range encoded {
		w, err := chain.ParseWrite(b)
		if err != nil {
			return nil, fmt.Errorf("write in the store: %w", err)
		}
		writes = append(writes, w)
	}
	return writes, nil
}

// linesAt returns the live lines at the state base, where a branch begins, as far as the branch needs them: it undoes all that the vault
// did since.
func (s *Service) linesAt(ctx context.Context, head Head, base chain.State, branch []chain.BranchWrite) (*chain.Live, error) {
	var touched []chain.Operation
	for _, b := range branch {
		touched = append(touched, b.Operations...)
	}
	since, err := s.operationsSince(ctx, head, base.Revision)
	if err != nil {
		return nil, err
	}
	live, err := s.touched(ctx, head, slices.Concat(touched, slices.Concat(since...)))
	if err != nil {
		return nil, err
	}
	for _, ops := range slices.Backward(since) {
		if err := live.Undo(ops); err != nil {
			return nil, fmt.Errorf("operations in the store: %w", err)
		}
	}
	count, root := int64(0), chain.NewLive(head.Vault).Root()
	if base.Revision > 0 {
		w, err := s.writes(ctx, head.Vault, []int64{base.Revision})
		if err != nil {
			return nil, err
		}
		count, root = w[0].Count, w[0].Root
	}
	if live.Count() != count || live.Root() != root {
		return nil, fmt.Errorf("operations in the store: %w", chain.ErrRoot)
	}
	return live, nil
}

// operationsSince returns the operations of the writes after a revision.
func (s *Service) operationsSince(ctx context.Context, head Head, revision int64) ([][]chain.Operation, error) {
	var since [][]chain.Operation
	n := 0
	for at := revision; at < head.State.Revision; {
		_, encoded, err := s.store.History(ctx, head.Vault, at+1, head.State.Revision)
		if err == nil && len(encoded) == 0 {
			err = fmt.Errorf("write %d is not in the store", at+1)
		}
		if err != nil {
			return nil, err
		}
		for _, b := range encoded {
			ops, err := chain.ParseOperations(b)
			if err != nil {
				return nil, fmt.Errorf("operations in the store: %w", err)
			}
			if n += len(ops); n > maxUndone {
				return nil, tooDeep("the vault has more than %d operations since the branch parted", maxUndone)
			}
			since = append(since, ops)
		}
		at += int64(len(encoded))
	}
	return since, nil
}

// branchOf returns the branch that has the write that a client remembers, or nil. known is the hash of the vault's write at that
// revision; zero if it has none. A branch may have been joined after head was read: Changes finds that head has moved, and reads again.
func (s *Service) branchOf(ctx context.Context, head Head, asked Asked, known chain.Hash) (*Branch, error) {
	remembered, err := asked.head()
	if err != nil || remembered == (chain.Hash{}) || remembered == known {
		return nil, err
	}
	b, err := s.store.Branch(ctx, head.Vault, asked.Revision, remembered)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	return &b, err
}

// wire returns what leads a client from the branch to its newest common revision with the vault.
func (b *Branch) wire(revision int64) *protocol.VaultBranch {
	out := &protocol.VaultBranch{Common: b.Common, Join: b.Join, Writes: []protocol.Signed{}}
	before := chain.Path(revision, b.Common, []int64{b.Common + 1})
	for _, n := range slices.Concat(chain.Path(b.Tip(), revision, nil), before) {
		out.Writes = append(out.Writes, encodeSigned(b.Writes[n-b.Common-1].Encode()))
	}
	return out
}
