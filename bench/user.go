package main

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/client/httptransport"
	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// user is an account with its client, which counts the bytes that it sends.
type user struct {
	*client.Client
	wire     *countingTransport
	revision int64
	saved    int
}

type countingTransport struct {
	*httptransport.Transport
	bytes atomic.Int64
}

func (t *countingTransport) Do(ctx context.Context, r client.Request) (client.Response, error) {
	t.bytes.Add(int64(len(r.Body)))
	return t.Transport.Do(ctx, r)
}

// deviceMemory keeps the newest revision of each user in memory.
type deviceMemory struct {
	mu   sync.Mutex
	seen map[string]client.Seen
}

func (m *deviceMemory) Load(user string) (client.Seen, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.seen[user], nil
}

func (m *deviceMemory) Store(user string, s client.Seen) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.seen[user] = s
	return nil
}

func newUser(ctx context.Context, url, name string) (*user, error) {
	transport, err := httptransport.New(url)
	if err != nil {
		return nil, err
	}
	wire := &countingTransport{Transport: transport}
	u := &user{Client: client.New(wire, &deviceMemory{seen: map[string]client.Seen{}}, nil), wire: wire}
	registration, err := u.PrepareRegistration("correct horse battery staple " + name)
	if err != nil {
		return nil, err
	}
	if _, err := u.Register(ctx, registration, name, "bench"); err != nil {
		return nil, fmt.Errorf("register %s: %w", name, err)
	}
	return u, nil
}

// at returns the same session on another server with the same store.
func (u *user) at(url string) (*user, error) {
	transport, err := httptransport.New(url)
	if err != nil {
		return nil, err
	}
	transport.SetBearer(u.wire.Bearer())
	return &user{wire: &countingTransport{Transport: transport}, revision: u.revision}, nil
}

func (u *user) sent() int64 { return u.wire.bytes.Load() }

func login(n int) item.Item {
	return item.Item{
		Type: item.TypeLogin, Title: fmt.Sprintf("Service %d", n), Username: fmt.Sprintf("person%d@example.org", n),
		URLs: []string{fmt.Sprintf("https://service-%d.example.org/login", n)}, Password: fmt.Sprintf("pass-%d-Qx7!vb2#Lm", n),
		Notes: "Opened in spring.", Tags: []string{"work"},
	}
}

func (u *user) add(ctx context.Context, n int) error {
	items := make([]item.Item, n)
	for i := range items {
		items[i] = login(i)
	}
	if _, err := u.AddMany(ctx, items, func(int, int) { /* no progress is shown */ }); err != nil {
		return err
	}
	account, err := u.Account(ctx)
	u.revision = account.Revision
	return err
}

func (u *user) saveOne(ctx context.Context) error {
	u.saved++
	_, err := u.Save(ctx, login(1_000_000+u.saved))
	return err
}

// pollVault requests the changes since a revision but does not open them. This is the server's part of a sync.
func (u *user) pollVault(ctx context.Context, since int64) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	answer, err := u.wire.Do(ctx, client.Request{
		Method: http.MethodGet, Path: protocol.PathVault + "?since=" + strconv.FormatInt(since, 10), Limit: 1 << 30,
	})
	if err == nil && answer.Status != http.StatusOK {
		err = fmt.Errorf("sync: status %d: %s", answer.Status, answer.Body)
	}
	return err
}
