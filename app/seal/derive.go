package seal

import (
	"fmt"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// Params is the cost of Argon2id (RFC 9106). The server hands it out, so it is checked before it is used.
type Params struct {
	MemoryKiB uint32 `json:"memory_kib"`
	Time      uint32 `json:"time"`    // passes over the memory
	Threads   uint8  `json:"threads"` // lanes
}

// DefaultParams is the second recommended option of RFC 9106 §4, and the weakest that Check lets through.
var DefaultParams = Params{MemoryKiB: protocol.MinArgonMemoryKB, Time: minTime, Threads: 4}

const (
	minTime    = 3
	maxTime    = 20
	minThreads = 1
	maxThreads = 16
)

// Check refuses a cost below the floor, which would hand a hostile server an auth key that is cheap to guess
// passwords against, with ErrKDFTooWeak; and one above the ceiling, which would freeze the device, with ErrKDFTooCostly.
func (p Params) Check() error {
	for _, b := range []struct {
		name          string
		is, low, high uint32
		unit          string
	}{
		{"memory", p.MemoryKiB, protocol.MinArgonMemoryKB, protocol.MaxArgonMemoryKB, " KiB"},
		{"time", p.Time, minTime, maxTime, ""},
		{"threads", uint32(p.Threads), minThreads, maxThreads, ""},
	} {
		if b.is < b.low {
			return fmt.Errorf("%w: %s is %d%s, at least %d is needed", ErrKDFTooWeak, b.name, b.is, b.unit, b.low)
		}
		if b.is > b.high {
			return fmt.Errorf("%w: %s is %d%s, at most %d is allowed", ErrKDFTooCostly, b.name, b.is, b.unit, b.high)
		}
	}
	return nil
}

// DeriveMasterKey stretches the password, in Unicode form NFKC, so that it is the same key however a keyboard composes
// an accent. It takes p.MemoryKiB of memory and, at the default cost, a good part of a second.
// ErrEmptyPassword, ErrPasswordText, ErrBadID (zero salt), ErrKDFTooWeak, ErrKDFTooCostly; all before any work is done.
func DeriveMasterKey(password string, salt Salt, p Params) (MasterKey, error) {
	if err := p.Check(); err != nil {
		return MasterKey{}, err
	}
	if err := salt.check(); err != nil {
		return MasterKey{}, err
	}
	if password == "" {
		return MasterKey{}, ErrEmptyPassword
	}
	// Bytes that are no text would pass through NFKC as they are, and another client could not send them at all.
	if !utf8.ValidString(password) {
		return MasterKey{}, ErrPasswordText
	}
	normal := norm.NFKC.Bytes([]byte(password))
	defer clear(normal)
	b := argon2.IDKey(normal, salt.b[:], p.Time, p.MemoryKiB, p.Threads, keySize)
	defer clear(b)
	var k MasterKey
	copy(k.b[:], b)
	return k, nil
}
