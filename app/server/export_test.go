package server

import (
	"time"

	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// Routes lists all routes as "METHOD path".
func (s *Server) Routes() []string {
	var out []string
	for _, r := range s.routes() {
		out = append(out, r.method+" "+r.path)
	}
	return out
}

// Statuses returns the HTTP status of each error code.
func Statuses() map[protocol.Code]int { return statuses }

// RateClock replaces the clock of the rate limits.
func (s *Server) RateClock(now func() time.Time) { s.now = now }

// UnpackWithin sets how long a client without brotli waits for a slot.
func (s *Server) UnpackWithin(d time.Duration) { s.page.unpacker.wait = d }

// Stream sets how often event streams send a comment, and how long they last.
func (s *Server) Stream(beat, life time.Duration) { s.streamBeat, s.streamLife = beat, life }

// ProbeEvery sets how long the result of a probe is valid.
func (s *Server) ProbeEvery(d time.Duration) { s.readiness.every = d }

// ReadyWithin sets how long /ready waits for a probe.
func (s *Server) ReadyWithin(d time.Duration) { s.readiness.wait = d }

// UnpackSlots is how many clients without brotli are served concurrently.
const UnpackSlots = unpackSlots

// FullSyncs is how many full syncs run concurrently.
const FullSyncs = fullSyncs

// SyncWithin sets how long a full sync waits, and how long a client may take to receive a block.
func (s *Server) SyncWithin(wait, patience time.Duration) {
	s.syncs.wait, s.syncs.patience = wait, patience
}

// HasSlots reports whether n more full syncs could start.
func (s *Server) HasSlots(n int64) bool {
	ok := s.syncs.slots.TryAcquire(n)
	if ok {
		s.syncs.slots.Release(n)
	}
	return ok
}

// BodyRoom and UserRoom limit the bytes of large bodies in memory, for all users and for one.
const BodyRoom, UserRoom = bodyRoom, userRoom

// BodyWithin sets how long a large body waits for room, and how long a client may take to send a block.
func (s *Server) BodyWithin(wait, patience time.Duration) {
	s.bodies.wait, s.bodies.patience = wait, patience
}

// HasRoom reports whether there is room for n more bytes of large bodies.
func (s *Server) HasRoom(n int64) bool {
	ok := s.bodies.room.TryAcquire(n)
	if ok {
		s.bodies.room.Release(n)
	}
	return ok
}
