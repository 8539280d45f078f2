// Package httptransport carries the client's exchanges over net/http, for everything but browsers.
package httptransport

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// Time-outs. Only the caller's context limits an exchange as a whole: a large vault over a slow line takes its time.
const (
	dialTimeout = 10 * time.Second
	tlsTimeout  = 10 * time.Second
)

var (
	errSlow   = errors.New("the server answers too slowly")
	errPacked = errors.New("the answer is compressed although the request did not allow it")
)

// Bounds of the state that a server can store on this device.
const (
	maxDevices = 16
	maxDevice  = 1 << 10 // bytes of one
)

const userAgent = "vaultsphere"

// Transport talks to one server. It is safe for concurrent use.
type Transport struct {
	base *url.URL
	http *http.Client

	// How long an answer may take to begin, and each step of its body to arrive.
	patience     func(client.Request) time.Duration
	bodyPatience time.Duration

	mu      sync.Mutex
	bearer  string
	devices map[string]string // device cookies, by name
}

// New takes the server's URL without a path. It rejects http, except for this machine.
func New(server string) (*Transport, error) {
	base, err := url.Parse(strings.TrimSuffix(server, "/"))
	if err != nil {
		return nil, errors.New("server URL is malformed")
	}
	if base.Host == "" || base.Path != "" || base.RawQuery != "" || base.Fragment != "" || base.User != nil {
		return nil, errors.New("server URL must look like https://vault.example.org")
	}
	if base.Scheme != "https" && (base.Scheme != "http" || !loopback(base.Hostname())) {
		return nil, errors.New("server URL must begin with https:// (http:// is for this machine only)")
	}
	return &Transport{base: base, patience: client.Request.Patience, bodyPatience: client.BodyPatience, http: &http.Client{
		Transport: &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			DialContext:         (&net.Dialer{Timeout: dialTimeout}).DialContext,
			TLSHandshakeTimeout: tlsTimeout,
			DisableCompression:  true, // sealed bytes do not compress, and a body that decompresses to gigabytes is an attack
			IdleConnTimeout:     time.Minute,
			ForceAttemptHTTP2:   true,
			TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12},
		},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if r.URL.Scheme != base.Scheme || r.URL.Host != base.Host {
				return fmt.Errorf("%w: it redirects to %s://%s", client.ErrIntercepted, r.URL.Scheme, r.URL.Host)
			}
			if len(via) > 3 {
				return fmt.Errorf("%w: it redirects endlessly", client.ErrIntercepted)
			}
			return nil
		},
	}}, nil
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// Origin returns the server's address as browsers write it (RFC 6454 §6.2).
func (t *Transport) Origin() string {
	host := strings.ToLower(t.base.Host)
	return t.base.Scheme + "://" + strings.TrimSuffix(host, map[string]string{"https": ":443", "http": ":80"}[t.base.Scheme])
}

// SetBearer sets the session token; empty for none.
func (t *Transport) SetBearer(token string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.bearer = token
}

// Bearer returns the session token, so the caller can store it for the next run.
func (t *Transport) Bearer() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.bearer
}

// SetDevices sets the device cookies that this server gave earlier.
func (t *Transport) SetDevices(devices map[string]string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.devices = maps.Clone(devices)
}

// Devices returns all device cookies, including new ones, so the caller can store them for the next sign-in.
func (t *Transport) Devices() map[string]string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.devices)
}

func (t *Transport) noteDevices(cookies []*http.Cookie) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range cookies {
		if t.isDevice(c.Name) && len(c.Value) <= maxDevice && (len(t.devices) < maxDevices || t.devices[c.Name] != "") {
			if t.devices == nil {
				t.devices = map[string]string{}
			}
			t.devices[c.Name] = c.Value
		}
	}
}

func (t *Transport) isDevice(name string) bool {
	prefix := protocol.LocalDeviceCookie
	if t.base.Scheme == "https" {
		prefix = protocol.DeviceCookie
	}
	return strings.HasPrefix(name, prefix)
}

// Do implements client.Transport.
func (t *Transport) Do(ctx context.Context, r client.Request) (client.Response, error) {
	return t.do(ctx, r, http.Header{"Accept": {"application/json"}})
}

func (t *Transport) do(ctx context.Context, r client.Request, header http.Header) (client.Response, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	slow := time.AfterFunc(t.patience(r), func() { cancel(errSlow) })
	defer slow.Stop()
	answer, err := t.begin(ctx, r, header)
	if err != nil {
		return client.Response{}, err
	}
	defer answer.Body.Close()
	slow.Reset(t.bodyPatience)
	return whole(ctx, answer, &steadyReader{Reader: answer.Body, slow: slow, patience: t.bodyPatience}, r.Limit)
}

// Stream implements client.Transport.
func (t *Transport) Stream(ctx context.Context, r client.Request, each func(part []byte) error) (client.Response, error) {
	answer, err := t.begin(ctx, r, http.Header{"Accept": {"text/event-stream"}})
	if err != nil {
		return client.Response{}, err
	}
	defer answer.Body.Close()
	if answer.StatusCode/100 != 2 {
		return whole(ctx, answer, answer.Body, r.Limit)
	}
	part := make([]byte, 4<<10)
	for {
		n, err := answer.Body.Read(part)
		if failed := each(part[:n]); failed != nil {
			return client.Response{}, failed
		}
		if errors.Is(err, io.EOF) {
			return client.Response{Status: answer.StatusCode}, nil
		}
		if err != nil {
			return client.Response{}, fmt.Errorf("read answer: %w", err)
		}
	}
}

// begin sends r and returns the answer with an unread body.
func (t *Transport) begin(ctx context.Context, r client.Request, header http.Header) (*http.Response, error) {
	var body io.Reader
	if r.Body != nil {
		body = bytes.NewReader(r.Body)
	}
	request, err := http.NewRequestWithContext(ctx, r.Method, t.base.String()+r.Path, body)
	if err != nil {
		return nil, err
	}
	request.Header = header
	request.Header.Set("User-Agent", userAgent)
	if r.Body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if token := t.Bearer(); token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	if r.Path == protocol.PathLogin {
		for name, value := range t.Devices() {
			request.AddCookie(&http.Cookie{Name: name, Value: value}) //nolint:gosec // of a request, which has no attributes
		}
	}
	answer, err := t.http.Do(request)
	if err != nil {
		return nil, whoAnswered(why(ctx, err))
	}
	t.noteDevices(answer.Cookies())
	if answer.Header.Get("Content-Encoding") != "" {
		answer.Body.Close()
		return nil, errPacked
	}
	return answer, nil
}

// whole reads the body of an answer. One byte above the limit shows the caller that it is too long.
func whole(ctx context.Context, answer *http.Response, body io.Reader, limit int64) (client.Response, error) {
	content, err := readAll(io.LimitReader(body, limit+1), answer.ContentLength)
	if err != nil {
		return client.Response{}, fmt.Errorf("read answer: %w", why(ctx, err))
	}
	return client.Response{
		Status: answer.StatusCode, Body: content,
		RetryAfter: client.ParseRetryAfter(answer.Header.Get("Retry-After")), Date: client.ParseDate(answer.Header.Get("Date")),
	}, nil
}

// why distinguishes an exchange that was too slow from one that its caller ended.
func why(ctx context.Context, err error) error {
	if errors.Is(context.Cause(ctx), errSlow) {
		return errSlow
	}
	return err
}

// whoAnswered distinguishes an interception from an unreachable server. In a failed TLS handshake, the other side shows itself by
// an invalid certificate or by not speaking TLS.
func whoAnswered(err error) error {
	var verification *tls.CertificateVerificationError
	var noTLS tls.RecordHeaderError
	if errors.As(err, &verification) || errors.As(err, &noTLS) || errors.Is(err, http.ErrSchemeMismatch) {
		return fmt.Errorf("%w: %w", client.ErrIntercepted, err)
	}
	return err
}

// steadyReader extends the deadline of slow for each step that arrives.
type steadyReader struct {
	io.Reader
	slow     *time.Timer
	patience time.Duration
	came     int
}

func (s *steadyReader) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	if s.came += n; s.came >= client.BodyStep {
		s.came = 0
		s.slow.Reset(s.patience)
	}
	return n, err
}

// readAll allocates the announced size only up to a limit.
func readAll(r io.Reader, announced int64) ([]byte, error) {
	var b bytes.Buffer
	if announced > 0 {
		b.Grow(int(min(announced, 64<<20)) + bytes.MinRead)
	}
	_, err := b.ReadFrom(r)
	return b.Bytes(), err
}
