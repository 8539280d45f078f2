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
	plainOffer    byte = 8
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
	// Under the secret of an invitation link, which has two more in package protocol.
	labelOffer = "vaultsphere/v2/invitation-offer"
	labelJoin  = "vaultsphere/v2/invitation-join"
	// labelEnvelope begins the info of HPKE, and is the context of its export.
	labelEnvelope = "vaultsphere/v2/envelope"
)

// pad appends the length of content in four bytes, content, and zeros up to one byte less than the bucket.
func pad(head, content []byte) []byte {
	b := make([]byte, 0, sealing.Bucket(len(head)+sealing.LengthSize+len(content))-1)
	return sealing.AppendPadded(append(b, head...), content)
}

// reader reads a plaintext of format 2.
type reader struct{ chain.Decoder }

// read begins to read a plaintext of a type.
func read(b []byte, holds byte) *reader {
	r := &reader{*chain.NewDecoder(b)}
	r.Refuse(r.Byte() != holds)
	return r
}

// number reads a generation or a revision: 1 to chain.MaxNumber.
func (r *reader) number() int64 {
	n := r.Number()
	r.Refuse(n < 1)
	return n
}

// key refuses the zero key, which would panic when it is used.
func (r *reader) key() secret {
	s, err := sealing.Parse(r.Take(sealing.KeySize))
	r.Refuse(err != nil)
	return s
}

func appendNumber(b []byte, n int64) []byte {
	return binary.BigEndian.AppendUint64(b, uint64(n)) // #nosec G115 -- callers check numbers
}

func validNumber(n int64) bool { return n >= 1 && n <= chain.MaxNumber }
