package seal

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealing"
)

// MaxPreviousKeys bounds the keys in one log entry, so that their token is at most chain.MaxPreviousKeys long.
const MaxPreviousKeys = 1000

// PreviousKey is the key of an earlier epoch.
type PreviousKey struct {
	Epoch uint32
	Key   EpochKey
}

// previousKeys is the plaintext of the keys of earlier epochs in a log entry.
type previousKeys struct {
	vault chain.ID
	epoch uint32 // of the log entry
	keys  []PreviousKey
}

const previousKeySize = 4 + sealing.KeySize

func (p *previousKeys) encode() []byte {
	b := append(make([]byte, 0, 32+previousKeySize*len(p.keys)), chain.Format, plainPrevious)
	b = appendEpoch(b, p.vault, p.epoch)
	b = binary.BigEndian.AppendUint16(b, uint16(len(p.keys))) // #nosec G115 -- at most MaxPreviousKeys
	for _, k := range p.keys {
		b = binary.BigEndian.AppendUint32(b, k.Epoch)
		b = append(b, sealing.Bytes(&k.Key.secret)...)
	}
	return b
}

// parsePrevious reverses encode. It accepts only plaintexts that encode can produce.
func parsePrevious(b []byte) (*previousKeys, bool) {
	in := read(b, plainPrevious)
	p := &previousKeys{vault: in.ID(), epoch: in.Uint32()}
	n := int(in.Uint16())
	if n*previousKeySize > in.Left() { // bounds the memory
		return nil, false
	}
	for range n {
		p.keys = append(p.keys, PreviousKey{in.Uint32(), EpochKey{in.key()}})
	}
	return p, in.OK() && p.check() == nil
}

// check: at least one key, and epochs descend from the one of the log entry.
func (p *previousKeys) check() error {
	if p.vault == (chain.ID{}) || len(p.keys) < 1 || len(p.keys) > MaxPreviousKeys {
		return fmt.Errorf("%w: vault or number of previous keys", ErrBadPlace)
	}
	above := p.epoch
	for _, k := range p.keys {
		if k.Epoch < 1 || k.Epoch >= above {
			return fmt.Errorf("%w: previous keys are not in descending order", ErrBadPlace)
		}
		above = k.Epoch
	}
	return nil
}

func (k EpochKey) previousKey(vault chain.ID, epoch uint32) secret {
	return sealing.Derive(&k.secret, string(appendEpoch([]byte(labelPrevious), vault, epoch)))
}

// SealPrevious encrypts the keys of earlier epochs, in descending order, under the key of this epoch. It returns ErrBadPlace for keys
// that OpenPrevious would reject.
func (k EpochKey) SealPrevious(vault chain.ID, epoch uint32, keys []PreviousKey) (string, error) {
	p := &previousKeys{vault, epoch, keys}
	if err := p.check(); err != nil {
		return "", err
	}
	b := p.encode()
	defer clear(b)
	return sealing.SealToken(k.previousKey(vault, epoch), b)
}

// OpenPrevious decrypts a token of SealPrevious. commitment returns the commitment of an epoch in the verified log, and false if the log
// has none.
//
// It returns ErrAltered if the token was truncated, altered, or sealed under another key or for another epoch; ErrMisplaced if it
// names another vault or epoch. Keys that do not match their commitment are left out: the error then has an *EpochError for each, and
// the other keys are valid. The author of the log entry is to blame for all of these.
func (k EpochKey) OpenPrevious(
	vault chain.ID, epoch uint32, token string, commitment func(epoch uint32) (chain.Hash, bool),
) ([]PreviousKey, error) {
	b, err := sealing.OpenToken(k.previousKey(vault, epoch), token)
	if err != nil {
		return nil, fmt.Errorf("previous keys: %w", &EpochError{epoch, ErrAltered})
	}
	defer clear(b)
	p, ok := parsePrevious(b)
	switch {
	case !ok:
		return nil, fmt.Errorf("previous keys: %w", &EpochError{epoch, ErrAltered})
	case p.vault != vault || p.epoch != epoch:
		return nil, fmt.Errorf("previous keys: %w", &EpochError{epoch, ErrMisplaced})
	}
	var valid []PreviousKey
	var bad []error
	for _, key := range p.keys {
		if want, ok := commitment(key.Epoch); !ok || key.Key.Commitment(vault, key.Epoch) != want {
			bad = append(bad, &EpochError{key.Epoch, ErrCommitment})
			continue
		}
		valid = append(valid, key)
	}
	return valid, errors.Join(bad...)
}
