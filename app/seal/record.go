package seal

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealing"
)

// Kind is the kind of a record in the spelling of format 1. The wire has other words: see protocol.Kind.
type Kind string

const (
	KindAccount  Kind = "account"
	KindPassword Kind = "password"
)

func (k Kind) known() bool { return k == KindAccount || k == KindPassword }

// Place identifies a version of a record. The key of the record is derived from it, so a token opens only in its place.
type Place struct {
	User    UserID
	Account AccountID
	Kind    Kind
	Version int64 // 1, 2, 3 …
}

// Check returns ErrBadPlace for an invalid place. The error does not quote the place, which comes from the server.
func (p Place) Check() error {
	_, err := p.append(nil)
	return err
}

const versionSize = 8

// append appends the canonical encoding of p for keys, plaintexts and the manifest: user, account and kind as fields, then the
// version in 8 bytes, big-endian.
func (p Place) append(b []byte) ([]byte, error) {
	user, err := decodeID(string(p.User))
	if err != nil {
		return nil, fmt.Errorf("%w: user id is %w", ErrBadPlace, err)
	}
	account, err := decodeID(string(p.Account))
	if err != nil {
		return nil, fmt.Errorf("%w: account id is %w", ErrBadPlace, err)
	}
	if !p.Kind.known() {
		return nil, fmt.Errorf("%w: kind is unknown", ErrBadPlace)
	}
	if p.Version < 1 {
		return nil, fmt.Errorf("%w: version is below 1", ErrBadPlace)
	}
	b = sealing.AppendField(b, user[:])
	b = sealing.AppendField(b, account[:])
	b = sealing.AppendField(b, string(p.Kind))
	return binary.BigEndian.AppendUint64(b, uint64(p.Version)), nil
}

// cutPlace splits a place off b. It accepts only encodings that append can produce.
func cutPlace(b []byte) (place, rest []byte, ok bool) {
	user, rest, ok := sealing.CutField(b)
	if !ok || len(user) != idSize {
		return nil, nil, false
	}
	account, rest, ok := sealing.CutField(rest)
	if !ok || len(account) != idSize {
		return nil, nil, false
	}
	kind, rest, ok := sealing.CutField(rest)
	if !ok || !Kind(kind).known() || len(rest) < versionSize {
		return nil, nil, false
	}
	if v := int64(binary.BigEndian.Uint64(rest)); v < 1 { // #nosec G115 -- overflows are rejected
		return nil, nil, false
	}
	rest = rest[versionSize:]
	return b[:len(b)-len(rest)], rest, true
}

// placeCapacity is enough for any place, so that append does not reallocate.
const placeCapacity = 64

func (v VaultKey) recordKey(place []byte) secret {
	return sealing.Derive(&v.secret, labelRecord+string(place))
}

// Seal encrypts the content of a record with a random IV. It returns ErrBadPlace, or a *PlaceError with ErrTooLarge for more than
// about 40,900 bytes.
func (v VaultKey) Seal(p Place, content []byte) (string, error) {
	place, err := p.append(make([]byte, 0, placeCapacity))
	if err != nil {
		return "", err
	}
	if len(content) > sealing.MaxCiphertext || sealing.Bucket(2+len(place)+sealing.LengthSize+len(content)) > sealing.MaxCiphertext {
		return "", &PlaceError{p, ErrTooLarge}
	}
	plaintext := framePlaced(holdsRecord, place, content)
	defer clear(plaintext)
	return sealing.SealToken(v.recordKey(place), plaintext)
}

// Open decrypts a token of Seal for the same place. It returns ErrBadPlace, or a *PlaceError: with ErrAltered if the token was
// truncated, altered, sealed under another key or taken from another place; with ErrMisplaced if its plaintext names another
// place, which only a faulty client with the vault key can produce.
func (v VaultKey) Open(p Place, token string) ([]byte, error) {
	place, err := p.append(make([]byte, 0, placeCapacity))
	if err != nil {
		return nil, err
	}
	plaintext, err := sealing.OpenToken(v.recordKey(place), token)
	if err != nil {
		return nil, &PlaceError{p, ErrAltered}
	}
	sealed, content, ok := parsePlaced(plaintext, holdsRecord, cutPlace)
	if !ok {
		return nil, &PlaceError{p, ErrAltered}
	}
	if !bytes.Equal(sealed, place) {
		return nil, &PlaceError{p, ErrMisplaced}
	}
	return content, nil
}
