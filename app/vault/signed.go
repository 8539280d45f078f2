package vault

import (
	"errors"
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// checkBytes decodes the canonical base64url of an encoded object.
func checkBytes(field, s string, limit int) ([]byte, error) {
	switch {
	case s == "":
		return nil, badField(field, "must not be empty")
	case len(s) > limit:
		return nil, tooLong(field, limit)
	}
	b, err := rawURL.DecodeString(s)
	if err != nil || rawURL.EncodedLen(len(b)) != len(s) { // the decoder skips line breaks
		return nil, badField(field, "must be base64url without padding")
	}
	return b, nil
}

func tooLong(field string, limit int) *Error {
	return &Error{Code: protocol.CodeTooLarge, Message: fmt.Sprintf("%s is longer than %d bytes", field, limit)}
}

// parse decodes a signed object. It checks the form alone.
func parse[T any](field, s string, read func([]byte) (T, error)) (T, error) {
	var none T
	b, err := checkBytes(field, s, protocol.MaxSignedBytes)
	if err != nil {
		return none, err
	}
	v, err := read(b)
	if err != nil {
		return none, refused(field, err)
	}
	return v, nil
}

// refused turns an error of package chain into an answer. An object that was signed for an earlier state of the vault is
// revision_conflict: the client syncs, and signs another. One that the author's role does not allow is role. Any other is the client's
// fault.
func refused(field string, err error) error {
	for _, stale := range []error{chain.ErrFork, chain.ErrEntry, chain.ErrPredecessor, chain.ErrRevision} {
		if errors.Is(err, stale) {
			return fmt.Errorf("%w: %s: %w", ErrRevisionConflict, field, err)
		}
	}
	code := protocol.CodeBadRequest
	if errors.Is(err, chain.ErrRole) {
		code = protocol.CodeRole
	}
	return &Error{Code: code, Message: fmt.Sprintf("%s was refused: %v", field, err), cause: err}
}

func parseVaultID(s string) (chain.ID, error) {
	id, err := chain.ParseID(s)
	if err != nil || id == (chain.ID{}) {
		return chain.ID{}, badField("vault", "must be %d bytes in base64url without padding", idBytes)
	}
	return id, nil
}

func encodeSigned(b []byte) protocol.Signed { return rawURL.EncodeToString(b) }

// memberID returns a user as rosters name it.
func (id UserID) memberID() (chain.ID, error) {
	member, err := chain.ParseID(string(id))
	if err != nil {
		return chain.ID{}, fmt.Errorf("user id in the store: %w", err)
	}
	return member, nil
}
