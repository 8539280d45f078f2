package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

const ended401 = `{"code":"unauthorized","message":"no","request_id":"1"}`

// scripted answers each stream with its next function, and repeats the last one.
type scripted struct {
	streams []func(ctx context.Context, each func([]byte) error) (Response, error)
	opened  []time.Duration // when each stream began, relative to the first
	began   time.Time
}

func (s *scripted) Do(context.Context, Request) (Response, error) { panic("Follow streams") }

func (s *scripted) Stream(ctx context.Context, r Request, each func([]byte) error) (Response, error) {
	if r.Method != methodGet || r.Path != protocol.PathEvents || r.Limit != maxAnswer {
		panic(fmt.Sprintf("asked for %+v", r))
	}
	if s.began.IsZero() {
		s.began = time.Now()
	}
	s.opened = append(s.opened, time.Since(s.began))
	return s.streams[min(len(s.opened), len(s.streams))-1](ctx, each)
}

type streamFunc = func(ctx context.Context, each func([]byte) error) (Response, error)

// says sends text and then a comment every 20 seconds, until life is over or ctx ends.
func says(text string, life time.Duration) streamFunc {
	return func(ctx context.Context, each func([]byte) error) (Response, error) {
		for ; ctx.Err() == nil; text = ":\n\n" {
			if err := each([]byte(text)); err != nil {
				return Response{}, err
			}
			if life <= 0 {
				return Response{Status: 200}, nil
			}
			step := min(life, 20*time.Second)
			life -= step
			select {
			case <-ctx.Done():
			case <-time.After(step):
			}
		}
		return Response{}, ctx.Err()
	}
}

// silent sends text and then nothing.
func silent(text string) streamFunc {
	return func(ctx context.Context, each func([]byte) error) (Response, error) {
		if err := each([]byte(text)); err != nil {
			return Response{}, err
		}
		<-ctx.Done()
		return Response{}, ctx.Err()
	}
}

// answers returns an answer that is not a stream.
func answers(status int, body string, retryAfter time.Duration) streamFunc {
	return func(context.Context, func([]byte) error) (Response, error) {
		return Response{Status: status, Body: []byte(body), RetryAfter: retryAfter}, nil
	}
}

func fails(err error) streamFunc {
	return func(context.Context, func([]byte) error) (Response, error) { return Response{}, err }
}

const forever = 1000 * time.Hour

func revision(n int) string {
	return fmt.Sprintf("event: revision\ndata: {\"revision\":%d}\n\n", n)
}

// unlockedClient returns a client with an empty vault and no cache.
func unlockedClient(t *testing.T, transport Transport) *Client {
	t.Helper()
	c := New(transport, nil, nil)
	v, err := newVault(protocol.UserAccount{Vault: seal.NewID().String()}, accountKeys{identity: &seal.Identity{User: seal.NewID()}})
	if err != nil {
		t.Fatal(err)
	}
	c.unlocked = v.unlocked
	return c
}

// followed runs Follow for d and returns its notices and the times at which it opened streams.
func followed(t *testing.T, d time.Duration, streams ...streamFunc) (notices []Notice, opened []time.Duration, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		transport := &scripted{streams: streams}
		c := unlockedClient(t, transport)
		ctx, cancel := context.WithTimeout(t.Context(), d)
		defer cancel()
		err = c.Follow(ctx, func(n Notice) { notices = append(notices, n) })
		opened = transport.opened
	})
	return notices, opened, err
}

func TestFollowReportsRevisions(t *testing.T) {
	t.Parallel()
	text := "retry: 2000\n\n:\n\n" + revision(3) + revision(3) + ": comment\r\nevent: revision\r\nid: 9\r\ndata:{\"revision\":\r\ndata: 4}\r\n\r\n" +
		"event: other\ndata: x\n\nevent: revision\n\ndata\n\n"
	for size := 1; size < len(text); size += 7 {
		inParts := func(ctx context.Context, each func([]byte) error) (Response, error) {
			for part := range slices.Chunk([]byte(text), size) {
				if err := each(part); err != nil {
					return Response{}, err
				}
			}
			<-ctx.Done()
			return Response{}, ctx.Err()
		}
		notices, opened, err := followed(t, 30*time.Second, inParts)
		if want := []Notice{{Revision: 3}, {Revision: 4}}; !slices.Equal(notices, want) || len(opened) != 1 || !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("parts of %d: %v, %d streams, %v", size, notices, len(opened), err)
		}
	}
}

// A hostile stream costs a client at most one request every two seconds, and soon only about one a minute.
func TestHostileStreamsAreGivenUp(t *testing.T) {
	t.Parallel()
	endless := func(text string, gap time.Duration) streamFunc {
		return func(ctx context.Context, each func([]byte) error) (Response, error) {
			for ctx.Err() == nil {
				if err := each([]byte(text)); err != nil {
					return Response{}, err
				}
				if gap > 0 {
					<-time.After(gap)
				}
			}
			return Response{}, ctx.Err()
		}
	}
	for name, stream := range map[string]streamFunc{
		"endless line":        endless(strings.Repeat("x", 100), 0),
		"endless event":       endless("data: "+strings.Repeat("x", 100)+"\n", 0),
		"endless comments":    endless(":\n", 0),
		"flood of revisions":  endless(revision(1)+revision(2), 0),
		"no headers":          silent(""),
		"byte now and then":   endless("x", 15*time.Second),
		"closes at once":      says("retry: 0\n\n"+revision(1), 0),
		"comments only":       endless(":\n\n", 10*time.Second),
		"HTML":                says("<!doctype html>\n<title>Wi-Fi</title>\n\n", 0),
		"not JSON":            says("event: revision\ndata: seven\n\n", forever),
		"unknown members":     says(`event: revision`+"\n"+`data: {"revision":1,"Revision":2}`+"\n\n", forever),
		"garbage":             says("\xff\x00\xfe\n\n\n:::\nretry: -1\nretry: 99999999999999999999\ndata", 0),
		"redirect":            fails(ErrIntercepted),
		"no connection":       fails(errors.New("refused")),
		"empty":               says("", 0),
		"no content":          answers(204, "", 0),
		"busy":                answers(503, `{"code":"unavailable","message":"no","request_id":"1"}`, time.Second),
		"ended without a 401": says("event: ended\ndata: {\"code\":\"not_found\",\"message\":\"no\",\"request_id\":\"1\"}\n\n", forever),
		"401 of a proxy":      answers(401, "<h1>Sign in to the hotel</h1>", 0),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			notices, opened, err := followed(t, 10*time.Minute, stream)
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Fatal(err)
			}
			lost := 0
			for _, n := range notices {
				if n.Lost {
					lost++
				}
			}
			// Pauses of 2–4, 4–8, 8–16, 16–32, and then 30–60 seconds.
			if n := len(opened); n < 8 || n > 24 || lost < n-2 {
				t.Errorf("%d streams, %d times lost: %v", n, lost, opened)
			}
			for i := 1; i < len(opened); i++ {
				if opened[i]-opened[i-1] < 2*time.Second {
					t.Errorf("stream %d came %v after the one before", i, opened[i]-opened[i-1])
				}
			}
		})
	}
}

func TestFollowWaitsAsLongAsTheServerAsks(t *testing.T) {
	t.Parallel()
	_, opened, _ := followed(t, time.Hour, says(revision(1), 4*time.Minute), says("retry: 0\n\n"+revision(1)+"retry: 3000\n\n", 4*time.Minute), answers(503, "", 10*time.Minute))
	gaps := []time.Duration{opened[1], opened[2] - opened[1], opened[3] - opened[2]}
	if want := []time.Duration{4*time.Minute + firstPause, 4*time.Minute + 3*time.Second, 10 * time.Minute}; !slices.Equal(gaps, want) {
		t.Errorf("got %v, want %v", gaps, want)
	}
	notices, opened, _ := followed(t, 2*time.Hour, fails(errors.New("refused")), answers(503, "", 1000*time.Hour))
	if len(opened) != 3 || len(notices) < 110 { // meanwhile, Follow reports every minute that the stream is lost
		t.Errorf("%d streams, %d notices", len(opened), len(notices))
	}
}

// A silent connection may be dead, so Follow opens another stream, which reports the revision again.
func TestSilentStreamIsReplaced(t *testing.T) {
	t.Parallel()
	notices, opened, _ := followed(t, 90*time.Second, silent(revision(1)))
	want := []Notice{{Revision: 1}, {Revision: 1}}
	if !slices.Equal(opened, []time.Duration{0, streamSilence + firstPause}) || !slices.Equal(notices, want) {
		t.Errorf("streams at %v, %v", opened, notices)
	}
}

func TestFollowEndsWithTheSession(t *testing.T) {
	t.Parallel()
	for name, stream := range map[string]streamFunc{
		"event":  says(revision(1)+"event: ended\ndata: "+ended401+"\n\n", forever),
		"answer": answers(401, ended401, 0),
	} {
		_, opened, err := followed(t, time.Hour, stream)
		if Explain(err).Code != Code(protocol.CodeUnauthorized) || len(opened) != 1 {
			t.Errorf("%s: %v after %d streams", name, err, len(opened))
		}
	}
}

func TestFollowEndsWhenTheVaultIsLocked(t *testing.T) {
	t.Parallel()
	for name, stream := range map[string]streamFunc{"streaming": says(revision(1), forever), "pausing": fails(errors.New("refused"))} {
		synctest.Test(t, func(t *testing.T) {
			c := unlockedClient(t, &scripted{streams: []streamFunc{stream}})
			ended := make(chan error)
			go func() { ended <- c.Follow(t.Context(), func(Notice) {}) }()
			synctest.Wait()
			c.Lock()
			if err := <-ended; err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if err := c.Follow(t.Context(), nil); !errors.Is(err, ErrLocked) {
				t.Errorf("%s: %v of a locked vault", name, err)
			}
		})
	}
}
