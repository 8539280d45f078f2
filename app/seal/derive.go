package seal

import (
	"fmt"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealing"
)

// Params is the cost of Argon2id (RFC 9106). It comes from the server: call Check before using it.
type Params struct {
	MemoryKiB uint32 `json:"memory_kib"`
	Time      uint32 `json:"time"`    // passes over the memory
	Threads   uint8  `json:"threads"` // lanes
}

// DefaultParams is the second recommended option of RFC 9106 §4, and the weakest that Check accepts.
var DefaultParams = Params{MemoryKiB: protocol.MinArgonMemoryKB, Time: minTime, Threads: 4}

const (
	minTime    = 3
	maxTime    = 20
	minThreads = 1
	maxThreads = 16
)

// Check rejects a cost below the minimum with ErrKDFTooWeak: a hostile server could then test passwords cheaply against the
// auth key. It rejects a cost above the maximum, which would freeze the device, with ErrKDFTooCostly.
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

// DeriveMasterKey derives the master key from the password in Unicode form NFKC, because keyboards compose accents in
// different ways. It needs p.MemoryKiB of memory and, at the default cost, a large part of a second. It returns
// ErrEmptyPassword, ErrPasswordText, ErrBadID (zero salt), ErrKDFTooWeak or ErrKDFTooCostly before it does any work.
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
	// NFKC does not change invalid UTF-8, and other clients could not enter it.
	if !utf8.ValidString(password) {
		return MasterKey{}, ErrPasswordText
	}
	normal := norm.NFKC.Bytes([]byte(password))
	defer clear(normal)
	b := argon2.IDKey(normal, salt.b[:], p.Time, p.MemoryKiB, p.Threads, sealing.KeySize)
	defer clear(b)
	return MasterKey{sealing.Of([sealing.KeySize]byte(b))}, nil
}
