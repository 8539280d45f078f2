package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
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
	password string
	vault    string // ID
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

// deviceMemory keeps what a device remembers in memory.
type deviceMemory struct {
	mu    sync.Mutex
	users map[string]client.Remembered

	signing chan struct{} // holds a value while somebody signs
}

func newMemory() *deviceMemory {
	return &deviceMemory{users: map[string]client.Remembered{}, signing: make(chan struct{}, 1)}
}

func (m *deviceMemory) Lock(ctx context.Context, _ string) (func(), error) {
	select {
	case m.signing <- struct{}{}:
		return func() { <-m.signing }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (m *deviceMemory) Load(user string) (client.Remembered, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.users[user], nil
}

func (m *deviceMemory) Find(username string) (client.Remembered, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range m.users {
		if r.Named(username) {
			return r, nil
		}
	}
	return client.Remembered{}, nil
}

func (m *deviceMemory) Store(user string, r client.Remembered) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.users[user] = r
	return nil
}

func newUser(ctx context.Context, url, name string) (*user, error) {
	transport, err := httptransport.New(url)
	if err != nil {
		return nil, err
	}
	wire := &countingTransport{Transport: transport}
	u := &user{Client: client.New(wire, newMemory(), nil), wire: wire, password: "correct horse battery staple " + name}
	registration, err := u.PrepareRegistration(u.password)
	if err != nil {
		return nil, err
	}
	if _, err := u.Register(ctx, registration, name, "bench"); err != nil {
		return nil, fmt.Errorf("register %s: %w", name, err)
	}
	account, err := u.Account(ctx)
	u.vault = account.Vault
	return u, err
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
		Method: http.MethodGet, Limit: 1 << 30,
		Path: strings.Replace(protocol.PathVault, "{vault}", u.vault, 1) + fmt.Sprintf("?since=%d&after=1&revision=%d", since, since),
	})
	if err == nil && answer.Status != http.StatusOK {
		err = fmt.Errorf("sync: status %d: %s", answer.Status, answer.Body)
	}
	return err
}
