package vault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// Asked says what a client remembers of a vault: the records at revision Since, the log up to the sequence number After, and the write
// at Revision. Head is the hash of that write, or empty.
type Asked struct {
	Since, After, Revision int64
	Head                   protocol.Hash
}

func (a Asked) check() error {
	_, err := a.head()
	return checkFirst(checkNumber("since", a.Since, 0), checkNumber("after", a.After, -1), checkNumber("revision", a.Revision, 0), err)
}

// head returns the hash of the write that the client remembers; zero if it does not say.
func (a Asked) head() (h chain.Hash, err error) {
	if a.Head == "" {
		return h, nil
	}
	b, err := rawURL.DecodeString(a.Head)
	if err != nil || len(b) != len(h) || encodeSigned(b) != a.Head {
		return h, badField("head", "must be %d bytes in base64url without padding", len(h))
	}
	return chain.Hash(b), nil
}

func checkNumber(field string, n, lowest int64) error {
	if n < lowest || n > chain.MaxNumber {
		return badField(field, "must be between %d and %d", lowest, chain.MaxNumber)
	}
	return nil
}

// log returns what a member, or a former one, is missing of the log at head. All of it is older than head and never changes, so the
// answer is of one state. If the log is too long for one answer, that is an earlier one.
func (s *Service) log(ctx context.Context, head Head, member chain.ID, asked Asked) (protocol.VaultLog, error) {
	entries, known, err := s.entries(ctx, head, asked.After)
	if err != nil {
		return protocol.VaultLog{}, err
	}
	more := len(entries) > 0 && entries[len(entries)-1].Sequence < head.State.Entry.Sequence
	if more {
		head = head.at(entries[len(entries)-1])
	}
	var through []int64
	newest := head.State.Entry.Hash()
	out := protocol.VaultLog{
		More:     more,
		Revision: head.State.Revision, Sequence: head.State.Entry.Sequence, Head: encodeSigned(head.State.Write[:]), Entry: encodeSigned(newest[:]),
		Entries: []protocol.Signed{}, Writes: []protocol.Signed{}, Cards: []protocol.Signed{},
	}
	for _, e := range entries {
		through = append(through, e.Revision)
		out.Entries = append(out.Entries, encodeSigned(e.Encode()))
	}
	needed := neededCards{}
	needed.ofEntries(known, entries)
	writes, branch, err := s.path(ctx, head, asked, through)
	if err != nil {
		return protocol.VaultLog{}, err
	}
	for i, w := range writes {
		if i == 0 || branch != nil && w.Revision == branch.Join {
			needed.add(w.Author, w.AuthorCard)
		}
		out.Writes = append(out.Writes, encodeSigned(w.Encode()))
	}
	if branch != nil {
		out.Branch = branch.wire(asked.Revision)
	}
	if out.Cards, err = s.between(ctx, head, needed); err != nil || len(entries) == 0 || more {
		return out, err
	}
	err = s.addNamed(ctx, head, member, &out)
	return out, err
}

// addNamed adds what the newest entry names: the envelope of a member, and the policy.
func (s *Service) addNamed(ctx context.Context, head Head, member chain.ID, out *protocol.VaultLog) error {
	e := head.State.Entry
	line := e.Member(member)
	if line == nil {
		return nil
	}
	named := []struct {
		hash chain.Hash
		to   *protocol.Signed
	}{{line.Envelope, &out.Envelope}}
	if e.Type == chain.Shared && e.Annex != (chain.Hash{}) {
		named = append(named, struct {
			hash chain.Hash
			to   *protocol.Signed
		}{e.Annex, &out.Policy})
	}
	for _, n := range named {
		b, err := s.store.Envelope(ctx, head.Vault, n.hash)
		if err != nil {
			return fmt.Errorf("envelope in the store: %w", hideNotFound(err))
		}
		*n.to = encodeSigned(b)
	}
	return nil
}

// at returns the head as an entry names it. Only its log is known: neither Genesis, nor lines.
func (h Head) at(e *chain.Entry) Head {
	return Head{Vault: h.Vault, State: chain.State{Entry: e, Revision: e.Revision, Write: e.Write}}
}

// path returns the writes that lead a client from the newest one down to its own. If that is on a branch, it returns the branch, and the
// writes lead down to where it begins: see protocol.VaultBranch.
func (s *Service) path(ctx context.Context, head Head, asked Asked, through []int64) ([]*chain.Write, *Branch, error) {
	path := chain.Path(head.State.Revision, asked.Revision, through)
	writes, err := s.writes(ctx, head.Vault, path)
	if err != nil {
		return nil, nil, err
	}
	branch, err := s.branchOf(ctx, head, asked, reached(head, asked.Revision, writes))
	if err != nil || branch == nil || branch.Join > head.State.Revision {
		return writes, nil, err
	}
	through = append(through, branch.Common+1, branch.Join)
	slices.Sort(through)
	path = slices.Concat(chain.Path(head.State.Revision, branch.Common, through), chain.SkipChain(branch.Common))
	writes, err = s.writes(ctx, head.Vault, path)
	return writes, branch, err
}

// reached returns the hash of the vault's write at a revision, to which a path of writes leads; zero if the vault has none.
func reached(head Head, revision int64, path []*chain.Write) chain.Hash {
	switch {
	case revision == head.State.Revision:
		return head.State.Write
	case len(path) == 0:
		return chain.Hash{}
	}
	last := path[len(path)-1]
	if last.Revision-1 == revision {
		return last.Previous
	}
	return last.Skip
}

// hideNotFound keeps the absence of something that the log names from being taken for that of the vault.
func hideNotFound(err error) error {
	if errors.Is(err, ErrNotFound) {
		return errors.New(err.Error())
	}
	return err
}

// entries returns the entries after a sequence number up to head, and the entry at that number, if there is one.
func (s *Service) entries(ctx context.Context, head Head, after int64) (entries []*chain.Entry, known *chain.Entry, err error) {
	newest := head.State.Entry.Sequence
	if after >= newest {
		return nil, nil, nil
	}
	encoded, err := s.store.Entries(ctx, head.Vault, max(after-1, -1), 0)
	if err != nil {
		return nil, nil, err
	}
	for _, b := range encoded {
		e, err := chain.ParseEntry(b)
		if err != nil {
			return nil, nil, fmt.Errorf("log entry in the store: %w", err)
		}
		switch {
		case e.Sequence <= after:
			known = e
		case e.Sequence <= newest:
			entries = append(entries, e)
		}
	}
	return entries, known, nil
}

// neededCards has the cards of each user that a client needs to check signatures.
type neededCards map[chain.ID]map[chain.Hash]bool

func (n neededCards) add(user chain.ID, card chain.Hash) {
	if n[user] == nil {
		n[user] = map[chain.Hash]bool{}
	}
	n[user][card] = true
}

// ofEntries adds the cards of authors, and those that are new in a roster.
func (n neededCards) ofEntries(before *chain.Entry, entries []*chain.Entry) {
	for _, e := range entries {
		n.add(e.Author, e.AuthorCard)
		for _, m := range e.Roster {
			if before != nil {
				if was := before.Member(m.User); was != nil && was.Card == m.Card {
					continue
				}
			}
			n.add(m.User, m.Card)
		}
		before = e
	}
}

// between returns the needed cards with those between two of one user.
func (s *Service) between(ctx context.Context, head Head, needed neededCards) ([]protocol.Signed, error) {
	out := []protocol.Signed{}
	users := make([]chain.ID, 0, len(needed))
	for user := range needed {
		users = append(users, user)
	}
	slices.SortFunc(users, func(a, b chain.ID) int { return bytes.Compare(a[:], b[:]) })
	known, err := s.cardsIn(ctx, head, users)
	if err != nil {
		return nil, err
	}
	for i, user := range users {
		cards, err := span(known[i], needed[user])
		if err != nil {
			return nil, fmt.Errorf("card of %v in the store: %w", user, err)
		}
		for _, b := range cards {
			out = append(out, encodeSigned(b))
		}
	}
	return out, nil
}

// cardsIn returns the cards of each of some users, in ascending generation. A shared vault has its own, because a member's account may be
// deleted.
func (s *Service) cardsIn(ctx context.Context, head Head, users []chain.ID) ([][][]byte, error) {
	if head.State.Entry.Type == chain.Shared {
		return s.store.VaultCards(ctx, head.Vault, users)
	}
	all := make([][][]byte, len(users))
	for i, user := range users {
		var err error
		if all[i], err = s.store.Cards(ctx, user); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// span returns the cards of one user from the first needed one to the last.
func span(cards [][]byte, needed map[chain.Hash]bool) ([][]byte, error) {
	first, last := -1, -1
	for i, b := range cards {
		c, err := chain.ParseCard(b)
		if err != nil {
			return nil, err
		}
		if !needed[c.Hash()] {
			continue
		}
		if first < 0 {
			first = i
		}
		last = i
	}
	if first < 0 {
		return nil, chain.ErrUnknownCard
	}
	return cards[first : last+1], nil
}
