// Package members signs the log entries of shared vaults, and says who their members are.
//
// A Signer makes an entry from the verified log of a vault and the keys of a member. It seals keys only to the roster that it is about to
// sign, after the user was shown what is new in it, and refuses what the member's role does not allow, so that nothing is sent that the
// server or another client would refuse. List and Changes describe the members to the user. The package is pure: no files, network, clock or
// logging.
package members

import (
	"errors"
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

var (
	// ErrNotMember: the user is not in the newest roster.
	ErrNotMember = errors.New("you are not a member of this vault")
	// ErrNoMember: the person to remove or to give a role is not in the newest roster.
	ErrNoMember = errors.New("not a member of this vault")
	// ErrMember: the person to add is in the newest roster.
	ErrMember = errors.New("already a member of this vault")
	// ErrRole: only a higher role may do this.
	ErrRole = errors.New("your role in this vault does not allow this")
	// ErrClosed: an owner has closed the vault.
	ErrClosed = errors.New("this vault is closed")
	// ErrSelf: members do not remove themselves: they would draw the next key. They leave.
	ErrSelf = errors.New("you cannot remove yourself: leave the vault")
	// ErrLastOwner: the vault would have no owner.
	ErrLastOwner = errors.New("a vault needs an owner: make somebody else an owner first")
	// ErrFull: too many members, or too many new ones in one entry.
	ErrFull = fmt.Errorf("a vault has at most %d members, and at most %d are added at a time", chain.MaxMembers, protocol.MaxNewMembers)
	// ErrUnverified: the person to add is not pinned, or was only introduced and would be a manager or an owner.
	ErrUnverified = errors.New("verify this person first")
	// ErrSame: the entry would change nothing.
	ErrSame = errors.New("nothing would change")
	// ErrRotateFirst: a member has left and still has the key.
	ErrRotateFirst = errors.New("somebody left this vault: rotate its keys first")
	// ErrNoKey: the user cannot pass on the key of the vault, because it was not passed on correctly.
	ErrNoKey = errors.New("you do not have the newest key of this vault: another manager must rotate its keys")
	// ErrPolicy: the policy is empty or too long.
	ErrPolicy = errors.New("the policy of a vault must not be empty or too long")
	// ErrUnseen: see UnseenError.
	ErrUnseen = errors.New("the members changed since you last saw them")
)

// Error names the member whom an error of this package, or of package directory, is about.
type Error struct {
	User     chain.ID
	Username string
	Err      error
}

func (e *Error) Error() string { return e.Username + ": " + e.Err.Error() }

func (e *Error) Unwrap() error { return e.Err }

// UnseenError has what the user must be shown before signing. A server that holds a thief's keys, or a colluding manager, has added somebody
// whom the user would give the next key.
type UnseenError struct {
	Shown   int64 // the value of Signer.Shown that says that Changes were shown
	Changes []Change
}

func (e *UnseenError) Error() string { return fmt.Sprintf("%v: %d changes", ErrUnseen, len(e.Changes)) }

func (e *UnseenError) Is(target error) bool { return target == ErrUnseen }
