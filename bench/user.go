package main

import (
	"context"
	"encoding/json"
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
	wire  *countingTransport
	saved int
	reader
}

// reader requests the changes of a vault, without opening them. This is the server's part of a sync.
type reader struct {
	wire  *httptransport.Transport
	vault string
}

type countingTransport struct {
	*httptransport.Transport
	bytes atomic.Int64
}

func (t *countingTransport) Do(ctx context.Context, r client.Request) (client.Response, error) {
	t.bytes.Add(int64(len(r.Body)))
	return t.Transport.Do(ctx, r)
}

// deviceMemory keeps what the device of one user verified, in memory.
type deviceMemory struct {
	mu         sync.Mutex
	remembered client.Remembered
}

func (m *deviceMemory) Load(string) (client.Remembered, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.remembered, nil
}

func (m *deviceMemory) Find(username string) (client.Remembered, error) { return m.Load(username) }

func (m *deviceMemory) Store(_ string, r client.Remembered) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.remembered = r
	return nil
}

func newUser(ctx context.Context, url, name string) (*user, error) {
	transport, err := httptransport.New(url)
	if err != nil {
		return nil, err
	}
	wire := &countingTransport{Transport: transport}
	u := &user{Client: client.New(wire, &deviceMemory{}, nil), wire: wire}
	registration, err := u.PrepareRegistration("correct horse battery staple " + name)
	if err != nil {
		return nil, err
	}
	if _, err := u.Register(ctx, registration, name, "bench"); err != nil {
		return nil, fmt.Errorf("register %s: %w", name, err)
	}
	account, err := u.Account(ctx)
	u.reader = reader{transport, account.Vault}
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
	_, err := u.AddMany(ctx, items, func(int, int) { /* no progress is shown */ })
	return err
}

func (u *user) saveOne(ctx context.Context) error {
	u.saved++
	_, err := u.Save(ctx, login(1_000_000+u.saved))
	return err
}

// head names the newest entry and write of the vault.
func (r reader) head(ctx context.Context) (after, revision int64, err error) {
	answer, err := r.get(ctx, 0, -1, 0)
	if err != nil {
		return 0, 0, err
	}
	var v protocol.VaultAnswer
	err = json.Unmarshal(answer.Body, &v)
	return v.Sequence, v.Revision, err
}

// get requests what is new for a device that has seen all records at the revision since, the log up to the entry after, and the write
// of revision.
func (r reader) get(ctx context.Context, since, after, revision int64) (client.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	answer, err := r.wire.Do(ctx, client.Request{
		Method: http.MethodGet, Path: vaultPath(protocol.PathVaultOf, r.vault) + fmt.Sprintf("?since=%d&after=%d&revision=%d", since, after, revision),
		Limit: 1 << 30,
	})
	if err == nil && answer.Status != http.StatusOK {
		err = fmt.Errorf("sync: status %d: %s", answer.Status, answer.Body)
	}
	return answer, err
}

// full is the sync of a new device.
func (r reader) full(ctx context.Context) error {
	_, err := r.get(ctx, 0, -1, 0)
	return err
}

func vaultPath(path, vault string) string { return strings.Replace(path, "{vault}", vault, 1) }
