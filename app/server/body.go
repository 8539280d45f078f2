package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

const (
	// smallBody is twice the size of the largest usual request other than a write or a chunk of an attachment. A small body never waits
	// for room, so each unfinished upload may hold this much memory.
	smallBody = 32 << 10
	// accountBody has room for an account entry with the largest identity and all wraps.
	accountBody = 128 << 10
	firstRead   = 4 << 10
	blockSize   = 64 << 10
	// bodyRoom limits the received but unprocessed data of all bodies, beyond the first smallBody bytes of each. One user
	// gets at most half, so no user can keep others from importing.
	bodyRoom = 8 << 20
	userRoom = bodyRoom / 2
	bodyWait = 10 * time.Second
	// slowest is the minimum rate, in bytes per second, at which a client must send or receive.
	slowest = 16 << 10
)

var (
	errBodiesBusy = &vault.Error{
		Code: protocol.CodeUnavailable, Message: "too many concurrent large requests: try again in a moment", RetryAfter: 5 * time.Second,
	}
	errTooSlow = &vault.Error{
		Code: protocol.CodeTooSlow, Message: fmt.Sprintf("the body arrived at less than %d bytes per second", slowest), RetryAfter: time.Second,
	}
)

// bodies limits the memory of request bodies. It counts received bytes, not the announced length.
type bodies struct {
	room     *semaphore.Weighted
	users    *shares[vault.UserID]
	wait     time.Duration
	patience time.Duration // for a block to arrive
}

func newBodies() *bodies {
	return &bodies{
		room: semaphore.NewWeighted(bodyRoom), users: newShares[vault.UserID](userRoom), wait: bodyWait,
		patience: blockSize / slowest * time.Second,
	}
}

// body is a request body in blocks. free releases its memory; call it once nothing read from the body is in use.
type body struct {
	blocks [][]byte
	size   int
	free   func()
}

func (b *body) reader() io.Reader {
	readers := make([]io.Reader, len(b.blocks))
	for i, c := range b.blocks {
		readers[i] = bytes.NewReader(c)
	}
	return io.MultiReader(readers...)
}

var blockPool = sync.Pool{New: func() any { return new([blockSize]byte) }}

// read reads a body of at most limit bytes for user. All guests share the room of one user. The caller must free the body, even after
// an error.
func (b *bodies) read(w http.ResponseWriter, r *http.Request, limit int64, user vault.UserID) (*body, error) {
	in := &body{free: func() { /* no room was taken */ }}
	if r.ContentLength > limit {
		return in, tooLarge(limit)
	}
	source := http.MaxBytesReader(w, r.Body, limit)
	deadline := http.NewResponseController(w).SetReadDeadline
	if err := b.readSmall(in, source, r.ContentLength, deadline); err != nil {
		return in, readError(err, limit)
	}
	if in.size == smallBody {
		large := &largeBody{body: in, bodies: b, share: b.users.join(user)}
		in.free = func() { large.drop(); b.users.leave(user, large.share) }
		if err := large.read(r.Context(), source, deadline); err != nil {
			return in, readError(err, limit)
		}
	}
	if in.size == 0 {
		return in, badBody("the body is empty")
	}
	// The server would mistake a read timeout for a client that disconnected.
	return in, setDeadline(deadline, time.Time{})
}

func tooLarge(limit int64) error {
	return &vault.Error{Code: protocol.CodeTooLarge, Message: fmt.Sprintf("the body is longer than %d bytes", limit)}
}

// readError maps a read error to its answer.
func readError(err error, limit int64) error {
	var max *http.MaxBytesError
	var known *vault.Error
	switch {
	case errors.As(err, &max):
		return tooLarge(limit)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errTooSlow
	case errors.As(err, &known):
		return known
	}
	return badBody("the body is incomplete")
}

// setDeadline ignores connections that do not support deadlines.
func setDeadline(set func(time.Time) error, at time.Time) error {
	if err := set(at); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	return nil
}

// readSmall reads up to smallBody bytes, which never wait for room. A short body gets a buffer of its announced size.
func (b *bodies) readSmall(in *body, source io.Reader, announced int64, deadline func(time.Time) error) error {
	if err := setDeadline(deadline, time.Now().Add(b.patience)); err != nil {
		return err
	}
	buffer := make([]byte, firstRead)
	if announced >= 0 {
		buffer = buffer[:min(announced+1, firstRead)] // the extra byte detects the end
	}
	n, err := fill(source, buffer)
	if err == nil {
		block := make([]byte, smallBody)
		copy(block, buffer)
		var more int
		more, err = fill(source, block[n:])
		n, buffer = n+more, block
	}
	if n > 0 {
		in.blocks, in.size = append(in.blocks, buffer[:n]), n
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// largeBody is the part of a body beyond smallBody.
type largeBody struct {
	*body
	bodies *bodies
	share  *share
	pooled []*[blockSize]byte
}

// read acquires room for a block only when its first byte arrives.
func (l *largeBody) read(ctx context.Context, source io.Reader, deadline func(time.Time) error) error {
	for {
		if err := setDeadline(deadline, time.Now().Add(l.bodies.patience)); err != nil {
			return err
		}
		var first [1]byte
		if n, err := fill(source, first[:]); n == 0 && errors.Is(err, io.EOF) {
			return nil
		} else if n == 0 {
			return err
		}
		if err := l.grow(ctx); err != nil {
			return err
		}
		// The time spent waiting for room does not count against the client.
		if err := setDeadline(deadline, time.Now().Add(l.bodies.patience)); err != nil {
			return err
		}
		block := l.pooled[len(l.pooled)-1]
		block[0] = first[0]
		n, err := fill(source, block[1:])
		l.blocks, l.size = append(l.blocks, block[:1+n]), l.size+1+n
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// fill is like io.ReadFull, but returns io.EOF at the end of source: io.ErrUnexpectedEOF must mean a truncated body.
func fill(source io.Reader, b []byte) (n int, err error) {
	for n < len(b) && err == nil {
		var more int
		more, err = source.Read(b[n:])
		n += more
	}
	return n, err
}

func (l *largeBody) grow(ctx context.Context) error {
	patience, cancel := context.WithTimeout(ctx, l.bodies.wait)
	defer cancel()
	if err := l.share.Acquire(patience, blockSize); err != nil {
		return waited(ctx, errBodiesBusy)
	}
	if err := l.bodies.room.Acquire(patience, blockSize); err != nil {
		l.share.Release(blockSize)
		return waited(ctx, errBodiesBusy)
	}
	l.pooled = append(l.pooled, blockPool.Get().(*[blockSize]byte))
	return nil
}

func (l *largeBody) drop() {
	for _, c := range l.pooled {
		blockPool.Put(c)
	}
	n := int64(len(l.pooled)) * blockSize
	l.bodies.room.Release(n)
	l.share.Release(n)
	l.pooled, l.blocks = nil, nil
}
