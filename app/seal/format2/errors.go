package format2

import (
	"errors"
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/seal"
)

// Errors of this package. They are wrapped: compare with errors.Is. None quotes a password, a phrase, a key or a plaintext.
var (
	ErrBadID       = seal.ErrBadID
	ErrBadPlace    = seal.ErrBadPlace
	ErrKDFMismatch = seal.ErrKDFMismatch
	ErrWrongKey    = seal.ErrWrongKey
	ErrWrongUser   = seal.ErrWrongUser
	ErrAltered     = seal.ErrAltered
	ErrMisplaced   = seal.ErrMisplaced
	ErrTooLarge    = seal.ErrTooLarge

	// ErrUnknownCost: this release does not know the step of the key derivation.
	ErrUnknownCost = errors.New("cost of the key derivation is unknown")
	// ErrWrongMethod: a wrapped account key names another way to unlock than the key that opens it.
	ErrWrongMethod = errors.New("was sealed for another way to unlock")
	// ErrOldKey: the generation of the account key is below that which the device remembers, or another than expected.
	ErrOldKey = errors.New("has another generation of the account key")
	// ErrCardKeys: a card does not have the public halves of the private keys.
	ErrCardKeys = errors.New("card does not have these keys")
	// ErrNotMember: the log entry has no line for the user.
	ErrNotMember = errors.New("the user is not a member of the vault")
	// ErrCommitment: the log commits to another key of the epoch. The author of the log entry is at fault.
	ErrCommitment = errors.New("does not match the commitment in the log")
)

// RecordError names the record that is wrong. Err is ErrAltered, ErrMisplaced or ErrTooLarge.
type RecordError struct {
	Place RecordPlace
	Err   error
}

func (e *RecordError) Error() string {
	p := e.Place
	return fmt.Sprintf("record of item %s, kind %d, version %d, epoch %d %v", p.Item, p.Kind, p.Version, p.Epoch, e.Err)
}

func (e *RecordError) Unwrap() error { return e.Err }

// ChunkError names the chunk of an attachment that is wrong. Err is ErrAltered, ErrMisplaced or ErrTooLarge.
type ChunkError struct {
	Chunk Chunk
	Err   error
}

func (e *ChunkError) Error() string {
	return fmt.Sprintf("chunk %d of %d of attachment %s %v", e.Chunk.Number, e.Chunk.Count, e.Chunk.Attachment, e.Err)
}

func (e *ChunkError) Unwrap() error { return e.Err }

// EpochError names the epoch whose key is wrong. Err is ErrAltered, ErrMisplaced or ErrCommitment.
type EpochError struct {
	Epoch uint32
	Err   error
}

func (e *EpochError) Error() string { return fmt.Sprintf("key of epoch %d %v", e.Epoch, e.Err) }

func (e *EpochError) Unwrap() error { return e.Err }
