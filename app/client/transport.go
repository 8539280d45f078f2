package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/strictjson"
)

// Transport carries HTTP exchanges with one server and adds the session to each. Any status is an answer. An error means that
// there was no answer; it is ErrIntercepted if something other than the server answered. A Transport must not follow a redirect
// to another host, and reads at most r.Limit bytes of a body, after decompression. A Transport that implements SetBearer gets the
// session token; otherwise a cookie carries the session.
type Transport interface {
	// Do returns the whole answer. It gives up if the answer is slower than Patience allows.
	Do(ctx context.Context, r Request) (Response, error)
	// Stream passes the body of a 2xx answer to each, in parts as they arrive, until the answer ends or each fails; it returns
	// that error. The caller bounds size and time. Stream returns any other answer as Do does.
	Stream(ctx context.Context, r Request, each func(part []byte) error) (Response, error)
}

// bearer is a Transport that holds the session token.
type bearer interface {
	SetBearer(token string)
}

// The methods of the API. Importing net/http for their names would double the size of the WebAssembly.
const (
	methodGet    = "GET"
	methodPost   = "POST"
	methodPut    = "PUT"
	methodDelete = "DELETE"
)

type Request struct {
	Method string
	Path   string // with the query, if any
	Body   []byte // JSON, or nil
	Limit  int64  // bytes of the answer's body
}

type Response struct {
	Status     int
	Body       []byte
	RetryAfter time.Duration // zero if the server did not say
	Date       time.Time     // the server's clock; zero if it did not say
}

// ParseDate reads the Date of an answer (RFC 9110 §6.6.1). It returns the zero time if the header is malformed.
func ParseDate(header string) time.Time {
	t, err := time.Parse("Mon, 02 Jan 2006 15:04:05 GMT", header)
	if err != nil {
		return time.Time{}
	}
	return t
}

// ParseRetryAfter reads the seconds of a Retry-After (RFC 9110 §10.2.3), at most a day. It returns zero if there are none.
func ParseRetryAfter(header string) time.Duration {
	seconds, err := strconv.Atoi(header)
	if err != nil || seconds < 0 {
		return 0
	}
	return time.Duration(min(seconds, 24*60*60)) * time.Second
}

// Time limits of a transport. A server may queue requests that hash a password, but never reads.
const (
	HeaderPatience = time.Minute      // for an answer to begin
	ReadPatience   = 20 * time.Second // for the answer to a read to begin
	BodyPatience   = 30 * time.Second // for each BodyStep of its body, and for the rest
	BodyStep       = 64 << 10
	slowest        = 16 << 10 // minimum bytes per second that a server reads
)

// Patience returns how long the answer to r may take to begin.
func (r Request) Patience() time.Duration {
	if r.Method == methodGet {
		return ReadPatience
	}
	return HeaderPatience + time.Duration(len(r.Body)/slowest)*time.Second
}

// Bounds of one answer, after decompression, so a server cannot exhaust the client's memory.
const (
	maxAnswer = 1 << 20
	maxVault  = 256 << 20
)

// ServerError is an answer outside 2xx.
type ServerError struct {
	Status     int
	Code       protocol.Code
	Message    string
	RetryAfter time.Duration
	RequestID  string
	// news is what the server adds to the refusal of a write.
	news *protocol.VaultAnswer
}

func (e *ServerError) Error() string {
	return fmt.Sprintf("server answered %d %s: %s", e.Status, e.Code, e.Message)
}

func hasCode(err error, code protocol.Code) bool {
	var s *ServerError
	return errors.As(err, &s) && s.Code == code
}

// call sends in (nil: no body) and reads the answer strictly into out (nil: the body is ignored).
func (op *operation) call(method, path string, in, out any) error {
	return op.callWithin(method, path, in, out, maxAnswer)
}

// callWithin accepts an answer of at most limit bytes.
func (op *operation) callWithin(method, path string, in, out any, limit int64) error {
	body, err := op.exchange(method, path, in, limit)
	if err != nil || out == nil {
		return err
	}
	return op.answerError(method, path, decodeStrict(body, out))
}

// answerError returns why an answer cannot be read. A truncated answer to a read counts as no answer.
func (op *operation) answerError(method, path string, err error) error {
	switch {
	case err == nil:
		return nil
	case method == methodGet && (errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)):
		op.offline = true
		return fmt.Errorf("%w: %s %s: the answer was cut off", ErrOffline, method, path)
	}
	return &AnswerError{Path: path, Err: err}
}

func (op *operation) exchange(method, path string, in any, limit int64) ([]byte, error) {
	if op.client.readsCopy() {
		return nil, ErrReadOnly // a cache must not depend on a server that may be hostile or gone
	}
	r := Request{Method: method, Path: path, Limit: limit}
	if in != nil {
		var err error
		if r.Body, err = json.Marshal(in); err != nil {
			return nil, fmt.Errorf("encode %s: %w", path, err)
		}
	}
	answer, err := op.client.transport.Do(op.ctx, r)
	op.offline = err != nil && !errors.Is(err, ErrIntercepted) && !errors.Is(err, ErrLongAnswer)
	if errors.Is(err, ErrLongAnswer) {
		return nil, &AnswerError{Path: path, Err: err}
	}
	if err != nil {
		if op.ctx.Err() != nil {
			return nil, fmt.Errorf("%s %s: %w", method, path, op.ctx.Err())
		}
		return nil, unanswered(fmt.Errorf("%s %s: %w", method, path, err))
	}
	op.client.noteDate(answer.Date)
	if int64(len(answer.Body)) > limit {
		return nil, &AnswerError{Path: path, Err: fmt.Errorf("%w: more than %d bytes", ErrLongAnswer, limit)}
	}
	if answer.Status/100 == 2 {
		return answer.Body, nil
	}
	return nil, op.refusal(answer)
}

// refuse is refusal for callers without an operation.
func (c *Client) refuse(ctx context.Context, answer Response) error {
	op, err := c.begin(ctx)
	if err != nil {
		return err
	}
	defer op.end()
	return op.refusal(answer)
}

// refusal reads an answer outside 2xx.
func (op *operation) refusal(answer Response) error {
	failure := &ServerError{Status: answer.Status, RetryAfter: answer.RetryAfter}
	var said protocol.Error
	if err := decodeStrict(answer.Body, &said); err != nil || said.Code == "" {
		// A proxy in front of the server sends its own answers.
		failure.Code, failure.Message = protocol.CodeInternal, "the answer is not one of VaultSphere"
		if answer.Status >= 502 && answer.Status <= 504 {
			failure.Code = protocol.CodeUnavailable
		}
		return failure
	}
	failure.Code, failure.Message, failure.RequestID = said.Code, said.Message, said.RequestID
	failure.news = said.News
	if said.Code == protocol.CodeUnauthorized {
		// Another device may have ended the session, or the server may lie. Neither loses anything.
		if err := op.setAside(); err != nil {
			return fmt.Errorf("%w; and then: %w", failure, err)
		}
	}
	return failure
}

// unreachable reports whether err means that the server did not answer: there was no answer, or only that of a proxy, or the server waits
// for its operator.
func unreachable(err error) bool {
	var s *ServerError
	return errors.Is(err, ErrOffline) || hasCode(err, protocol.CodeWaiting) || errors.As(err, &s) && s.Code == protocol.CodeUnavailable && s.RequestID == ""
}

// decodeStrict accepts exactly what our server, or an earlier run on this device, writes.
func decodeStrict(text []byte, out any) error {
	return strictjson.Form{Name: "the text"}.Unmarshal(text, out)
}
