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
	sessions, other, err := attackedData(ctx, binary, data)
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, a := range []struct {
		name   string
		attack func(ctx context.Context, url string, sessions []session) (ended func() error)
	}{
		{fmt.Sprintf("%d full syncs of 60 MB at once", attackSyncs), syncAttack},
		{fmt.Sprintf("%d unfinished uploads of 4 MiB", attackUploads), uploadAttack},
	} {
		part, err := underAttack(ctx, binary, data, other, a.name, func(ctx context.Context, url string) func() error {
			return a.attack(ctx, url, sessions)
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

// attacker is a user whose writes are made without the client core, because no one opens the records.
type attacker struct {
	*testvault.Vault
	wire *countingTransport
}

func (a *attacker) path(path string) string {
	return strings.Replace(path, "{vault}", a.ID.String(), 1)
}

func (a *attacker) call(ctx context.Context, method, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	answer, err := a.wire.Do(ctx, client.Request{Method: method, Path: path, Body: body, Limit: 1 << 20})
	if err != nil {
		return err
	}
	if answer.Status >= http.StatusMultipleChoices {
		return fmt.Errorf("%s %s: status %d: %s", method, path, answer.Status, answer.Body)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer.Body, out)
}

// newAttacker registers a user, and returns the user with what proves the password.
func newAttacker(ctx context.Context, url, name string) (*attacker, protocol.AuthKey, error) {
	transport, err := httptransport.New(url)
	if err != nil {
		return nil, "", err
	}
	v, request := testvault.NewPerson(name).Registration()
	a := &attacker{v, &countingTransport{Transport: transport}}
	var session protocol.UserSession
	if err := a.call(ctx, http.MethodPost, protocol.PathUsers, request, &session); err != nil {
		return nil, "", err
	}
	a.wire.SetBearer(session.Token)
	return a, request.AuthKey, nil
}

// at returns the same session on another server with the same store.
func (a *attacker) at(url string) (*attacker, error) {
	transport, err := httptransport.New(url)
	if err != nil {
		return nil, err
	}
	transport.SetBearer(a.wire.Bearer())
	return &attacker{a.Vault, &countingTransport{Transport: transport}}, nil
}

// poll requests what is new. This is the server's part of a sync.
func (a *attacker) poll(ctx context.Context) error {
	return a.call(ctx, http.MethodGet, fmt.Sprintf("%s?since=%d&after=%d&revision=%d",
		a.path(protocol.PathVault), a.State.Revision, a.State.Entry.Sequence, a.State.Revision), nil, nil)
}

// change puts overviews with tokens of about each bytes, and of size bytes in total.
func (a *attacker) change(ctx context.Context, size, each int) error {
	var puts []testvault.Operation
	for range max(1, size/each) {
		puts = append(puts, a.PutToken(chain.RecordOverview, seal.NewID(), 1, token(each)))
	}
	w := a.Draft(puts...)
	if err := a.call(ctx, http.MethodPost, a.path(protocol.PathVaultWrites), w.Request(), nil); err != nil {
		return err
	}
	a.Apply(w)
	return nil
}

// token returns a string in the format of a Fernet token of about size bytes. The server cannot tell the difference.
func token(size int) string {
	b := make([]byte, 57+16*max(1, (size*3/4-57)/16))
	_, _ = rand.Read(b)
	b[0] = 0x80
	return base64.URLEncoding.EncodeToString(b)
}

// session is one of a user with a large vault.
type session struct{ vault, bearer string }

// attackedData fills the store with one user who has a large vault and a session for each sync, and one with a small vault.
func attackedData(ctx context.Context, binary, data string) (sessions []session, other *attacker, err error) {
	s, err := start(ctx, binary, data)
	if err != nil {
		return nil, nil, err
	}
	defer s.stop()
	large, key, err := newAttacker(ctx, s.url, "attacker")
	if err != nil {
		return nil, nil, err
	}
	for left := attackVault; left > 0; left -= 3_000_000 {
		if err := large.change(ctx, min(left, 3_000_000), 6_000); err != nil {
			return nil, nil, err
		}
	}
	for range attackSyncs {
		large.wire.SetBearer("") // or the next log-in would end this session
		var again protocol.UserSession
		if err := large.call(ctx, http.MethodPost, protocol.PathLogin, protocol.LoginRequest{
			Username: "attacker", AuthKey: key, Device: "bench", Transport: protocol.SessionBearer,
		}, &again); err != nil {
			return nil, nil, err
		}
		sessions = append(sessions, session{large.ID.String(), again.Token})
	}
	if other, _, err = newAttacker(ctx, s.url, "other"); err != nil {
		return nil, nil, err
	}
	return sessions, other, other.change(ctx, 100_000, 1_000)
}

func underAttack(ctx context.Context, binary, data string, other *attacker, name string, attack func(context.Context, string) func() error) ([]row, error) {
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
			if err := victim.poll(ctx); err != nil {
				return nil, err
			}
			reads = append(reads, time.Since(began))
		}
		began := time.Now()
		if err := victim.change(ctx, savedBytes, savedBytes); err != nil {
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
func syncAttack(ctx context.Context, url string, sessions []session) func() error {
	var wg sync.WaitGroup
	var whole atomic.Int64
	for _, s := range sessions {
		wg.Go(func() {
			for ctx.Err() == nil {
				if n, err := fullSync(ctx, url, s); err == nil && n > attackVault {
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

func fullSync(ctx context.Context, url string, s session) (int64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+strings.Replace(protocol.PathVault, "{vault}", s.vault, 1), nil)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+s.bearer)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	return io.Copy(io.Discard, res.Body)
}

// uploadAttack keeps many uploads open after they have sent nearly all of their announced bytes.
func uploadAttack(ctx context.Context, url string, sessions []session) func() error {
	var wg sync.WaitGroup
	for i := range attackUploads {
		wg.Go(func() {
			for ctx.Err() == nil {
				if err := unfinishedUpload(ctx, strings.TrimPrefix(url, "http://"), sessions[i%len(sessions)]); err != nil {
					time.Sleep(200 * time.Millisecond)
				}
			}
		})
	}
	return func() error { wg.Wait(); return nil }
}

// unfinishedUpload returns when the server closes the connection.
func unfinishedUpload(ctx context.Context, address string, s session) error {
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
	header := "POST " + strings.Replace(protocol.PathVaultWrites, "{vault}", s.vault, 1) + " HTTP/1.1\r\nHost: " + address + "\r\nAuthorization: Bearer " + s.bearer +
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
