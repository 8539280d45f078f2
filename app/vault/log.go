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

var errNoVault = &Error{Code: protocol.CodeNotFound, Message: "no such vault"}

// member returns the head of a vault, for a member of its newest roster. To others it does not tell whether the vault exists.
func (s *Service) member(ctx context.Context, session Session, vaultID string) (Head, chain.Member, error) {
	id, err := parseVaultID(vaultID)
	if err != nil {
		return Head{}, chain.Member{}, err
	}
	user, err := session.UserID.memberID()
	if err != nil {
		return Head{}, chain.Member{}, err
	}
	head, err := s.store.Head(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return Head{}, chain.Member{}, errNoVault
	}
	if err != nil {
		return Head{}, chain.Member{}, err
	}
	line := head.State.Entry.Member(user)
	if line == nil {
		return Head{}, chain.Member{}, errNoVault
	}
	return head, *line, nil
}

// log returns what a member is missing of the log at head. All of it is older than head and never changes, so the answer is of one
// state.
func (s *Service) log(ctx context.Context, head Head, member chain.ID, asked Asked) (protocol.VaultLog, error) {
	entries, known, err := s.entries(ctx, head, asked.After)
	if err != nil {
		return protocol.VaultLog{}, err
	}
	var through []int64
	out := protocol.VaultLog{
		Revision: head.State.Revision, Sequence: head.State.Entry.Sequence, Head: encodeSigned(head.State.Write[:]),
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
	if out.Cards, err = s.between(ctx, needed); err != nil || len(entries) == 0 {
		return out, err
	}
	envelope, err := s.store.Envelope(ctx, head.Vault, head.State.Entry.Member(member).Envelope)
	if err != nil {
		return protocol.VaultLog{}, fmt.Errorf("envelope in the store: %w", hideNotFound(err))
	}
	out.Envelope = encodeSigned(envelope)
	return out, nil
}

// path returns the writes that lead a client from the newest one down to the one that it remembers. If that is on a branch, it returns
// the branch, and the writes lead down to where it begins: see protocol.VaultBranch.
func (s *Service) path(ctx context.Context, head Head, asked Asked, through []int64) ([]*chain.Write, *Branch, error) {
	path := chain.Path(head.State.Revision, asked.Revision, through)
	writes, err := s.writes(ctx, head.Vault, path)
	if err != nil {
		return nil, nil, err
	}
	branch, err := s.branchOf(ctx, head, asked, reached(head, asked.Revision, writes))
	if err != nil || branch == nil {
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
	encoded, err := s.store.Entries(ctx, head.Vault, max(after-1, -1))
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
func (s *Service) between(ctx context.Context, needed neededCards) ([]protocol.Signed, error) {
	out := []protocol.Signed{}
	users := make([]chain.ID, 0, len(needed))
	for user := range needed {
		users = append(users, user)
	}
	slices.SortFunc(users, func(a, b chain.ID) int { return bytes.Compare(a[:], b[:]) })
	for _, user := range users {
		cards, err := s.store.Cards(ctx, user)
		if err != nil {
			return nil, err
		}
		if cards, err = span(cards, needed[user]); err != nil {
			return nil, fmt.Errorf("card of %v in the store: %w", user, err)
		}
		for _, b := range cards {
			out = append(out, encodeSigned(b))
		}
	}
	return out, nil
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
