package httptransport_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/client/httptransport"
)

// stream reads a stream from a server with handler h.
func stream(t *testing.T, h http.HandlerFunc, each func(part []byte) error) (client.Response, error) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	transport, err := httptransport.New(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return transport.Stream(t.Context(), client.Request{Method: http.MethodGet, Path: "/", Limit: 10}, each)
}

func TestStreamPassesPartsOnAsTheyArrive(t *testing.T) {
	t.Parallel()
	read := make(chan string)
	answer, err := stream(t, func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Accept"); got != "text/event-stream" {
			t.Errorf("it accepts %s", got)
		}
		for _, part := range []string{"more than", " the limit", " of bytes"} {
			_, _ = io.WriteString(w, part)
			_ = http.NewResponseController(w).Flush()
			if got := <-read; got != part { // before the next part is written
				t.Errorf("read %q, want %q", got, part)
			}
		}
	}, func(part []byte) error {
		if len(part) > 0 {
			read <- string(part)
		}
		return nil
	})
	if err != nil || answer.Status != http.StatusOK {
		t.Errorf("got %+v, %v", answer, err)
	}
}

func TestStreamEndsWithTheReadersError(t *testing.T) {
	t.Parallel()
	enough, gone := errors.New("enough"), make(chan struct{})
	_, err := stream(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "x")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		close(gone)
	}, func([]byte) error { return enough })
	if !errors.Is(err, enough) {
		t.Errorf("got %v", err)
	}
	<-gone
}

func TestStreamReturnsOtherAnswers(t *testing.T) {
	t.Parallel()
	unread := func([]byte) error { t.Error("the body was streamed"); return nil }
	answer, err := stream(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, "more than the limit")
	}, unread)
	if err != nil || answer.Status != http.StatusServiceUnavailable || answer.RetryAfter != 7*time.Second || len(answer.Body) != 11 {
		t.Errorf("got %+v, %v", answer, err)
	}
	_, err = stream(t, http.RedirectHandler("https://elsewhere.invalid", http.StatusFound).ServeHTTP, unread)
	if !errors.Is(err, client.ErrIntercepted) {
		t.Errorf("redirected: %v", err)
	}
	_, err = stream(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Encoding", "gzip") }, unread)
	if err == nil {
		t.Error("a compressed stream is read")
	}
}
