package core

import (
	"context"
	"time"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/client/directory"
)

// People are other users: whom the user has verified, and the invitations that verify both sides.
type People interface {
	// OwnCard returns the fingerprint that others compare.
	OwnCard(context.Context) (client.OwnCard, error)
	// People lists the persons whom the user has verified. It asks no server.
	People(context.Context) (client.People, error)
	// CheckPeople compares each of them with what the server shows.
	CheckPeople(context.Context, func(done, total int)) (CheckedPeople, error)
	// FindPerson returns the person whom the server shows under a name, for VerifyPerson.
	FindPerson(context.Context, Username) (FoundPerson, error)
	// VerifyPerson is refused with the code "other_fingerprint" unless the digits are those of the person that FindPerson returned last.
	VerifyPerson(context.Context, Comparison) error
	ForgetPerson(context.Context, UserID) error
	// SentInvitations lists the user's invitations that were not accepted and not revoked, with who used them. Only an administrator has any.
	SentInvitations(context.Context) (SentInvitations, error)
	// AcceptJoiner is refused with the code "conflict" if SentInvitations has meanwhile shown another person.
	AcceptJoiner(context.Context, Joiner) error
	// ReadOffer says who made an invitation link. Register expects the same.
	ReadOffer(context.Context, JoinSecret) (Offered, error)
}

// CheckedPeople is as long as People.
type CheckedPeople struct {
	People []client.CheckedPerson `json:"people"` // by username
}

// FoundPerson is a person as the server shows one, compared with what the user has verified.
type FoundPerson struct {
	Username    string                  `json:"username"`
	UserID      string                  `json:"user_id"`
	Fingerprint string                  `json:"fingerprint"`
	Standing    directory.Standing      `json:"standing"`
	Known       []client.VerifiedPerson `json:"known"` // whom Standing is about
}

// Comparison is a fingerprint that the user got from the person.
type Comparison struct {
	UserID string `json:"user_id"`
	Digits string `json:"digits"` // spaces and hyphens do not matter
}

type UserID struct {
	UserID string `json:"user_id"`
}

type SentInvitations struct {
	Invitations []client.SentInvitation `json:"invitations"` // in no order
}

// Joiner is the new user that the person was shown.
type Joiner struct {
	ID          string `json:"id"` // of the invitation
	UserID      string `json:"user_id"`
	Fingerprint string `json:"fingerprint"`
}

type JoinSecret struct {
	Invitation string `json:"invitation"` // the secret of the link
}

// Offered is what the inviter sealed for the new user. Without an inviter, the operator of the server made the link.
type Offered struct {
	Inviter     string    `json:"inviter"` // a username
	Fingerprint string    `json:"fingerprint"`
	Invitee     string    `json:"invitee"` // what the inviter calls the new user; may be empty
	Expires     time.Time `json:"expires"`
}
