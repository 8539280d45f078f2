package proxy_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/internal/testenv/proxy"
)

// lateEnd is the body of a request whose end is noticed only after the answer has begun, as on a busy machine.
type lateEnd struct {
	io.ReadCloser
	begun <-chan struct{}
	asked bool
}

func (l *lateEnd) Read(p []byte) (int, error) {
	if l.asked {
		<-l.begun
	}
	l.asked = true
	return l.ReadCloser.Read(p)
}

// begins closes begun when the answer has begun.
type begins struct {
	http.ResponseWriter
	begun chan struct{}
	sent  int
}

func (b *begins) Write(p []byte) (int, error) {
	n, err := b.ResponseWriter.Write(p)
	if b.sent == 0 {
		close(b.begun)
	}
	b.sent += n
	return n, err
}

func TestAnswerThatBeginsBeforeTheBodyEndsIsWhole(t *testing.T) {
	t.Parallel()
	long := bytes.Repeat([]byte("answer "), 5_000_000) // more than arrives before the proxy sees the end of the body
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if body, err := io.ReadAll(r.Body); err != nil || string(body) != "question" {
			t.Errorf("the server got %q, %v", body, err)
		}
		_, _ = w.Write(long)
	}))
	defer server.Close()
	target, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	forward := proxy.To(target)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := &begins{ResponseWriter: w, begun: make(chan struct{})}
		r.Body = &lateEnd{ReadCloser: r.Body, begun: answer.begun}
		forward.ServeHTTP(answer, r)
	}))
	defer front.Close()
	res, err := http.Post(front.URL, "text/plain", strings.NewReader("question"))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if got, err := io.ReadAll(res.Body); err != nil || !bytes.Equal(got, long) {
		t.Errorf("%d of %d bytes arrived: %v", len(got), len(long), err)
	}
}
