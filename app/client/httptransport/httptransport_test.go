package httptransport_test

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/client/httptransport"
)

func TestNewRejectsInvalidURLs(t *testing.T) {
	for address, ok := range map[string]bool{
		"https://vault.example.org": true, "https://vault.example.org/": true, "https://vault.example.org:8443": true,
		"http://localhost:5001": true, "http://127.0.0.1:5001": true, "http://[::1]:5001": true,
		"http://vault.example.org": false, "http://10.0.0.1": false, "http://localhost.example.org": false,
		"ftp://localhost": false, "vault.example.org": false, "https://": false, "": false, "https://h/path": false,
		"https://user:pass@h": false, "https://h?x=1": false, "https://h#x": false, "https://%zz": false,
	} {
		if _, err := httptransport.New(address); (err == nil) != ok {
			t.Errorf("%q: %v", address, err)
		} else if err != nil && strings.Contains(err.Error(), "pass") {
			t.Errorf("%q: the error quotes a password: %v", address, err)
		}
	}
}

func TestDoCarriesTheExchange(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if r.Method != http.MethodPost || r.URL.String() != "/a/b?since=1" || string(body) != `{"x":1}` ||
			r.Header.Get("Content-Type") != "application/json" || r.Header.Get("Authorization") != "Bearer token" ||
			r.Header.Get("User-Agent") != "vaultsphere" {
			t.Errorf("%s %s %v %s", r.Method, r.URL, r.Header, body)
		}
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = io.WriteString(w, "0123456789")
	}))
	defer server.Close()
	transport, err := httptransport.New(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	transport.SetBearer("token")
	r := client.Request{Method: "POST", Path: "/a/b?since=1", Body: []byte(`{"x":1}`), Limit: 10}
	got, err := transport.Do(t.Context(), r)
	if err != nil || got.Status != http.StatusTooManyRequests || string(got.Body) != "0123456789" || got.RetryAfter != 7*time.Second {
		t.Errorf("got %+v, %v", got, err)
	}
	r.Limit = 5
	if got, err := transport.Do(t.Context(), r); err != nil || len(got.Body) != 6 {
		t.Errorf("with a limit of 5 it read %d bytes, %v", len(got.Body), err)
	}
}

func TestARedirectToAnotherHostIsNotFollowed(t *testing.T) {
	asked := false
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer other.Close()
	server := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	defer server.Close()
	transport, err := httptransport.New(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	_, err = transport.Do(t.Context(), client.Request{Method: "POST", Path: "/", Body: []byte(`{}`), Limit: 10})
	if !errors.Is(err, client.ErrIntercepted) || !strings.Contains(err.Error(), "it redirects to "+other.URL) || asked {
		t.Errorf("asked %v, %v", asked, err)
	}
}

// An intercepted connection must not count as a server that is unreachable.
func TestInterceptionIsDetected(t *testing.T) {
	quiet := log.New(io.Discard, "", 0)
	answers := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	selfSigned := httptest.NewUnstartedServer(answers)
	selfSigned.Config.ErrorLog = quiet
	selfSigned.StartTLS()
	defer selfSigned.Close()
	plain := httptest.NewServer(answers)
	defer plain.Close()
	loops := httptest.NewServer(http.RedirectHandler("/again", http.StatusTemporaryRedirect))
	defer loops.Close()
	noise, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer noise.Close()
	go func() {
		for {
			c, err := noise.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(c, "220 mail.example.org ESMTP ready, and no TLS\r\n")
			_ = c.Close()
		}
	}()
	gone := httptest.NewServer(answers)
	gone.Close()
	for name, c := range map[string]struct {
		url  string
		want bool
	}{
		"a certificate of nobody": {selfSigned.URL, true}, "no TLS": {strings.Replace(plain.URL, "http:", "https:", 1), true},
		"another protocol": {"https://" + noise.Addr().String(), true}, "a loop": {loops.URL, true}, "nothing": {gone.URL, false},
	} {
		transport, err := httptransport.New(c.url)
		if err != nil {
			t.Fatal(err)
		}
		_, err = transport.Do(t.Context(), client.Request{Method: "GET", Path: "/", Limit: 10})
		if err == nil || errors.Is(err, client.ErrIntercepted) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDoEndsWithItsContext(t *testing.T) {
	release := make(chan struct{})
	began := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { close(began); <-release }))
	defer server.Close()
	defer close(release)
	transport, err := httptransport.New(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-began; cancel() }()
	if _, err := transport.Do(ctx, client.Request{Method: "GET", Path: "/", Limit: 10}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
