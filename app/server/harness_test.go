package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/app/server"
	"github.com/vaultsphere/vaultsphere/app/store/sqlite"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// clock moves only when the test moves it.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// site is a server on a real listener; tests can reach its clock, store and keys.
type site struct {
	t      *testing.T
	url    string
	clock  *clock
	log    *buffer
	store  vault.Store
	vault  *vault.Service
	keys   string
	limits vault.Limits
	hashes int     // cost of bcrypt
	lines  *buffer // of the audit trail
	srv    *server.Server
}

type siteOption func(*server.Config, *site)

// storedBy wraps the embedded store.
func storedBy(wrap func(vault.Store) vault.Store) siteOption {
	return func(_ *server.Config, s *site) { s.store = wrap(s.store) }
}

// slowHashes makes sign-ins take as long as in production.
func slowHashes(_ *server.Config, s *site) { s.hashes = vault.HashCost }

func configured(edit func(*server.Config)) siteOption {
	return func(c *server.Config, _ *site) { edit(c) }
}

func newSite(t *testing.T, options ...siteOption) *site {
	t.Helper()
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "vault.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	s := &site{
		t: t, clock: &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}, log: &buffer{}, store: store, keys: vault.NewKey(), limits: granted,
		hashes: bcrypt.MinCost, lines: &buffer{},
	}
	c := server.Config{
		Page: fstest.MapFS{"index.html": {Data: []byte("<!doctype html><title>VaultSphere</title>")}},
		Door: vault.Door{Open: true}, AuthRate: 1_000_000, UserRate: 1_000_000, Version: "test",
	}
	for _, o := range options {
		o(&c, s)
	}
	s.url = s.serve(c, s.keys)
	return s
}

// auditLife is how long events of the audit trail are kept.
const auditLife = 400 * 24 * time.Hour

// attachmentQuota is small enough for a test to reach it.
const attachmentQuota = 4096

// granted is enough for all tests except those of quotas.
var granted = vault.Limits{Attachments: attachmentQuota, Records: vault.Quota{Items: 1000, Bytes: 64 << 20}, Sessions: 50, Vaults: 50}

// serve starts a replica on the site's store and returns its URL.
func (s *site) serve(c server.Config, keys string) string {
	s.t.Helper()
	ring, err := vault.ParseKeyring(keys)
	if err != nil {
		s.t.Fatal(err)
	}
	log := slog.New(slog.NewJSONHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	trail := vault.Trail{Keep: auditLife, Lines: s.lines, Failed: func(e vault.Event, err error) { log.Error("event lost", "kind", e.Kind, "cause", err) }}
	service := vault.NewService(s.store, ring, s.limits, trail, s.hashes, s.clock.Now)
	s.vault = service
	if s.srv, err = server.New(c, service, log); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { service.FinishAudit(context.Background()) }) // before the store is closed
	s.srv.RateClock(s.clock.Now)                                      // on a busy machine, minutes of the real one pass
	s.srv.ReadyWithin(time.Hour)
	l := httptest.NewServer(s.srv)
	s.t.Cleanup(l.Close)
	return l.URL
}

// answer is a received response.
type answer struct {
	t       *testing.T
	status  int
	header  http.Header
	body    []byte
	cookies []*http.Cookie
}

func (a answer) code() protocol.Code {
	var e protocol.Error
	if a.status < 300 {
		return ""
	}
	if err := json.Unmarshal(a.body, &e); err != nil {
		a.t.Fatalf("status %d with a body that is not an error: %q", a.status, a.body)
	}
	return e.Code
}

func (a answer) message() string {
	var e protocol.Error
	if err := json.Unmarshal(a.body, &e); err != nil {
		a.t.Fatalf("not an error: %q", a.body)
	}
	return e.Message
}

func (a answer) want(status int, code protocol.Code) answer {
	a.t.Helper()
	if a.status != status || a.code() != code {
		a.t.Fatalf("got %d %s, want %d %q", a.status, a.body, status, code)
	}
	return a
}

func (a answer) into(out any) {
	a.t.Helper()
	if a.status != http.StatusOK {
		a.t.Fatalf("got %d %s", a.status, a.body)
	}
	d := json.NewDecoder(bytes.NewReader(a.body))
	d.DisallowUnknownFields()
	if err := d.Decode(out); err != nil {
		a.t.Fatalf("%v in %s", err, a.body)
	}
}

type edit func(*http.Request)

func bearer(token string) edit {
	return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
}

func header(name, value string) edit {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

// send sends body unchanged and checks the exchange against the OpenAPI document.
func (s *site) send(method, path string, body []byte, edits ...edit) answer {
	s.t.Helper()
	return sendTo(s.t, s.url, method, path, body, edits...)
}

func sendTo(t *testing.T, base, method, path string, body []byte, edits ...edit) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, base+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, e := range edits {
		e(req)
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasPrefix(path, "/api/") {
		checkAgainstDocument(t, req, body, res, got)
	}
	a := answer{t: t, status: res.StatusCode, header: res.Header, body: got, cookies: res.Cookies()}
	if strings.HasPrefix(a.header.Get("Content-Type"), "application/json") {
		meet(a.code())
	}
	return a
}

func (s *site) call(method, path string, body any, edits ...edit) answer {
	s.t.Helper()
	return callTo(s.t, s.url, method, path, body, edits...)
}

func callTo(t *testing.T, base, method, path string, body any, edits ...edit) answer {
	t.Helper()
	var b []byte
	if body != nil {
		var err error
		if b, err = json.Marshal(body); err != nil {
			t.Fatal(err)
		}
	}
	return sendTo(t, base, method, path, b, edits...)
}

// person is a user with the personal vault as the user's device holds it.
type person struct {
	s         *site
	v         *testvault.Vault
	name      string // as typed at the login
	authKey   protocol.AuthKey
	phraseKey protocol.AuthKey
	token     string
	acc       protocol.UserAccount
}

// newPerson returns a user who is not registered yet, and the request that registers the user.
func (s *site) newPerson(username string) (*person, protocol.NewUserRequest) {
	s.t.Helper()
	name, err := vault.CanonicalUsername(username)
	if err != nil {
		s.t.Fatal(err)
	}
	v, reg := testvault.NewPerson(string(name)).Registration()
	return &person{s: s, v: v, name: username, authKey: reg.AuthKey, phraseKey: reg.RecoveryAuthKey}, reg
}

// registration returns the request of a new user.
func registration(username string) protocol.NewUserRequest {
	_, reg := testvault.NewPerson(username).Registration()
	return reg
}

func (s *site) register(username string) *person {
	s.t.Helper()
	p, reg := s.newPerson(username)
	p.enter(reg)
	return p
}

// enter registers the person.
func (p *person) enter(reg protocol.NewUserRequest) {
	p.s.t.Helper()
	var out protocol.UserSession
	p.s.call("POST", protocol.PathUsers, reg).into(&out)
	p.token, p.acc = out.Token, out.Account
}

func (p *person) userID() string { return p.v.Owner.ID.String() }

func (p *person) call(method, path string, body any, edits ...edit) answer {
	p.s.t.Helper()
	return p.s.call(method, path, body, append([]edit{bearer(p.token)}, edits...)...)
}

func (p *person) loginRequest(code string) protocol.LoginRequest {
	return protocol.LoginRequest{Username: p.name, AuthKey: p.authKey, TOTPCode: code, Device: "another device", Transport: protocol.SessionBearer}
}

func (p *person) login(code string) answer {
	p.s.t.Helper()
	return p.s.call("POST", protocol.PathLogin, p.loginRequest(code))
}

func (p *person) mustLogin(code string) protocol.UserSession {
	p.s.t.Helper()
	var out protocol.UserSession
	p.login(code).into(&out)
	return out
}

// vaultPath puts the ID of the person's vault into a path.
func (p *person) vaultPath(path string) string {
	return strings.Replace(path, "{vault}", p.v.ID.String(), 1)
}

// item returns a write that puts the overview of a new item.
func (p *person) item() testvault.Write {
	return p.v.Draft(p.v.Put(chain.RecordOverview, seal.NewID(), 1, "a new item"))
}

// send sends a write, and moves the device's vault if it was accepted.
func (p *person) send(w testvault.Write) answer {
	p.s.t.Helper()
	a := p.call("POST", p.vaultPath(protocol.PathVaultWrites), w.Request())
	if a.status < 300 {
		p.v.Apply(w)
	}
	return a
}

// save stores a new item.
func (p *person) save() {
	p.s.t.Helper()
	p.send(p.item()).want(204, "")
}

// vault returns what the server answers to a device with these parameters.
func (p *person) vault(query string) protocol.VaultAnswer {
	p.s.t.Helper()
	var out protocol.VaultAnswer
	p.call("GET", p.vaultPath(protocol.PathVault)+query, nil).into(&out)
	return out
}

// passwords are derived once for all tests.
var passwords [3]func() testvault.Renewal

func init() {
	for i := range passwords {
		passwords[i] = sync.OnceValue(func() testvault.Renewal {
			kdf := seal.NewKDF(chain.CurrentCost)
			key, err := seal.DerivePasswordKey("another correct horse "+strconv.Itoa(i), kdf)
			if err != nil {
				panic(err)
			}
			return testvault.Renewal{Password: &key, KDF: kdf}
		})
	}
}

func newPhrase() testvault.Renewal {
	phrase := seal.NewRecoveryPhrase()
	return testvault.Renewal{Phrase: &phrase}
}

// renewal is an account entry that was not sent yet.
type renewal struct {
	p     *person
	entry testvault.Entry
}

func (p *person) renewal(r testvault.Renewal) renewal { return renewal{p, p.v.DraftAccount(r)} }

// send sends the entry, and moves the device's vault if it was accepted.
func (r renewal) send(edits ...edit) answer {
	r.p.s.t.Helper()
	request := protocol.AccountEntryRequest{CurrentAuthKey: r.p.authKey, Change: r.entry.Change()}
	a := r.p.call("POST", protocol.PathAccountEntry, request, edits...)
	if a.status < 300 {
		r.accepted()
	}
	return a
}

func (r renewal) accepted() {
	r.p.v.Follow(r.entry)
	r.p.authKey, r.p.phraseKey = r.p.v.Owner.AuthKeys()
}

// renew sends an account entry.
func (p *person) renew(r testvault.Renewal) {
	p.s.t.Helper()
	p.renewal(r).send().want(204, "")
}

// recovery returns the request that changes the account with the phrase.
func (r renewal) recovery(removeTOTP bool) protocol.PhraseEntryRequest {
	return protocol.PhraseEntryRequest{
		Username: r.p.name, RecoveryAuthKey: r.p.phraseKey, Change: r.entry.Change(), RemoveTOTP: removeTOTP, Device: "new laptop",
		Transport: protocol.SessionBearer,
	}
}

func (p *person) phraseProof() protocol.PhraseProof {
	return protocol.PhraseProof{Username: p.name, RecoveryAuthKey: p.phraseKey, After: -1}
}

func newListener(t *testing.T, h http.Handler) string {
	t.Helper()
	l := httptest.NewServer(h)
	t.Cleanup(l.Close)
	return l.URL
}
