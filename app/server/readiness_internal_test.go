package server

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// probed is a readiness whose probe results the test supplies, within a synctest bubble.
type probed struct {
	*readiness
	probes  atomic.Int32
	running atomic.Int32
	answer  func(context.Context) error
	log     bytes.Buffer
	counter prometheus.Counter
}

func newProbed(t *testing.T) *probed {
	p := &probed{
		answer:  func(context.Context) error { return nil },
		counter: prometheus.NewCounter(prometheus.CounterOpts{Name: "failures"}),
	}
	p.readiness = newReadiness(func(ctx context.Context) error {
		if p.running.Add(1) > 1 {
			t.Error("two concurrent probes")
		}
		defer p.running.Add(-1)
		p.probes.Add(1)
		return p.answer(ctx)
	}, slog.New(slog.NewTextHandler(&p.log, nil)), p.counter)
	return p
}

func (p *probed) fail(with error) {
	synctest.Wait()
	p.answer = func(context.Context) error { return with }
}

// want asks as /ready does, with its timeout.
func (p *probed) want(t *testing.T, ready bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), readyTimeout)
	defer cancel()
	if got := p.isReady(ctx); got != ready {
		t.Fatalf("ready is %v after %d probes: %s", got, p.probes.Load(), &p.log)
	}
}

var errFull = errors.New("the disk is full")

func TestTwoFailedProbesEndReadiness(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProbed(t)
		p.want(t, true)
		for _, step := range []struct {
			err   error
			ready bool
		}{{errFull, true}, {nil, true}, {errFull, true}, {errFull, false}, {errFull, false}, {nil, true}, {errFull, true}} {
			p.fail(step.err)
			time.Sleep(probeEvery)
			p.want(t, step.ready)
		}
		if log := p.log.String(); !strings.Contains(log, `cause="the disk is full" failures=2 ready=false`) ||
			!strings.Contains(log, `"store probe succeeded again" failures=3`) {
			t.Errorf("the log lacks the cause: %s", log)
		}
	})
}

func TestServerIsNotReadyBeforeItsFirstWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProbed(t)
		p.fail(errFull)
		p.want(t, false)
		p.fail(nil)
		p.want(t, false) // the next probe is not due
		time.Sleep(probeEvery)
		p.want(t, true)
	})
}

func TestConcurrentRequestsShareOneProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProbed(t)
		p.answer = func(context.Context) error {
			time.Sleep(100 * time.Millisecond)
			return nil
		}
		for range 1000 {
			go func() {
				if !p.isReady(t.Context()) {
					t.Error("not ready")
				}
			}()
		}
		time.Sleep(probeEvery - time.Millisecond)
		synctest.Wait()
		p.want(t, true)
		if p.probes.Load() != 1 {
			t.Errorf("%d probes", p.probes.Load())
		}
		time.Sleep(time.Millisecond)
		p.want(t, true)
		if p.probes.Load() != 2 {
			t.Errorf("%d probes after the next was due", p.probes.Load())
		}
	})
}

// A hanging disk blocks the probe in a system call that no context can interrupt.
func TestHangingStoreIsNotReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProbed(t)
		p.want(t, true)
		hang := make(chan struct{})
		p.answer = func(context.Context) error {
			<-hang
			return nil
		}
		for _, ready := range []bool{true, true, false, false} { // during the first two waits, the last result counts
			time.Sleep(probeEvery)
			asked := time.Now()
			p.want(t, ready)
			if took := time.Since(asked); took > readyTimeout {
				t.Errorf("/ready took %s", took)
			}
		}
		if p.probes.Load() != 2 {
			t.Errorf("%d probes", p.probes.Load())
		}
		time.Sleep(probeTimeout)
		close(hang)
		p.fail(errFull)
		time.Sleep(probeEvery)
		p.want(t, false) // a late result does not count
		p.fail(nil)
		time.Sleep(probeEvery)
		p.want(t, true)
	})
}

func TestDisconnectedCallerDoesNotFailTheProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProbed(t)
		p.answer = func(ctx context.Context) error {
			time.Sleep(time.Millisecond)
			return ctx.Err()
		}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if p.isReady(gone) {
			t.Error("ready before the end of the first probe")
		}
		p.want(t, true)
	})
}
