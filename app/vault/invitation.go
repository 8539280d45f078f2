package vault

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"time"

	"github.com/vaultsphere/vaultsphere/app/protocol"
)

const (
	invitationLife        = 7 * 24 * time.Hour
	invitationSecretBytes = 16
)

// Door says who may register without an invitation. The zero value is nobody.
type Door struct {
	Open  bool // everybody
	First bool // the first user of the server
}

var (
	errInvitationRequired = &Error{Code: protocol.CodeInvitationRequired, Message: "this server takes new users by invitation: ask whoever runs it for a link, which vaultsphered invite makes"}
	errInvitationInvalid  = &Error{Code: protocol.CodeInvitationInvalid, Message: "this invitation was used, has expired, or is not of this server: ask whoever runs it for another"}
)

// Invite makes an invitation that lets one user register within seven days. The secret is in nothing but the answer.
func Invite(ctx context.Context, store Store, now time.Time) (protocol.Invitation, error) {
	id, secret := make([]byte, idBytes), make([]byte, invitationSecretBytes)
	rand.Read(id)
	rand.Read(secret)
	out := protocol.Invitation{ID: rawURL.EncodeToString(id), Secret: rawURL.EncodeToString(secret)}
	now = now.UTC().Truncate(time.Millisecond)
	return out, store.PutInvitation(ctx, Invitation{
		ID: InvitationID(out.ID), Hash: hashInvitation(out.Secret), Created: now, Expires: now.Add(invitationLife),
	})
}

// hashInvitation needs no salt and no cost: the secret is 128 random bits.
func hashInvitation(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

// CheckRegistration refuses what Register would refuse, so that a client can say so before a phrase is written down. Who
// has no invitation where one is needed learns nothing about names.
func (s *Service) CheckRegistration(ctx context.Context, in protocol.RegisterCheckRequest, door Door) error {
	if _, err := s.admission(ctx, in.Invitation, door); err != nil || in.Username == "" {
		return err
	}
	name, err := newUsername(in.Username)
	if err != nil {
		return err
	}
	u, err := s.store.User(ctx, name)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil
	case err != nil:
		return err
	case u.Deleting:
		return nil // Register ends what is left
	}
	return ErrUsernameTaken
}

// admission looks whether somebody may register, before work is spent on it. CreateUser decides.
func (s *Service) admission(ctx context.Context, in *protocol.Invitation, door Door) (Admission, error) {
	switch {
	case in != nil:
		return s.invited(ctx, *in)
	case door.Open:
		return Admission{}, nil
	case !door.First:
		return Admission{}, errInvitationRequired
	}
	inhabited, err := s.store.Inhabited(ctx)
	if err == nil && inhabited {
		err = errInvitationRequired
	}
	return Admission{First: true}, err
}

func (s *Service) invited(ctx context.Context, in protocol.Invitation) (Admission, error) {
	if err := checkFirst(
		checkID("invitation.id", in.ID),
		checkBinary("invitation.secret", in.Secret, rawURL, invitationSecretBytes, "base64url without padding"),
	); err != nil {
		return Admission{}, err
	}
	i, err := s.store.Invitation(ctx, InvitationID(in.ID), s.now())
	if err != nil {
		return Admission{}, err
	}
	if subtle.ConstantTimeCompare(i.Hash, hashInvitation(in.Secret)) != 1 {
		return Admission{}, errInvitationInvalid
	}
	return Admission{Invitation: i.ID}, nil
}
