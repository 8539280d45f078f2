package httptransport

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/client"
)

// exchange sends one request to a server with handler h.
func exchange(t *testing.T, patience, bodyPatience time.Duration, h http.HandlerFunc) (client.Response, error) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	transport, err := New(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	transport.patience, transport.bodyPatience = func(client.Request) time.Duration { return patience }, bodyPatience
	return transport.Do(t.Context(), client.Request{Method: http.MethodGet, Path: "/", Limit: 1 << 20})
}

func TestSlowServerIsGivenUp(t *testing.T) {
	t.Parallel()
	const soon = 50 * time.Millisecond
	for _, c := range []struct {
		name                   string
		patience, bodyPatience time.Duration
		handler                http.HandlerFunc
	}{
		{"no answer", soon, time.Hour, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }},
		{"a part of an answer", time.Hour, soon, func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, `{"revision":`)
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}},
		// The handler writes as fast as it can, but every step is late.
		{"a byte now and then", time.Hour, time.Nanosecond, func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				_, _ = io.WriteString(w, " ")
				_ = http.NewResponseController(w).Flush()
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := exchange(t, c.patience, c.bodyPatience, c.handler)
			if !errors.Is(err, errSlow) || errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestAnswerThatComesStepByStepIsWaitedFor(t *testing.T) {
	t.Parallel()
	slow := time.NewTimer(time.Hour)
	steady := &steadyReader{Reader: strings.NewReader(strings.Repeat("x", 3*client.BodyStep)), slow: slow, patience: time.Nanosecond}
	if _, err := io.CopyN(io.Discard, steady, client.BodyStep-1); err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(io.Discard, steady, 1); err != nil {
		t.Fatal(err)
	}
	<-slow.C // each step resets the timer to its patience, a nanosecond here
}

func TestCompressedAnswerIsRefused(t *testing.T) {
	t.Parallel()
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = io.WriteString(w, strings.Repeat("{},", 1<<20))
	_ = w.Close()
	_, err := exchange(t, time.Minute, time.Minute, func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Accept-Encoding"); got != "" {
			t.Errorf("it asks for %s", got)
		}
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(packed.Bytes())
	})
	if !errors.Is(err, errPacked) {
		t.Errorf("got %v", err)
	}
}
