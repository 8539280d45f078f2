package protocol

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
)

// Paths of what an invitation brings besides the right to register: an offer of the inviter, and the answer of the new user. Both are under
// keys that follow from the secret of the link, so the server can neither read nor make them.
const (
	PathInvitationOffer    = "/api/v1/invitations/offer"
	PathInvitationsAnswers = "/api/v1/admin/invitations/answers"
)

// MaxOfferBytes bounds an Offer.
const MaxOfferBytes = 28 << 10

// Offer is what an inviter seals for the one who gets the link: a Fernet token.
//
//wire:schema {"maxLength":MaxOfferBytes,"like":"Token"}
type Offer = string

// OfferRequest asks for the offer of an open invitation.
type OfferRequest struct {
	Invitation Invitation `json:"invitation"`
}

// OfferResponse has no offer if the invitation was made on the server's host.
type OfferResponse struct {
	Offer Offer `json:"offer,omitempty"`
}

// InvitationAnswer says who registered with an invitation that has an offer.
type InvitationAnswer struct {
	ID       ID       `json:"id"`
	UserID   ID       `json:"user_id"`
	Username Username `json:"username"`
	Answer   Hash     `json:"answer,omitempty"` // see NewUserRequest
}

// AnswersResponse lists the answers to the invitations of the administrator who asks.
type AnswersResponse struct {
	//wire:schema {"maxItems":MaxInvitations}
	Answers []InvitationAnswer `json:"answers"`
}

// Key returns a key of 32 bytes that follows from the secret: HKDF-SHA256 (RFC 5869) with a label and without salt.
func (s JoinSecret) Key(label string) [32]byte {
	b, err := hkdf.Key(sha256.New, s.b[:], nil, label, 32)
	if err != nil {
		panic("protocol: " + err.Error()) // only for a length that SHA-256 cannot give
	}
	return [32]byte(b)
}

// Encode returns the text that ParseJoinSecret reads.
func (s JoinSecret) Encode() string { return base64.RawURLEncoding.EncodeToString(s.b[:]) }
