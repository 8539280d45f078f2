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

// maxSharedEntries bounds the log of a shared vault, of which a client without memory reads a part at a time.
const maxSharedEntries = 10_000

// vaultEntry is a protocol.VaultEntryRequest in which everything fits together.
type vaultEntry struct {
	entry     *chain.Entry
	envelopes [][]byte
	policy    []byte
}

func parseVaultEntry(in protocol.VaultEntryRequest) (vaultEntry, error) {
	e, err := parse("entry", in.Entry, chain.ParseEntry)
	switch {
	case err != nil:
		return vaultEntry{}, err
	case e.Type == chain.Personal && e.Op != chain.OpRotate:
		return vaultEntry{}, badField("entry", "must be a rotate entry")
	case e.Op == chain.OpCreate:
		return vaultEntry{}, badField("entry", "must not create a vault")
	case len(e.PreviousKeys) > maxPreviousKeys:
		return vaultEntry{}, tooLong("entry", maxPreviousKeys)
	case len(in.Envelopes) > MaxEnvelopes:
		return vaultEntry{}, badField("envelopes", "must be at most %d: upload more before", MaxEnvelopes)
	}
	out := vaultEntry{entry: e}
	if out.envelopes, err = parseEnvelopes(in.Envelopes); err != nil {
		return vaultEntry{}, err
	}
	if e.Op != chain.OpPolicy {
		if in.Policy != "" {
			return vaultEntry{}, badField("policy", "is only for a policy entry")
		}
		return out, nil
	}
	if out.policy, err = checkBytes("policy", in.Policy, protocol.MaxPolicyBytes); err != nil {
		return vaultEntry{}, err
	}
	if chain.HashOf(chain.HashAnnex, out.policy) != e.Annex {
		return vaultEntry{}, badField("policy", "is not the annex that the log entry names")
	}
	return out, nil
}

func parseEnvelopes(in []protocol.Signed) ([][]byte, error) {
	out := make([][]byte, len(in))
	for i, text := range in {
		var err error
		if out[i], err = checkBytes(fmt.Sprintf("envelopes[%d]", i), text, protocol.MaxEnvelopeBytes); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Entry appends an entry to the log of a vault. A session is not enough: only the keys of a member's card sign an entry. An entry that the
// log has is accepted again, also from its author who is no longer a member.
func (s *Service) Entry(ctx context.Context, session Session, vaultID string, in protocol.VaultEntryRequest) error {
	e, err := parseVaultEntry(in)
	if err != nil {
		return err
	}
	head, member, err := s.member(ctx, session, vaultID)
	if errors.Is(err, errNoVault) {
		return s.repeated(ctx, session, vaultID, e.entry)
	}
	if err != nil {
		return err
	}
	if has, err := s.hasEntry(ctx, head, e.entry); err != nil || has {
		return err
	}
	if e.entry.Author != member.User {
		return badField("entry", "is signed by another user than that of the session")
	}
	c, err := s.follows(ctx, head, member, e)
	if err != nil {
		return err
	}
	err = s.store.AppendEntry(ctx, c)
	if err == nil {
		s.watchers.changed(c.Change())
	}
	if errors.Is(err, ErrNotFound) { // deleted in between
		return errNoVault
	}
	return err
}

// repeated accepts an entry again that a former member may know.
func (s *Service) repeated(ctx context.Context, session Session, vaultID string, e *chain.Entry) error {
	head, _, err := s.former(ctx, session, vaultID)
	if err != nil {
		return err
	}
	has, err := s.hasEntry(ctx, head, e)
	if err == nil && !has {
		err = errNoVault
	}
	return err
}

// hasEntry reports whether the log up to head has this very entry.
func (s *Service) hasEntry(ctx context.Context, head Head, e *chain.Entry) (bool, error) {
	if e.Vault != head.Vault || e.Sequence > head.State.Entry.Sequence {
		return false, nil
	}
	stored, err := s.entryAt(ctx, head.Vault, e.Sequence)
	return stored != nil && bytes.Equal(stored.Encode(), e.Encode()), err
}

// follows checks an entry of a member against head.
func (s *Service) follows(ctx context.Context, head Head, author chain.Member, e vaultEntry) (EntryChange, error) {
	limit := int64(maxEntries)
	if head.State.Entry.Type == chain.Shared {
		limit = maxSharedEntries
	}
	if head.State.Entry.Sequence+1 >= limit {
		return EntryChange{}, errLogFull
	}
	cards, fresh, err := s.entryCards(ctx, head, author, e.entry)
	if err != nil {
		return EntryChange{}, err
	}
	next, err := head.State.Follow([]*chain.Entry{e.entry}, nil, cards)
	if err != nil {
		return EntryChange{}, refused("entry", err)
	}
	named, err := s.named(ctx, head.State.Entry, e)
	if err != nil {
		return EntryChange{}, err
	}
	after := Head{Vault: head.Vault, State: next, Buckets: head.Buckets, Count: head.Count, Usage: head.Usage}
	return EntryChange{Base: head, Next: after, Entry: e.entry, Envelopes: named, Cards: fresh}, nil
}

// named returns the envelopes by their hashes, and the policy. They must be exactly those that the entry names and the one before did not.
// Envelopes that did not come with the entry were uploaded before.
func (s *Service) named(ctx context.Context, before *chain.Entry, e vaultEntry) (map[chain.Hash][]byte, error) {
	missing := map[chain.Hash]bool{}
	for _, m := range e.entry.Roster {
		if was := before.Member(m.User); was == nil || was.Envelope != m.Envelope {
			missing[m.Envelope] = true
		}
	}
	out := map[chain.Hash][]byte{}
	if e.policy != nil {
		out[e.entry.Annex] = e.policy
	}
	for i, b := range e.envelopes {
		hash := chain.HashOf(chain.HashEnvelope, b)
		if !missing[hash] {
			return nil, badField(fmt.Sprintf("envelopes[%d]", i), "is not a new envelope of the log entry")
		}
		delete(missing, hash)
		out[hash] = b
	}
	if len(missing) == 0 {
		return out, nil
	}
	uploaded, err := s.store.PendingEnvelopes(ctx, before.Vault, e.entry.Author, s.now())
	if err != nil {
		return nil, err
	}
	for _, b := range uploaded {
		if hash := chain.HashOf(chain.HashEnvelope, b); missing[hash] {
			delete(missing, hash)
			out[hash] = b
		}
	}
	if len(missing) > 0 {
		return nil, badField("envelopes", "leave out one that the log entry names")
	}
	return out, nil
}

// entryCards returns the cards that an entry is checked with, and those that the vault's log needs from now on.
func (s *Service) entryCards(ctx context.Context, head Head, author chain.Member, e *chain.Entry) (*chain.Cards, []*chain.Card, error) {
	_, cards, err := s.cards(ctx, author.User, author.Card)
	if err != nil || e.Type == chain.Personal {
		return cards, nil, err
	}
	var changed []chain.Member
	added := 0
	for _, m := range e.Roster {
		was := head.State.Entry.Member(m.User)
		if was == nil {
			added++
		}
		if was == nil || was.Card != m.Card {
			changed = append(changed, m)
		}
	}
	if added > protocol.MaxNewMembers {
		return nil, nil, badField("entry", "must add at most %d members", protocol.MaxNewMembers)
	}
	if len(changed) > added && e.Op != chain.OpRecard || len(changed) > 1 && e.Op == chain.OpRecard {
		return nil, nil, refused("entry", chain.ErrRoster) // before reading the cards of all of them
	}
	return s.newCards(ctx, head, cards, changed)
}

// newCards adds the cards of members whose lines name new ones. Each must be the newest of an active user: a thief may have the keys of an
// older one. The second result is what the vault does not have yet.
func (s *Service) newCards(ctx context.Context, head Head, cards *chain.Cards, members []chain.Member) (*chain.Cards, []*chain.Card, error) {
	users := make([]chain.ID, len(members))
	for i, m := range members {
		users[i] = m.User
	}
	had, err := s.store.VaultCards(ctx, head.Vault, users)
	if err != nil {
		return nil, nil, err
	}
	var fresh []*chain.Card
	for i, m := range members {
		all, err := s.activeCards(ctx, m)
		if err != nil {
			return nil, nil, err
		}
		for _, c := range all {
			if err := cards.Add(c); err != nil {
				return nil, nil, fmt.Errorf("card in the store: %w", err)
			}
		}
		from := len(all) - 1
		if len(had[i]) > 0 { // with those between, so that a client can see that one descends from the other
			newest := had[i][len(had[i])-1]
			from = 1 + slices.IndexFunc(all, func(c *chain.Card) bool { return bytes.Equal(c.Encode(), newest) })
		}
		fresh = append(fresh, all[from:]...)
	}
	return cards, fresh, nil
}

// activeCards returns the cards of a member who is added, or replaces the card.
func (s *Service) activeCards(ctx context.Context, m chain.Member) ([]*chain.Card, error) {
	encoded, err := s.store.Cards(ctx, m.User)
	if err != nil {
		return nil, err
	}
	if len(encoded) == 0 {
		return nil, memberRefused("no such user")
	}
	cards := make([]*chain.Card, len(encoded))
	for i, b := range encoded {
		if cards[i], err = chain.ParseCard(b); err != nil {
			return nil, fmt.Errorf("card in the store: %w", err)
		}
	}
	newest := cards[len(cards)-1]
	u, err := s.store.User(ctx, Username(newest.Username))
	switch {
	case errors.Is(err, ErrNotFound) || err == nil && (u.Deleting || string(u.ID) != m.User.String()):
		return nil, memberRefused("no such user")
	case err != nil:
		return nil, err
	case u.Standing.Suspended:
		return nil, memberRefused("the user is suspended")
	case newest.Hash() != m.Card:
		return nil, memberRefused("the card is not the newest of the user")
	}
	return cards, nil
}

func memberRefused(why string) *Error {
	return &Error{Code: protocol.CodeMemberRefused, Message: "the log entry adds a member who cannot be one: " + why}
}
