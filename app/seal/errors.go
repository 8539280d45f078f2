package seal

import (
	"errors"
	"fmt"
)

// Errors of this package, wrapped; compare with errors.Is. None quotes a password, a phrase, a key or a plaintext.
var (
	ErrBadID         = errors.New("not 16 bytes in base64url without padding")
	ErrBadPlace      = errors.New("not the place of a record")
	ErrBadPiece      = errors.New("not a piece of an attachment")
	ErrEmptyPassword = errors.New("password is empty")
	ErrPasswordText  = errors.New("password is not valid UTF-8")

	// ErrKDFTooWeak and ErrKDFTooCostly name the parameter that is out of bounds.
	ErrKDFTooWeak   = errors.New("key derivation is too weak")
	ErrKDFTooCostly = errors.New("key derivation is too costly")
	// ErrKDFMismatch: salt or cost are not those the vault key was wrapped with.
	ErrKDFMismatch = errors.New("key derivation differs from what was sealed with the vault key")

	ErrPhraseLength   = errors.New("a recovery phrase has 24 words")
	ErrPhraseChecksum = errors.New("the words do not belong together: one is wrong, or two changed places")

	// ErrWrongKey: a wrapped vault key does not open. A wrong key and an altered token look the same.
	ErrWrongKey     = errors.New("wrapped vault key does not open with this key")
	ErrWrongUser    = errors.New("was sealed for another user")
	ErrWrongPurpose = errors.New("was sealed for another purpose")

	// ErrAltered: a token is not one this vault made, or not one for this place.
	ErrAltered = errors.New("was changed outside this vault")
	// ErrMisplaced: a token opens, and says inside that it belongs to another place.
	ErrMisplaced = errors.New("holds what was sealed for another place")
	// ErrTooLarge: the token would be longer than protocol.MaxTokenBytes, a queue longer than MaxQueueBytes, a piece of an
	// attachment longer than PieceBytes.
	ErrTooLarge = errors.New("is too large to be sealed")
)

// PlaceError says which record is wrong. Err is ErrAltered, ErrMisplaced or ErrTooLarge.
type PlaceError struct {
	Place Place
	Err   error
}

func (e *PlaceError) Error() string {
	return fmt.Sprintf("record %s of kind %s version %d %v", e.Place.Account, e.Place.Kind, e.Place.Version, e.Err)
}

func (e *PlaceError) Unwrap() error { return e.Err }

// PieceError says which piece of an attachment is wrong. Err is ErrAltered, ErrMisplaced or ErrTooLarge.
type PieceError struct {
	Piece Piece
	Err   error
}

func (e *PieceError) Error() string {
	return fmt.Sprintf("piece %d of %d of attachment %s %v", e.Piece.Number, e.Piece.Count, e.Piece.Attachment, e.Err)
}

func (e *PieceError) Unwrap() error { return e.Err }

// WordError says that a word of a recovery phrase is not in the BIP39 English list. It gives the number, counted
// from 1, and not the word, which may be a secret typed into the wrong field.
type WordError struct{ Number int }

func (e *WordError) Error() string {
	return fmt.Sprintf("word %d is not in the list of recovery words", e.Number)
}
