package seal

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// ExportPieceBytes is how much of an exported file goes into each token but the last.
const ExportPieceBytes = 48_000

// ExportKey seals a file that leaves the vault, under a password of its own. It is made of that password's master key and
// has nothing to do with a vault key.
type ExportKey struct{ secret }

// ExportKey is independent of what else the master key derives, so a file sealed with the vault's own password tells
// nothing about the vault.
func (k MasterKey) ExportKey() ExportKey { return ExportKey{k.derive(labelExport)} }

// Wipe does what MasterKey.Wipe does.
func (k *ExportKey) Wipe() { k.wipe() }

// ErrExportAltered: the pieces are not those of one export, whole and in order.
var ErrExportAltered = errors.New("export was changed since it was sealed")

// piece derives the key of one token. Number and count are in it, so a token opens in its own place alone and none can
// be dropped, not even the last.
func (k ExportKey) piece(number, count int) secret {
	place := binary.BigEndian.AppendUint32(nil, uint32(number)) // #nosec G115 -- a file has fewer pieces
	place = binary.BigEndian.AppendUint32(place, uint32(count)) // #nosec G115 -- a file has fewer pieces
	return k.derive(labelExport + string(place))
}

// SealExport encrypts content in as many tokens as it takes, at least one.
func (k ExportKey) SealExport(content []byte) ([]string, error) {
	count := max(1, (len(content)+ExportPieceBytes-1)/ExportPieceBytes)
	tokens := make([]string, count)
	for i := range tokens {
		piece := content[i*ExportPieceBytes : min(len(content), (i+1)*ExportPieceBytes)]
		var err error
		if tokens[i], err = sealToken(k.piece(i+1, count), piece); err != nil {
			return nil, fmt.Errorf("seal export: %w", err)
		}
	}
	return tokens, nil
}

// OpenExport gives the content back. ErrWrongKey when not even the first token opens, which a wrong password and an
// altered first token both lead to; ErrExportAltered for any other fault.
func (k ExportKey) OpenExport(tokens []string) ([]byte, error) {
	if len(tokens) == 0 {
		return nil, ErrExportAltered
	}
	var content []byte
	for i, token := range tokens {
		piece, err := openToken(k.piece(i+1, len(tokens)), token)
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
