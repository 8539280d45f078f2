package seal

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// PieceBytes is how much of an attachment goes into each piece but the last.
const PieceBytes = 190 << 10

// Piece names one piece of an attachment. It is part of the piece's key, so a token opens in its own place alone, and as
// one of exactly so many pieces.
type Piece struct {
	User       UserID
	Attachment AttachmentID
	Number     int // 1 to Count
	Count      int // 1 to protocol.MaxChunks
}

// append writes the place in the one form that keys and plaintexts use: user and attachment, each after a byte of length,
// then number and count in 4 bytes each, big-endian.
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
	b = appendField(b, user[:])
	b = appendField(b, attachment[:])
	b = binary.BigEndian.AppendUint32(b, uint32(p.Number))        // #nosec G115 -- 1 to Count
	return binary.BigEndian.AppendUint32(b, uint32(p.Count)), nil // #nosec G115 -- 1 to protocol.MaxChunks
}

const pieceNumbersSize = 4 + 4

// cutPiece takes a piece's place off the front of b. Whether the numbers make sense is seen when it is compared.
func cutPiece(b []byte) (place, rest []byte, ok bool) {
	user, rest, ok := cutField(b)
	if !ok || len(user) != idSize {
		return nil, nil, false
	}
	attachment, rest, ok := cutField(rest)
	if !ok || len(attachment) != idSize || len(rest) < pieceNumbersSize {
		return nil, nil, false
	}
	rest = rest[pieceNumbersSize:]
	return b[:len(b)-len(rest)], rest, true
}

func (v VaultKey) pieceKey(place []byte) secret { return v.derive(labelPiece + string(place)) }

// SealPiece encrypts content as one piece. Two calls give different tokens. ErrBadPiece; *PieceError with ErrTooLarge for
// a content over PieceBytes.
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
	return sealToken(v.pieceKey(place), plaintext)
}

// OpenPiece gives the content that was sealed as exactly this piece. ErrBadPiece; *PieceError with ErrAltered for a token
// that was cut, changed, made under another key or taken from another piece, and with ErrMisplaced for one whose inside
// names another piece, which only a faulty holder of the vault key can make.
func (v VaultKey) OpenPiece(p Piece, token string) ([]byte, error) {
	place, err := p.append(make([]byte, 0, placeCapacity))
	if err != nil {
		return nil, err
	}
	plaintext, err := openTokenUpTo(protocol.MaxChunkTokenBytes, v.pieceKey(place), token)
	if err != nil {
		return nil, &PieceError{p, ErrAltered}
	}
	inside, content, ok := parsePlaced(plaintext, holdsPiece, cutPiece)
	if !ok {
		return nil, &PieceError{p, ErrAltered}
	}
	if !bytes.Equal(inside, place) {
		return nil, &PieceError{p, ErrMisplaced}
	}
	return content, nil
}
