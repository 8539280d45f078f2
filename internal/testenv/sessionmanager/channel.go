package sessionmanager

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/vaultsphere/vaultsphere/internal/testenv/await"
)

// A channel is the node's end of a data channel.
type channel struct {
	*session
	conn *websocket.Conn
	// writing serializes messages and guards input.
	writing sync.Mutex
	// next is the sequence number of our next message, and expected that of the plugin's next message.
	next, expected int64
	acknowledged   chan string
	// closed stops waiting for an acknowledgement.
	closed chan struct{}
	input  func([]byte)
	answer chan json.RawMessage
	// ready receives the plugin's first message after the handshake, once.
	ready chan struct{}
}

// open reads the first message, which is text and must contain the token of StartSession.
func (c *channel) open() error {
	kind, content, err := c.conn.ReadMessage()
	if err != nil {
		return err
	}
	var hello struct{ MessageSchemaVersion, RequestId, TokenValue, ClientId, ClientVersion string } //nolint:revive,staticcheck // the wire's names
	if kind != websocket.TextMessage {
		return fmt.Errorf("the first message has kind %d, not the token", kind)
	}
	if err := json.Unmarshal(content, &hello); err != nil {
		return fmt.Errorf("the first message: %w", err)
	}
	if hello.MessageSchemaVersion != "1.0" || hello.TokenValue != c.token || hello.ClientId == "" || hello.ClientVersion == "" {
		return fmt.Errorf("the first message is %s", content)
	}
	return nil
}

// errGone means that the plugin has disconnected, which is a valid end of a session.
var errGone = errors.New("the plugin is gone")

// serve acts as the agent: the handshake, the session, and its end.
func (c *channel) serve() error {
	if err := c.sendJSON(payloadHandshakeRequest, map[string]any{
		"AgentVersion": "3.3.1611.0",
		"RequestedClientActions": []any{map[string]any{
			"ActionType": "SessionType", "ActionParameters": map[string]any{
				"SessionType": "Port", "Properties": map[string]string{"portNumber": "22"},
			},
		}},
	}); err != nil {
		return err
	}
	if err := c.handshake(); err != nil {
		return err
	}
	// The plugin starts sending when it knows that the handshake is complete.
	host, err := net.Dial("tcp", c.node.SSH) //nolint:noctx // loopback
	if err != nil {
		return err
	}
	defer host.Close()
	c.writing.Lock()
	c.input = func(b []byte) { _, _ = host.Write(b) }
	c.writing.Unlock()
	if err := c.sendJSON(payloadHandshakeComplete, map[string]any{"HandshakeTimeToComplete": 1000000, "CustomerMessage": ""}); err != nil {
		return err
	}
	if err := c.awaitReady(); err != nil {
		return err
	}
	if err := c.bridge(host); err != nil {
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
	case <-time.After(await.Limit):
		return fmt.Errorf("no answer to the handshake in %s", await.Limit)
	}
	if actions := answer.ProcessedClientActions; len(actions) != 1 || actions[0].ActionStatus != 1 || len(answer.Errors) > 0 {
		return fmt.Errorf("the answer to the handshake is %+v", answer)
	}
	return nil
}

// awaitReady waits for the plugin's first message: the size of its terminal, or ssh's first output. Until then the plugin may
// acknowledge output and drop it, because it only sets up its handler after the handshake. For a real agent, the network's delay
// hides this.
func (c *channel) awaitReady() error {
	select {
	case <-c.ready:
		return nil
	case <-c.closed:
		return errGone
	case <-time.After(await.Limit):
		return fmt.Errorf("the plugin sent nothing in %s after the handshake", await.Limit)
	}
}

// bridge copies bytes from the node's SSH server to the plugin until one of them disconnects.
func (c *channel) bridge(host net.Conn) error {
	go func() {
		<-c.closed
		host.Close()
	}()
	buffer := make([]byte, 1024) // the limit of one message
	for {
		n, err := host.Read(buffer)
		if n > 0 {
			if err := c.send(payloadOutput, buffer[:n]); err != nil {
				return err
			}
		}
		if err != nil {
			return nil //nolint:nilerr // either side may close it
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

// send repeats a message until it is acknowledged, like the agent.
func (c *channel) send(contents uint32, payload []byte) error {
	m := message{kind: outputData, sequence: c.next, id: newID(), payload: payload, contents: contents}
	if c.next == 0 {
		m.flags = 1 // the first of the stream
	}
	c.next++
	for began := time.Now(); time.Since(began) < await.Limit; {
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
	return fmt.Errorf("message %d was not acknowledged in %s", m.sequence, await.Limit)
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
	case <-time.After(await.Limit):
		return fmt.Errorf("the plugin did not leave the closed channel in %s", await.Limit)
	}
}

// read handles the plugin's messages until it disconnects. The plugin repeats messages whose acknowledgement is late.
func (c *channel) read() error {
	for {
		kind, content, err := c.conn.ReadMessage()
		if err != nil {
			return nil //nolint:nilerr // the plugin disconnects without a message
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

// handle processes an acknowledgement or a part of the input. It reports whether the plugin is gone.
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

// receive acknowledges a message, and processes it unless it is repeated. It reports whether the plugin is gone.
func (c *channel) receive(m message) (gone bool, err error) {
	if m.sequence > c.expected {
		return false, fmt.Errorf("got message %d, want %d", m.sequence, c.expected)
	}
	if c.confirm(m) != nil {
		return true, nil //nolint:nilerr // the plugin disconnects without a message
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
	case payloadSize, payloadFlag: // a terminal's size, a request to end
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
