package seal

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealing"
)

// ChunkBytes is the size of each chunk of an attachment except the last.
const ChunkBytes = 190 << 10

// AttachmentKey seals one attachment. It is in the details of the item, and does not change with the epoch: a member who could open the
// item may have the file.
type AttachmentKey struct{ secret }

// NewAttachmentKey returns a random key.
func NewAttachmentKey() AttachmentKey {
	return AttachmentKey{sealing.New()}
}

var attachmentKeyEncoding = base64.RawURLEncoding.Strict()

// ParseAttachmentKey reads base64url without padding, 43 characters. It returns ErrWrongKey for any other text.
func ParseAttachmentKey(s string) (AttachmentKey, error) {
	b := make([]byte, sealing.KeySize)
	defer clear(b)
	// Even a strict decoder skips line breaks, and then returns fewer bytes.
	if len(s) != attachmentKeyEncoding.EncodedLen(sealing.KeySize) {
		return AttachmentKey{}, ErrWrongKey
	}
	if n, err := attachmentKeyEncoding.Decode(b, []byte(s)); err != nil || n != sealing.KeySize {
		return AttachmentKey{}, ErrWrongKey
	}
	k, err := sealing.Parse(b)
	return AttachmentKey{k}, err
}

// Encode returns the text that ParseAttachmentKey reads.
func (k AttachmentKey) Encode() string {
	return attachmentKeyEncoding.EncodeToString(sealing.Bytes(&k.secret))
}

// Equal compares in constant time.
func (k AttachmentKey) Equal(o AttachmentKey) bool { return sealing.Equal(&k.secret, &o.secret) }

// Wipe does what MasterKey.Wipe does.
func (k *AttachmentKey) Wipe() { sealing.Wipe(&k.secret) }

// Chunk identifies a part of an attachment. The key of the chunk is derived from it, so a token opens only as this chunk, of this number
// of chunks.
type Chunk struct {
	Attachment chain.ID
	Number     uint32 // 1 to Count
	Count      uint32 // 1 to protocol.MaxChunks
}

func (c Chunk) check() error {
	switch {
	case c.Attachment == chain.ID{}:
		return fmt.Errorf("%w: the attachment id is empty", ErrBadPlace)
	case c.Count > protocol.MaxChunks || c.Number < 1 || c.Number > c.Count:
		return fmt.Errorf("%w: number or count is out of bounds", ErrBadPlace)
	}
	return nil
}

// append appends attachment, number and count.
func (c Chunk) append(b []byte) []byte {
	b = append(b, c.Attachment[:]...)
	b = binary.BigEndian.AppendUint32(b, c.Number)
	return binary.BigEndian.AppendUint32(b, c.Count)
}

func (c Chunk) head() []byte { return c.append(append(make([]byte, 0, 32), chain.Format, plainChunk)) }

// parseChunk reverses pad(c.head(), content). It accepts only plaintexts that this can produce. The content shares memory with b.
func parseChunk(b []byte) (c Chunk, content []byte, ok bool) {
	in := read(b, plainChunk)
	c = Chunk{Attachment: in.ID(), Number: in.Uint32(), Count: in.Uint32()}
	if in.Bad() || c.check() != nil {
		return c, nil, false
	}
	content, ok = sealing.CutPadded(b, len(b)-in.Left())
	return c, content, ok
}

func (k AttachmentKey) chunkKey(c Chunk) secret {
	return sealing.Derive(&k.secret, string(c.append([]byte(labelChunk))))
}

// Seal encrypts the content of a chunk with a random IV. It returns ErrBadPlace, or a *ChunkError with ErrTooLarge for more than
// ChunkBytes.
func (k AttachmentKey) Seal(c Chunk, content []byte) (string, error) {
	if err := c.check(); err != nil {
		return "", err
	}
	if len(content) > ChunkBytes {
		return "", &ChunkError{c, ErrTooLarge}
	}
	b := pad(c.head(), content)
	defer clear(b)
	return sealing.SealToken(k.chunkKey(c), b)
}

// Open decrypts a token of Seal for the same chunk. It returns ErrBadPlace, or a *ChunkError: with ErrAltered if the token was truncated,
// altered, sealed under another key or taken from another chunk; with ErrMisplaced if its plaintext names another chunk, which
// only a faulty client with the key can produce.
func (k AttachmentKey) Open(c Chunk, token string) ([]byte, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	b, err := sealing.OpenTokenUpTo(protocol.MaxChunkTokenBytes, k.chunkKey(c), token)
	if err != nil {
		return nil, &ChunkError{c, ErrAltered}
	}
	sealed, content, ok := parseChunk(b)
	if !ok {
		return nil, &ChunkError{c, ErrAltered}
	}
	if sealed != c {
		return nil, &ChunkError{c, ErrMisplaced}
	}
	return content, nil
}
