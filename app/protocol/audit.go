package protocol

import (
	"slices"
	"time"
)

const (
	// PathAdminEvents is the audit trail, for administrators.
	PathAdminEvents = "/api/v1/admin/events"
	// PathAccountEvents is what the audit trail has of the user who asks.
	PathAccountEvents = "/api/v1/account/events"
)

// MaxAuditEvents bounds one AuditResponse.
const MaxAuditEvents = 100

// AuditKind says what happened. New kinds may be added.
type AuditKind string

const (
	AuditRegistered         AuditKind = "registered"
	AuditInvitationUsed     AuditKind = "invitation_used"       // whom: the administrator who had made it
	AuditInvitationRefused  AuditKind = "invitation_refused"    // one that was unknown, used, revoked or expired, or a wrong proof
	AuditSignedIn           AuditKind = "signed_in"             // with the password
	AuditSignedInPhrase     AuditKind = "signed_in_with_phrase" // and the phrase, the password or keys were changed
	AuditSignInFailed       AuditKind = "sign_in_failed"        // wrong password; without a name if there is no such user
	AuditPhraseFailed       AuditKind = "phrase_failed"         // wrong recovery phrase
	AuditSecondFactorFailed AuditKind = "second_factor_failed"  // wrong code after the right password
	AuditSuspendedSignIn    AuditKind = "suspended_sign_in"     // right password of a suspended user
	AuditPasswordRefused    AuditKind = "password_refused"      // wrong password for a change in a session
	AuditSignedOut          AuditKind = "signed_out"
	AuditSessionsEnded      AuditKind = "sessions_ended" // from another session of the user
	AuditSecondFactorOn     AuditKind = "second_factor_on"
	AuditSecondFactorOff    AuditKind = "second_factor_off"
	AuditPasswordChanged    AuditKind = "password_changed"
	AuditPhraseChanged      AuditKind = "phrase_changed"
	AuditAccountKeyChanged  AuditKind = "account_key_changed"
	AuditAccountDeleted     AuditKind = "account_deleted" // by the user
	AuditInvited            AuditKind = "invited"
	AuditInvitationRevoked  AuditKind = "invitation_revoked"
	AuditSuspended          AuditKind = "suspended"
	AuditResumed            AuditKind = "resumed"
	AuditRemoved            AuditKind = "removed"     // and will be deleted
	AuditDeleted            AuditKind = "deleted"     // by an administrator, or because a removal was 30 days ago
	AuditUnthrottled        AuditKind = "unthrottled" // may try again at once after wrong passwords
	AuditPromoted           AuditKind = "promoted"
	AuditDemoted            AuditKind = "demoted"
)

// AuditKinds lists all kinds.
var AuditKinds = []AuditKind{
	AuditRegistered, AuditInvitationUsed, AuditInvitationRefused, AuditSignedIn, AuditSignedInPhrase, AuditSignInFailed, AuditPhraseFailed,
	AuditSecondFactorFailed, AuditSuspendedSignIn, AuditPasswordRefused, AuditSignedOut, AuditSessionsEnded, AuditSecondFactorOn,
	AuditSecondFactorOff, AuditPasswordChanged, AuditPhraseChanged, AuditAccountKeyChanged, AuditAccountDeleted, AuditInvited,
	AuditInvitationRevoked, AuditSuspended, AuditResumed, AuditRemoved, AuditDeleted, AuditUnthrottled, AuditPromoted, AuditDemoted,
}

// Counted reports whether the events of an hour that are of this kind and about the same user are one row: strangers decide how many there
// are.
func (k AuditKind) Counted() bool {
	return slices.Contains([]AuditKind{
		AuditInvitationRefused, AuditSignInFailed, AuditPhraseFailed, AuditSecondFactorFailed, AuditSuspendedSignIn, AuditPasswordRefused,
	}, k)
}

// AuditID is the place of an event in the audit trail: the time in milliseconds, and what tells it from others of that time.
//
//wire:schema {"pattern":"^[0-9]{14}-[0-9a-f]{16}$","examples":["01769851613589-9f86d081884c7d65"]}
type AuditID = string

// AuditEvent is one row of the audit trail. A row that counts several events has the time of its hour, and the other members are those of
// the last event. Times have millisecond precision.
type AuditEvent struct {
	ID   AuditID   `json:"id"`
	Kind AuditKind `json:"kind"`
	Time time.Time `json:"time"`
	Last time.Time `json:"last"` // of the last one that is counted
	//wire:schema {"minimum":1}
	Count int64 `json:"count"`
	// Strangers and the operator have no name.
	Who    Username `json:"who,omitempty"`
	WhoID  ID       `json:"who_id,omitempty"`
	Whom   Username `json:"whom,omitempty"` // another user
	WhomID ID       `json:"whom_id,omitempty"`
	Host   bool     `json:"host"` // done by the operator on the server's host, or by the server
	// Address is the client's, as the rate limits see it.
	//wire:schema {"minLength":1,"examples":["203.0.113.7"]}
	Address string `json:"address,omitempty"`
	Device  Device `json:"device,omitempty"` // as its user named it; missing for strangers
	//wire:schema {"pattern":"^[0-9a-f]{16}$","examples":["7f25dcca024ce079"]}
	RequestID  string `json:"request_id,omitempty"`
	Invitation ID     `json:"invitation,omitempty"` // which does not say its secret
}

// AuditResponse lists events, newest first. Next, if it is not missing, is the parameter "before" of the request for what may follow: a
// server reads only so many rows at a time, so there may be few events, or none.
type AuditResponse struct {
	//wire:schema {"maxItems":MaxAuditEvents}
	Events []AuditEvent `json:"events"`
	Next   AuditID      `json:"next,omitempty"`
}
