package vault

import (
	"context"
	"errors"
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// SharedFounding is a new shared vault.
type SharedFounding struct {
	Creator  Username
	Card     *chain.Card // the creator's newest
	Entry    *chain.Entry
	Envelope []byte
	Head     Head // after Entry
	Quota    int  // of shared vaults that the user may ever create; 0 means unlimited
}

// Membership is a shared vault of a user. Revision and Sequence are those of its head.
type Membership struct {
	Vault              chain.ID
	Role               chain.Role
	Revision, Sequence int64
}

func (m Membership) wire() protocol.SharedVault {
	return protocol.SharedVault{Vault: m.Vault.String(), Role: m.Role.Wire(), Revision: m.Revision, Sequence: m.Sequence}
}

// MemberChange says that a user has a new role in a shared vault. Role is 0 for one who is no longer a member.
type MemberChange struct {
	User chain.ID
	Role chain.Role
}

// MemberChanges compares the rosters of a shared vault before and after the entry.
func (c *EntryChange) MemberChanges() []MemberChange {
	if c.Entry.Type != chain.Shared {
		return nil
	}
	var changes []MemberChange
	before := c.Base.State.Entry
	for _, m := range c.Entry.Roster {
		if was := before.Member(m.User); was == nil || was.Role != m.Role {
			changes = append(changes, MemberChange{m.User, m.Role})
		}
	}
	for _, m := range before.Roster {
		if c.Entry.Member(m.User) == nil {
			changes = append(changes, MemberChange{User: m.User})
		}
	}
	return changes
}

// Change is the line of the change feed for the entry.
func (c *EntryChange) Change() Change {
	change := c.Next.Moved()
	change.Members = len(c.MemberChanges()) > 0
	return change
}

// Change is the line of the change feed for the new vault.
func (f *SharedFounding) Change() Change {
	change := f.Head.Moved()
	change.Members = true
	return change
}

// CreateVault creates a shared vault. A session is not enough: only the keys of the caller's card sign its first entry.
func (s *Service) CreateVault(ctx context.Context, session Session, in protocol.NewVaultRequest) error {
	user, err := session.UserID.memberID()
	if err != nil {
		return err
	}
	f, err := s.parseSharedFounding(ctx, user, in)
	if err != nil {
		return err
	}
	f.Creator, f.Quota = session.Username, s.limits.Vaults
	err = s.store.CreateVault(ctx, f)
	if errors.Is(err, ErrVaultIDTaken) { // perhaps by this very request
		if has, hasErr := s.hasEntry(ctx, f.Head, f.Entry); hasErr != nil || has {
			return hasErr
		}
	}
	if errors.Is(err, ErrNotFound) { // deleted in between
		return ErrUnauthorized
	}
	if err == nil {
		s.watchers.changed(f.Change())
	}
	return err
}

func (s *Service) parseSharedFounding(ctx context.Context, user chain.ID, in protocol.NewVaultRequest) (SharedFounding, error) {
	create, err := parse("create", in.Create, chain.ParseEntry)
	switch {
	case err != nil:
		return SharedFounding{}, err
	case create.Type != chain.Shared || create.Op != chain.OpCreate:
		return SharedFounding{}, badField("create", "must create a shared vault")
	case create.Author != user || len(create.Roster) != 1:
		return SharedFounding{}, badField("create", "must have the user of the session as its author and only member")
	}
	own, err := s.activeCards(ctx, chain.Member{User: user, Card: create.AuthorCard})
	if err != nil {
		return SharedFounding{}, err
	}
	card, cards := own[len(own)-1], &chain.Cards{}
	if err := cards.Add(card); err != nil {
		return SharedFounding{}, fmt.Errorf("card in the store: %w", err)
	}
	state, err := chain.Begin(create, cards)
	if err != nil {
		return SharedFounding{}, badField("create", "was refused: %v", err) // never stale: nothing comes before it
	}
	envelope, err := parseEnvelope("envelope", in.Envelope, create)
	if err != nil {
		return SharedFounding{}, err
	}
	live := chain.NewLive(create.Vault)
	head := Head{Vault: create.Vault, State: state, Buckets: live.Hashes(), Count: live.Count()}
	return SharedFounding{Card: card, Entry: create, Envelope: envelope, Head: head}, nil
}

// SharedVaults lists the shared vaults of which a user is a member.
func (s *Service) SharedVaults(ctx context.Context, session Session) (protocol.SharedVaults, error) {
	list, err := s.store.Memberships(ctx, session.UserID)
	out := protocol.SharedVaults{Vaults: []protocol.SharedVault{}}
	for _, m := range list {
		out.Vaults = append(out.Vaults, m.wire())
	}
	return out, err
}

// PutEnvelopes stores envelopes for a later entry of the caller's: see protocol.EnvelopesRequest.
func (s *Service) PutEnvelopes(ctx context.Context, session Session, vaultID string, in protocol.EnvelopesRequest) error {
	switch {
	case in.Part < 1 || in.Part > protocol.MaxEnvelopeParts:
		return badField("part", "must be between 1 and %d", protocol.MaxEnvelopeParts)
	case len(in.Envelopes) < 1 || len(in.Envelopes) > protocol.MaxPartEnvelopes:
		return badField("envelopes", "must be 1 to %d", protocol.MaxPartEnvelopes)
	}
	envelopes, err := parseEnvelopes(in.Envelopes)
	if err != nil {
		return err
	}
	head, member, err := s.permit(ctx, session, vaultID, chain.Manager)
	if err != nil {
		return err
	}
	if head.State.Entry.Type != chain.Shared {
		return badField("vault", "must be a shared one")
	}
	err = s.store.PutEnvelopes(ctx, head.Vault, EnvelopePart{User: member.User, Part: int(in.Part), Envelopes: envelopes}, s.now())
	if errors.Is(err, ErrNotFound) { // deleted in between
		return errNoVault
	}
	return err
}

// EnvelopePart are envelopes that a member uploaded for an entry, and that no entry names yet.
type EnvelopePart struct {
	User      chain.ID
	Part      int // 1 to protocol.MaxEnvelopeParts
	Envelopes [][]byte
}
