package server

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/vaultsphere/vaultsphere/app/api"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

func logout(s *Server, w http.ResponseWriter, r *http.Request, session vault.Session) error {
	if err := s.vault.Logout(r.Context(), session); err != nil {
		return err
	}
	return s.leave(w, r)
}

func accountDelete(s *Server, w http.ResponseWriter, r *http.Request, session vault.Session) error {
	in, err := decode[api.DeleteAccountRequest](s, w, r, smallBody, session.UserID)
	if err != nil {
		return err
	}
	if err := s.vault.DeleteAccount(r.Context(), session, in); err != nil {
		return err
	}
	return s.leave(w, r)
}

// leave takes the cookie back from a browser. A bearer has none.
func (s *Server) leave(w http.ResponseWriter, r *http.Request) error {
	if _, err := r.Cookie(s.cookieName(r)); err == nil {
		s.setCookie(w, r, "", -1)
	}
	return done(w)
}

func account(s *Server, w http.ResponseWriter, r *http.Request, session vault.Session) error {
	out, err := s.vault.Account(r.Context(), session)
	if err != nil {
		return err
	}
	return s.reply(w, r, out)
}

func settings(s *Server, w http.ResponseWriter, r *http.Request, _ vault.Session) error {
	return s.reply(w, r, s.settings)
}

func sessions(s *Server, w http.ResponseWriter, r *http.Request, session vault.Session) error {
	out, err := s.vault.Sessions(r.Context(), session)
	if err != nil {
		return err
	}
	return s.reply(w, r, out)
}

func revokeSession(s *Server, w http.ResponseWriter, r *http.Request, session vault.Session) error {
	if err := s.vault.RevokeSession(r.Context(), session, chi.URLParam(r, "id")); err != nil {
		return err
	}
	return done(w)
}

func revokeOthers(s *Server, w http.ResponseWriter, r *http.Request, session vault.Session) error {
	if err := s.vault.RevokeOthers(r.Context(), session); err != nil {
		return err
	}
	return done(w)
}
