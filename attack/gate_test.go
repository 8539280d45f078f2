//go:build integration

package attack

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/internal/testenv/proxy"
)

// A gate is the hostile server: a proxy between one device and the real server. It can change every answer, and it records the requests.
type gate struct {
	URL         string
	certificate []byte // only of a secure one

	mu     sync.Mutex
	target *url.URL
	lies   lies
	asked  []request
}

// lies are what a gate does. Without any, it is honest.
type lies struct {
	// instead answers in place of the server and returns true, or does nothing.
	instead func(w http.ResponseWriter, r request) bool
	// change changes an answer of the server.
	change func(r request, a *answer)
}

type request struct {
	Method, Path string
	Query        url.Values
	Header       http.Header
	Body         []byte
}

type answer struct {
	Status int
	Header http.Header
	Body   []byte
}

func newGate(t *testing.T) *gate {
	t.Helper()
	return openGate(t, (*httptest.Server).Start)
}

// newSecureGate returns a gate with its own certificate.
func newSecureGate(t *testing.T) *gate {
	t.Helper()
	return openGate(t, func(front *httptest.Server) {
		front.TLS = &tls.Config{Certificates: []tls.Certificate{newCertificate(t)}, MinVersion: tls.VersionTLS13}
		front.StartTLS()
	})
}

func openGate(t *testing.T, start func(*httptest.Server)) *gate {
	t.Helper()
	g := &gate{}
	forward := proxy.Whole(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			g.mu.Lock()
			defer g.mu.Unlock()
			r.SetURL(g.target)
			r.Out.Host = r.In.Host // the server compares it with the origin
			if isAPI(r.In.URL.Path) {
				r.Out.Header.Set("Accept-Encoding", "identity")
			}
		},
		ModifyResponse: g.modify,
		ErrorHandler:   func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	})
	front := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isAPI(r.URL.Path) && g.answered(w, r) {
			return
		}
		forward.ServeHTTP(w, r)
	}))
	start(front)
	if c := front.Certificate(); c != nil {
		g.certificate = c.Raw
	}
	t.Cleanup(func() {
		front.CloseClientConnections()
		front.Close()
	})
	g.URL = front.URL
	return g
}

func isAPI(path string) bool { return strings.HasPrefix(path, "/api/") }

// point puts the gate in front of a server, as an honest proxy.
func (g *gate) point(server string) {
	target, err := url.Parse(server)
	if err != nil {
		panic(err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.target, g.lies, g.asked = target, lies{}, nil
}

func (g *gate) lie(l lies) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.lies, g.asked = l, nil
}

// unreachable cuts the API off.
func (g *gate) unreachable() {
	g.lie(lies{instead: func(http.ResponseWriter, request) bool { panic(http.ErrAbortHandler) }})
}

// sent returns the bodies of the requests since the last lie.
func (g *gate) sent(method, path string) [][]byte {
	g.mu.Lock()
	defer g.mu.Unlock()
	var bodies [][]byte
	for _, r := range g.asked {
		if r.Method == method && matches(path, r.Path) {
			bodies = append(bodies, r.Body)
		}
	}
	return bodies
}

func (g *gate) answered(w http.ResponseWriter, r *http.Request) bool {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil } // for modify
	asked := request{r.Method, r.URL.Path, r.URL.Query(), r.Header, body}
	g.mu.Lock()
	g.asked = append(g.asked, asked)
	instead := g.lies.instead
	g.mu.Unlock()
	return instead != nil && instead(w, asked)
}

func (g *gate) modify(r *http.Response) error {
	g.mu.Lock()
	change := g.lies.change
	g.mu.Unlock()
	if change == nil || !isAPI(r.Request.URL.Path) || r.Request.URL.Path == protocol.PathEvents {
		return nil
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	asked, err := r.Request.GetBody()
	if err != nil {
		return err
	}
	sent, err := io.ReadAll(asked)
	if err != nil {
		return err
	}
	a := answer{r.StatusCode, r.Header, body}
	change(request{Method: r.Request.Method, Path: r.Request.URL.Path, Query: r.Request.URL.Query(), Body: sent}, &a)
	r.StatusCode, r.Body, r.ContentLength = a.Status, io.NopCloser(bytes.NewReader(a.Body)), int64(len(a.Body))
	r.Header.Set("Content-Length", strconv.Itoa(len(a.Body)))
	return nil
}

// matches compares a path with a pattern of package protocol, in which a segment in braces stands for any.
func matches(pattern, path string) bool {
	return slices.EqualFunc(strings.Split(pattern, "/"), strings.Split(path, "/"), func(a, b string) bool {
		return a == b || strings.HasPrefix(a, "{")
	})
}

// editing returns a lie that changes the JSON of good answers to a path.
func editing[T any](t *testing.T, path string, change func(*T)) lies {
	return lies{change: edit(t, path, change)}
}

func edit[T any](t *testing.T, path string, change func(*T)) func(request, *answer) {
	return func(r request, a *answer) {
		if !matches(path, r.Path) || a.Status >= 300 {
			return
		}
		var v T
		if err := json.Unmarshal(a.Body, &v); err != nil {
			t.Errorf("answer to %s: %v", r.Path, err)
			return
		}
		change(&v)
		body, err := json.Marshal(v)
		if err != nil {
			t.Error(err)
			return
		}
		a.Body = body
	}
}

// both tells two lies.
func both(a, b lies) lies {
	return lies{change: func(r request, w *answer) {
		a.change(r, w)
		b.change(r, w)
	}}
}

// answers returns a lie that answers every request to a path with the same.
func answers(path string, status int, header http.Header, body []byte) lies {
	return lies{instead: func(w http.ResponseWriter, r request) bool {
		if path != "" && !matches(path, r.Path) {
			return false
		}
		for name, values := range header {
			w.Header()[name] = values
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write(body)
		return true
	}}
}

// newCertificate returns a self-signed certificate of this machine.
func newCertificate(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
