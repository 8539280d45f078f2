package protocol

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"time"
)

const joinPath = "#join/"

// Labels of HKDF-SHA256 (RFC 5869), without salt, for what follows from the secret of an invitation.
const (
	labelInvitationID    = "vaultsphere/v2/invitation-id"
	labelInvitationProof = "vaultsphere/v2/invitation-proof"
)

const joinSecretBytes = 16

// JoinSecret is the secret of an invitation link: 128 random bits. No server receives it.
type JoinSecret struct{ b [joinSecretBytes]byte }

// NewJoinSecret returns a random secret.
func NewJoinSecret() JoinSecret {
	var s JoinSecret
	_, _ = rand.Read(s.b[:]) // never fails (crypto/rand)
	return s
}

// ParseJoinSecret reads what JoinLink has after "#join/": base64url without padding. It accepts only the canonical spelling.
func ParseJoinSecret(text string) (s JoinSecret, ok bool) {
	if len(text) != base64.RawURLEncoding.EncodedLen(joinSecretBytes) {
		return s, false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) != joinSecretBytes {
		return s, false
	}
	return JoinSecret{[joinSecretBytes]byte(b)}, true
}

// JoinLink returns the part of an invitation link after the server's address. It is a fragment, which browsers send to no
// server.
func (s JoinSecret) JoinLink() string {
	return "/" + joinPath + base64.RawURLEncoding.EncodeToString(s.b[:])
}

// ParseJoinLink splits an invitation link into the server's address, which may be missing, and the secret.
func ParseJoinLink(link string) (server string, s JoinSecret, ok bool) {
	server, rest, ok := strings.Cut(strings.TrimSpace(link), joinPath)
	if !ok {
		return "", s, false
	}
	s, ok = ParseJoinSecret(rest)
	return strings.TrimSuffix(server, "/"), s, ok
}

// Invitation returns what a joiner sends.
func (s JoinSecret) Invitation() Invitation {
	return Invitation{ID: s.derive(labelInvitationID), Proof: s.derive(labelInvitationProof)}
}

func (s JoinSecret) derive(label string) ID {
	b, err := hkdf.Key(sha256.New, s.b[:], nil, label, joinSecretBytes)
	if err != nil {
		panic("protocol: " + err.Error()) // only for a length that SHA-256 cannot give
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// Equal compares in constant time.
func (s JoinSecret) Equal(o JoinSecret) bool { return subtle.ConstantTimeCompare(s.b[:], o.b[:]) == 1 }

// String redacts the secret, in case it is printed by mistake.
func (s JoinSecret) String() string { return "protocol.JoinSecret(redacted)" }

// Format redacts the secret for every verb.
func (s JoinSecret) Format(f fmt.State, _ rune) { fmt.Fprint(f, s.String()) }

// HashProof returns what the server stores of Invitation.Proof. It needs neither salt nor cost: the proof is 128 random bits.
func HashProof(proof ID) Hash {
	sum := sha256.Sum256([]byte(proof))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// NewInvitationRequest stores an invitation that lets one user register, once. The client makes the secret.
//
//wire:schema {"dependentRequired":{"administrator":["current_auth_key"]}}
type NewInvitationRequest struct {
	ID        ID   `json:"id"`
	ProofHash Hash `json:"proof_hash"` // SHA-256 of Invitation.Proof in its encoded form
	// Administrator says that the user will be an administrator. It needs the master password again: with a stolen session, a thief
	// could otherwise become one.
	Administrator  bool    `json:"administrator,omitempty"`
	CurrentAuthKey AuthKey `json:"current_auth_key,omitempty"` // only with Administrator
	Offer          Offer   `json:"offer,omitempty"`
	// Days is for how long the invitation is open; 0: MaxInvitationDays.
	//wire:schema {"minimum":0,"maximum":MaxInvitationDays}
	Days int `json:"days,omitempty"`
}

// MaxInvitationDays bounds how long an invitation is open.
const MaxInvitationDays = 7

// MaxInvitations bounds the invitations that are open at the same time.
const MaxInvitations = 1000

// OpenInvitation is an invitation that was not used, has not expired and was not revoked. Times have millisecond precision.
type OpenInvitation struct {
	ID      ID        `json:"id"`
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires"`
	By      Username  `json:"by,omitempty"` // the administrator; missing if it was made on the server's host
	// Administrator says that the user will be an administrator.
	Administrator bool `json:"administrator"`
}

// InvitationsResponse lists the open invitations, oldest first.
type InvitationsResponse struct {
	Invitations []OpenInvitation `json:"invitations"`
}

// RevokeInvitationRequest deletes an open invitation.
type RevokeInvitationRequest struct {
	ID ID `json:"id"`
}
