package seal

import (
	"errors"
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealing"
)

// Errors of this package. They are wrapped: compare with errors.Is. None quotes a password, a phrase, a key or a plaintext.
var (
	ErrBadID         = errors.New("not 16 bytes in base64url without padding")
	ErrBadPlace      = errors.New("not the place of a record")
	ErrEmptyPassword = errors.New("password is empty")
	ErrPasswordText  = errors.New("password is not valid UTF-8")

	// ErrKDFTooWeak and ErrKDFTooCostly name the parameter of an exported file that is out of bounds.
	ErrKDFTooWeak   = errors.New("key derivation is too weak")
	ErrKDFTooCostly = errors.New("key derivation is too costly")
	// ErrUnknownCost: this release does not know the step of the key derivation.
	ErrUnknownCost = errors.New("cost of the key derivation is unknown")
	// ErrKDFMismatch: the salt or the cost differs from the sealed one.
	ErrKDFMismatch = errors.New("key derivation is not the one sealed with the account key")

	ErrPhraseLength   = errors.New("a recovery phrase has 24 words")
	ErrPhraseChecksum = errors.New("the words do not match: one is wrong, or two are swapped")

	// ErrWrongKey: a wrapped key does not open. The key is wrong, or the token was altered.
	ErrWrongKey  = sealing.ErrWrongKey
	ErrWrongUser = errors.New("was sealed for another user")
	// ErrWrongMethod: a wrapped account key names another way to unlock than the key that opens it.
	ErrWrongMethod = errors.New("was sealed for another way to unlock")
	// ErrOldKey: the generation of the account key is below that which the device remembers, or another than expected.
	ErrOldKey = errors.New("has another generation of the account key")

	// ErrAltered: a token was not created by this vault, or not for this place.
	ErrAltered = sealing.ErrAltered
	// ErrMisplaced: a token opens, but its plaintext names another place.
	ErrMisplaced = errors.New("holds what was sealed for another place")
	// ErrTooLarge: a record exceeds protocol.MaxTokenBytes as a token, a device's own data MaxDeviceBytes, or a chunk ChunkBytes.
	ErrTooLarge = errors.New("is too large to be sealed")

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

// WordError reports a word of a recovery phrase that is not in the English BIP39 list. It has the number of the word, counted
// from 1, but not the word, which could be a secret typed into the wrong field.
type WordError struct{ Number int }

func (e *WordError) Error() string {
	return fmt.Sprintf("word %d is not in the list of recovery words", e.Number)
}
