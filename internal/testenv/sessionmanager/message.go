package sessionmanager

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"time"
)

// The types of messages and of their payloads.
const (
	inputData     = "input_stream_data"
	outputData    = "output_stream_data"
	acknowledge   = "acknowledge"
	channelClosed = "channel_closed"

	payloadOutput            = 1
	payloadSize              = 3
	payloadHandshakeRequest  = 5
	payloadHandshakeResponse = 6
	payloadHandshakeComplete = 7
	payloadFlag              = 10
)

// headerLength is the length of all fields before the payload's length.
const headerLength = 116

// message is a binary message of the data channel. Its fields in order, big-endian: the header's length (4 bytes), the type (32,
// padded with zeros or spaces), the schema's version (4), the milliseconds since 1970 (8), the sequence number (8), flags (8), the id
// (16, its second half first), the SHA-256 of the payload (32), the payload's type (4) and length (4), the payload.
type message struct {
	kind     string
	sequence int64
	flags    uint64
	id       [16]byte
	payload  []byte
	contents uint32 // the payload's type
}

func (m message) encode() []byte {
	b := binary.BigEndian.AppendUint32(nil, headerLength)
	b = append(b, m.kind...)
	b = append(b, bytes.Repeat([]byte{0}, 32-len(m.kind))...)
	b = binary.BigEndian.AppendUint32(b, 1)
	b = binary.BigEndian.AppendUint64(b, uint64(time.Now().UnixMilli())) //nolint:gosec // after 1970
	b = binary.BigEndian.AppendUint64(b, uint64(m.sequence))             //nolint:gosec // never negative
	b = binary.BigEndian.AppendUint64(b, m.flags)
	b = append(append(b, m.id[8:]...), m.id[:8]...)
	digest := sha256.Sum256(m.payload)
	b = append(b, digest[:]...)
	b = binary.BigEndian.AppendUint32(b, m.contents)
	b = binary.BigEndian.AppendUint32(b, uint32(len(m.payload))) //nolint:gosec // at most a few KiB
	return append(b, m.payload...)
}

func decode(b []byte) (m message, err error) {
	if len(b) < headerLength+4 {
		return m, fmt.Errorf("a message of %d bytes has no header", len(b))
	}
	if n := binary.BigEndian.Uint32(b); n != headerLength {
		return m, fmt.Errorf("the header has %d bytes, want %d", n, headerLength)
	}
	m.kind = string(bytes.TrimRight(b[4:36], "\x00 "))
	if version := binary.BigEndian.Uint32(b[36:]); version != 1 {
		return m, fmt.Errorf("the schema's version is %d, want 1", version)
	}
	m.sequence = int64(binary.BigEndian.Uint64(b[48:])) //nolint:gosec // checked by the caller against its own count
	m.flags = binary.BigEndian.Uint64(b[56:])
	copy(m.id[8:], b[64:72])
	copy(m.id[:8], b[72:80])
	digest := b[80:112]
	m.contents = binary.BigEndian.Uint32(b[112:])
	m.payload = b[headerLength+4:]
	if n := binary.BigEndian.Uint32(b[headerLength:]); int(n) != len(m.payload) {
		return m, fmt.Errorf("the payload has %d bytes, want %d", len(m.payload), n)
	}
	if want := sha256.Sum256(m.payload); !bytes.Equal(digest, want[:]) {
		return m, errors.New("the payload does not match its digest")
	}
	return m, nil
}

// name returns the id as text.
func (m message) name() string {
	h := hex.EncodeToString(m.id[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
