package seal

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealing"
)

// PieceBytes is the size of each piece of an attachment except the last.
const PieceBytes = 190 << 10

// Piece identifies a piece of an attachment. The key of the piece is derived from it, so a token opens only as this piece, of
// this number of pieces.
type Piece struct {
	User       UserID
	Attachment AttachmentID
	Number     int // 1 to Count
	Count      int // 1 to protocol.MaxChunks
}

// append appends the canonical encoding of p for keys and plaintexts: user and attachment as fields, then number and count in
// 4 bytes each, big-endian.
func (p Piece) append(b []byte) ([]byte, error) {
	user, err := decodeID(string(p.User))
	if err != nil {
		return nil, fmt.Errorf("%w: user id is %w", ErrBadPiece, err)
	}
	attachment, err := decodeID(string(p.Attachment))
	if err != nil {
		return nil, fmt.Errorf("%w: attachment id is %w", ErrBadPiece, err)
	}
	if p.Count < 1 || p.Count > protocol.MaxChunks || p.Number < 1 || p.Number > p.Count {
		return nil, fmt.Errorf("%w: number or count is out of bounds", ErrBadPiece)
	}
	b = sealing.AppendField(b, user[:])
	b = sealing.AppendField(b, attachment[:])
	b = binary.BigEndian.AppendUint32(b, uint32(p.Number))        // #nosec G115 -- 1 to Count
	return binary.BigEndian.AppendUint32(b, uint32(p.Count)), nil // #nosec G115 -- 1 to protocol.MaxChunks
}

const pieceNumbersSize = 4 + 4

// cutPiece splits an encoded Piece off b. It does not check the numbers: the caller compares the encoding.
func cutPiece(b []byte) (place, rest []byte, ok bool) {
	user, rest, ok := sealing.CutField(b)
	if !ok || len(user) != idSize {
		return nil, nil, false
	}
	attachment, rest, ok := sealing.CutField(rest)
	if !ok || len(attachment) != idSize || len(rest) < pieceNumbersSize {
		return nil, nil, false
	}
	rest = rest[pieceNumbersSize:]
	return b[:len(b)-len(rest)], rest, true
}

func (v VaultKey) pieceKey(place []byte) secret {
	return sealing.Derive(&v.secret, labelPiece+string(place))
}

// SealPiece encrypts the content of a piece with a random IV. It returns ErrBadPiece, or a *PieceError with ErrTooLarge for more
// than PieceBytes.
func (v VaultKey) SealPiece(p Piece, content []byte) (string, error) {
	place, err := p.append(make([]byte, 0, placeCapacity))
	if err != nil {
		return "", err
	}
	if len(content) > PieceBytes {
		return "", &PieceError{p, ErrTooLarge}
	}
	plaintext := framePlaced(holdsPiece, place, content)
	defer clear(plaintext)
	return sealing.SealToken(v.pieceKey(place), plaintext)
}

// OpenPiece decrypts a token of SealPiece for the same piece. It returns ErrBadPiece, or a *PieceError: with ErrAltered if the
// token was truncated, altered, sealed under another key or taken from another piece; with ErrMisplaced if its plaintext
// names another piece, which only a faulty client with the vault key can produce.
func (v VaultKey) OpenPiece(p Piece, token string) ([]byte, error) {
	place, err := p.append(make([]byte, 0, placeCapacity))
	if err != nil {
		return nil, err
	}
	plaintext, err := sealing.OpenTokenUpTo(protocol.MaxChunkTokenBytes, v.pieceKey(place), token)
	if err != nil {
		return nil, &PieceError{p, ErrAltered}
	}
	sealed, content, ok := parsePlaced(plaintext, holdsPiece, cutPiece)
	if !ok {
		return nil, &PieceError{p, ErrAltered}
	}
	if !bytes.Equal(sealed, place) {
		return nil, &PieceError{p, ErrMisplaced}
	}
	return content, nil
}
