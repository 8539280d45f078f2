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

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/protocol"
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
	bearers, other, err := attackedData(ctx, binary, data)
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, a := range []struct {
		name   string
		attack func(ctx context.Context, url string, bearers []string) (ended func() error)
	}{
		{fmt.Sprintf("%d full syncs of 60 MB at once", attackSyncs), syncAttack},
		{fmt.Sprintf("%d unfinished uploads of 4 MiB", attackUploads), uploadAttack},
	} {
		part, err := underAttack(ctx, binary, data, other, a.name, func(ctx context.Context, url string) func() error {
			return a.attack(ctx, url, bearers)
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

// attackedData fills the store with one user who has a large vault and a session for each sync, and one with a small vault.
func attackedData(ctx context.Context, binary, data string) (bearers []string, other *user, err error) {
	s, err := start(ctx, binary, data)
	if err != nil {
		return nil, nil, err
	}
	defer s.stop()
	large, err := newUser(ctx, s.url, "attacker")
	if err != nil {
		return nil, nil, err
	}
	for revision, left := int64(0), attackVault; left > 0; revision++ {
		size := min(left, 3_000_000)
		left -= size
		if err := large.change(ctx, revision, puts(size, 6_000)); err != nil {
			return nil, nil, err
		}
	}
	for range attackSyncs {
		again := client.New(large.wire, &deviceMemory{seen: map[string]client.Seen{}}, nil)
		if _, err := again.Login(ctx, "attacker", "correct horse battery staple attacker", "", "bench"); err != nil {
			return nil, nil, err
		}
		bearers = append(bearers, large.wire.Bearer())
		large.wire.SetBearer("") // or the next log-in would end this session
	}
	if other, err = newUser(ctx, s.url, "other"); err != nil {
		return nil, nil, err
	}
	other.revision = 1
	return bearers, other, other.change(ctx, 0, puts(100_000, 1_000))
}

// puts returns records with tokens of about each bytes, and of size bytes in total.
func puts(size, each int) []protocol.Put {
	list := make([]protocol.Put, 0, size/each)
	for range max(1, size/each) {
		id := make([]byte, 16)
		_, _ = rand.Read(id)
		list = append(list, protocol.Put{
			Place: protocol.Place{ItemID: base64.RawURLEncoding.EncodeToString(id), Kind: protocol.KindOverview, Version: 1},
			Token: token(each),
		})
	}
	return list
}

// token returns a string in the format of a Fernet token of about size bytes. The server cannot tell the difference.
func token(size int) string {
	b := make([]byte, 57+16*max(1, (size*3/4-57)/16))
	_, _ = rand.Read(b)
	b[0] = 0x80
	return base64.URLEncoding.EncodeToString(b)
}

// change sends a change without the client core, because no one opens the records.
func (u *user) change(ctx context.Context, base int64, puts []protocol.Put) error {
	body, err := json.Marshal(protocol.ChangeRequest{BaseRevision: base, Manifest: token(300), Puts: puts, Deletes: []protocol.Place{}})
	if err != nil {
		return err
	}
	answer, err := u.wire.Do(ctx, client.Request{Method: http.MethodPost, Path: protocol.PathVaultChanges, Body: body, Limit: 1 << 20})
	if err == nil && answer.Status != http.StatusOK {
		err = fmt.Errorf("change: status %d: %s", answer.Status, answer.Body)
	}
	return err
}

func underAttack(ctx context.Context, binary, data string, other *user, name string, attack func(context.Context, string) func() error) ([]row, error) {
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
			if err := victim.pollVault(ctx, victim.revision); err != nil {
				return nil, err
			}
			reads = append(reads, time.Since(began))
		}
		began := time.Now()
		if err := victim.change(ctx, victim.revision, puts(savedBytes, savedBytes)); err != nil {
			return nil, err
		}
		saves = append(saves, time.Since(began))
		victim.revision++
	}
	other.revision = victim.revision
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
func syncAttack(ctx context.Context, url string, bearers []string) func() error {
	var wg sync.WaitGroup
	var whole atomic.Int64
	for _, bearer := range bearers {
		wg.Go(func() {
			for ctx.Err() == nil {
				if n, err := fullSync(ctx, url, bearer); err == nil && n > attackVault {
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

func fullSync(ctx context.Context, url, bearer string) (int64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+protocol.PathVault+"?since=0", nil)
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
func uploadAttack(ctx context.Context, url string, bearers []string) func() error {
	var wg sync.WaitGroup
	for i := range attackUploads {
		wg.Go(func() {
			for ctx.Err() == nil {
				if err := unfinishedUpload(ctx, strings.TrimPrefix(url, "http://"), bearers[i%len(bearers)]); err != nil {
					time.Sleep(200 * time.Millisecond)
				}
			}
		})
	}
	return func() error { wg.Wait(); return nil }
}

// unfinishedUpload returns when the server closes the connection.
func unfinishedUpload(ctx context.Context, address, bearer string) error {
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
	header := "POST " + protocol.PathVaultChanges + " HTTP/1.1\r\nHost: " + address + "\r\nAuthorization: Bearer " + bearer +
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
