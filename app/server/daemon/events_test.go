package daemon_test

import (
	"bufio"
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/internal/testenv/sample"
)

// newUser registers a user and returns the session's token.
func newUser(t *testing.T, server string) string {
	t.Helper()
	var session protocol.SessionResponse
	if status, code := exchange(t, "POST", server+protocol.PathRegister, "", sample.Registration("alice"), &session); status != 200 {
		t.Fatal(status, code)
	}
	return session.Token
}

// follow opens an event stream and returns a channel of its lines, which is closed at the end of the stream.
func follow(t *testing.T, server, token string) <-chan string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // in case the stream stays silent
	t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, server+protocol.PathEvents, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req) //nolint:bodyclose // closed at the end of the stream
	if err != nil {
		t.Fatal(err)
	}
	lines := make(chan string)
	go func() {
		defer close(lines)
		defer res.Body.Close()
		for scan := bufio.NewScanner(res.Body); scan.Scan(); {
			select {
			case lines <- scan.Text():
			case <-ctx.Done():
				return
			}
		}
	}()
	return lines
}

func awaitLine(t *testing.T, lines <-chan string, want string) {
	t.Helper()
	for line := range lines {
		if line == want {
			return
		}
	}
	t.Fatalf("the stream ended without %q", want)
}

// Two servers share one file, as during an upgrade.
func TestEventsSeeChangesByAnotherServer(t *testing.T) {
	t.Parallel()
	dir := "DATA_DIR=" + t.TempDir()
	one, two := start(t, dir), start(t, dir)
	token := newUser(t, "http://"+one.addr)
	lines := follow(t, "http://"+one.addr, token)
	awaitLine(t, lines, `data: {"revision":0}`)
	change := protocol.ChangeRequest{Manifest: sample.Token(100), Puts: []protocol.Put{
		{Place: protocol.Place{ItemID: sample.ID(), Kind: protocol.KindOverview, Version: 1}, Token: sample.Token(100)},
	}}
	if status, code := exchange(t, "POST", "http://"+two.addr+protocol.PathVaultChanges, token, change, nil); status != 200 {
		t.Fatal(status, code)
	}
	awaitLine(t, lines, `data: {"revision":1}`)
	if status, code := exchange(t, "POST", "http://"+two.addr+protocol.PathLogout, token, struct{}{}, nil); status != 204 {
		t.Fatal(status, code)
	}
	awaitLine(t, lines, "event: "+protocol.EventEnded)
}

func TestDrainDoesNotWaitForEventStreams(t *testing.T) {
	t.Parallel()
	r := start(t, "DRAIN_TIMEOUT=5s")
	lines := follow(t, "http://"+r.addr, newUser(t, "http://"+r.addr))
	awaitLine(t, lines, `data: {"revision":0}`)
	r.cancel()
	for range lines { // until the stream ends
	}
	if err := <-r.ended; err != nil {
		t.Errorf("the server ended with %v", err)
	}
}
