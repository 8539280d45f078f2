package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/internal/testenv/await"
	"github.com/vaultsphere/vaultsphere/internal/testenv/sample"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

func exchange(method, url, token string, in, out any) (int, error) {
	b, err := json.Marshal(in)
	if err != nil {
		return 0, err
	}
	req, err := http.NewRequest(method, url, bytes.NewReader(b))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err == nil && out != nil && res.StatusCode == http.StatusOK {
		err = json.Unmarshal(body, out)
	}
	return res.StatusCode, err
}

// writer keeps changing one vault. The vault is as the server acknowledged it.
type writer struct {
	*testvault.Vault
	session string
	last    testvault.Write // the last one sent, perhaps not acknowledged
	heard   func()          // if not nil, called after each acknowledgment
}

func (w *writer) register(t *testing.T, url, name string) {
	t.Helper()
	v, reg := testvault.NewPerson(name).Registration()
	var out protocol.UserSession
	if status, err := exchange("POST", url+protocol.PathUsers, "", reg, &out); err != nil || status != http.StatusOK {
		t.Fatal(status, err)
	}
	w.Vault, w.session = v, out.Token
}

// path puts the ID of the vault into a path.
func (w *writer) path(path string) string { return strings.Replace(path, "{vault}", w.ID.String(), 1) }

// write makes writes until one fails.
func (w *writer) write(url string, answered *atomic.Int64) {
	for {
		id := seal.NewID()
		w.last = w.Draft(w.Put(chain.RecordOverview, id, 1, "overview"), w.Put(chain.RecordDetails, id, 1, "details"))
		status, err := exchange("POST", url+w.path(protocol.PathVaultWrites), w.session, w.last.Request(), nil)
		if err != nil || status != http.StatusNoContent {
			return
		}
		w.Apply(w.last)
		if w.heard != nil {
			w.heard()
		}
		answered.Add(1)
	}
}

// read reads the vault back, as tokens by the hash that the live lines name.
func (w *writer) read(url string) (revision int64, tokens map[chain.Hash]string, err error) {
	var v protocol.VaultAnswer
	if status, err := exchange("GET", url+w.path(protocol.PathVault), w.session, nil, &v); err != nil || status != http.StatusOK {
		return 0, nil, fmt.Errorf("read: %d %w", status, err)
	}
	tokens = map[chain.Hash]string{}
	for _, r := range v.Records {
		tokens[chain.HashOf(chain.HashToken, []byte(r.Token))] = r.Token
	}
	return v.Revision, tokens, nil
}

// check reads the vault back. It must contain every acknowledged write, and an unacknowledged one either completely or not at all.
func (w *writer) check(url string) error {
	revision, tokens, err := w.read(url)
	if err != nil {
		return err
	}
	switch revision {
	case w.State.Revision:
	case w.State.Revision + 1: // the write was stored, but its answer was lost
		w.Apply(w.last)
	default:
		return fmt.Errorf("revision %d was acknowledged, but the vault is at %d", w.State.Revision, revision)
	}
	if len(tokens) != len(w.Tokens) {
		return fmt.Errorf("%d records, want %d", len(tokens), len(w.Tokens))
	}
	for line, token := range w.Tokens {
		if tokens[line.Hash] != token {
			return fmt.Errorf("record %v is not what the client wrote", line.ID)
		}
	}
	return nil
}

func TestAcknowledgedChangesSurviveKill(t *testing.T) {
	const rounds, writers = 25, 3
	data := "DATA_DIR=" + t.TempDir()
	p := serveProcess(t, data)
	all := make([]*writer, writers)
	for i := range all {
		all[i] = &writer{}
		all[i].register(t, p.url, fmt.Sprintf("user%d", i))
	}
	var answered atomic.Int64
	for round := range rounds {
		before := answered.Load()
		var wg sync.WaitGroup
		for _, w := range all {
			wg.Go(func() { w.write(p.url, &answered) })
		}
		await.Until(t, "five writes", func() bool { return answered.Load() >= before+5 })
		time.Sleep(time.Duration(sample.Bytes(1)[0]) * 100 * time.Microsecond) //nolint:forbidigo // not a wait: varies the moment of the kill
		if code := p.end(t, syscall.SIGKILL); code != -1 {
			t.Fatalf("round %d: the server exited with %d: %s", round, code, p.log)
		}
		wg.Wait()
		p = serveProcess(t, data)
		for i, w := range all {
			if err := w.check(p.url); err != nil {
				t.Fatalf("round %d, user %d: %v", round, i, err)
			}
		}
	}
	t.Logf("%d kills, %d changes acknowledged, none lost", rounds, answered.Load())
	if code := p.end(t, syscall.SIGTERM); code != 0 {
		t.Errorf("the last server exited with %d: %s", code, p.log)
	}
}
