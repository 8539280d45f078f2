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
	// streamBeat is how often a comment keeps proxies from closing a quiet stream: their shortest usual timeout is a minute.
	streamBeat = 20 * time.Second
	// streamLife is shorter than the response timeouts of proxies, such as the Caddyfile's 5 minutes. A client immediately
	// replaces a stream that ends, but a stream that a proxy cuts off is logged as an error.
	streamLife = 4 * time.Minute
	// streamPatience is how long a client may take to receive an event. The server's write timeout would count from the start
	// of the stream.
	streamPatience = 30 * time.Second
	// Clients reconnect after a random delay: when a server stops, all its streams end together, and the proxy needs a moment
	// to notice.
	retryFrom, retrySpread = 2 * time.Second, 3 * time.Second
)

// events sends the state of the personal vault, and the list of shared ones, whenever they change, until the session ends or the server stops. A client that reconnects
// misses nothing: each stream starts with the current state.
func events(s *Server, w http.ResponseWriter, r *http.Request, session vault.Session) error {
	noStore(w)
	if r.Method == http.MethodHead {
		w.Header().Set("Content-Type", eventStream)
		return nil
	}
	watch, stop, err := s.vault.Watch(r.Context(), session)
	if err != nil {
		return err
	}
	defer stop()
	out := http.NewResponseController(w)
	// The server's read timeout would abort the request during its answer.
	if err := out.SetReadDeadline(time.Time{}); err != nil {
		return fmt.Errorf("remove the read timeout of an event stream: %w", err)
	}
	w.Header().Set("Content-Type", eventStream)
	w.Header().Set("X-Accel-Buffering", "no") // turns off buffering in nginx and similar proxies
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
	retry := retryFrom + rand.N(retrySpread) //nolint:gosec // not a secret
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
		case now, live := <-watch.Revisions:
			if !live {
				e := vault.ErrUnauthorized
				return send(event(protocol.EventEnded, protocol.Error{Code: e.Code, Message: e.Message, RequestID: requestID(r.Context())}))
			}
			text = event(protocol.EventRevision, now)
		case vaults := <-watch.Vaults:
			text = event(protocol.EventVaults, protocol.SharedVaults{Vaults: vaults})
		case <-beat.C:
			text = ":\n\n"
		}
		if err := send(text); err != nil {
			return err
		}
	}
}

// event encodes one event of a stream. encoding/json writes no line breaks, which would end the data.
func event(name string, data any) string {
	b, err := json.Marshal(data)
	if err != nil {
		panic(err) // the bodies of package protocol always encode
	}
	return "event: " + name + "\ndata: " + string(b) + "\n\n"
}
