package server

import (
	"context"
	"io"
	"io/fs"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/andybalholm/brotli"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// acceptsBrotli reads the Accept-Encoding fields (RFC 9110 §12.5.3) for a choice between brotli and the plain file.
//
// A bare "*" does not choose brotli, though it allows it: clients send it that cannot unpack. Who refuses both forms
// gets the plain one, which the RFC allows and everyone can read.
func acceptsBrotli(fields []string) bool {
	const notNamed = -1
	br, identity, other := float64(notNamed), float64(notNamed), float64(notNamed)
	for part := range strings.SplitSeq(strings.Join(fields, ","), ",") {
		coding, params, _ := strings.Cut(part, ";")
		switch strings.ToLower(strings.TrimSpace(coding)) {
		case "br":
			br = weight(params)
		case "identity":
			identity = weight(params)
		case "*":
			other = weight(params)
		}
	}
	if br == notNamed {
		return identity == 0 && other > 0
	}
	return br > 0 && br >= identity
}

var qvalue = regexp.MustCompile(`^(0(\.[0-9]{0,3})?|1(\.0{0,3})?)$`)

// weight is 0 for what is not to be understood: the plain file is never wrong.
func weight(params string) float64 {
	params = strings.TrimSpace(params)
	if params == "" {
		return 1
	}
	name, value, _ := strings.Cut(params, "=")
	if !strings.EqualFold(name, "q") || !qvalue.MatchString(value) {
		return 0
	}
	q, err := strconv.ParseFloat(value, 64)
	if err != nil {
		return 0
	}
	return q
}

const (
	unpackSlots = 3 // each holds the window of its file, which build.mjs keeps to 1 MiB, and the collector doubles that
	unpackWait  = 10 * time.Second
)

var errUnpackBusy = &vault.Error{
	Code: protocol.CodeUnavailable, Message: "too many downloads without brotli at once: try again in a moment", RetryAfter: 2 * time.Second,
}

// unpacker opens brotli files for clients that cannot. Such clients can take each other's slots by reading slowly, until
// the server's write time-out; clients with brotli never need one.
type unpacker struct {
	slots chan struct{}
	wait  time.Duration
}

func newUnpacker() *unpacker {
	return &unpacker{slots: make(chan struct{}, unpackSlots), wait: unpackWait}
}

// open gives the plain bytes of a brotli file as a stream. Its Close frees the slot.
func (u *unpacker) open(ctx context.Context, files fs.FS, name string) (io.ReadCloser, error) {
	patience := time.NewTimer(u.wait)
	defer patience.Stop()
	select {
	case u.slots <- struct{}{}:
	case <-patience.C:
		return nil, errUnpackBusy
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	f, err := files.Open(name)
	if err != nil {
		<-u.slots
		return nil, err
	}
	return &unpacking{Reader: brotli.NewReader(f), file: f, slots: u.slots}, nil
}

type unpacking struct {
	io.Reader
	file  fs.File
	slots <-chan struct{}
}

func (u *unpacking) Close() error {
	<-u.slots
	return u.file.Close()
}
