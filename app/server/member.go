package server

import (
	"net/http"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

func logout(s *Server, w http.ResponseWriter, r *http.Request, session vault.Session) error {
	if err := s.vault.Logout(r.Context(), session); err != nil {
		return err
	}
	return s.leave(w, r)
}

func accountDelete(s *Server, w http.ResponseWriter, r *http.Request, session vault.Session) error {
	in, err := decode[protocol.DeleteAccountRequest](s, w, r, smallBody, session.UserID)
	if err != nil {
		return err
	}
	if err := s.vault.DeleteAccount(r.Context(), session, in); err != nil {
		return err
	}
	return s.leave(w, r)
}

// leave deletes a browser's session cookie and HTTP cache; a client with a bearer token has neither. It keeps the device
// cookie, and the page's record of the newest revision, without which the server could later serve an old vault. The page
// deletes the cached vault itself.
func (s *Server) leave(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Clear-Site-Data", `"cache"`)
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
