package client

import (
	"context"
	"fmt"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client/directory"
	"github.com/vaultsphere/vaultsphere/app/client/members"
	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// VaultMember is a member of a shared vault.
type VaultMember struct {
	UserID      string        `json:"user_id"`
	Username    string        `json:"username"` // of the card in the vault
	Fingerprint string        `json:"fingerprint"`
	Role        protocol.Role `json:"role"`
	Self        bool          `json:"self,omitempty"`
	Standing    string        `json:"standing,omitempty"` // one of directory.Standing; empty for the user
	How         string        `json:"how,omitempty"`      // compared, link or introduced; empty for not verified
	// Introduced says that the member is not verified, and was added by somebody who is.
	Introduced bool      `json:"introduced,omitempty"`
	By         string    `json:"by"` // the username of the member who added this one
	Since      time.Time `json:"since"`
}

// Alarming reports whether the member's card contradicts what the user has verified.
func (m VaultMember) Alarming() bool {
	return m.Standing == string(directory.Parted) || m.Standing == string(directory.OtherUser)
}

// MemberChange is a change of the members of a shared vault.
type MemberChange struct {
	Sequence int64     `json:"sequence"` // of the log entry
	Op       string    `json:"op"`       // create, add, remove, leave, role, recard, rotate, policy or close
	Time     time.Time `json:"time"`
	Author   string    `json:"author"` // a username
	// The member whom the entry changed; empty if it changed none.
	UserID      string        `json:"user_id,omitempty"`
	Username    string        `json:"username,omitempty"`
	Fingerprint string        `json:"fingerprint,omitempty"`
	Before      protocol.Role `json:"before,omitempty"` // empty for a new member
	After       protocol.Role `json:"after,omitempty"`  // empty for one who is gone
	NewCard     bool          `json:"new_card,omitempty"`
}

// Members are the members of a shared vault.
type Members struct {
	Vault   string         `json:"vault"`
	Members []VaultMember  `json:"members"` // by username
	News    []MemberChange `json:"news"`    // that the user was not shown yet
	// Shown is for NoteShown, once the user was shown News.
	Shown int64 `json:"shown"`
	// RotationDue says that somebody left the vault, or has a new card, and the keys were not changed since.
	RotationDue bool `json:"rotation_due"`
}

// Members returns the members of a shared vault, as of the last sync.
func (c *Client) Members(ctx context.Context, id string) (Members, error) {
	op, err := c.begin(ctx)
	if err != nil {
		return Members{}, err
	}
	defer op.end()
	v, err := op.joinedVault(id)
	if err != nil {
		return Members{}, err
	}
	log := v.Log()
	out := Members{Vault: v.id(), Members: []VaultMember{}, News: changesOf(members.Changes(log, v.shownBelow())),
		Shown: log.State.Entry.Sequence + 1, RotationDue: members.RotationDue(log) != members.NotDue}
	for _, m := range members.List(log, directory.Open(v.personal.Replica), v.user) {
		member := VaultMember{UserID: m.User.String(), Username: m.Username, Fingerprint: m.Fingerprint, Role: m.Role.Wire(), Self: m.User == v.user,
			Standing: string(m.Standing), Introduced: m.Introduced, By: m.By.Username, Since: timeOf(m.Since)}
		if m.How != 0 {
			member.How = m.How.Word()
		}
		out.Members = append(out.Members, member)
	}
	return out, nil
}

func changesOf(list []members.Change) []MemberChange {
	out := []MemberChange{}
	for _, c := range list {
		change := MemberChange{Sequence: c.Sequence, Op: c.Op.String(), Time: timeOf(c.Time), Author: c.Author.Username, Username: c.Member.Username,
			Fingerprint: c.Member.Fingerprint, Before: c.Before.Wire(), After: c.After.Wire(), NewCard: c.NewCard}
		if c.Member.User != (chain.ID{}) {
			change.UserID = c.Member.User.String()
		}
		out = append(out, change)
	}
	return out
}

// joinedVault returns a shared vault whose log is verified, and of which the user is a member.
func (op *operation) joinedVault(id string) (*vault, error) {
	v, err := op.loadedVault(id)
	switch {
	case err != nil:
		return nil, err
	case v == v.personal:
		return nil, ErrPersonalVault
	case v.left:
		return nil, ErrVaultLeft
	case v.trouble != nil && v.Log().State.Entry == nil:
		return nil, v.trouble
	case v.Log().State.Entry == nil || v.Log().State.Entry.Member(v.user) == nil:
		return nil, ErrVaultLeft
	}
	return v, nil
}

// shownBelow returns the sequence number below which the user was shown all entries.
func (v *vault) shownBelow() int64 { return max(v.shown, v.pins.Shown()) }

// NoteShown notes that the user was shown all changes of the members below a sequence number: see Members.
func (c *Client) NoteShown(ctx context.Context, id string, shown int64) error {
	op, err := c.begin(ctx)
	if err != nil {
		return err
	}
	defer op.end()
	v, err := op.joinedVault(id)
	if err != nil {
		return err
	}
	if shown <= v.shownBelow() || shown > v.Log().State.Entry.Sequence+1 {
		return nil
	}
	v.shown = shown
	return op.forwardPins(v.unlocked)
}

// UnseenMembersError says that the user must be shown Changes before anything is signed. The call is made again with Shown.
type UnseenMembersError struct {
	Vault   string
	Changes []MemberChange
	Shown   int64
}

func (e *UnseenMembersError) Error() string {
	return fmt.Sprintf("%v: %d changes", members.ErrUnseen, len(e.Changes))
}

func (e *UnseenMembersError) Unwrap() error { return members.ErrUnseen }

// NewMember is a person to add to a vault.
type NewMember struct {
	Username string
	Role     protocol.Role
}

var roles = map[protocol.Role]chain.Role{
	protocol.RoleReader: chain.Reader, protocol.RoleEditor: chain.Editor, protocol.RoleManager: chain.Manager, protocol.RoleOwner: chain.Owner,
}

// AddMembers adds people to a shared vault, whom the user must have verified. shown is 0, or that of an UnseenMembersError or of Members whose
// changes the user was shown.
func (c *Client) AddMembers(ctx context.Context, id string, shown int64, people ...NewMember) error {
	return c.changeMembers(ctx, id, shown, func(op *operation, v *vault) (entryOf, error) {
		var newcomers []members.Newcomer
		for _, p := range people {
			f, err := op.findPerson(v.personal, p.Username)
			if err == nil {
				err = op.introduce(v, f)
			}
			if err != nil {
				return nil, fmt.Errorf("%s: %w", p.Username, err)
			}
			newcomers = append(newcomers, members.Newcomer{Person: f.person, Role: roles[p.Role]})
		}
		return func(s *members.Signer) (*members.Signed, error) { return s.Add(newcomers...) }, nil
	})
}

// introduce pins somebody whom a verified member has added to another vault of the user.
func (op *operation) introduce(v *vault, f *FoundPerson) error {
	if f.Standing != directory.Unknown {
		return f.Standing.Err()
	}
	book := directory.Open(v.personal.Replica)
	for _, s := range v.shared {
		if s.Log().State.Entry == nil || s.left {
			continue
		}
		if by, ok := members.Introduced(s.Log(), book, v.user, f.person.Card()); ok {
			pin := f.person.Pin(directory.Introduced, by, now())
			return op.changePins(v.personal, func(ch *replica.Change, b *directory.Book) error { return b.Pin(ch, f.person, pin, f.seen) })
		}
	}
	return members.ErrUnverified
}

// RemoveMembers removes members from a shared vault and changes its keys. shown is as in AddMembers.
func (c *Client) RemoveMembers(ctx context.Context, id string, shown int64, userIDs ...string) error {
	var users []chain.ID
	for _, text := range userIDs {
		user, err := chain.ParseID(text)
		if err != nil {
			return members.ErrNoMember
		}
		users = append(users, user)
	}
	return c.changeMembers(ctx, id, shown, func(*operation, *vault) (entryOf, error) {
		return func(s *members.Signer) (*members.Signed, error) { return s.Remove(users...) }, nil
	})
}

// SetMemberRole gives a member of a shared vault another role. shown is as in AddMembers.
func (c *Client) SetMemberRole(ctx context.Context, id string, shown int64, userID string, role protocol.Role) error {
	user, err := chain.ParseID(userID)
	if err != nil {
		return members.ErrNoMember
	}
	return c.changeMembers(ctx, id, shown, func(*operation, *vault) (entryOf, error) {
		return func(s *members.Signer) (*members.Signed, error) { return s.SetRole(user, roles[role]) }, nil
	})
}

// RotateMembers changes the keys of a shared vault. shown is as in AddMembers.
func (c *Client) RotateMembers(ctx context.Context, id string, shown int64) error {
	return c.changeMembers(ctx, id, shown, func(*operation, *vault) (entryOf, error) { return (*members.Signer).Rotate, nil })
}

// LeaveVault ends the user's membership of a shared vault.
func (c *Client) LeaveVault(ctx context.Context, id string) error {
	return c.changeMembers(ctx, id, 0, func(*operation, *vault) (entryOf, error) { return (*members.Signer).Leave, nil })
}

// OutdatedVaults returns the ids of the shared vaults in which the user still has an earlier card: after a rotation, until RecardVault. A
// thief of the keys of that card reads them, and can sign there.
func (c *Client) OutdatedVaults() ([]string, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.unlocked == nil {
		return nil, ErrLocked
	}
	own, err := c.unlocked.personal.ownPerson()
	if err != nil {
		return nil, err
	}
	out := []string{}
	for _, v := range c.unlocked.shared {
		if e := v.Log().State.Entry; e != nil && !v.left && !v.Log().State.Closed {
			if m := e.Member(v.user); m != nil && m.Card != own.Card().Hash() {
				out = append(out, v.id())
			}
		}
	}
	return out, nil
}

// RecardVault gives the user the newest card in a shared vault, and changes the keys of the vault if the user's role allows it. shown is as in
// AddMembers.
func (c *Client) RecardVault(ctx context.Context, id string, shown int64) error {
	return c.changeMembers(ctx, id, shown, func(_ *operation, v *vault) (entryOf, error) {
		own, err := v.personal.ownPerson()
		if err != nil {
			return nil, err
		}
		return func(s *members.Signer) (*members.Signed, error) { return s.Recard(own.Cards()) }, nil
	})
}
