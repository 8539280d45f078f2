package server

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	probeEvery    = 30 * time.Second
	probeTimeout  = 5 * time.Second
	probeFailures = 2 // in a row, until the server counts as not ready
)

var errProbeHangs = errors.New("the store does not answer")

// readiness probes the store to find out whether the server can serve logins. A probe writes, and anyone may request /ready
// at any rate, so one probe answers all requests within probeEvery, and two never run concurrently.
type readiness struct {
	probe  func(context.Context) error
	every  time.Duration
	wait   time.Duration // of a request for a running probe
	log    *slog.Logger
	failed prometheus.Counter

	mu       sync.Mutex
	began    time.Time     // of the last probe
	judged   chan struct{} // closed once the last probe has a result
	ready    bool          // false until the first success, so no rollout switches to a server that cannot write
	failures int           // in a row

	answer chan error // of a probe that may still run; only judge uses it
}

func newReadiness(probe func(context.Context) error, log *slog.Logger, failed prometheus.Counter) *readiness {
	judged := make(chan struct{})
	close(judged)
	return &readiness{probe: probe, every: probeEvery, wait: readyTimeout, log: log, failed: failed, judged: judged}
}

// isReady waits for a running probe, at most until ctx is done, and returns the latest result.
func (r *readiness) isReady(ctx context.Context) bool {
	select {
	case <-r.latest():
	case <-ctx.Done():
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ready
}

// latest starts a probe if one is due. The channel is closed once the latest probe has a result.
func (r *readiness) latest() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case <-r.judged:
	default:
		return r.judged
	}
	if r.began.IsZero() || time.Since(r.began) >= r.every {
		r.began, r.judged = time.Now(), make(chan struct{})
		go r.judge(r.judged) // not the request's context: its client may disconnect
	}
	return r.judged
}

func (r *readiness) judge(done chan<- struct{}) {
	defer close(done)
	err := r.ask()
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		if r.failures > 0 {
			r.log.Info("store probe succeeded again", "failures", r.failures)
		}
		r.ready, r.failures = true, 0
		return
	}
	r.failures++
	r.ready = r.ready && r.failures < probeFailures
	r.failed.Inc()
	r.log.Error("store probe failed", "cause", err.Error(), "failures", r.failures, "ready", r.ready)
}

// ask returns within probeTimeout even if the store hangs, as when a disk hangs in a system call. No other probe starts until
// that one has returned.
func (r *readiness) ask() error {
	ctx, cancel := context.WithTimeout(context.Background(), probeTimeout)
	defer cancel()
	if len(r.answer) > 0 {
		r.answer = nil // it came too late to count
	}
	if r.answer == nil {
		answer := make(chan error, 1)
		r.answer = answer
		go func() { answer <- r.probe(ctx) }()
	}
	select {
	case err := <-r.answer:
		r.answer = nil
		return err
	case <-ctx.Done():
		return errProbeHangs
	}
}
