// Package sessionmanager is a double of AWS Systems Manager Session Manager for tests: the API's StartSession, and the data
// channel that the real session-manager-plugin speaks.
//
// It goes as far as this repository uses it: the documents AWS-StartSSHSession, whose session is bridged to an SSH server of
// the test, and AWS-StartNonInteractiveCommand, whose command the test answers. Messages are checked (token, format, digest,
// order, acknowledgement) and repeated until they are acknowledged. It does not encrypt with KMS, does not resume a session
// whose connection broke, knows no permissions, and only looks whether requests are signed, not by whom.
package sessionmanager

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
)

// Node is a machine that an agent runs on.
type Node struct {
	// SSH is the address that takes the place of the node's port 22.
	SSH string
	// Command answers a command that does not wait for input.
	Command func(command string) string
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
	document  string
	command   string
}

// Plugin returns the folder that holds the session-manager-plugin, which it builds once.
func Plugin(t testing.TB) string {
	t.Helper()
	_, here, _, _ := runtime.Caller(0)
	script := filepath.Join(filepath.Dir(here), "../../../scripts/session-manager-plugin.sh")
	out, err := exec.CommandContext(t.Context(), script, "path").Output() //nolint:gosec // the path is this repository's
	if err != nil {
		failed, _ := errors.AsType[*exec.ExitError](err)
		t.Fatalf("build the Session Manager plugin: %v: %s", err, failed.Stderr)
	}
	return filepath.Dir(strings.TrimSpace(string(out)))
}

// Start serves until the test ends. Requests that are none of Session Manager's go on to upstream.
func Start(t testing.TB, upstream string, nodes map[string]Node) *Double {
	t.Helper()
	next, err := url.Parse(upstream)
	if err != nil {
		t.Fatal(err)
	}
	d := &Double{t: t, nodes: nodes, sessions: map[string]*session{}}
	api := http.NewServeMux()
	api.HandleFunc("GET /v1/data-channel/{session}", d.serveChannel)
	others := httputil.NewSingleHostReverseProxy(next)
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

// Sessions are those that were started, in order: node and document.
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
	one := func(name string) string {
		if len(asked.Parameters) != 1 || len(asked.Parameters[name]) != 1 {
			return ""
		}
		return asked.Parameters[name][0]
	}
	s := &session{id: "test-" + strings.ToLower(rand.Text()), token: rand.Text(), node: node, document: asked.DocumentName}
	switch asked.DocumentName {
	case "AWS-StartSSHSession":
		if one("portNumber") != "22" {
			refuse(w, "InvalidParameters", fmt.Sprintf("want portNumber=22, got %v", asked.Parameters))
			return
		}
	case "AWS-StartNonInteractiveCommand":
		if s.command = one("command"); s.command == "" {
			refuse(w, "InvalidParameters", fmt.Sprintf("want one command, got %v", asked.Parameters))
			return
		}
	default:
		refuse(w, "InvalidDocument", "no document "+asked.DocumentName)
		return
	}
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

// channel is the node's end of a data channel.
type channel struct {
	*session
	conn *websocket.Conn
	// writing lets one message be written at a time, and guards input.
	writing sync.Mutex
	// next is the sequence number of the next message of ours, and expected that of the plugin's.
	next, expected int64
	acknowledged   chan string
	// closed ends what waits for an acknowledgement.
	closed chan struct{}
	input  func([]byte)
	answer chan json.RawMessage
	// ready gets the plugin's first message after the handshake, once.
	ready chan struct{}
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
		d.t.Errorf("the data channel of %s is opened without a signature for ssmmessages: %q", s.id, signed)
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

// open takes the first message, which is text: it has to carry the token that StartSession gave out.
func (c *channel) open() error {
	kind, content, err := c.conn.ReadMessage()
	if err != nil {
		return err
	}
	var hello struct{ MessageSchemaVersion, RequestId, TokenValue, ClientId, ClientVersion string } //nolint:revive,staticcheck // the wire's names
	if kind != websocket.TextMessage {
		return fmt.Errorf("it begins with a message of kind %d, not with the token", kind)
	}
	if err := json.Unmarshal(content, &hello); err != nil {
		return fmt.Errorf("its first message: %w", err)
	}
	if hello.MessageSchemaVersion != "1.0" || hello.TokenValue != c.token || hello.ClientId == "" || hello.ClientVersion == "" {
		return fmt.Errorf("its first message is %s", content)
	}
	return nil
}

// errGone says that the plugin has left, which is how a session may end.
var errGone = errors.New("the plugin is gone")

// serve is the agent's part: the handshake, the session, and its end.
func (c *channel) serve() error {
	kind, properties := "Port", map[string]string{"portNumber": "22"}
	if c.document == "AWS-StartNonInteractiveCommand" {
		kind, properties = "NonInteractiveCommands", map[string]string{"command": c.command}
	}
	if err := c.sendJSON(payloadHandshakeRequest, map[string]any{
		"AgentVersion": "3.3.1611.0",
		"RequestedClientActions": []any{map[string]any{
			"ActionType": "SessionType", "ActionParameters": map[string]any{"SessionType": kind, "Properties": properties},
		}},
	}); err != nil {
		return err
	}
	if err := c.handshake(); err != nil {
		return err
	}
	// The plugin begins as soon as it knows that the handshake is complete.
	var host net.Conn
	if kind == "Port" {
		var err error
		if host, err = net.Dial("tcp", c.node.SSH); err != nil { //nolint:noctx // loopback
			return err
		}
		defer host.Close()
		c.writing.Lock()
		c.input = func(b []byte) { _, _ = host.Write(b) }
		c.writing.Unlock()
	}
	if err := c.sendJSON(payloadHandshakeComplete, map[string]any{"HandshakeTimeToComplete": 1000000, "CustomerMessage": ""}); err != nil {
		return err
	}
	if err := c.awaitReady(); err != nil {
		return err
	}
	var err error
	if host != nil {
		err = c.bridge(host)
	} else {
		err = c.send(payloadOutput, []byte(c.node.Command(c.command)))
	}
	if err != nil {
		return err
	}
	return c.close()
}

func (c *channel) handshake() error {
	var answer struct {
		ClientVersion          string
		ProcessedClientActions []struct {
			ActionType   string
			ActionStatus int
		}
		Errors []string
	}
	select {
	case content := <-c.answer:
		if err := json.Unmarshal(content, &answer); err != nil {
			return fmt.Errorf("the answer to the handshake: %w", err)
		}
	case <-c.closed:
		return errGone
	case <-time.After(10 * time.Second):
		return errors.New("no answer to the handshake in 10 s")
	}
	if actions := answer.ProcessedClientActions; len(actions) != 1 || actions[0].ActionStatus != 1 || len(answer.Errors) > 0 {
		return fmt.Errorf("the answer to the handshake is %+v", answer)
	}
	return nil
}

// awaitReady waits for the plugin to send something: the size of its terminal, or what ssh says first. Until then the plugin
// may acknowledge output and drop it, because it sets its handler up only after the handshake. A real agent has the network's
// delay in between.
func (c *channel) awaitReady() error {
	select {
	case <-c.ready:
		return nil
	case <-c.closed:
		return errGone
	case <-time.After(10 * time.Second):
		return errors.New("the plugin sent nothing in 10 s after the handshake")
	}
}

// bridge carries bytes from the node's SSH server to the plugin until one of them ends.
func (c *channel) bridge(host net.Conn) error {
	go func() {
		<-c.closed
		host.Close()
	}()
	buffer := make([]byte, 1024) // the most that one message carries
	for {
		n, err := host.Read(buffer)
		if n > 0 {
			if err := c.send(payloadOutput, buffer[:n]); err != nil {
				return err
			}
		}
		if err != nil {
			return nil //nolint:nilerr // either end may close it
		}
	}
}

func (c *channel) write(m message) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	return c.conn.WriteMessage(websocket.BinaryMessage, m.encode())
}

func (c *channel) sendJSON(contents uint32, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return c.send(contents, b)
}

// send repeats a message until it is acknowledged, as the agent does.
func (c *channel) send(contents uint32, payload []byte) error {
	m := message{kind: outputData, sequence: c.next, id: newID(), payload: payload, contents: contents}
	if c.next == 0 {
		m.flags = 1 // the first of the stream
	}
	c.next++
	for range 50 {
		if err := c.write(m); err != nil {
			return errGone
		}
		again := time.After(200 * time.Millisecond)
	waiting:
		for {
			select {
			case id := <-c.acknowledged:
				if id == m.name() {
					return nil
				}
			case <-c.closed:
				return errGone
			case <-again:
				break waiting
			}
		}
	}
	return fmt.Errorf("message %d was not acknowledged in 10 s", m.sequence)
}

func (c *channel) close() error {
	b, err := json.Marshal(map[string]any{
		"MessageId": "closed", "CreatedDate": time.Now().UTC().Format(time.RFC3339), "DestinationId": "test", "SessionId": c.id,
		"MessageType": channelClosed, "SchemaVersion": 1, "Output": "",
	})
	if err != nil {
		return err
	}
	if err := c.write(message{kind: channelClosed, id: newID(), payload: b}); err != nil {
		return errGone
	}
	select {
	case <-c.closed:
		return nil
	case <-time.After(10 * time.Second):
		return errors.New("the plugin did not leave the closed channel in 10 s")
	}
}

// read takes the plugin's messages until it leaves. What comes twice was sent again because the acknowledgement was late.
func (c *channel) read() error {
	for {
		kind, content, err := c.conn.ReadMessage()
		if err != nil {
			return nil //nolint:nilerr // the plugin ends without a word
		}
		if kind != websocket.BinaryMessage {
			return fmt.Errorf("a message of kind %d within the session: %s", kind, content)
		}
		m, err := decode(content)
		if err != nil {
			return err
		}
		if gone, err := c.handle(m); gone || err != nil {
			return err
		}
	}
}

// handle takes an acknowledgement or a part of the input. It tells whether the plugin is gone.
func (c *channel) handle(m message) (gone bool, err error) {
	switch m.kind {
	case acknowledge:
		var what struct {
			AcknowledgedMessageType, AcknowledgedMessageId string //nolint:revive,staticcheck // the wire's names
		}
		if err := json.Unmarshal(m.payload, &what); err != nil || what.AcknowledgedMessageType != outputData {
			return false, fmt.Errorf("an acknowledgement %s: %w", m.payload, err)
		}
		c.acknowledged <- what.AcknowledgedMessageId
		return false, nil
	case inputData:
		return c.receive(m)
	default:
		return false, fmt.Errorf("a message of type %q", m.kind)
	}
}

// receive confirms a message and takes it, unless it came before. It tells whether the plugin is gone.
func (c *channel) receive(m message) (gone bool, err error) {
	if m.sequence > c.expected {
		return false, fmt.Errorf("message %d came in place of %d", m.sequence, c.expected)
	}
	if c.confirm(m) != nil {
		return true, nil //nolint:nilerr // the plugin ends without a word
	}
	if m.sequence < c.expected {
		return false, nil
	}
	c.expected++
	return false, c.take(m)
}

func (c *channel) confirm(m message) error {
	b, err := json.Marshal(map[string]any{
		"AcknowledgedMessageType": m.kind, "AcknowledgedMessageId": m.name(),
		"AcknowledgedMessageSequenceNumber": m.sequence, "IsSequentialMessage": true,
	})
	if err != nil {
		return err
	}
	return c.write(message{kind: acknowledge, flags: 3, id: newID(), payload: b})
}

func (c *channel) take(m message) error {
	switch m.contents {
	case payloadHandshakeResponse:
		c.answer <- m.payload
	case payloadOutput:
		c.writing.Lock()
		input := c.input
		c.writing.Unlock()
		if input == nil {
			return errors.New("input before there is a connection")
		}
		input(m.payload)
	case payloadSize, payloadFlag: // a terminal's size, and a wish to end
	default:
		return fmt.Errorf("a payload of type %d", m.contents)
	}
	if m.contents != payloadHandshakeResponse {
		select {
		case c.ready <- struct{}{}:
		default:
		}
	}
	return nil
}

func newID() (id [16]byte) {
	_, _ = rand.Read(id[:])
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	return id
}
