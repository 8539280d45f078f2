package server

import (
	"time"

	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// Routes lists "METHOD path" of the table in routes.
func (s *Server) Routes() []string {
	var out []string
	for _, r := range s.routes() {
		out = append(out, r.method+" "+r.path)
	}
	return out
}

// Statuses is the status of each error code.
func Statuses() map[protocol.Code]int { return statuses }

// UnpackWithin sets how long a client without brotli waits for its turn.
func (s *Server) UnpackWithin(d time.Duration) { s.page.unpacker.wait = d }

// Stream sets how often event streams show that they live, and how long they last.
func (s *Server) Stream(beat, life time.Duration) { s.streamBeat, s.streamLife = beat, life }

// ProbeEvery sets how long the answer of one probe of the store counts.
func (s *Server) ProbeEvery(d time.Duration) { s.readiness.every = d }

// UnpackSlots is how many clients without brotli are served at once.
const UnpackSlots = unpackSlots

// FullSyncs is how many full syncs go on at once.
const FullSyncs = fullSyncs

// SyncWithin sets how long a full sync waits, and how long a client may take for a block of one.
func (s *Server) SyncWithin(wait, patience time.Duration) {
	s.syncs.wait, s.syncs.patience = wait, patience
}

// BodyRoom is how many bytes of large bodies may have arrived, of all users and of one.
const BodyRoom, UserRoom = bodyRoom, userRoom

// BodyWithin sets how long a large body waits for room, and how long a client may take for a block of one.
func (s *Server) BodyWithin(wait, patience time.Duration) {
	s.bodies.wait, s.bodies.patience = wait, patience
}

// HasRoom tells whether n more bytes of large bodies may arrive.
func (s *Server) HasRoom(n int64) bool {
	ok := s.bodies.room.TryAcquire(n)
	if ok {
		s.bodies.room.Release(n)
	}
	return ok
}
