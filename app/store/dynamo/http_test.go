package dynamo

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// closedAtEnd is a request body that the SDK closes before net/http looks for its end.
type closedAtEnd struct{ rest string }

func (c *closedAtEnd) Read(p []byte) (int, error) {
	if c.rest == "" {
		return 0, errors.New("read on closed body")
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

func TestAnswerSurvivesEarlyCloseOfTheBody(t *testing.T) {
	answer := strings.Repeat("answer", 50_000)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got, err := io.ReadAll(r.Body)
		if err != nil || string(got) != "question" {
			t.Errorf("the server got %q, %v", got, err)
		}
		_, _ = io.WriteString(w, answer)
	}))
	defer server.Close()
	client := httpClient{newTransport(usual)}
	for range 20 {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, &closedAtEnd{"question"})
		if err != nil {
			t.Fatal(err)
		}
		r.ContentLength = int64(len("question"))
		res, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || string(got) != answer {
			t.Fatalf("%d bytes of %d, %v", len(got), len(answer), err)
		}
	}
}
