package vault

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"time"

	"github.com/vaultsphere/vaultsphere/app/protocol"
)

const (
	invitationLife        = 7 * 24 * time.Hour
	invitationSecretBytes = 16
)

// Door says who may register without an invitation. The zero value admits only invited users.
type Door struct {
	Open  bool // anyone
	First bool // the first user of the server
}

var (
	errInvitationRequired = &Error{Code: protocol.CodeInvitationRequired, Message: "registration on this server requires an invitation: ask its operator for a link (vaultsphered invite)"}
	errInvitationInvalid  = &Error{Code: protocol.CodeInvitationInvalid, Message: "this invitation was used, has expired, or belongs to another server: ask the operator for a new one"}
)

// Invite makes an invitation that lets one user register within seven days. Only the result holds the secret.
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

// hashInvitation needs neither salt nor cost: the secret is 128 random bits.
func hashInvitation(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
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

// admission checks early whether the caller may register, before expensive work. CreateAccount has the final say.
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
