package server

import (
	"net/http"
	"slices"

	"github.com/go-chi/chi/v5"

	"github.com/vaultsphere/vaultsphere/app/protocol"
)

func (s *Server) resendState(w http.ResponseWriter, r *http.Request) error {
	out, err := s.vault.ResendState(r.Context(), chi.URLParam(r, "vault"))
	if err != nil {
		return err
	}
	return s.reply(w, r, out)
}

// resend is for guests: the server may know only older passwords. All guests share the room for large bodies of one user.
func (s *Server) resend(w http.ResponseWriter, r *http.Request) error {
	in, err := decode[protocol.ResendRequest](s, w, r, protocol.MaxBodyBytes, guest)
	if err != nil {
		return err
	}
	out, err := s.vault.Resend(r.Context(), chi.URLParam(r, "vault"), in)
	if err != nil {
		return err
	}
	return s.reply(w, r, out)
}

// whileWaiting lists the requests besides GET that a restored server takes before its operator opens it. None of them can change what
// the operator has to look at: prelogin reads, and logout ends a session that came back with the backup.
var whileWaiting = []string{protocol.PathPrelogin, protocol.PathVaultResend, protocol.PathLogout}

// unlessWaiting refuses other requests while the operator has not opened a restored server.
func (s *Server) unlessWaiting(e route) handler {
	if e.method == http.MethodGet || slices.Contains(whileWaiting, e.path) {
		return e.handler
	}
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := s.vault.CheckOpen(r.Context()); err != nil {
			return err
		}
		return e.handler(w, r)
	}
}
