package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/client/httptransport"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

const (
	attackSyncs   = 16
	attackVault   = 60_000_000 // bytes of tokens
	attackUploads = 200
	attackTime    = 15 * time.Second
	savedBytes    = 5_000
)

// attackRows measures how hostile users affect the server and its other users. They repeat full syncs of a large vault, or keep
// uploads open.
func attackRows(ctx context.Context, binary, dir string) ([]row, error) {
	data := filepath.Join(dir, "attack")
	store, err := attackedData(ctx, binary, data)
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, a := range []struct {
		name   string
		attack func(ctx context.Context, url string, store *attacked) (ended func() error)
	}{
		{fmt.Sprintf("%d full syncs of 60 MB at once", attackSyncs), syncAttack},
		{fmt.Sprintf("%d unfinished uploads of 4 MiB", attackUploads), uploadAttack},
	} {
		part, err := underAttack(ctx, binary, data, store.other, a.name, func(ctx context.Context, url string) func() error {
			return a.attack(ctx, url, store)
		})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", a.name, err)
		}
		rows = append(rows, part...)
	}
	return rows, nil
}

// attackEnv simulates the smallest task of the platform.
var attackEnv = []string{"GOMAXPROCS=1", "GOMEMLIMIT=320MiB"}

// author is an account that reads and writes without the client core, because nothing opens its records.
type author struct {
	reader
	key protocol.AuthKey
	all *testvault.Vault // its whole history
}

// register creates an account.
func register(ctx context.Context, url, name string) (*author, error) {
	transport, err := httptransport.New(url)
	if err != nil {
		return nil, err
	}
	v, request := testvault.NewPerson(name).Registration()
	a := &author{reader{transport, v.ID.String()}, request.AuthKey, v}
	var session protocol.UserSession
	if err := a.post(ctx, protocol.PathUsers, request, &session); err != nil {
		return nil, fmt.Errorf("register %s: %w", name, err)
	}
	transport.SetBearer(session.Token)
	return a, nil
}

func (a *author) post(ctx context.Context, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	answer, err := a.wire.Do(ctx, client.Request{Method: http.MethodPost, Path: path, Body: body, Limit: 1 << 20})
	if err != nil {
		return err
	}
	if answer.Status != http.StatusOK && answer.Status != http.StatusCreated {
		return fmt.Errorf("status %d: %s", answer.Status, answer.Body)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer.Body, out)
}

// signIn opens another session and returns its token.
func (a *author) signIn(ctx context.Context) (string, error) {
	var session protocol.UserSession
	err := a.post(ctx, protocol.PathLogin, protocol.LoginRequest{
		Username: a.all.Owner.Username, AuthKey: a.key, Device: "bench", Transport: protocol.SessionBearer,
	}, &session)
	return session.Token, err
}

// write puts records with random tokens of about each bytes, and of size bytes in total.
func (a *author) write(ctx context.Context, size, each int) error {
	ops := make([]testvault.Operation, 0, size/each)
	for range max(1, size/each) {
		ops = append(ops, a.all.PutToken(chain.RecordOverview, seal.NewID(), 1, token(each)))
	}
	w := a.all.Draft(ops...)
	if err := a.post(ctx, vaultPath(protocol.PathVaultWrites, a.vault), w.Request(), nil); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	a.all.Apply(w)
	return nil
}

// sync asks for what is new. Nothing is.
func (a *author) sync(ctx context.Context) error {
	s := a.all.State
	_, err := a.get(ctx, s.Revision, s.Entry.Sequence, s.Revision)
	return err
}

// at returns the same account and session on another server with the same store.
func (a *author) at(url string) (*author, error) {
	transport, err := httptransport.New(url)
	if err != nil {
		return nil, err
	}
	transport.SetBearer(a.wire.Bearer())
	return &author{reader{transport, a.vault}, a.key, a.all}, nil
}

// attacked is what the store contains: the sessions of a user with a large vault, and another user with a small one.
type attacked struct {
	vault   string // the large one
	bearers []string
	other   *author
}

func attackedData(ctx context.Context, binary, data string) (*attacked, error) {
	s, err := start(ctx, binary, data)
	if err != nil {
		return nil, err
	}
	defer s.stop()
	large, err := register(ctx, s.url, "attacker")
	if err != nil {
		return nil, err
	}
	for left := attackVault; left > 0; {
		size := min(left, 3_000_000)
		left -= size
		if err := large.write(ctx, size, 6_000); err != nil {
			return nil, err
		}
	}
	found := &attacked{vault: large.vault}
	for range attackSyncs {
		bearer, err := large.signIn(ctx)
		if err != nil {
			return nil, err
		}
		found.bearers = append(found.bearers, bearer)
	}
	if found.other, err = register(ctx, s.url, "other"); err != nil {
		return nil, err
	}
	return found, found.other.write(ctx, 100_000, 1_000)
}

// token returns a string in the format of a Fernet token of about size bytes. The server cannot tell the difference.
func token(size int) string {
	b := make([]byte, 57+16*max(1, (size*3/4-57)/16))
	_, _ = rand.Read(b)
	b[0] = 0x80
	return base64.URLEncoding.EncodeToString(b)
}

func underAttack(ctx context.Context, binary, data string, other *author, name string, attack func(context.Context, string) func() error) ([]row, error) {
	s, err := start(ctx, binary, data, attackEnv...)
	if err != nil {
		return nil, err
	}
	defer s.stop()
	victim, err := other.at(s.url)
	if err != nil {
		return nil, err
	}
	attacking, stop := context.WithTimeout(ctx, attackTime)
	defer stop()
	ended := attack(attacking, s.url)
	var reads, saves []time.Duration
	for attacking.Err() == nil {
		for range 10 {
			began := time.Now()
			if err := victim.sync(ctx); err != nil {
				return nil, err
			}
			reads = append(reads, time.Since(began))
		}
		began := time.Now()
		if err := victim.write(ctx, savedBytes, savedBytes); err != nil {
			return nil, err
		}
		saves = append(saves, time.Since(began))
	}
	if err := ended(); err != nil {
		return nil, err
	}
	peak, err := s.memoryMB("VmHWM")
	if err != nil {
		return nil, err
	}
	return []row{
		{"attack, " + name + ": resident memory at most", peak, 64, "MB"},
		{"attack, " + name + ": another user's sync, p99", milliseconds(p99(reads)), 50, "ms"},
		{"attack, " + name + ": another user saves 5 KB, p99", milliseconds(p99(saves)), 50, "ms"},
	}, nil
}

func p99(samples []time.Duration) time.Duration {
	slices.Sort(samples)
	return samples[len(samples)*99/100]
}

// syncAttack repeats full syncs. It fails unless at least one sync is complete, because a server that answers no one must not pass.
func syncAttack(ctx context.Context, url string, store *attacked) func() error {
	var wg sync.WaitGroup
	var whole atomic.Int64
	for _, bearer := range store.bearers {
		wg.Go(func() {
			for ctx.Err() == nil {
				if n, err := fullSync(ctx, url+vaultPath(protocol.PathVaultOf, store.vault), bearer); err == nil && n > attackVault {
					whole.Add(1)
				} else if ctx.Err() == nil {
					time.Sleep(200 * time.Millisecond) // rejected: retry sooner than the server asks
				}
			}
		})
	}
	return func() error {
		wg.Wait()
		fmt.Fprintf(os.Stderr, "bench: %d full syncs were complete\n", whole.Load())
		if whole.Load() == 0 {
			return fmt.Errorf("no full sync was complete in %s", attackTime)
		}
		return nil
	}
}

func fullSync(ctx context.Context, address, bearer string) (int64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+bearer)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	return io.Copy(io.Discard, res.Body)
}

// uploadAttack keeps many uploads open after they have sent nearly all of their announced bytes.
func uploadAttack(ctx context.Context, url string, store *attacked) func() error {
	var wg sync.WaitGroup
	for i := range attackUploads {
		wg.Go(func() {
			for ctx.Err() == nil {
				if err := unfinishedUpload(ctx, strings.TrimPrefix(url, "http://"), store, i); err != nil {
					time.Sleep(200 * time.Millisecond)
				}
			}
		})
	}
	return func() error { wg.Wait(); return nil }
}

// unfinishedUpload returns when the server closes the connection.
func unfinishedUpload(ctx context.Context, address string, store *attacked, i int) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	go func() {
		defer conn.Close()
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err == nil {
			_, _ = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
		}
	}()
	header := "POST " + vaultPath(protocol.PathVaultWrites, store.vault) + " HTTP/1.1\r\nHost: " + address + "\r\nAuthorization: Bearer " + store.bearers[i%len(store.bearers)] +
		"\r\nContent-Type: application/json\r\nContent-Length: " + strconv.Itoa(protocol.MaxBodyBytes) + "\r\n\r\n"
	if _, err := io.WriteString(conn, header); err != nil {
		return err
	}
	block := []byte(strings.Repeat(" ", 64<<10))
	for range protocol.MaxBodyBytes/len(block) - 4 {
		if _, err := conn.Write(block); err != nil {
			return err
		}
	}
	for range 200 { // then just fast enough to stay connected
		if _, err := conn.Write(block[:1<<10]); err != nil {
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
	return nil
}
