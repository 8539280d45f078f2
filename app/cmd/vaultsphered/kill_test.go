package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/internal/testenv/await"
	"github.com/vaultsphere/vaultsphere/internal/testenv/sample"
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

// writer keeps changing one vault and records which changes were acknowledged.
type writer struct {
	session      string
	acknowledged int64
	tokens       map[protocol.Place]string // of the acknowledged changes
	last         protocol.ChangeRequest    // the last one sent, perhaps not acknowledged
	heard        func()                    // if not nil, called after each acknowledgment
}

func (w *writer) register(t *testing.T, url, name string) {
	t.Helper()
	key := base64.StdEncoding.EncodeToString(sample.Bytes(32))
	reg := protocol.RegisterRequest{
		Username: name, UserID: sample.ID(), KDF: protocol.KDF{Salt: sample.ID(), MemoryKiB: 65536, Time: 3, Threads: 4}, AuthKey: key,
		RecoveryAuthKey: key, WrappedKey: sample.Token(300), RecoveryWrappedKey: sample.Token(300), Manifest: sample.Token(300), Device: "d", Transport: protocol.SessionBearer,
	}
	var out protocol.SessionResponse
	if status, err := exchange("POST", url+protocol.PathRegister, "", reg, &out); err != nil || status != http.StatusOK {
		t.Fatal(status, err)
	}
	w.session, w.tokens = out.Token, map[protocol.Place]string{}
}

// write makes changes until one fails.
func (w *writer) write(url string, answered *atomic.Int64) {
	for {
		id := sample.ID()
		w.last = protocol.ChangeRequest{BaseRevision: w.acknowledged, Manifest: sample.Token(300), Puts: []protocol.Put{
			{Place: protocol.Place{ItemID: id, Kind: protocol.KindOverview, Version: 1}, Token: sample.Token(300)},
			{Place: protocol.Place{ItemID: id, Kind: protocol.KindDetails, Version: 1}, Token: sample.Token(300)},
		}}
		var out protocol.ChangeResponse
		status, err := exchange("POST", url+protocol.PathVaultChanges, w.session, w.last, &out)
		if err != nil || status != http.StatusOK {
			return
		}
		w.confirmed(out.Revision)
		if w.heard != nil {
			w.heard()
		}
		answered.Add(1)
	}
}

func (w *writer) confirmed(revision int64) {
	w.acknowledged = revision
	for _, p := range w.last.Puts {
		w.tokens[p.Place] = p.Token
	}
}

// check reads the vault back. It must contain every acknowledged change, and an unacknowledged one either completely or not
// at all.
func (w *writer) check(url string) error {
	var v protocol.VaultResponse
	if status, err := exchange("GET", url+protocol.PathVault, w.session, nil, &v); err != nil || status != http.StatusOK {
		return fmt.Errorf("read: %d %w", status, err)
	}
	switch v.Revision {
	case w.acknowledged:
	case w.acknowledged + 1: // the change was applied, but its answer was lost
		if v.Manifest != w.last.Manifest {
			return fmt.Errorf("revision %d does not have the manifest of its change", v.Revision)
		}
		w.confirmed(v.Revision)
	default:
		return fmt.Errorf("revision %d was acknowledged, but the vault is at %d", w.acknowledged, v.Revision)
	}
	if len(v.Records) != len(w.tokens) {
		return fmt.Errorf("%d records, want %d", len(v.Records), len(w.tokens))
	}
	for _, r := range v.Records {
		if w.tokens[r.Place] != r.Token {
			return fmt.Errorf("record %+v is not what the client wrote", r.Place)
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
