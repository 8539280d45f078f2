package server_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/app/server"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/await"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// exchange is a request on a raw connection: the test controls every byte.
type exchange struct {
	t    *testing.T
	conn *net.TCPConn
	in   *bufio.Reader
}

// open sends the header of a request and the given part of the body.
func (p *person) open(token, method, path, framing, body string) *exchange {
	p.s.t.Helper()
	address := strings.TrimPrefix(p.s.url, "http://")
	conn, err := new(net.Dialer).DialContext(p.s.t.Context(), "tcp", address)
	if err != nil {
		p.s.t.Fatal(err)
	}
	e := &exchange{t: p.s.t, conn: conn.(*net.TCPConn), in: bufio.NewReader(conn)}
	p.s.t.Cleanup(e.close)
	if err := e.conn.SetReadBuffer(64 << 10); err != nil { // otherwise the kernel would buffer what the test does not read
		p.s.t.Fatal(err)
	}
	_, err = fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n%s\r\n%s",
		method, path, address, token, framing, body)
	if err != nil {
		p.s.t.Fatal(err)
	}
	return e
}

func (e *exchange) close() { _ = e.conn.Close() }

// answer reads the header of the answer.
func (e *exchange) answer() *http.Response {
	e.t.Helper()
	res, err := http.ReadResponse(e.in, nil)
	if err != nil {
		e.t.Fatal(err)
	}
	e.t.Cleanup(func() { _ = res.Body.Close() })
	return res
}

// refusal reads an error answer and checks it.
func (e *exchange) refusal(status int, code protocol.Code, retryAfter string) {
	e.t.Helper()
	res := e.answer() //nolint:bodyclose // answer closes it at the end of the test
	var said protocol.Error
	if err := json.NewDecoder(res.Body).Decode(&said); err != nil {
		e.t.Fatal(err)
	}
	meet(said.Code)
	if res.StatusCode != status || said.Code != code || res.Header.Get("Retry-After") != retryAfter {
		e.t.Errorf("got %d %s with Retry-After %q", res.StatusCode, said.Code, res.Header.Get("Retry-After"))
	}
}

const largeRecords = 240

// largeVault fills a vault that is much larger than the buffers of a connection.
func largeVault(s *site) *person {
	s.t.Helper()
	p := s.register("large")
	for range 4 {
		var puts []testvault.Operation
		for range largeRecords / 4 {
			puts = append(puts, p.v.PutToken(chain.RecordDetails, seal.NewID(), 1, strings.Repeat("x", 60_000)))
		}
		w := p.v.Draft(puts...)
		base, err := s.store.Head(s.t.Context(), p.v.ID)
		if err != nil {
			s.t.Fatal(err)
		}
		change := w.WriteChange
		change.Base, change.Now = base, s.clock.Now()
		if err := s.store.ApplyWrite(s.t.Context(), change); err != nil {
			s.t.Fatal(err)
		}
		p.v.Apply(w)
	}
	return p
}

// fullSync reads the whole answer; records is 0 if it was rejected.
func (p *person) fullSync(token string) (records int) {
	p.s.t.Helper()
	res := p.open(token, "GET", p.vaultPath(protocol.PathVault), "", "").answer() //nolint:bodyclose // as above
	var whole protocol.VaultAnswer
	if err := json.NewDecoder(res.Body).Decode(&whole); err != nil {
		return 0
	}
	return len(whole.Records)
}

// slowSync starts a full sync and reads only the header of the answer.
func (p *person) slowSync(token string) (*exchange, *http.Response) {
	p.s.t.Helper()
	e := p.open(token, "GET", p.vaultPath(protocol.PathVault), "", "")
	res := e.answer()
	if res.StatusCode != http.StatusOK {
		p.s.t.Fatalf("got %d", res.StatusCode)
	}
	return e, res
}

func TestFullSyncsAreLimited(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p, bob := largeVault(s), s.register("bob")
	bob.save()
	second, third := p.mustLogin("").Token, p.mustLogin("").Token
	s.srv.SyncWithin(500*time.Millisecond, time.Hour)

	first, _ := p.slowSync(p.token) //nolint:bodyclose // as above
	busy := p.call("GET", p.vaultPath(protocol.PathVault), nil).want(503, protocol.CodeUnavailable)
	if got := busy.header.Get("Retry-After"); got != "5" {
		t.Errorf("the second full sync of a session has Retry-After %q", got)
	}
	if n := p.fullSync(second); n != largeRecords {
		t.Errorf("the full sync of another session has %d records", n)
	}
	await.Until(t, "the slot of an answer that was read", func() bool { return s.srv.HasSlots(server.FullSyncs - 1) })
	other, _ := p.slowSync(second) //nolint:bodyclose // as above
	s.call("GET", p.vaultPath(protocol.PathVault), nil, bearer(third)).want(503, protocol.CodeUnavailable)
	s.call("GET", p.vaultPath(protocol.PathVault)+"?since=3", nil, bearer(third)).want(503, protocol.CodeUnavailable) // a delta can be just as large
	s.call("GET", p.vaultPath(protocol.PathVault)+"?since=4", nil, bearer(third)).want(200, "")
	if v := bob.vault(""); len(v.Records) != 1 {
		t.Errorf("a small vault has %d records", len(v.Records))
	}

	first.close()
	await.Until(t, "a full sync in the place of one that was given up", func() bool {
		return p.fullSync(third) == largeRecords
	})
	other.close()
}

func TestFullSyncWaitsForASlot(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := largeVault(s)
	s.srv.SyncWithin(time.Hour, time.Hour)
	first, _ := p.slowSync(p.token) //nolint:bodyclose // as above
	waiting := p.open(p.token, "GET", p.vaultPath(protocol.PathVault), "", "")
	first.close()
	if got := waiting.answer(); got.StatusCode != http.StatusOK { //nolint:bodyclose // as above
		t.Errorf("the waiting sync got %d", got.StatusCode)
	}
}

func TestStalledClientLosesItsFullSync(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := largeVault(s)
	s.srv.SyncWithin(time.Hour, 2*time.Second)
	_, res := p.slowSync(p.token)                                            //nolint:bodyclose // as above
	p.open(p.token, "GET", p.vaultPath(protocol.PathVault), "", "").answer() //nolint:bodyclose // succeeds once the other one has lost its slot
	if _, err := io.Copy(io.Discard, res.Body); err == nil {
		t.Error("a partial answer looked complete")
	}
}

// uploadOf sends all but the last byte of a change of size bytes.
func (p *person) uploadOf(size int) *exchange {
	return p.open(p.token, "POST", p.vaultPath(protocol.PathVaultWrites), fmt.Sprintf("Content-Length: %d\r\n", size), strings.Repeat(" ", size-1))
}

// changeOf returns a body of size bytes that changes nothing.
func changeOf(size int) []byte {
	const body = `{"write":"","operations":"","tokens":[]}`
	return []byte(body + strings.Repeat(" ", size-len(body)))
}

func TestBodiesWaitForRoom(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	alice, bob, carol := s.register("alice"), s.register("bob"), s.register("carol")
	s.srv.BodyWithin(500*time.Millisecond, time.Hour)
	send := func(p *person, size int) answer {
		return p.s.send("POST", p.vaultPath(protocol.PathVaultWrites), changeOf(size), bearer(p.token))
	}
	// An answer comes before its request has given back its room.
	taken := func(n int64) {
		t.Helper()
		await.Until(t, fmt.Sprintf("exactly %d bytes of room that are taken", n), func() bool {
			return s.srv.HasRoom(server.BodyRoom-n) && !s.srv.HasRoom(server.BodyRoom-n+1)
		})
	}

	// Announced bytes do not count until they arrive.
	for range 2 * server.BodyRoom / protocol.MaxBodyBytes {
		alice.open(alice.token, "POST", alice.vaultPath(protocol.PathVaultWrites), fmt.Sprintf("Content-Length: %d\r\n", protocol.MaxBodyBytes), "{")
	}
	send(alice, 300<<10).want(400, protocol.CodeBadRequest)
	taken(0)

	full := alice.uploadOf(server.UserRoom)
	taken(server.UserRoom)
	if got := send(alice, 300<<10).want(503, protocol.CodeUnavailable).header.Get("Retry-After"); got != "5" {
		t.Errorf("Retry-After is %q", got)
	}
	send(alice, 32<<10).want(400, protocol.CodeBadRequest) // rejected as invalid, without waiting
	send(bob, 300<<10).want(400, protocol.CodeBadRequest)
	taken(server.UserRoom)

	bob.uploadOf(server.UserRoom)
	taken(server.BodyRoom)
	send(carol, 300<<10).want(503, protocol.CodeUnavailable)
	send(carol, 32<<10).want(400, protocol.CodeBadRequest)
	carol.open(carol.token, "POST", carol.vaultPath(protocol.PathVaultWrites), "Transfer-Encoding: chunked\r\n", "50000\r\n"+strings.Repeat(" ", 0x50000)+"\r\n").
		refusal(503, protocol.CodeUnavailable, "5")

	full.close()
	taken(server.UserRoom)
	send(carol, 300<<10).want(400, protocol.CodeBadRequest)
}

func TestSlowBodyIsDropped(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	alice := s.register("alice")
	s.srv.BodyWithin(time.Hour, time.Second) // the large body must arrive in time, except for its last byte
	for what, e := range map[string]*exchange{
		"of a user":       alice.open(alice.token, "POST", alice.vaultPath(protocol.PathVaultWrites), "Content-Length: 100\r\n", "{"),
		"of a guest":      alice.open("", "POST", protocol.PathLogin, "Content-Length: 100\r\n", "{"),
		"without a byte":  alice.open(alice.token, "POST", alice.vaultPath(protocol.PathVaultWrites), "Content-Length: 100\r\n", ""),
		"large":           alice.uploadOf(protocol.MaxBodyBytes),
		"of unknown size": alice.open(alice.token, "POST", alice.vaultPath(protocol.PathVaultWrites), "Transfer-Encoding: chunked\r\n", "5\r\n     \r\n"),
	} {
		t.Run(what, func(t *testing.T) {
			e.t = t
			e.refusal(http.StatusRequestTimeout, protocol.CodeTooSlow, "1")
			if _, err := io.Copy(io.Discard, e.in); err != nil {
				t.Errorf("the connection is still open: %v", err)
			}
		})
	}
}

func TestUsersAreRateLimited(t *testing.T) {
	t.Parallel()
	s := newSite(t, configured(func(c *server.Config) { c.UserRate = 3 }))
	alice, bob := s.register("alice"), s.register("bob")
	second := alice.mustLogin("")
	for range 2 {
		alice.call("GET", protocol.PathAccount, nil).want(200, "")
	}
	s.call("GET", protocol.PathAccount, nil, bearer(second.Token)).want(200, "")
	got := alice.call("GET", protocol.PathAccount, nil).want(429, protocol.CodeThrottled)
	if after := got.header.Get("Retry-After"); after == "" || after == "0" {
		t.Errorf("Retry-After is %q", after)
	}
	s.call("GET", protocol.PathAccount, nil, bearer(second.Token)).want(429, protocol.CodeThrottled)
	bob.call("GET", protocol.PathAccount, nil).want(200, "")
	alice.login("").want(200, "") // requests without a session are counted by address
}

func TestBodiesAreBoundedInMemory(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	alice := s.register("alice")
	for name, body := range map[string]string{
		"many empty texts": `{"write":"","tokens":[` + strings.Repeat(`"",`, 2000) + `""]}`,
		"deep":             strings.Repeat(`{"a":`, 10) + "1" + strings.Repeat("}", 10),
		"many members":     `{"a":1` + strings.Repeat(` `, 10) + manyMembers(100) + `}`,
	} {
		if a := s.send("POST", alice.vaultPath(protocol.PathVaultWrites), []byte(body), bearer(alice.token)); a.status != 400 {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
}

func manyMembers(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"a%d":1`, i)
	}
	return b.String()
}

// grants sets the limits of a site.
func grants(edit func(*vault.Limits)) siteOption {
	return func(_ *server.Config, s *site) { edit(&s.limits) }
}

func TestQuotaErrorsNameTheQuota(t *testing.T) {
	t.Parallel()
	s := newSite(t, grants(func(l *vault.Limits) { l.Records = vault.Quota{Items: 1, Bytes: 2000} }))
	alice := s.register("alice")
	first := alice.v.Put(chain.RecordOverview, seal.NewID(), 1, "first")
	alice.send(alice.v.Draft(first)).want(204, "")
	alice.send(alice.item()).want(403, protocol.CodeItemQuotaReached)
	alice.send(alice.v.Draft(alice.v.Put(chain.RecordDetails, first.ID, 1, strings.Repeat("x", 2000)))).want(403, protocol.CodeRecordQuotaReached)
	alice.send(alice.v.Draft(testvault.Delete(first), alice.v.Put(chain.RecordOverview, seal.NewID(), 1, "second"))).want(204, "")
	s.register("bob").save()
}

func TestExtraSessionEndsTheLeastRecentlyUsed(t *testing.T) {
	t.Parallel()
	s := newSite(t, grants(func(l *vault.Limits) { l.Sessions = 3 }))
	alice := s.register("alice")
	s.clock.move(time.Hour)
	second := alice.mustLogin("").Token
	s.clock.move(time.Hour)
	third := alice.mustLogin("").Token
	s.clock.move(time.Hour)
	alice.call("GET", protocol.PathAccount, nil).want(200, "")
	fourth := alice.mustLogin("").Token
	for token, status := range map[string]int{alice.token: 200, second: 401, third: 200, fourth: 200} {
		if got := s.call("GET", protocol.PathAccount, nil, bearer(token)); got.status != status {
			t.Errorf("got %d, want %d", got.status, status)
		}
	}
}

func TestNoSessionLastsLongerThanAYear(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	alice := s.register("alice")
	const week = 7 * 24 * time.Hour
	for range 52 {
		s.clock.move(week)
		alice.call("GET", protocol.PathAccount, nil).want(200, "")
	}
	u, err := s.store.User(t.Context(), "alice")
	if err != nil {
		t.Fatal(err)
	}
	list, err := s.store.Sessions(t.Context(), u.ID, s.clock.Now())
	if err != nil || len(list) != 1 || list[0].Expires.After(list[0].Created.Add(365*24*time.Hour)) { // the store deletes the row then
		t.Fatalf("%+v, %v", list, err)
	}
	s.clock.move(week / 6) // 365 days and 4 hours
	alice.call("GET", protocol.PathAccount, nil).want(401, protocol.CodeUnauthorized)
	again := alice.mustLogin("")
	// A release without this limit may have stored a later end.
	id, err := s.store.Session(t.Context(), vault.SessionHash(again.Account.SessionID), s.clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	s.clock.move(366 * 24 * time.Hour)
	if err := s.store.TouchSession(t.Context(), id.Hash, id.LastSeen, s.clock.Now().Add(week)); err != nil {
		t.Fatal(err)
	}
	s.call("GET", protocol.PathAccount, nil, bearer(again.Token)).want(401, protocol.CodeUnauthorized)
}
