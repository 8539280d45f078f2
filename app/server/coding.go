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

// acceptsBrotli reports whether the Accept-Encoding fields (RFC 9110 §12.5.3) name brotli with a weight above 0. A "*" does not
// count: clients that cannot decode brotli send it. A plain answer is always safe, so a malformed weight means no.
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
	unpackSlots = 3 // each holds a brotli window, which build.mjs limits to 2 MiB and garbage collection doubles
	unpackWait  = 10 * time.Second
)

var errUnpackBusy = &vault.Error{
	Code: protocol.CodeUnavailable, Message: "too many concurrent downloads without brotli: try again in a moment", RetryAfter: 2 * time.Second,
}

// unpacker decodes brotli files for clients that do not accept them. Slow clients can block each other until the server's
// write timeout; clients that accept brotli never wait.
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
