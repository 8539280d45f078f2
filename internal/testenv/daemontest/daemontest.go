// Package daemontest starts the real server for tests of its clients.
package daemontest

import (
	"context"
	"io"
	"log/slog"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/vaultsphere/vaultsphere/app/server/daemon"
	"github.com/vaultsphere/vaultsphere/internal/testenv/await"
)

// Start runs a server with a new embedded store on a free port of loopback until the test ends. edit, if not nil, may change the
// settings first. It returns the base URL.
func Start(t testing.TB, edit func(*daemon.Config)) string {
	t.Helper()
	c, err := daemon.ConfigFromEnv([]string{
		"LISTEN_ADDR=127.0.0.1:0", "METRICS_ADDR=off", "AUTH_RATE=100000", "REGISTRATION=open", "DATA_DIR=" + t.TempDir(),
	})
	if err != nil {
		t.Fatal(err)
	}
	c.HashCost = bcrypt.MinCost // otherwise most of the time of a test would go into it
	if edit != nil {
		edit(&c)
	}
	url, stop := Run(t, daemon.New(c, slog.New(slog.NewTextHandler(io.Discard, nil))))
	t.Cleanup(stop)
	return url
}

// Run starts d and returns its base URL and a function that stops it, which may be called more than once.
func Run(t testing.TB, d *daemon.Daemon) (baseURL string, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	select {
	case err := <-ended:
		cancel()
		t.Fatalf("the server did not start: %v", err)
	case <-d.Ready():
	case <-time.After(await.Limit):
		cancel()
		t.Fatalf("the server did not start in %s", await.Limit)
	}
	stopped := false
	return "http://" + d.Addr(), func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the server failed: %v", err)
		}
	}
}
