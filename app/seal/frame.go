package seal

import "github.com/vaultsphere/vaultsphere/app/seal/internal/sealing"

// A plaintext begins with the format and its type, so that two types are never confused, even under the same key.
const (
	format byte = 1

	holdsRecord   byte = 1
	holdsVaultKey byte = 2
	holdsManifest byte = 3
	holdsQueue    byte = 4
	holdsPiece    byte = 5
	holdsDraft    byte = 6
)

// framePlaced encodes a plaintext that belongs to a place: format, type, place, length of the content (4 bytes, big-endian),
// content, zeros up to one byte less than the bucket.
func framePlaced(holds byte, place, content []byte) []byte {
	n := 2 + len(place) + sealing.LengthSize + len(content)
	b := make([]byte, 0, sealing.Bucket(n)-1)
	b = append(b, format, holds)
	b = append(b, place...)
	return sealing.AppendPadded(b, content)
}

// parsePlaced reverses framePlaced. It accepts only plaintexts that framePlaced can produce. cut splits off the place, which
// the caller must compare with the expected one. The results share memory with b.
func parsePlaced(b []byte, holds byte, cut func([]byte) (place, rest []byte, ok bool)) (place, content []byte, ok bool) {
	if len(b) < 2 || b[0] != format || b[1] != holds {
		return nil, nil, false
	}
	place, rest, ok := cut(b[2:])
	if !ok {
		return nil, nil, false
	}
	content, ok = sealing.CutPadded(b, len(b)-len(rest))
	return place, content, ok
}
