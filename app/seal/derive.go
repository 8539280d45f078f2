package seal

import (
	"fmt"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealing"
)

// Params is the cost of Argon2id (RFC 9106). That of an exported file comes with the file.
type Params struct {
	MemoryKiB uint32 `json:"memory_kib"`
	Time      uint32 `json:"time"`    // passes over the memory
	Threads   uint8  `json:"threads"` // lanes
}

// DefaultParams is the second recommended option of RFC 9106 §4, and the weakest that Check accepts.
var DefaultParams = Params{MemoryKiB: minMemory, Time: minTime, Threads: 4}

const (
	minMemory  = 64 << 10 // KiB
	maxMemory  = 1 << 20
	minTime    = 3
	maxTime    = 20
	minThreads = 1
	maxThreads = 16
)

// Check rejects a cost below the minimum with ErrKDFTooWeak. It rejects a cost above the maximum, which would freeze the device, with ErrKDFTooCostly.
func (p Params) Check() error {
	for _, b := range []struct {
		name          string
		is, low, high uint32
		unit          string
	}{
		{"memory", p.MemoryKiB, minMemory, maxMemory, " KiB"},
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

// DeriveMasterKey derives the master key of an exported file from its password. It returns ErrEmptyPassword, ErrPasswordText, ErrBadID
// (zero salt), ErrKDFTooWeak or ErrKDFTooCostly before it does any work.
func DeriveMasterKey(password string, salt Salt, p Params) (MasterKey, error) {
	k, err := derive(password, salt, p)
	return MasterKey{k}, err
}

// derive runs Argon2id on the password in Unicode form NFKC, because keyboards compose accents in different ways. It needs p.MemoryKiB
// of memory and, at the default cost, a large part of a second.
func derive(password string, salt Salt, p Params) (secret, error) {
	if err := p.Check(); err != nil {
		return secret{}, err
	}
	if err := salt.check(); err != nil {
		return secret{}, err
	}
	if password == "" {
		return secret{}, ErrEmptyPassword
	}
	// NFKC does not change invalid UTF-8, and other clients could not enter it.
	if !utf8.ValidString(password) {
		return secret{}, ErrPasswordText
	}
	normal := norm.NFKC.Bytes([]byte(password))
	defer clear(normal)
	b := argon2.IDKey(normal, salt.b[:], p.Time, p.MemoryKiB, p.Threads, sealing.KeySize)
	defer clear(b)
	return sealing.Of([sealing.KeySize]byte(b)), nil
}
