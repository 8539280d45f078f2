package daemon_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/server/daemon"
	"github.com/vaultsphere/vaultsphere/internal/testenv/await"
)

// running is a daemon that serves until the test calls cancel.
type running struct {
	addr   string
	cancel context.CancelFunc
	ended  chan error
}

func start(t *testing.T, settings ...string) running {
	t.Helper()
	c, err := daemon.ConfigFromEnv(append([]string{"LISTEN_ADDR=127.0.0.1:0", "METRICS_ADDR=off", "REGISTRATION=open", "DATA_DIR=" + t.TempDir()}, settings...))
	if err != nil {
		t.Fatal(err)
	}
	d := daemon.New(c, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(context.Background())
	r := running{cancel: cancel, ended: make(chan error, 1)}
	go func() { r.ended <- d.Run(ctx) }()
	t.Cleanup(cancel)
	select {
	case err := <-r.ended:
		t.Fatal(err)
	case <-d.Ready():
	}
	r.addr = d.Addr()
	return r
}

func status(t *testing.T, url string) int {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		return 0
	}
	defer res.Body.Close()
	return res.StatusCode
}

// The test sends half a request, stops the server, and sends the rest once the port is closed: within four seconds, or the body is too
// slow.
func TestDrainFinishesRequestsInFlight(t *testing.T) {
	t.Parallel()
	r := start(t)
	conn, err := net.Dial("tcp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	body := `{"username":"alice"}`
	fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n%s",
		protocol.PathPrelogin, len(body), body[:5])
	answers := bufio.NewReader(conn)
	wantContinue(t, answers)
	r.cancel()
	await.Until(t, "a closed port", func() bool { return status(t, "http://"+r.addr+protocol.PathHealth) == 0 })
	select {
	case err := <-r.ended:
		t.Fatalf("the server ended with a request in flight: %v", err)
	default:
	}
	if _, err := io.WriteString(conn, body[5:]); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(answers, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if got, err := io.ReadAll(res.Body); err != nil || res.StatusCode != http.StatusOK || !strings.Contains(string(got), `"cost"`) {
		t.Errorf("the request in flight got %d %s, %v", res.StatusCode, got, err)
	}
	if err := <-r.ended; err != nil {
		t.Errorf("the server ended with %v", err)
	}
}

// A proxy may send a request on an open connection before it notices the drain.
func TestDrainServesOnOpenConnections(t *testing.T) {
	t.Parallel()
	r := start(t, "DRAIN_DELAY=1h")
	await.Until(t, "/ready at 200", func() bool { return status(t, "http://"+r.addr+protocol.PathReady) == http.StatusOK })
	conn, err := net.Dial("tcp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	answers := bufio.NewReader(conn)
	ask := func() (status int, closing bool) {
		fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{\"username\":\"alice\"}", protocol.PathPrelogin)
		res, err := http.ReadResponse(answers, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if _, err := io.Copy(io.Discard, res.Body); err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, res.Close
	}
	if status, closing := ask(); status != http.StatusOK || closing {
		t.Fatalf("before: %d, closing: %t", status, closing)
	}
	r.cancel()
	await.Until(t, "/ready at 503", func() bool { return status(t, "http://"+r.addr+protocol.PathReady) == http.StatusServiceUnavailable })
	if status, closing := ask(); status != http.StatusOK || !closing {
		t.Errorf("while draining: %d, closing: %t", status, closing)
	}
	if got := status(t, "http://"+r.addr+protocol.PathHealth); got != http.StatusOK {
		t.Errorf("/health answered %d while draining", got)
	}
}

// wantContinue reads the answer that the handler has begun to read the body: a request whose header is read later is dropped.
func wantContinue(t *testing.T, answers *bufio.Reader) {
	t.Helper()
	for _, want := range []string{"HTTP/1.1 100 Continue\r\n", "\r\n"} {
		if line, err := answers.ReadString('\n'); err != nil || line != want {
			t.Fatalf("%q, %v", line, err)
		}
	}
}

func TestDrainTimesOut(t *testing.T) {
	t.Parallel()
	r := start(t, "DRAIN_TIMEOUT=50ms")
	conn, err := net.Dial("tcp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 100\r\n\r\n",
		protocol.PathPrelogin)
	wantContinue(t, bufio.NewReader(conn))
	r.cancel()
	if err := <-r.ended; err == nil || !strings.Contains(err.Error(), "still running") {
		t.Errorf("the server ended with %v", err)
	}
}

func TestPortInUseIsReportedFirst(t *testing.T) {
	t.Parallel()
	r := start(t)
	dir := t.TempDir()
	c, err := daemon.ConfigFromEnv([]string{"LISTEN_ADDR=" + r.addr, "METRICS_ADDR=off", "DATA_DIR=" + dir + "/data"})
	if err != nil {
		t.Fatal(err)
	}
	if err := daemon.New(c, slog.New(slog.DiscardHandler)).Run(t.Context()); err == nil || !strings.Contains(err.Error(), r.addr) {
		t.Errorf("got %v", err)
	}
}

func TestMetricsHaveASeparateListener(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	r := start(t, "METRICS_ADDR="+addr)
	if got := status(t, "http://"+addr+"/metrics"); got != http.StatusOK {
		t.Errorf("metrics: %d", got)
	}
	if got := status(t, "http://"+r.addr+"/metrics"); got != http.StatusNotFound {
		t.Errorf("the public port answered /metrics with %d", got)
	}
}

// A second server on one machine runs without metrics if the default port is in use. A configured address that is in use is
// an error.
func TestTakenMetricsPortIsFatalOnlyIfConfigured(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := daemon.ConfigFromEnv([]string{"LISTEN_ADDR=127.0.0.1:0", "DATA_DIR=" + t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if c.MetricsAddr == "" || !c.MetricsDefault {
		t.Errorf("without a setting: %q, %t", c.MetricsAddr, c.MetricsDefault)
	}
	c.MetricsAddr = l.Addr().String()
	for _, chosen := range []bool{false, true} {
		c.MetricsDefault = !chosen
		var log bytes.Buffer
		d := daemon.New(c, slog.New(slog.NewTextHandler(&log, nil)))
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- d.Run(ctx) }()
		select {
		case err := <-ended:
			if !chosen || !strings.Contains(err.Error(), "METRICS_ADDR") {
				t.Errorf("configured %t: %v", chosen, err)
			}
		case <-d.Ready():
			if chosen {
				t.Error("a configured address in use was ignored")
			}
			cancel()
			<-ended
			if !strings.Contains(log.String(), "level=WARN") || !strings.Contains(log.String(), "setting=METRICS_ADDR") {
				t.Errorf("no warning: %s", &log)
			}
		}
		cancel()
	}
}
