package client

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// Notice is what Follow reports about the server's vault.
type Notice struct {
	Revision int64 `json:"revision"` // of the server's vault; 0 if lost
	Sequence int64 `json:"sequence"` // of its newest log entry, which moves without the revision
	// Parted says that the server has another write or entry under the same number than this device. Sync finds out why.
	Parted bool `json:"parted"`
	// Lost says that no event stream is available. Call Sync instead: it finds changes, and reports whether the server can be
	// reached.
	Lost bool `json:"lost"`
}

const (
	streamSilence = time.Minute      // the server sends a comment every 20 seconds
	streamSteady  = 10 * time.Second // a stream that ends sooner counts as failed
	firstPause    = 2 * time.Second  // after the first failure; doubles with each
	longestPause  = time.Minute
	longestRetry  = time.Hour   // that a Retry-After may ask for
	lostEvery     = time.Minute // between notices while a pause lasts longer
)

var (
	errSilent = errors.New("the server is silent")
	errEnded  = errors.New("the session has ended")
	errClosed = errors.New("the vault was locked")
)

// Follow reads the server's event stream and reports each revision of the vault, the current one first, until ctx ends. A
// stream that ends is opened again, after a pause that grows with each failure; from the second failure on, and each minute
// while there is none, the notice is Lost. It needs an unlocked vault, and returns nil when that is locked. If the session
// ends, it returns the same error as any other method, and the cache is in quarantine.
func (c *Client) Follow(ctx context.Context, report func(Notice)) error {
	if c.readsCopy() {
		return ErrReadOnly
	}
	v, err := c.personal()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case <-v.closed:
			cancel(errClosed)
		case <-ctx.Done():
		}
	}()
	f := follower{client: c, report: report}
	for ctx.Err() == nil {
		pause, err := f.listen(ctx)
		if ctx.Err() == nil && hasCode(err, protocol.CodeUnauthorized) {
			return err
		}
		f.wait(ctx, pause)
	}
	if errors.Is(context.Cause(ctx), errClosed) {
		return nil
	}
	return ctx.Err()
}

// follower is the state of one Follow.
type follower struct {
	client   *Client
	report   func(Notice)
	failures int // in a row
}

// listening is the state of one stream.
type listening struct {
	report func(Notice)
	parted func(protocol.RevisionEvent) bool
	silent *time.Timer
	began  time.Time // when the stream gave its first revision
	last   Notice    // the last that it gave
	ended  []byte    // the data of EventEnded
}

func (l *listening) alive() {
	if !l.began.IsZero() {
		l.silent.Reset(streamSilence)
	}
}

func (l *listening) event(name string, data []byte) error {
	switch name {
	case protocol.EventEnded:
		l.ended = data
		return errEnded
	case protocol.EventRevision:
		var e protocol.RevisionEvent
		if err := decodeStrict(data, &e); err != nil {
			return fmt.Errorf("event %s: %w", name, err)
		}
		l.at(Notice{Revision: e.Revision, Sequence: e.Sequence, Parted: l.parted(e)})
	}
	return nil
}

func (l *listening) at(n Notice) {
	first := l.began.IsZero()
	if first {
		l.began = time.Now()
		l.silent.Reset(streamSilence)
	}
	if first || n != l.last {
		l.last = n
		l.report(n)
	}
}

// parted reports whether an event names another write or entry than this device has verified under the same number.
func (c *Client) parted(e protocol.RevisionEvent) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.unlocked == nil || !c.unlocked.personal.Loaded {
		return false
	}
	s := c.unlocked.personal.Log().State
	return e.Revision == s.Revision && e.Head != "" && e.Head != encodeHash(s.Write) ||
		e.Sequence == s.Entry.Sequence && e.Entry != "" && e.Entry != encodeHash(s.Entry.Hash())
}

// listen reads one stream to its end and returns the pause before the next.
func (f *follower) listen(ctx context.Context) (pause time.Duration, err error) {
	streaming, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	l := &listening{report: f.report, parted: f.client.parted, silent: time.AfterFunc(ReadPatience, func() { cancel(errSilent) })}
	defer l.silent.Stop()
	stream := &eventStream{retry: firstPause, alive: l.alive, event: l.event}
	answer, err := f.client.transport.Stream(streaming,
		Request{Method: methodGet, Path: protocol.PathEvents, Limit: maxAnswer}, stream.read)
	switch {
	case ctx.Err() != nil:
		return 0, ctx.Err()
	case l.ended != nil:
		err = f.client.refuse(ctx, Response{Status: 401, Body: l.ended})
	case err == nil && answer.Status/100 != 2:
		err = f.client.refuse(ctx, answer)
	}
	if !l.began.IsZero() && time.Since(l.began) >= streamSteady {
		f.failures = 0
		return stream.retry, err
	}
	if f.failures++; f.failures > 1 {
		f.report(Notice{Lost: true})
	}
	pause = min(firstPause<<min(f.failures, 10), longestPause)
	pause = pause/2 + rand.N(pause/2) //nolint:gosec // spreads clients, is no secret
	return max(pause, min(answer.RetryAfter, longestRetry)), err
}

// wait lets the pause pass. It reports a lost stream again each minute.
func (f *follower) wait(ctx context.Context, pause time.Duration) {
	end := time.NewTimer(pause)
	defer end.Stop()
	again := time.NewTicker(lostEvery)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-end.C:
			return
		case <-again.C:
			f.report(Notice{Lost: true})
		}
	}
}
