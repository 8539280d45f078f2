// Package chain holds the public half of a vault: cards, log entries, writes, and the rules by which one state of a vault follows
// the one before. Everything here is signed or hashed, and nothing is secret. Clients and the server run the same rules: the
// server before it stores, a client before it believes.
//
//   - A Card is a user's public identity.
//   - An Entry is a line of a vault's membership log. It holds the whole roster.
//   - A Write is a step of a vault from revision n−1 to n. It names its operations and the root over everything that is live.
//   - A State is what somebody verified of a vault. State.Follow is the only way from one to the next.
//
// The rules are in four places: card.go says which cards are taken, rules.go what an entry may change, follow.go which entries and
// writes continue a verified state, and live.go which operations a write may hold. Each refusal has its own error below.
//
// The package is pure: no files, network, clock or logging. It never panics on input.
package chain

import (
	"fmt"
)

// Reason is why something is refused.
type Reason string

func (r Reason) Error() string { return string(r) }

// The reasons to refuse something. Most come wrapped in an *Error that names the object.
const (
	// ErrEncoding: the bytes are not the one encoding of any object. Two encodings of one object would have two hashes.
	ErrEncoding Reason = "encoding is not canonical"
	// ErrCard: a card with keys that would let anybody sign or lock others out, or that is not signed by its own key, or that
	// does not descend from the one it replaces.
	ErrCard Reason = "card is not valid"
	// ErrTwoCards: two cards of one user have the same generation. One of them is forged.
	ErrTwoCards Reason = "two cards have the same user and generation"
	// ErrUnknownCard: the card that is needed to check a signature was not supplied.
	ErrUnknownCard Reason = "card is missing"
	// ErrSignature: a signature is missing, left over or wrong.
	ErrSignature Reason = "signature is wrong"
	// ErrVault: the object belongs to another vault, or changes the type of this one.
	ErrVault Reason = "belongs to another vault"
	// ErrPredecessor: the object does not name the hash of the one before.
	ErrPredecessor Reason = "does not follow the one before"
	// ErrOp: the op is unknown, or not for this type of vault.
	ErrOp Reason = "operation is not for this vault"
	// ErrClosed: the vault is closed. Members can only leave or be removed.
	ErrClosed Reason = "vault is closed"
	// ErrAuthor: the author is not a member, or signs with a card that is not the one in the roster.
	ErrAuthor Reason = "author is not a member with this card"
	// ErrRole: the author's role does not allow this.
	ErrRole Reason = "author's role does not allow this"
	// ErrRoster: the roster changed in a way that the op does not allow.
	ErrRoster Reason = "roster changed more than the operation allows"
	// ErrEnvelope: a member has no new envelope although the key or the card changed, or has one although neither did.
	ErrEnvelope Reason = "envelopes do not match the change"
	// ErrEpoch: epoch, commitment and previous keys did not change together, or not when the op asks for it; or a write is of
	// another epoch than the entry that it names.
	ErrEpoch Reason = "epoch does not match the change"
	// ErrAnnex: the annex changed without an op that changes it, or did not change with one that does.
	ErrAnnex Reason = "annex does not match the operation"
	// ErrRevision: an entry names a write that is older than a known write, unknown, or different from the known one.
	ErrRevision Reason = "entry names a write that is not in this chain"
	// ErrEntry: a write does not name the newest entry below its revision.
	ErrEntry Reason = "write does not name the newest log entry"
	// ErrFork: the writes do not lead to the remembered one. Somebody shows another history.
	ErrFork Reason = "history does not contain the remembered state"
	// ErrOperations: the operations differ from the signed ones, are not allowed, or contradict the live lines.
	ErrOperations Reason = "operations are not valid"
	// ErrRoot: the author signed another root or count for the state after the operations.
	ErrRoot Reason = "live records are not the signed ones"
	// ErrDocument: an account document that is not the annex, or that contradicts its entry.
	ErrDocument Reason = "account document does not match its log entry"
)

// Kind is the kind of a signed object. Signatures cover it, so a signature of one kind is never valid for another.
type Kind string

const (
	KindCard   Kind = "card"
	KindEntry  Kind = "entry"
	KindWrite  Kind = "write"
	KindResend Kind = "resend"
)

// Error names the object that was refused. Err is one of the errors above, possibly with details.
type Error struct {
	Kind   Kind
	Number int64 // generation of a card, sequence number of an entry, revision of a write
	Author ID    // as the object says; not proven unless its signature was verified
	Err    error
}

func (e *Error) Error() string { return fmt.Sprintf("%s %d: %v", e.Kind, e.Number, e.Err) }

func (e *Error) Unwrap() error { return e.Err }
