package server

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// Proxies poll about once a second and do not wait longer than that.
const readyTimeout = 500 * time.Millisecond

// health reports that the process is alive, even if its store fails: a restart would not fix the store.
func (s *Server) health(w http.ResponseWriter, r *http.Request) error {
	return s.reply(w, r, protocol.Health{OK: true})
}

// ready reports whether a proxy may send requests here. A restored server is ready before its operator opens it: devices send it what it
// lost.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) error {
	if s.draining.Load() {
		return errDraining
	}
	ctx, cancel := context.WithTimeout(r.Context(), s.readiness.wait)
	defer cancel()
	if !s.readiness.isReady(ctx) {
		return errNotReady
	}
	out := protocol.Health{OK: true}
	if err := s.vault.CheckOpen(ctx); errors.Is(err, vault.ErrWaiting) {
		out.Waiting = vault.ErrWaiting.Message
	}
	return s.reply(w, r, out)
}

func (s *Server) openAPI(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(protocol.OpenAPI) // if the write fails, the client is gone
	return nil
}
