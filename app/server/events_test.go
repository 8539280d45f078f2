package server_test

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/server"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/await"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// follower reads an event stream.
type follower struct {
	t     *testing.T
	res   *http.Response
	lines *bufio.Reader
	whole bytes.Buffer
	first string // the data of the first event of the revision
	close context.CancelFunc
}

// hashes are what an event has besides the numbers, unless there were changes since a process read the vault.
var hashes = regexp.MustCompile(`,"head":"[\w-]+","entry":"[\w-]+"`)

type event struct{ name, data string }

func revision(n string) event {
	return event{protocol.EventRevision, `{"revision":` + n + `,"sequence":1}`}
}

func follow(t *testing.T, base, token string) *follower {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), await.Limit) // in case the stream stays silent
	t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+protocol.PathEvents, nil)
	if err != nil {
		t.Fatal(err)
	}
	bearer(token)(req)
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	f := &follower{t: t, res: res, close: cancel}
	f.lines = bufio.NewReader(io.TeeReader(res.Body, &f.whole))
	return f
}

func (p *person) follow() *follower {
	p.s.t.Helper()
	return follow(p.s.t, p.s.url, p.token)
}

// read returns the next block of the stream, and whether the stream goes on. The event is zero at the end, and for a block
// that a browser would not dispatch: a comment or a field without data.
func (f *follower) read() (event, bool) {
	f.t.Helper()
	var e event
	for {
		line, err := f.lines.ReadString('\n')
		if err == io.EOF {
			checkAgainstDocument(f.t, f.res.Request, nil, f.res, f.whole.Bytes())
			return event{}, false
		}
		if err != nil {
			f.t.Fatal(err)
		}
		switch field, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": "); {
		case line == "\n":
			return e, true
		case field == "event":
			e.name = value
		case field == "data":
			e.data = value
		}
	}
}

// next returns the next event, without hashes.
func (f *follower) next() event {
	f.t.Helper()
	for {
		e, more := f.read()
		if more && e.name == "" {
			continue
		}
		if e.name == protocol.EventRevision {
			f.first = cmp.Or(f.first, e.data)
			e.data = hashes.ReplaceAllString(e.data, "")
		}
		return e
	}
}

func (f *follower) want(wanted ...event) {
	f.t.Helper()
	for _, w := range wanted {
		if got := f.next(); got != w {
			f.t.Fatalf("event %+v, want %+v", got, w)
		}
	}
}

func TestEventsSendTheRevisionAndItsChanges(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	alice, bob := s.register("alice"), s.register("bob")
	here := alice.follow()
	here.want(revision("0"))
	for name, value := range map[string]string{
		"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no", "Content-Encoding": "",
	} {
		if got := here.res.Header.Get(name); got != value {
			t.Errorf("%s is %q", name, got)
		}
	}
	at := alice.vault("")
	if want := fmt.Sprintf(`{"revision":0,"sequence":1,"head":"%s","entry":"%s"}`, at.Head, at.Entry); here.first != want {
		t.Errorf("the first event is %s, want %s", here.first, want)
	}
	other := *alice // with the same vault
	other.token = alice.mustLogin("").Token
	there := other.follow()
	there.want(revision("0"))
	bob.save()
	other.save()
	here.want(revision("1"))
	there.want(revision("1"))
	other.save()
	here.want(revision("2"))
	alice.follow().want(revision("2"))
	alice.renew(testvault.Renewal{}) // a log entry without a write
	here.want(event{protocol.EventRevision, `{"revision":2,"sequence":2}`})
	if !strings.Contains(here.whole.String(), "retry: ") {
		t.Errorf("the stream has no retry time:\n%s", here.whole.String())
	}
}

func TestEventsEndWithTheirSession(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(s *site, alice *person, other protocol.UserSession){
		"logged out": func(_ *site, alice *person, _ protocol.UserSession) {
			alice.call("POST", protocol.PathLogout, nil).want(204, "")
		},
		"revoked": func(s *site, alice *person, other protocol.UserSession) {
			s.call("POST", protocol.PathSessionsEnd, protocol.EndSessionsRequest{CurrentAuthKey: alice.authKey, ID: alice.acc.SessionID}, bearer(other.Token)).want(204, "")
		},
		"revoked with all others": func(s *site, alice *person, other protocol.UserSession) {
			s.call("POST", protocol.PathSessionsEnd, protocol.EndSessionsRequest{CurrentAuthKey: alice.authKey}, bearer(other.Token)).want(204, "")
		},
		"password changed": func(_ *site, alice *person, other protocol.UserSession) {
			alice.renewal(passwords[0]()).send(bearer(other.Token)).want(204, "")
		},
		"account deleted": func(s *site, alice *person, other protocol.UserSession) {
			s.call("POST", protocol.PathAccountDelete, protocol.DeleteAccountRequest{CurrentAuthKey: alice.authKey}, bearer(other.Token)).want(204, "")
		},
		"expired": func(s *site, alice *person, other protocol.UserSession) {
			s.clock.move(20 * 24 * time.Hour)
			s.call("GET", protocol.PathAccount, nil, bearer(other.Token)).want(200, "")
			s.clock.move(20 * 24 * time.Hour)
			s.call("POST", protocol.PathSessionsEnd, protocol.EndSessionsRequest{CurrentAuthKey: alice.authKey, ID: other.Account.SessionID}, bearer(other.Token)).want(204, "") // this also makes the server check the user's streams
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			alice := s.register("alice")
			other := alice.mustLogin("")
			stream := alice.follow()
			stream.want(revision("0"))
			end(s, alice, other)
			if e := stream.next(); e.name != protocol.EventEnded || !strings.Contains(e.data, `"code":"unauthorized"`) {
				t.Fatalf("the last event is %+v", e)
			}
			stream.want(event{}) // the end
		})
	}
}

// Two processes share a store. What one of them does reaches the pages of the other.
func TestEventsReachThePagesOfOtherReplicas(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	alice := s.register("alice")
	other := alice.mustLogin("")
	replica := s.serve(server.Config{
		Page: fstest.MapFS{"index.html": {Data: []byte("page")}}, Door: vault.Door{Open: true}, AuthRate: 1_000_000, UserRate: 1_000_000, Version: "test",
	}, s.keys)
	there, ending := follow(t, replica, alice.token), follow(t, replica, other.Token)
	there.want(revision("0"))
	ending.want(revision("0"))
	alice.save()
	there.want(revision("1"))
	alice.renew(testvault.Renewal{})
	there.want(event{protocol.EventRevision, `{"revision":1,"sequence":2}`})
	alice.call("POST", protocol.PathSessionsEnd, protocol.EndSessionsRequest{CurrentAuthKey: alice.authKey}).want(204, "")
	for e := ending.next(); e.name != protocol.EventEnded; e = ending.next() {
		if e.name != protocol.EventRevision {
			t.Fatalf("the stream of a session that ended sent %+v", e)
		}
	}
	follow(t, replica, alice.token).want(event{protocol.EventRevision, `{"revision":1,"sequence":2}`})
	again := follow(t, replica, other.Token)
	if again.res.StatusCode != http.StatusUnauthorized {
		t.Errorf("a session that ended opens a stream: %d", again.res.StatusCode)
	}
}

// A page that only stays open extends its session, but rarely: each time is a write.
func TestOpenPageKeepsItsSession(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	alice := s.register("alice")
	seen := func() time.Time {
		t.Helper()
		list, err := s.store.Sessions(t.Context(), vault.UserID(alice.acc.UserID), s.clock.Now())
		if err != nil || len(list) != 1 {
			t.Fatalf("%d sessions, %v", len(list), err)
		}
		return list[0].LastSeen
	}
	start := seen()
	for range 40 { // days
		before := seen()
		s.clock.move(11 * time.Hour)
		early := alice.follow()
		early.want(revision("0"))
		early.close()
		if got := seen(); !got.Equal(before) {
			t.Fatalf("the stream extended the session after 11 hours, at %v", got)
		}
		s.clock.move(13 * time.Hour)
		stream := alice.follow()
		stream.want(revision("0"))
		stream.close()
	}
	if got := seen(); got.Sub(start) < 39*24*time.Hour {
		t.Errorf("after 40 days the session was last seen %v", got)
	}
}

func TestEventsContinueWhenAnotherSessionEnds(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	alice := s.register("alice")
	other := alice.mustLogin("")
	stream, ending := alice.follow(), follow(t, s.url, other.Token)
	stream.want(revision("0"))
	ending.want(revision("0"))
	alice.call("POST", protocol.PathSessionsEnd, protocol.EndSessionsRequest{CurrentAuthKey: alice.authKey}).want(204, "")
	if e := ending.next(); e.name != protocol.EventEnded {
		t.Fatalf("the other session's stream sent %+v", e)
	}
	alice.save()
	stream.want(revision("1"))
}

// The stream sends many comments within each timeout.
func TestEventsOutliveTheTimeoutsOfOtherRequests(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.srv.Stream(100*time.Millisecond, time.Hour)
	alice := s.register("alice")
	l := httptest.NewUnstartedServer(s.srv)
	l.Config.ReadTimeout, l.Config.WriteTimeout = 5*time.Second, 5*time.Second // enough for a request on a busy machine
	l.Start()
	t.Cleanup(l.Close)
	stream := follow(t, l.URL, alice.token)
	stream.want(revision("0"))
	for start := time.Now(); time.Since(start) < 2*l.Config.ReadTimeout; {
		if e, more := stream.read(); !more || e.name != "" {
			t.Fatalf("%+v, goes on: %t", e, more)
		}
	}
	alice.save()
	stream.want(revision("1"))
	if !strings.Contains(stream.whole.String(), "\n:\n") {
		t.Errorf("no comment keeps the stream alive:\n%s", stream.whole.String())
	}
	stream.close() // otherwise the listener would wait for it
}

func TestEventsEndWhenDrainingBegins(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	alice := s.register("alice")
	stream := alice.follow()
	stream.want(revision("0"))
	s.srv.Drain()
	stream.want(event{})   // the end
	late := alice.follow() // is answered and ends immediately
	for more := true; more; {
		_, more = late.read()
	}
}

func TestEventStreamEndsBeforeProxyTimeouts(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.srv.Stream(time.Hour, 10*time.Millisecond)
	stream := s.register("alice").follow()
	for more := true; more; {
		_, more = stream.read()
	}
	if !strings.HasSuffix(stream.whole.String(), "retry: 0\n\n") {
		t.Errorf("the stream does not ask for an immediate reconnect:\n%s", stream.whole.String())
	}
}

func TestEventStreamsOfOneUserAreBounded(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	alice, bob := s.register("alice"), s.register("bob")
	var open []*follower
	refused := answer{}
	for refused.status == 0 && len(open) < 100 {
		stream := alice.follow()
		if stream.res.StatusCode == http.StatusOK {
			open = append(open, stream)
			continue
		}
		refused = alice.call("GET", protocol.PathEvents, nil)
	}
	refused.want(429, protocol.CodeThrottled)
	if refused.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	bob.follow().want(revision("0"))
	open[0].close()
	await.Until(t, "the place of the stream that was closed", func() bool { return alice.follow().res.StatusCode == http.StatusOK })
}

func TestEventsRequireASessionAndAnswerHEAD(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	alice := s.register("alice")
	s.call("GET", protocol.PathEvents, nil).want(401, protocol.CodeUnauthorized)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodHead, s.url+protocol.PathEvents, nil)
	if err != nil {
		t.Fatal(err)
	}
	bearer(alice.token)(req)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("HEAD: %d %v", res.StatusCode, res.Header)
	}
}

func TestMetricsMeasureEventStreams(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	l := newListener(t, s.srv.Metrics())
	shows := func(line string, in func() string) {
		t.Helper()
		await.Until(t, line, func() bool { return strings.Contains(in(), line) })
	}
	metrics := func() string { return string(sendTo(t, l, "GET", "/metrics", nil).body) }
	alice := s.register("alice")
	stream := alice.follow()
	stream.want(revision("0"))
	shows("vaultsphere_event_streams 1", metrics)
	stream.close()
	shows("vaultsphere_event_streams 0", metrics)
	shows(`vaultsphere_http_request_duration_seconds_count{method="GET",route="/api/v1/events",status="200"} 1`, metrics)
	shows(`"open_ms":`, s.log.String) // separate from "ms", which an alarm uses
}
