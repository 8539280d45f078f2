// Package sessionmanager is a double of AWS Systems Manager Session Manager for tests: the API's StartSession, and the data
// channel that the real session-manager-plugin speaks.
//
// It implements the parts that this repository uses: the document AWS-StartSSHSession, whose session is bridged to an SSH server of
// the test. It checks messages (token, format, digest, order, acknowledgement) and repeats its own until they are acknowledged. It does
// not encrypt with KMS, resume sessions after a broken connection, or check permissions; requests must be signed, but by any key.
package sessionmanager

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gorilla/websocket"

	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
	"github.com/vaultsphere/vaultsphere/internal/testenv/proxy"
)

// Node is a machine with an agent.
type Node struct {
	// SSH is the address that replaces the node's port 22.
	SSH string
}

// Double serves the API of Systems Manager at URL, and sessions to its nodes.
type Double struct {
	URL string

	t     testing.TB
	nodes map[string]Node

	mu       sync.Mutex
	sessions map[string]*session
	started  []string
}

type session struct {
	id, token string
	node      Node
}

// Plugin builds the session-manager-plugin once and returns its folder.
func Plugin(t testing.TB) string {
	t.Helper()
	_, here, _, _ := runtime.Caller(0)
	script := filepath.Join(filepath.Dir(here), "../../../scripts/session-manager-plugin.sh")
	out, err := exec.CommandContext(t.Context(), script, "path").Output() //nolint:gosec // a path in this repository
	if err != nil {
		failed, _ := errors.AsType[*exec.ExitError](err)
		t.Fatalf("build the Session Manager plugin: %v: %s", err, failed.Stderr)
	}
	return filepath.Dir(strings.TrimSpace(string(out)))
}

// Start serves until the test ends. It forwards requests to other services to upstream.
func Start(t testing.TB, upstream string, nodes map[string]Node) *Double {
	t.Helper()
	next, err := url.Parse(upstream)
	if err != nil {
		t.Fatal(err)
	}
	d := &Double{t: t, nodes: nodes, sessions: map[string]*session{}}
	api := http.NewServeMux()
	api.HandleFunc("GET /v1/data-channel/{session}", d.serveChannel)
	others := proxy.To(next)
	api.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		switch r.Header.Get("X-Amz-Target") {
		case "AmazonSSM.StartSession":
			d.startSession(w, r)
		case "AmazonSSM.TerminateSession":
			_, _ = io.WriteString(w, `{"SessionId": "ended"}`)
		default:
			others.ServeHTTP(w, r)
		}
	})
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	d.URL = server.URL
	return d
}

// Sessions returns the started sessions in order, each as "NODE DOCUMENT".
func (d *Double) Sessions() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]string{}, d.started...)
}

func refuse(w http.ResponseWriter, kind, text string) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(http.StatusBadRequest)
	_ = json.NewEncoder(w).Encode(map[string]string{"__type": kind, "message": text})
}

func (d *Double) startSession(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Target, DocumentName string
		Parameters           map[string][]string
	}
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
		refuse(w, "SerializationException", err.Error())
		return
	}
	if !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ") {
		refuse(w, "MissingAuthenticationTokenException", "the request is not signed")
		return
	}
	node, ok := d.nodes[asked.Target]
	if !ok {
		refuse(w, "TargetNotConnected", asked.Target+" is not connected.")
		return
	}
	if asked.DocumentName != "AWS-StartSSHSession" {
		refuse(w, "InvalidDocument", "no document "+asked.DocumentName)
		return
	}
	if len(asked.Parameters) != 1 || !slices.Equal(asked.Parameters["portNumber"], []string{"22"}) {
		refuse(w, "InvalidParameters", fmt.Sprintf("want portNumber=22, got %v", asked.Parameters))
		return
	}
	s := &session{id: "test-" + strings.ToLower(rand.Text()), token: rand.Text(), node: node}
	d.mu.Lock()
	d.sessions[s.id] = s
	d.started = append(d.started, asked.Target+" "+asked.DocumentName)
	d.mu.Unlock()
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	_ = json.NewEncoder(w).Encode(map[string]string{
		"SessionId": s.id, "TokenValue": s.token,
		"StreamUrl": "ws" + strings.TrimPrefix(d.URL, "http") + "/v1/data-channel/" + s.id + "?role=publish_subscribe",
	})
}

func (d *Double) serveChannel(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	s := d.sessions[r.PathValue("session")]
	d.mu.Unlock()
	if s == nil {
		http.Error(w, "no such session", http.StatusNotFound)
		return
	}
	if signed := r.Header.Get("Authorization"); !strings.Contains(signed, "/ssmmessages/aws4_request") {
		d.t.Errorf("the data channel of %s was opened without a signature for ssmmessages: %q", s.id, signed)
		http.Error(w, "not signed", http.StatusForbidden)
		return
	}
	conn, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
	if err != nil {
		d.t.Errorf("the data channel of %s: %v", s.id, err)
		return
	}
	defer conn.Close()
	c := &channel{session: s, conn: conn, acknowledged: make(chan string, 64), closed: make(chan struct{}), answer: make(chan json.RawMessage, 1), ready: make(chan struct{}, 1)}
	if err := c.open(); err != nil {
		d.t.Errorf("the data channel of %s: %v", s.id, err)
		return
	}
	failed := make(chan error, 1)
	go func() {
		defer close(c.closed)
		failed <- c.read()
	}()
	if err := c.serve(); err != nil && !errors.Is(err, errGone) {
		d.t.Errorf("session %s: %v", s.id, err)
	}
	conn.Close()
	if err := <-failed; err != nil {
		d.t.Errorf("session %s: %v", s.id, err)
	}
}
