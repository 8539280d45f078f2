package server

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

const (
	// streamBeat keeps proxies from taking a quiet stream for a dead one: the shortest time-out of the usual ones is a minute.
	streamBeat = 20 * time.Second
	// streamLife is below the time that proxies give an answer, the Caddyfile's 5 minutes among them: a stream that ends is
	// followed by another at once, one that is cut off is an error in somebody's log.
	streamLife = 4 * time.Minute
	// streamPatience is how long a client may take to receive an event. The server's write time-out would count from the
	// start of the stream.
	streamPatience = 30 * time.Second
	// Clients come back after this time, each after its own: when a server stops, its streams all end at once, and
	// the proxy needs a moment to see that.
	retryFrom, retrySpread = 2 * time.Second, 3 * time.Second
)

// events tells the revision of the vault whenever it changes, until the session or this server ends. Nothing is lost by
// a stream that ends: the next one begins with the revision.
func events(s *Server, w http.ResponseWriter, r *http.Request, session vault.Session) error {
	noStore(w)
	if r.Method == http.MethodHead {
		w.Header().Set("Content-Type", eventStream)
		return nil
	}
	watch, stop, err := s.vault.Watch(session)
	if err != nil {
		return err
	}
	defer stop()
	out := http.NewResponseController(w)
	// The server's read time-out would cut the request off in the middle of its answer.
	if err := out.SetReadDeadline(time.Time{}); err != nil {
		return fmt.Errorf("take the read time-out from an event stream: %w", err)
	}
	w.Header().Set("Content-Type", eventStream)
	w.Header().Set("X-Accel-Buffering", "no") // to nginx and its like: what is held back is late
	noteStream(r.Context())
	if err := s.stream(w, r, out, watch); err != nil {
		s.lost(r.Context(), err)
	}
	return nil
}

const eventStream = "text/event-stream"

func (s *Server) stream(w http.ResponseWriter, r *http.Request, out *http.ResponseController, watch *vault.Watch) error {
	send := func(text string) error {
		if err := out.SetWriteDeadline(time.Now().Add(streamPatience)); err != nil {
			return err
		}
		if _, err := io.WriteString(w, text); err != nil {
			return err
		}
		return out.Flush()
	}
	retry := retryFrom + rand.N(retrySpread) //nolint:gosec // no secret
	if err := send(fmt.Sprintf("retry: %d\n\n", retry.Milliseconds())); err != nil {
		return err
	}
	beat := time.NewTicker(s.streamBeat)
	defer beat.Stop()
	life := time.NewTimer(s.streamLife)
	defer life.Stop()
	for {
		var text string
		select {
		case <-r.Context().Done():
			return nil
		case <-s.drained:
			return nil
		case <-life.C:
			return send("retry: 0\n\n")
		case revision, live := <-watch.Revisions:
			if !live {
				e := vault.ErrUnauthorized
				return send(event(protocol.EventEnded, protocol.Error{Code: e.Code, Message: e.Message, RequestID: requestID(r.Context())}))
			}
			text = event(protocol.EventRevision, protocol.RevisionEvent{Revision: revision})
		case <-beat.C:
			text = ":\n\n"
		}
		if err := send(text); err != nil {
			return err
		}
	}
}

// event is one event of a stream. JSON as Go writes it has no line break, which would end the data.
func event(name string, data any) string {
	b, err := json.Marshal(data)
	if err != nil {
		panic(err) // the bodies of package protocol always encode
	}
	return "event: " + name + "\ndata: " + string(b) + "\n\n"
}
