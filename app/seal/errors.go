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
	ErrBadPiece      = errors.New("not a piece of an attachment")
	ErrEmptyPassword = errors.New("password is empty")
	ErrPasswordText  = errors.New("password is not valid UTF-8")

	// ErrKDFTooWeak and ErrKDFTooCostly name the parameter that is out of bounds.
	ErrKDFTooWeak   = errors.New("key derivation is too weak")
	ErrKDFTooCostly = errors.New("key derivation is too costly")
	// ErrKDFMismatch: the salt or the cost differs from the sealed one.
	ErrKDFMismatch = errors.New("key derivation differs from what was sealed with the vault key")

	ErrPhraseLength   = errors.New("a recovery phrase has 24 words")
	ErrPhraseChecksum = errors.New("the words do not match: one is wrong, or two are swapped")

	// ErrWrongKey: a wrapped key does not open. The key is wrong, or the token was altered.
	ErrWrongKey     = sealing.ErrWrongKey
	ErrWrongUser    = errors.New("was sealed for another user")
	ErrWrongPurpose = errors.New("was sealed for another purpose")

	// ErrAltered: a token was not created by this vault, or not for this place.
	ErrAltered = sealing.ErrAltered
	// ErrMisplaced: a token opens, but its plaintext names another place.
	ErrMisplaced = errors.New("holds what was sealed for another place")
	// ErrTooLarge: a record exceeds protocol.MaxTokenBytes as a token, a queue MaxQueueBytes, or a piece of an attachment
	// PieceBytes.
	ErrTooLarge = errors.New("is too large to be sealed")
)

// PlaceError names the record that is wrong. Err is ErrAltered, ErrMisplaced or ErrTooLarge.
type PlaceError struct {
	Place Place
	Err   error
}

func (e *PlaceError) Error() string {
	return fmt.Sprintf("record %s of kind %s version %d %v", e.Place.Account, e.Place.Kind, e.Place.Version, e.Err)
}

func (e *PlaceError) Unwrap() error { return e.Err }

// PieceError names the piece of an attachment that is wrong. Err is ErrAltered, ErrMisplaced or ErrTooLarge.
type PieceError struct {
	Piece Piece
	Err   error
}

func (e *PieceError) Error() string {
	return fmt.Sprintf("piece %d of %d of attachment %s %v", e.Piece.Number, e.Piece.Count, e.Piece.Attachment, e.Err)
}

func (e *PieceError) Unwrap() error { return e.Err }

// WordError reports a word of a recovery phrase that is not in the English BIP39 list. It has the number of the word, counted
// from 1, but not the word, which could be a secret typed into the wrong field.
type WordError struct{ Number int }

func (e *WordError) Error() string {
	return fmt.Sprintf("word %d is not in the list of recovery words", e.Number)
}
