package daemon_test

import (
	"bufio"
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/internal/testenv/await"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// user is a registered user with the personal vault as the user's device holds it.
type user struct {
	*testvault.Vault
	token   string
	authKey protocol.AuthKey
}

// newUser registers alice.
func newUser(t *testing.T, server string) *user {
	t.Helper()
	v, reg := testvault.NewPerson("alice").Registration()
	var session protocol.UserSession
	if status, code := exchange(t, "POST", server+protocol.PathUsers, "", reg, &session); status != 200 {
		t.Fatal(status, code)
	}
	return &user{v, session.Token, reg.AuthKey}
}

// path puts the ID of the user's vault into a path.
func (u *user) path(path string) string { return strings.Replace(path, "{vault}", u.ID.String(), 1) }

// save puts the overviews of new items.
func (u *user) save(t *testing.T, server string, items int) (int, protocol.Code) {
	t.Helper()
	var puts []testvault.Operation
	for range items {
		puts = append(puts, u.Put(chain.RecordOverview, seal.NewID(), 1, "a new item"))
	}
	w := u.Draft(puts...)
	status, code := exchange(t, "POST", server+u.path(protocol.PathVaultWrites), u.token, w.Request(), nil)
	if status == http.StatusNoContent {
		u.Apply(w)
	}
	return status, code
}

// follow opens an event stream and returns a channel of its lines, which is closed at the end of the stream.
func follow(t *testing.T, server, token string) <-chan string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), await.Limit) // in case the stream stays silent
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

func awaitLine(t *testing.T, lines <-chan string, begins string) {
	t.Helper()
	for line := range lines {
		if strings.HasPrefix(line, begins) {
			return
		}
	}
	t.Fatalf("the stream ended without %q", begins)
}

// Two servers share one file, as during an upgrade.
func TestEventsSeeChangesByAnotherServer(t *testing.T) {
	t.Parallel()
	dir := "DATA_DIR=" + t.TempDir()
	one, two := start(t, dir), start(t, dir)
	alice := newUser(t, "http://"+one.addr)
	lines := follow(t, "http://"+one.addr, alice.token)
	awaitLine(t, lines, `data: {"revision":0,"sequence":1`)
	if status, code := alice.save(t, "http://"+two.addr, 1); status != http.StatusNoContent {
		t.Fatal(status, code)
	}
	awaitLine(t, lines, `data: {"revision":1,"sequence":1`)
	if status, code := exchange(t, "POST", "http://"+two.addr+protocol.PathLogout, alice.token, struct{}{}, nil); status != 204 {
		t.Fatal(status, code)
	}
	awaitLine(t, lines, "event: "+protocol.EventEnded)
}

func TestDrainDoesNotWaitForEventStreams(t *testing.T) {
	t.Parallel()
	r := start(t, "DRAIN_TIMEOUT=5s")
	lines := follow(t, "http://"+r.addr, newUser(t, "http://"+r.addr).token)
	awaitLine(t, lines, `data: {"revision":0,"sequence":1`)
	r.cancel()
	for range lines { // until the stream ends
	}
	if err := <-r.ended; err != nil {
		t.Errorf("the server ended with %v", err)
	}
}
