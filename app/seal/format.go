package seal

import (
	"encoding/binary"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealing"
)

// A plaintext of format 2 begins with chain.Format and its type.
const (
	plainRecord   byte = 1
	plainChunk    byte = 2
	plainWrap     byte = 3
	plainIdentity byte = 4
	plainEnvelope byte = 5
	plainPrevious byte = 6
	plainDevice   byte = 7
)

// Labels of HKDF. They never change within format 2. All fields that follow a label have a fixed size or are prefixed by their
// length, and under one key no label is the beginning of another.
const (
	labelPasswordAuth = "vaultsphere/v2/password-auth"
	labelPasswordKEK  = "vaultsphere/v2/password-kek"
	labelPhraseAuth   = "vaultsphere/v2/phrase-auth"
	labelPhraseKEK    = "vaultsphere/v2/phrase-kek"
	labelPasskeyKEK   = "vaultsphere/v2/passkey-kek" // followed by the user and the passkey
	labelHandoverKEK  = "vaultsphere/v2/handover"    // followed by the session and the wrapped key
	labelIdentity     = "vaultsphere/v2/identity"    // followed by the user
	labelDevice       = "vaultsphere/v2/device"      // followed by the use
	labelRecord       = "vaultsphere/v2/record"      // followed by the place
	labelCommit       = "vaultsphere/v2/commit"      // followed by vault and epoch
	labelPrevious     = "vaultsphere/v2/previous"    // followed by vault and epoch
	labelChunk        = "vaultsphere/v2/chunk"       // followed by the chunk
	// labelEnvelope begins the info of HPKE, and is the context of its export.
	labelEnvelope = "vaultsphere/v2/envelope"
)

// pad appends the length of content in four bytes, content, and zeros up to one byte less than the bucket.
func pad(head, content []byte) []byte {
	b := make([]byte, 0, sealing.Bucket(len(head)+sealing.LengthSize+len(content))-1)
	return sealing.AppendPadded(append(b, head...), content)
}

// reader reads a plaintext of format 2. After the first field that does not fit it returns zeros, and bad is set.
type reader struct {
	b   []byte
	bad bool
}

// read begins to read a plaintext of a type.
func read(b []byte, holds byte) *reader {
	r := &reader{b: b}
	r.refuse(r.byte() != chain.Format || r.byte() != holds)
	return r
}

func (r *reader) refuse(wrong bool) { r.bad = r.bad || wrong }

func (r *reader) take(n int) []byte {
	if r.bad || n > len(r.b) {
		r.bad = true
		return make([]byte, n)
	}
	taken := r.b[:n:n]
	r.b = r.b[n:]
	return taken
}

func (r *reader) byte() byte       { return r.take(1)[0] }
func (r *reader) uint16() uint16   { return binary.BigEndian.Uint16(r.take(2)) }
func (r *reader) uint32() uint32   { return binary.BigEndian.Uint32(r.take(4)) }
func (r *reader) id() chain.ID     { return chain.ID(r.take(len(chain.ID{}))) }
func (r *reader) hash() chain.Hash { return chain.Hash(r.take(len(chain.Hash{}))) }

// number reads a generation or a revision: 1 to chain.MaxNumber.
func (r *reader) number() int64 {
	n := binary.BigEndian.Uint64(r.take(8))
	r.refuse(n < 1 || n > uint64(chain.MaxNumber))
	return int64(n & uint64(chain.MaxNumber)) // #nosec G115 -- bounded
}

// key refuses the zero key, which would panic when it is used.
func (r *reader) key() secret {
	s, err := sealing.Parse(r.take(sealing.KeySize))
	r.refuse(err != nil)
	return s
}

// ok reports whether everything was read and nothing is left.
func (r *reader) ok() bool { return !r.bad && len(r.b) == 0 }

func appendNumber(b []byte, n int64) []byte {
	return binary.BigEndian.AppendUint64(b, uint64(n)) // #nosec G115 -- callers check numbers
}

func validNumber(n int64) bool { return n >= 1 && n <= chain.MaxNumber }
