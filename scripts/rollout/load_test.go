//go:build integration

package rollout_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// The load: writers and readers, a client that opens a new connection for each request, and log-ins, each of which costs the server
// a bcrypt. The rates are in requests per second.
const (
	writers, writesEach = 4, 8
	readers, readsEach  = 8, 40
	stagingReaders      = 2
	newcomers           = 15
	logins              = 2
	// loadEnds stops the load if the test does not.
	loadEnds = 15 * time.Minute
)

// load sends requests through the proxy at a constant rate until it is stopped.
type load struct {
	site              string
	browser, newcomer *http.Client
	cancel            context.CancelFunc
	all               sync.WaitGroup
	users             []*user

	mu       sync.Mutex
	requests int
	slowest  time.Duration
	failures []failure
}

type failure struct {
	at   time.Time // when the request began
	what string
}

// user is an account with one writer.
type user struct {
	name, key, token string
	vault            *testvault.Vault // with all acknowledged writes
}

func client(authority *x509.CertPool, keepAlive bool) *http.Client {
	return &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: authority}, ForceAttemptHTTP2: keepAlive, DisableKeepAlives: !keepAlive,
		MaxIdleConnsPerHost: 100,
	}}
}

// loads numbers the loads, because two may use the same tables.
var loads int

func startLoad(t *testing.T, site string, authority *x509.CertPool, readers int) *load {
	t.Helper()
	loads++
	ctx, cancel := context.WithTimeout(context.Background(), loadEnds)
	l := &load{site: site, browser: client(authority, true), newcomer: client(authority, false), cancel: cancel}
	for i := range writers + 1 {
		l.users = append(l.users, l.register(t, fmt.Sprintf("load%d-user%d", loads, i)))
	}
	for _, u := range l.users[:writers] {
		l.goAt(ctx, writesEach, func() { l.write(u) })
	}
	for i := range readers {
		u := l.users[i%writers]
		l.goAt(ctx, readsEach, func() { l.exchange(l.browser, http.MethodGet, protocol.PathAccount, u.token, nil, nil) })
	}
	l.goAt(ctx, newcomers, func() { l.exchange(l.newcomer, http.MethodGet, protocol.PathHealth, "", nil, nil) })
	l.goAt(ctx, logins, func() { l.login(l.users[writers]) })
	t.Cleanup(l.stop)
	return l
}

// goAt calls a function n times per second. A late answer delays the next call, as it would with a person.
func (l *load) goAt(ctx context.Context, n int, do func()) {
	l.all.Go(func() {
		tick := time.NewTicker(time.Second / time.Duration(n))
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				do()
			}
		}
	})
}

func (l *load) stop() {
	l.cancel()
	l.all.Wait()
}

// exchange sends and counts a request. Any status except 200 and 204 is a failure.
func (l *load) exchange(c *http.Client, method, path, token string, in, out any) bool {
	begin := time.Now()
	problem := request(c, method, l.site+path, token, in, out)
	took := time.Since(begin)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.requests++
	l.slowest = max(l.slowest, took)
	if problem != "" {
		l.failures = append(l.failures, failure{begin, fmt.Sprintf("%s %s, after %s: %s", method, path, took, problem)})
	}
	return problem == ""
}

func request(c *http.Client, method, address, token string, in, out any) (problem string) {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err.Error()
		}
		body = io.MultiReader(bytes.NewReader(b)) // not a type whose requests net/http retries automatically
	}
	req, err := http.NewRequest(method, address, body)
	if err != nil {
		return err.Error()
	}
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := c.Do(req)
	if err != nil {
		return err.Error()
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return err.Error()
	}
	if res.StatusCode != http.StatusOK && res.StatusCode != http.StatusNoContent {
		return fmt.Sprintf("%s %s", res.Status, answer)
	}
	if out != nil {
		if err := json.Unmarshal(answer, out); err != nil {
			return err.Error()
		}
	}
	return ""
}

func (l *load) register(t *testing.T, name string) *user {
	t.Helper()
	v, reg := testvault.NewPerson(name).Registration()
	u := &user{name: name, key: reg.AuthKey, vault: v}
	var session protocol.UserSession
	if problem := request(l.browser, http.MethodPost, l.site+protocol.PathUsers, "", reg, &session); problem != "" {
		t.Fatalf("register %s: %s", name, problem)
	}
	u.token = session.Token
	return u
}

// path puts the ID of the user's vault into a path.
func (u *user) path(path string) string {
	return strings.Replace(path, "{vault}", u.vault.ID.String(), 1)
}

func (l *load) write(u *user) {
	w := u.vault.Draft(u.vault.Put(chain.RecordOverview, seal.NewID(), 1, "a new item"))
	if l.exchange(l.browser, http.MethodPost, u.path(protocol.PathVaultWrites), u.token, w.Request(), nil) {
		u.vault.Apply(w)
	}
}

// login opens a session, reads with it and ends it.
func (l *load) login(u *user) {
	var session protocol.UserSession
	if l.exchange(l.browser, http.MethodPost, protocol.PathLogin, "", protocol.LoginRequest{
		Username: u.name, AuthKey: u.key, Device: "load", Transport: protocol.SessionBearer,
	}, &session) {
		l.exchange(l.browser, http.MethodGet, u.path(protocol.PathVault), session.Token, nil, nil)
		l.exchange(l.browser, http.MethodPost, protocol.PathLogout, session.Token, struct{}{}, nil)
	}
}

// take returns the requests that failed since the last call.
func (l *load) take(t *testing.T) []failure {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	t.Logf("%d requests, %d failed, the slowest took %s", l.requests, len(l.failures), l.slowest.Round(time.Millisecond))
	if l.requests == 0 {
		t.Error("there was no load")
	}
	failures := l.failures
	l.requests, l.slowest, l.failures = 0, 0, nil
	return failures
}

// check fails the test if a request has failed since the last call, and reports the result of a step.
func (l *load) check(t *testing.T, what string, begun time.Time) {
	t.Helper()
	failures := l.take(t)
	how := "ok"
	if t.Failed() {
		how = "FAILED"
	}
	noted(what, fmt.Sprintf("%s, %d requests failed", how, len(failures)), time.Since(begun), 0)
	for i, f := range failures {
		if i == 10 {
			break
		}
		t.Errorf("%s %s", f.at.Format("15:04:05.000"), f.what)
	}
}

// readBack checks that each vault contains exactly the writes that the server acknowledged.
func (l *load) readBack(t *testing.T) {
	t.Helper()
	lost, written := 0, 0
	for _, u := range l.users[:writers] {
		var v protocol.VaultAnswer
		if problem := request(l.browser, http.MethodGet, l.site+u.path(protocol.PathVault), u.token, nil, &v); problem != "" {
			t.Fatal(problem)
		}
		found := map[string]string{}
		for _, r := range v.Records {
			found[r.ItemID] = r.Token
		}
		for line, token := range u.vault.Tokens {
			written++
			if found[line.ID.String()] != token {
				lost++
			}
		}
		if len(found) != len(u.vault.Tokens) || v.Revision != u.vault.State.Revision {
			t.Errorf("%s has %d records at revision %d, want %d at %d", u.name, len(found), v.Revision, len(u.vault.Tokens), u.vault.State.Revision)
		}
	}
	t.Logf("%d writes, %d lost", written, lost)
	if lost > 0 || written == 0 {
		t.Errorf("%d of %d writes are lost", lost, written)
	}
}
