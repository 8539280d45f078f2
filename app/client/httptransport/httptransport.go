// Package httptransport carries the client's exchanges over net/http: the transport of everything that is not a browser.
package httptransport

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/vaultsphere/vaultsphere/app/client"
)

// Time-outs. An exchange as a whole has none but the caller's context: a large vault over a slow line takes its time.
const (
	dialTimeout   = 10 * time.Second
	tlsTimeout    = 10 * time.Second
	headerTimeout = 60 * time.Second // the server may hash a password behind a queue
)

const userAgent = "vaultsphere"

// Transport talks to one server. It is safe for concurrent use.
type Transport struct {
	base *url.URL
	http *http.Client

	mu     sync.Mutex
	bearer string
}

// New takes the server's URL without a path. http is refused for anything but this machine.
func New(server string) (*Transport, error) {
	base, err := url.Parse(strings.TrimSuffix(server, "/"))
	if err != nil {
		return nil, errors.New("server address is not a URL")
	}
	if base.Host == "" || base.Path != "" || base.RawQuery != "" || base.Fragment != "" || base.User != nil {
		return nil, errors.New("server address must look like https://vault.example.org")
	}
	if base.Scheme != "https" && (base.Scheme != "http" || !loopback(base.Hostname())) {
		return nil, errors.New("server address must begin with https:// (http:// is for this machine only)")
	}
	return &Transport{base: base, http: &http.Client{
		Transport: &http.Transport{
			Proxy:                 http.ProxyFromEnvironment,
			DialContext:           (&net.Dialer{Timeout: dialTimeout}).DialContext,
			TLSHandshakeTimeout:   tlsTimeout,
			ResponseHeaderTimeout: headerTimeout,
			IdleConnTimeout:       time.Minute,
			ForceAttemptHTTP2:     true,
			TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12},
		},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if r.URL.Scheme != base.Scheme || r.URL.Host != base.Host {
				return fmt.Errorf("server sends elsewhere, to %s://%s", r.URL.Scheme, r.URL.Host)
			}
			if len(via) > 3 {
				return errors.New("too many redirects")
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

// SetBearer sets the session token; empty for none.
func (t *Transport) SetBearer(token string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.bearer = token
}

// Bearer returns the session token, so that it can be kept for the next run.
func (t *Transport) Bearer() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.bearer
}

// Do is client.Transport's.
func (t *Transport) Do(ctx context.Context, r client.Request) (client.Response, error) {
	return t.do(ctx, r, http.Header{"Accept": {"application/json"}})
}

func (t *Transport) do(ctx context.Context, r client.Request, header http.Header) (client.Response, error) {
	var body io.Reader
	if r.Body != nil {
		body = bytes.NewReader(r.Body)
	}
	request, err := http.NewRequestWithContext(ctx, r.Method, t.base.String()+r.Path, body)
	if err != nil {
		return client.Response{}, err
	}
	request.Header = header
	request.Header.Set("User-Agent", userAgent)
	if r.Body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if token := t.Bearer(); token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := t.http.Do(request)
	if err != nil {
		return client.Response{}, err
	}
	defer answer.Body.Close()
	// One byte more than the limit tells the caller that the answer is longer.
	content, err := readAll(io.LimitReader(answer.Body, r.Limit+1), answer.ContentLength)
	if err != nil {
		return client.Response{}, fmt.Errorf("read answer: %w", err)
	}
	return client.Response{
		Status: answer.StatusCode, Body: content, RetryAfter: client.ParseRetryAfter(answer.Header.Get("Retry-After")), Date: client.ParseDate(answer.Header.Get("Date")),
	}, nil
}

// readAll trusts the announced size with memory only up to a point.
func readAll(r io.Reader, announced int64) ([]byte, error) {
	var b bytes.Buffer
	if announced > 0 {
		b.Grow(int(min(announced, 64<<20)) + bytes.MinRead)
	}
	_, err := b.ReadFrom(r)
	return b.Bytes(), err
}
