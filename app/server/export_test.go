package server

import (
	"time"

	"github.com/vaultsphere/vaultsphere/app/api"
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
func Statuses() map[api.Code]int { return statuses }

// UnpackWithin sets how long a client without brotli waits for its turn.
func (s *Server) UnpackWithin(d time.Duration) { s.page.unpacker.wait = d }

// Stream sets how often event streams show that they live, and how long they last.
func (s *Server) Stream(beat, life time.Duration) { s.streamBeat, s.streamLife = beat, life }

// ProbeEvery sets how long the answer of one probe of the store counts.
func (s *Server) ProbeEvery(d time.Duration) { s.readiness.every = d }

// UnpackSlots is how many clients without brotli are served at once.
const UnpackSlots = unpackSlots
