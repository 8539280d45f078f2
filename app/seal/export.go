package seal

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealing"
)

// ExportPieceBytes is the size of the part of an exported file in each token except the last.
const ExportPieceBytes = 48_000

// labelExport is the label of HKDF for exported files, whose format is older than format 2: see docs/export-format.md.
const labelExport = "vaultsphere/v1/export"

// ExportKey seals an exported file. It is derived from the master key of the file's password, never from a key of the account.
type ExportKey struct{ secret }

// ExportKey returns the key of a file.
func (k MasterKey) ExportKey() ExportKey { return ExportKey{sealing.Derive(&k.secret, labelExport)} }

// Wipe does what MasterKey.Wipe does.
func (k *ExportKey) Wipe() { sealing.Wipe(&k.secret) }

// ErrExportAltered: the tokens are not all tokens of one export, in order.
var ErrExportAltered = errors.New("export was changed since it was sealed")

// piece derives the key of one token from its number and the count, so that a token opens only in its place, and no token can
// be removed, including the last.
func (k ExportKey) piece(number, count int) secret {
	place := binary.BigEndian.AppendUint32(nil, uint32(number)) // #nosec G115 -- a file has fewer pieces
	place = binary.BigEndian.AppendUint32(place, uint32(count)) // #nosec G115 -- a file has fewer pieces
	return sealing.Derive(&k.secret, labelExport+string(place))
}

// SealExport encrypts content in one or more tokens.
func (k ExportKey) SealExport(content []byte) ([]string, error) {
	count := max(1, (len(content)+ExportPieceBytes-1)/ExportPieceBytes)
	tokens := make([]string, count)
	for i := range tokens {
		piece := content[i*ExportPieceBytes : min(len(content), (i+1)*ExportPieceBytes)]
		var err error
		if tokens[i], err = sealing.SealToken(k.piece(i+1, count), piece); err != nil {
			return nil, fmt.Errorf("seal export: %w", err)
		}
	}
	return tokens, nil
}

// OpenExport decrypts the tokens of SealExport. It returns ErrWrongKey if the first token does not open: the password is
// wrong, or the token was altered. Any other fault is ErrExportAltered.
func (k ExportKey) OpenExport(tokens []string) ([]byte, error) {
	if len(tokens) == 0 {
		return nil, ErrExportAltered
	}
	var content []byte
	for i, token := range tokens {
		piece, err := sealing.OpenToken(k.piece(i+1, len(tokens)), token)
		if i == 0 && errors.Is(err, ErrWrongKey) {
			return nil, err
		}
		if err != nil || i < len(tokens)-1 && len(piece) != ExportPieceBytes {
			return nil, ErrExportAltered
		}
		content = append(content, piece...)
	}
	return content, nil
}
