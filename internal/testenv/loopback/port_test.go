package loopback

import (
	"net"
	"strconv"
	"testing"
)

func TestFreePortsDiffer(t *testing.T) {
	t.Parallel()
	seen := map[int]bool{}
	for range 100 {
		port, err := FreePort(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if seen[port] || port < lowestPort || port >= highestPort {
			t.Errorf("port %d", port)
		}
		seen[port] = true
	}
}

func TestFreePortPassesOverOneInUse(t *testing.T) {
	t.Parallel()
	next := lowestPort + int((lastPort.Load()+200)%(highestPort-lowestPort))
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:"+strconv.Itoa(next))
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	for range 300 {
		if port, err := FreePort(t.Context()); err != nil || port == next {
			t.Fatalf("port %d, %v", port, err)
		}
	}
}
