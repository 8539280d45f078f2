package server

import (
	"cmp"
	"context"
	"mime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// acceptsBrotli tells whether the Accept-Encoding fields (RFC 9110 §12.5.3) name brotli with a weight above 0. A "*" is not
// enough: clients that cannot decode brotli send it. A plain answer is always safe, also if a weight is malformed.
func acceptsBrotli(fields []string) bool {
	for part := range strings.SplitSeq(strings.Join(fields, ","), ",") {
		coding, params, err := mime.ParseMediaType(part)
		if err != nil || coding != "br" {
			continue
		}
		q, err := strconv.ParseFloat(cmp.Or(params["q"], "1"), 64)
		return err == nil && q > 0 && q <= 1
	}
	return false
}

const (
	unpackSlots = 3 // each holds the window of its file, which build.mjs keeps to 1 MiB, and the collector doubles that
	unpackWait  = 10 * time.Second
)

var errUnpackBusy = &vault.Error{
	Code: protocol.CodeUnavailable, Message: "too many downloads without brotli at once: try again in a moment", RetryAfter: 2 * time.Second,
}

// unpacker decodes brotli files for clients that cannot. They can block each other by reading slowly, until the server's
// write time-out; clients that accept brotli never wait.
type unpacker struct {
	slots *semaphore.Weighted
	wait  time.Duration
}

// take waits for a slot. The caller releases it.
func (u unpacker) take(ctx context.Context) error {
	patience, cancel := context.WithTimeout(ctx, u.wait)
	defer cancel()
	if u.slots.Acquire(patience, 1) != nil {
		return waited(ctx, errUnpackBusy)
	}
	return nil
}
