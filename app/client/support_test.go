package client_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/client/httptransport"
	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/internal/testenv/daemontest"
)

const password = "correct horse battery staple"

// memory is a client.Memory that lasts for one test.
type memory struct {
	mu    sync.Mutex
	users map[string]client.Remembered

	signing chan struct{} // holds a value while somebody signs
}

func newMemory() *memory {
	return &memory{users: map[string]client.Remembered{}, signing: make(chan struct{}, 1)}
}

func (m *memory) Lock(ctx context.Context, _ string) (func(), error) {
	select {
	case m.signing <- struct{}{}:
		return func() { <-m.signing }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (m *memory) Load(user string) (client.Remembered, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.users[user], nil
}

func (m *memory) Find(username string) (client.Remembered, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range m.users {
		if r.Named(username) {
			return r, nil
		}
	}
	return client.Remembered{}, nil
}

func (m *memory) Store(user string, r client.Remembered) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r.IsZero() {
		delete(m.users, user)
	} else {
		m.users[user] = r
	}
	return nil
}

// only returns what it has of its only user.
func (m *memory) only(t testing.TB) (string, client.Remembered) {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.users) != 1 {
		t.Fatalf("%d users", len(m.users))
	}
	for user, r := range m.users {
		return user, r
	}
	panic("unreachable")
}

// wire is a transport to the real server. A test can change what passes.
type wire struct {
	*httptransport.Transport
	mu     sync.Mutex
	before func(*client.Request) (*client.Response, error) // its answer or error replaces the server's
	after  func(client.Request, *client.Response)
	sent   []client.Request
}

func (w *wire) Do(ctx context.Context, r client.Request) (client.Response, error) {
	w.mu.Lock()
	w.sent = append(w.sent, r)
	before, after := w.before, w.after
	w.mu.Unlock()
	if before != nil {
		if answer, err := before(&r); answer != nil || err != nil {
			if answer == nil {
				answer = &client.Response{}
			}
			return *answer, err
		}
	}
	answer, err := w.Transport.Do(ctx, r)
	if err == nil && after != nil {
		after(r, &answer)
	}
	return answer, err
}

func (w *wire) lie(after func(client.Request, *client.Response)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.after = after
}

// device is a client with its storage and its connection to one server.
type device struct {
	*client.Client
	wire   *wire
	memory *memory
	cache  *cache
}

func newDevice(t testing.TB, server string) *device {
	t.Helper()
	return (&device{memory: newMemory(), cache: newCache()}).restarted(t, server)
}

// restarted returns the same device after a restart of the program, with only its stored data.
func (d *device) restarted(t testing.TB, server string) *device {
	t.Helper()
	transport, err := httptransport.New(server)
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{Transport: transport}
	if d.wire != nil {
		transport.SetBearer(d.wire.Bearer())
	}
	c := client.New(w, d.memory, d.cache)
	c.ShareVaults()
	c.SetDevice("first device")
	return &device{c, w, d.memory, d.cache}
}

func startServer(t testing.TB) string {
	t.Helper()
	return daemontest.Start(t, nil)
}

// registrations counts the accounts of each test.
var registrations sync.Map

// register creates an account and returns its recovery phrase.
func (d *device) register(t testing.TB, username string) string {
	t.Helper()
	test, _, _ := strings.Cut(t.Name(), "/")
	n, _ := registrations.LoadOrStore(test, new(atomic.Int64))
	r, err := d.PrepareNth(password, n.(*atomic.Int64).Add(1))
	if err != nil {
		t.Fatal(err)
	}
	words := strings.Join(r.Words(), " ")
	if _, err := d.Register(t.Context(), r, username, "first device"); err != nil {
		t.Fatal(err)
	}
	d.sync(t)
	return words
}

func (d *device) login(t testing.TB, username, name string) {
	t.Helper()
	if _, err := d.Login(t.Context(), username, password, "", name); err != nil {
		t.Fatal(err)
	}
}

func (d *device) sync(t testing.TB) client.Synced {
	t.Helper()
	s, err := d.Sync(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (d *device) save(t testing.TB, it item.Item) item.Item {
	t.Helper()
	saved, err := d.Save(t.Context(), it)
	if err != nil {
		t.Fatal(err)
	}
	return saved
}

func (d *device) get(t testing.TB, id string) item.Item {
	t.Helper()
	it, err := d.Get(id)
	if err != nil {
		t.Fatal(err)
	}
	return it
}

// titles lists the titles that a search finds, in order.
func (d *device) titles(t testing.TB, query string) []string {
	t.Helper()
	return d.found(t, client.Query{Text: query})
}

func (d *device) found(t testing.TB, q client.Query) []string {
	t.Helper()
	found, err := d.Search(q)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, s := range found {
		out = append(out, s.Title)
	}
	return out
}

func login(title string) item.Item {
	return item.Item{Type: item.TypeLogin, Title: title, Username: "anna", Password: "secret of " + title}
}

func sha256Of(content string) string {
	return fmt.Sprintf("%x", sha256.Sum256([]byte(content)))
}

func newWire(t *httptransport.Transport) *wire { return &wire{Transport: t} }

// vaultOf returns a path with the id of a vault.
func vaultOf(path, vault string) string { return strings.Replace(path, "{vault}", vault, 1) }

// isAt reports whether a request goes to a path of the API, whatever its parameters.
func isAt(r client.Request, path string) bool {
	p, _, _ := strings.Cut(r.Path, "?")
	is, want := strings.Split(p, "/"), strings.Split(path, "/")
	return slices.EqualFunc(is, want, func(is, want string) bool { return is == want || strings.HasPrefix(want, "{") })
}

// changesItem reports whether a request is a write that changes an item.
func changesItem(t testing.TB, r client.Request, id string) bool {
	t.Helper()
	if !isAt(r, protocol.PathVaultWrites) {
		return false
	}
	var in protocol.WriteRequest
	if err := json.Unmarshal(r.Body, &in); err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(must(chain.ParseOperations(decoded(t, in.Operations)))(t), func(o chain.Operation) bool { return o.ID.String() == id })
}

// edit returns a function that rewrites the JSON of answers to path.
func edit[T any](t testing.TB, path string, change func(*T)) func(client.Request, *client.Response) {
	return func(r client.Request, answer *client.Response) {
		if !isAt(r, path) || answer.Status != 200 && answer.Status != 201 {
			return
		}
		var v T
		if err := json.Unmarshal(answer.Body, &v); err != nil {
			t.Errorf("answer to %s: %v", r.Path, err)
			return
		}
		change(&v)
		body, err := json.Marshal(v)
		if err != nil {
			t.Error(err)
		}
		answer.Body = body
	}
}

// fetch gets the whole vault from the server without the client.
func (d *device) fetch(t testing.TB) protocol.VaultAnswer {
	t.Helper()
	a := d.account(t)
	path := strings.Replace(protocol.PathVault, "{vault}", a.Vault, 1) + "?since=0&after=-1&revision=0"
	return fetch[protocol.VaultAnswer](t, d, path)
}

// account gets the account from the server without the client.
func (d *device) account(t testing.TB) protocol.UserAccount {
	t.Helper()
	return fetch[protocol.UserAccount](t, d, protocol.PathAccount)
}

func fetch[T any](t testing.TB, d *device, path string) (v T) {
	t.Helper()
	answer, err := d.wire.Transport.Do(t.Context(), client.Request{Method: "GET", Path: path, Limit: 1 << 30})
	if err != nil || answer.Status != 200 {
		t.Fatalf("status %d, %v", answer.Status, err)
	}
	if err := json.Unmarshal(answer.Body, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func daysAgo(n int) time.Time { return time.Now().AddDate(0, 0, -n) }
