package vault

import (
	"context"
	"errors"
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// The newest roster of a vault alone decides who may do what in it, and this file is the only place that asks it: permit for members, and
// former for those who were members. To everybody else a vault does not exist: a request for it is answered, and takes as long, as for an
// ID that nobody used.

var (
	errNoVault = &Error{Code: protocol.CodeNotFound, Message: "no such vault"}
	errRole    = &Error{Code: protocol.CodeRole, Message: "your role in this vault does not allow this"}
)

// permit returns the head of a vault and the caller's line in the newest roster. errNoVault for others; errRole for a member below a role.
func (s *Service) permit(ctx context.Context, session Session, vaultID string, lowest chain.Role) (Head, chain.Member, error) {
	id, user, err := parseAccess(session, vaultID)
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
	switch {
	case line == nil:
		return Head{}, chain.Member{}, errNoVault
	case line.Role < lowest:
		return Head{}, chain.Member{}, errRole
	}
	return head, *line, nil
}

// member is permit for every role.
func (s *Service) member(ctx context.Context, session Session, vaultID string) (Head, chain.Member, error) {
	return s.permit(ctx, session, vaultID, chain.Reader)
}

// former returns the state of a shared vault that the entry names which ended the caller's membership: all that a former member may know,
// and only of the log. errNoVault for others.
func (s *Service) former(ctx context.Context, session Session, vaultID string) (Head, chain.ID, error) {
	id, user, err := parseAccess(session, vaultID)
	if err != nil {
		return Head{}, user, err
	}
	sequence, err := s.store.Left(ctx, session.UserID, id)
	if errors.Is(err, ErrNotFound) {
		return Head{}, user, errNoVault
	}
	if err != nil {
		return Head{}, user, err
	}
	e, err := s.entryAt(ctx, id, sequence)
	if err == nil && e == nil {
		err = errNoVault // deleted in between
	}
	if err != nil {
		return Head{}, user, err
	}
	return Head{Vault: id}.at(e), user, nil
}

// entryAt returns the log entry with a sequence number, or nil.
func (s *Service) entryAt(ctx context.Context, vaultID chain.ID, sequence int64) (*chain.Entry, error) {
	encoded, err := s.store.Entries(ctx, vaultID, sequence-1, 1)
	if err != nil || len(encoded) == 0 {
		return nil, err
	}
	e, err := chain.ParseEntry(encoded[0])
	if err != nil {
		return nil, fmt.Errorf("log entry in the store: %w", err)
	}
	return e, nil
}

func parseAccess(session Session, vaultID string) (id, user chain.ID, err error) {
	if id, err = parseVaultID(vaultID); err != nil {
		return id, user, err
	}
	user, err = session.UserID.memberID()
	return id, user, err
}
