package loopback

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
	"sync/atomic"
	"syscall"
)

// The system gives ports from 32768 on to connections and to listeners without a port (ip_local_port_range).
const lowestPort, highestPort = 20000, 30000

var lastPort atomic.Int64

func init() { lastPort.Store(rand.Int64N(highestPort - lowestPort)) } //nolint:gosec // no secret: test processes at the same time look in different places

// FreePort returns a port of 127.0.0.1 for a server that starts later, in another process. No connection takes it in between, and it is
// returned only once.
func FreePort(ctx context.Context) (int, error) {
	for range highestPort - lowestPort {
		port := lowestPort + int(lastPort.Add(1)%(highestPort-lowestPort))
		listener, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if errors.Is(err, syscall.EADDRINUSE) {
			continue
		}
		if err != nil {
			return 0, err
		}
		return port, listener.Close()
	}
	return 0, errors.New("all ports are in use")
}
