package vault

import (
	"cmp"
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"time"

	"github.com/vaultsphere/vaultsphere/app/protocol"
)

const (
	proofBytes = 16
	hashBytes  = 32
)

// Door says who may register without an invitation. The zero value admits only invited users.
type Door struct {
	Open  bool // anyone
	First bool // the first user of the server, who becomes an administrator
}

var (
	errInvitationRequired = &Error{Code: protocol.CodeInvitationRequired, Message: "registration on this server requires an invitation: ask an administrator for a link"}
	errInvitationInvalid  = &Error{Code: protocol.CodeInvitationInvalid, Message: "this invitation was used or revoked, has expired, or belongs to another server: ask an administrator for a new one"}
	errInvitationQuota    = &Error{Code: protocol.CodeInvitationQuota, Message: fmt.Sprintf("%d invitations are open, which is the limit: revoke some", protocol.MaxInvitations)}
	errNoInvitation       = &Error{Code: protocol.CodeNotFound, Message: "no such invitation: it was used or revoked, or has expired"}
)

// Invite makes an invitation that lets one user register, once, for the operator of the server. Only the result holds the
// secret.
func Invite(ctx context.Context, store Store, administrator bool, now time.Time) (protocol.JoinSecret, error) {
	secret := protocol.NewJoinSecret()
	wire := secret.Invitation()
	i := invitation(wire.ID, protocol.HashProof(wire.Proof), protocol.MaxInvitationDays, now)
	i.Administrator = administrator
	return secret, store.PutInvitation(ctx, i)
}

func invitation(id protocol.ID, proofHash protocol.Hash, days int, now time.Time) Invitation {
	now = now.UTC().Truncate(time.Millisecond)
	return Invitation{ID: InvitationID(id), ProofHash: proofHash, Created: now, Expires: now.Add(time.Duration(days) * 24 * time.Hour)}
}

// Invite stores an invitation of an administrator, who confirms the password if the invitation is for another one. A retry of a request whose answer was lost is a conflict, and harmless.
func (s *Service) Invite(ctx context.Context, by Administrator, in protocol.NewInvitationRequest) error {
	if err := checkFirst(
		checkID("id", in.ID), checkBinary("proof_hash", in.ProofHash, rawURL, hashBytes, "base64url without padding"), checkOffer(in.Offer),
	); err != nil {
		return err
	}
	if in.Days < 0 || in.Days > protocol.MaxInvitationDays {
		return badField("days", "must be between 1 and %d", protocol.MaxInvitationDays)
	}
	if in.Administrator {
		if err := s.confirmAdministrator(ctx, by, in.CurrentAuthKey); err != nil {
			return err
		}
	}
	open, err := s.store.Invitations(ctx, s.now())
	if err != nil {
		return err
	}
	if len(open) >= protocol.MaxInvitations {
		return errInvitationQuota
	}
	i := invitation(in.ID, in.ProofHash, cmp.Or(in.Days, protocol.MaxInvitationDays), s.now())
	i.By, i.ByID, i.Administrator = by.user.Username, by.user.ID, in.Administrator
	i.Offer = in.Offer
	if err := s.store.PutInvitation(ctx, i); err != nil {
		return err
	}
	s.trail.record(ctx, by.event(protocol.AuditInvited, Event{Invitation: i.ID}))
	return nil
}

// Invitations lists the open invitations, oldest first.
func (s *Service) Invitations(ctx context.Context, _ Administrator) (protocol.InvitationsResponse, error) {
	open, err := s.store.Invitations(ctx, s.now())
	out := protocol.InvitationsResponse{Invitations: make([]protocol.OpenInvitation, 0, len(open))}
	for _, i := range open {
		out.Invitations = append(out.Invitations, protocol.OpenInvitation{
			ID: string(i.ID), Created: i.Created, Expires: i.Expires, By: string(i.By), Administrator: i.Administrator,
		})
	}
	return out, err
}

// RevokeInvitation deletes an open invitation. For one that was used, it deletes the answer and returns CodeNotFound.
func (s *Service) RevokeInvitation(ctx context.Context, by Administrator, in protocol.RevokeInvitationRequest) error {
	if err := checkID("id", in.ID); err != nil {
		return err
	}
	err := s.store.DeleteInvitation(ctx, InvitationID(in.ID))
	if errors.Is(err, ErrNoInvitation) {
		if err := s.store.DeleteAnswer(ctx, InvitationID(in.ID), by.user.ID); err != nil {
			return err
		}
		return errNoInvitation
	}
	if err == nil {
		s.trail.record(ctx, by.event(protocol.AuditInvitationRevoked, Event{Invitation: InvitationID(in.ID)}))
	}
	return err
}

// CheckRegistration returns the error that Register would return, so a client can show it before the user writes down a phrase.
// Without the required invitation, a caller learns nothing about usernames.
func (s *Service) CheckRegistration(ctx context.Context, in protocol.RegisterCheckRequest, door Door) error {
	if _, err := s.admission(ctx, in.Invitation, door); err != nil || in.Username == "" {
		return err
	}
	name, err := newUsername(in.Username)
	if err != nil {
		return err
	}
	_, err = s.isFree(ctx, name) // Register finishes a deletion
	return err
}

// admitted is an admission and who made its invitation.
type admitted struct {
	Admission
	by   Username // empty if the operator did
	byID UserID
}

// admission checks early whether the caller may register, before expensive work. CreateAccount has the final say.
func (s *Service) admission(ctx context.Context, in *protocol.Invitation, door Door) (admitted, error) {
	if in != nil {
		return s.invited(ctx, *in)
	}
	first := false
	if door.First {
		inhabited, err := s.store.Inhabited(ctx)
		if err != nil {
			return admitted{}, err
		}
		first = !inhabited
	}
	if !first && !door.Open {
		return admitted{}, errInvitationRequired
	}
	return admitted{Admission: Admission{First: first, Administrator: first}}, nil
}

func (s *Service) invited(ctx context.Context, in protocol.Invitation) (admitted, error) {
	i, err := s.opened(ctx, in)
	if err != nil {
		return admitted{}, err
	}
	return admitted{Admission: Admission{Invitation: i.ID, Administrator: i.Administrator}, by: i.By, byID: i.ByID}, nil
}

// opened returns an open invitation, for somebody who has its link.
func (s *Service) opened(ctx context.Context, in protocol.Invitation) (Invitation, error) {
	if err := checkFirst(
		checkID("invitation.id", in.ID),
		checkBinary("invitation.proof", in.Proof, rawURL, proofBytes, "base64url without padding"),
	); err != nil {
		return Invitation{}, err
	}
	i, err := s.store.Invitation(ctx, InvitationID(in.ID), s.now())
	if err == nil && subtle.ConstantTimeCompare([]byte(i.ProofHash), []byte(protocol.HashProof(in.Proof))) != 1 {
		err = errInvitationInvalid
	}
	if err != nil {
		if Answer(err).Code == protocol.CodeInvitationInvalid {
			s.trail.record(ctx, Event{Kind: protocol.AuditInvitationRefused}) // without its ID, which a stranger may have made up
		}
		return Invitation{}, err
	}
	return i, nil
}
