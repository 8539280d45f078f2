package seal

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// Kind says what a record seals, as format 1 spells it; the wire has other words (protocol.Kind).
type Kind string

const (
	KindAccount  Kind = "account"
	KindPassword Kind = "password"
)

func (k Kind) known() bool { return k == KindAccount || k == KindPassword }

// Place names one version of one record. It is part of the record's key, so a token opens in its own place alone.
type Place struct {
	User    UserID
	Account AccountID
	Kind    Kind
	Version int64 // 1, 2, 3 …
}

// Check refuses, with ErrBadPlace, what can not be the place of a record. Its error quotes nothing: a place comes from
// the server.
func (p Place) Check() error {
	_, err := p.append(nil)
	return err
}

const versionSize = 8

// append writes the place in the one form that keys, plaintexts and the manifest use: user, account and kind, each
// after a byte of length, then the version in 8 bytes, big-endian.
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
	b = appendField(b, user[:])
	b = appendField(b, account[:])
	b = appendField(b, string(p.Kind))
	return binary.BigEndian.AppendUint64(b, uint64(p.Version)), nil
}

// cutPlace takes a place off the front of b, and only one that append could have written.
func cutPlace(b []byte) (place, rest []byte, ok bool) {
	user, rest, ok := cutField(b)
	if !ok || len(user) != idSize {
		return nil, nil, false
	}
	account, rest, ok := cutField(rest)
	if !ok || len(account) != idSize {
		return nil, nil, false
	}
	kind, rest, ok := cutField(rest)
	if !ok || !Kind(kind).known() || len(rest) < versionSize {
		return nil, nil, false
	}
	if v := int64(binary.BigEndian.Uint64(rest)); v < 1 { // #nosec G115 -- what wraps is refused
		return nil, nil, false
	}
	rest = rest[versionSize:]
	return b[:len(b)-len(rest)], rest, true
}

// placeCapacity holds a place of any kind, so that append does not grow.
const placeCapacity = 64

func (v VaultKey) recordKey(place []byte) secret {
	return v.derive(labelRecord + string(place))
}

// maxCiphertext is the largest bucket whose token is at most protocol.MaxTokenBytes long; TestLargestToken holds it there.
const maxCiphertext = 40960

// Seal encrypts content for one place. Two calls give different tokens. ErrBadPlace; *PlaceError with ErrTooLarge for
// a content over about 40,900 bytes.
func (v VaultKey) Seal(p Place, content []byte) (string, error) {
	place, err := p.append(make([]byte, 0, placeCapacity))
	if err != nil {
		return "", err
	}
	if len(content) > maxCiphertext || bucket(2+len(place)+lengthSize+len(content)) > maxCiphertext {
		return "", &PlaceError{p, ErrTooLarge}
	}
	plaintext := framePlaced(holdsRecord, place, content)
	defer clear(plaintext)
	return sealToken(v.recordKey(place), plaintext)
}

// Open gives the content that was sealed for exactly this place. ErrBadPlace; *PlaceError with ErrAltered for a token
// that was cut, changed, made under another key or taken from another place, and with ErrMisplaced for one whose
// inside names another place, which only a faulty holder of the vault key can make.
func (v VaultKey) Open(p Place, token string) ([]byte, error) {
	place, err := p.append(make([]byte, 0, placeCapacity))
	if err != nil {
		return nil, err
	}
	plaintext, err := openToken(v.recordKey(place), token)
	if err != nil {
		return nil, &PlaceError{p, ErrAltered}
	}
	inside, content, ok := parsePlaced(plaintext, holdsRecord, cutPlace)
	if !ok {
		return nil, &PlaceError{p, ErrAltered}
	}
	if !bytes.Equal(inside, place) {
		return nil, &PlaceError{p, ErrMisplaced}
	}
	return content, nil
}
