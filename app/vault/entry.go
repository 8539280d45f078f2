package vault

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// vaultEntry is a protocol.VaultEntryRequest in which everything fits together.
type vaultEntry struct {
	entry     *chain.Entry
	envelopes [][]byte
}

// rotations are the ops that change no account, and which this server takes.
var rotations = []chain.Op{chain.OpRotate}

func parseVaultEntry(in protocol.VaultEntryRequest) (vaultEntry, error) {
	e, err := parse("entry", in.Entry, chain.ParseEntry)
	switch {
	case err != nil:
		return vaultEntry{}, err
	case !slices.Contains(rotations, e.Op):
		return vaultEntry{}, badField("entry", "must be a rotate entry")
	case e.Type == chain.Personal && len(e.PreviousKeys) > maxPreviousKeys:
		return vaultEntry{}, tooLong("entry", maxPreviousKeys)
	case len(in.Envelopes) < 1 || len(in.Envelopes) > MaxEnvelopes:
		return vaultEntry{}, badField("envelopes", "must be 1 to %d", MaxEnvelopes)
	}
	out := vaultEntry{entry: e}
	for i, text := range in.Envelopes {
		b, err := checkBytes(fmt.Sprintf("envelopes[%d]", i), text, maxEnvelopeBytes)
		if err != nil {
			return vaultEntry{}, err
		}
		out.envelopes = append(out.envelopes, b)
	}
	return out, nil
}

// Entry appends an entry to the log of a vault. A session is not enough: only the keys of a member's card sign an entry.
func (s *Service) Entry(ctx context.Context, session Session, vaultID string, in protocol.VaultEntryRequest) error {
	e, err := parseVaultEntry(in)
	if err != nil {
		return err
	}
	head, member, err := s.member(ctx, session, vaultID)
	if err != nil {
		return err
	}
	if e.entry.Author != member.User {
		return badField("entry", "is signed by another user than that of the session")
	}
	if head.State.Entry.Sequence+1 >= maxEntries {
		return errLogFull
	}
	_, cards, err := s.cards(ctx, member.User, member.Card)
	if err != nil {
		return err
	}
	next, err := head.State.Follow([]*chain.Entry{e.entry}, nil, cards)
	if err != nil {
		return refused("entry", err)
	}
	envelopes, err := e.named(head.State.Entry)
	if err != nil {
		return err
	}
	after := Head{Vault: head.Vault, State: next, Buckets: head.Buckets, Count: head.Count, Usage: head.Usage}
	err = s.store.AppendEntry(ctx, EntryChange{Base: head, Next: after, Entry: e.entry, Envelopes: envelopes})
	if err == nil {
		s.watchers.changed(after.Moved())
	}
	if errors.Is(err, ErrNotFound) { // deleted in between
		return errNoVault
	}
	return err
}

// named returns the envelopes by their hashes. They must be exactly those that the entry names and the one before did not.
func (e vaultEntry) named(before *chain.Entry) (map[chain.Hash][]byte, error) {
	missing := map[chain.Hash]bool{}
	for _, m := range e.entry.Roster {
		if was := before.Member(m.User); was == nil || was.Envelope != m.Envelope {
			missing[m.Envelope] = true
		}
	}
	out := map[chain.Hash][]byte{}
	for i, b := range e.envelopes {
		hash := chain.HashOf(chain.HashEnvelope, b)
		if !missing[hash] {
			return nil, badField(fmt.Sprintf("envelopes[%d]", i), "is not a new envelope of the log entry")
		}
		delete(missing, hash)
		out[hash] = b
	}
	if len(missing) > 0 {
		return nil, badField("envelopes", "leave out one that the log entry names")
	}
	return out, nil
}
