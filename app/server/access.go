package server

import (
	"net/http"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// guest is the user ID of a request without a session.
const guest vault.UserID = ""

func (s *Server) prelogin(w http.ResponseWriter, r *http.Request) error {
	in, err := decode[protocol.PreloginRequest](s, w, r, smallBody, guest)
	if err != nil {
		return err
	}
	out, err := s.vault.Prelogin(r.Context(), in)
	if err != nil {
		return err
	}
	return s.reply(w, r, out)
}

func (s *Server) register(w http.ResponseWriter, r *http.Request) error {
	in, err := decode[protocol.NewUserRequest](s, w, r, smallBody, guest)
	if err != nil {
		return err
	}
	e, err := s.vault.Register(r.Context(), in, s.doorFor(r), s.caller(r))
	if err != nil {
		return err
	}
	return s.enter(w, r, e, in.Transport)
}

func (s *Server) registerCheck(w http.ResponseWriter, r *http.Request) error {
	in, err := decode[protocol.RegisterCheckRequest](s, w, r, smallBody, guest)
	if err != nil {
		return err
	}
	if err := s.vault.CheckRegistration(r.Context(), in, s.doorFor(r)); err != nil {
		return err
	}
	return done(w)
}

func (s *Server) login(w http.ResponseWriter, r *http.Request) error {
	in, err := decode[protocol.LoginRequest](s, w, r, smallBody, guest)
	if err != nil {
		return err
	}
	e, err := s.vault.Login(r.Context(), in, s.caller(r))
	if err != nil {
		return err
	}
	return s.enter(w, r, e, in.Transport)
}

func (s *Server) recoveryOpen(w http.ResponseWriter, r *http.Request) error {
	in, err := decode[protocol.PhraseProof](s, w, r, smallBody, guest)
	if err != nil {
		return err
	}
	out, err := s.vault.OpenPhrase(r.Context(), in)
	if err != nil {
		return err
	}
	return s.reply(w, r, out)
}

func (s *Server) recoveryFinish(w http.ResponseWriter, r *http.Request) error {
	in, err := decode[protocol.PhraseEntryRequest](s, w, r, accountBody, guest)
	if err != nil {
		return err
	}
	e, err := s.vault.PhraseEntry(r.Context(), in, s.caller(r))
	if err != nil {
		return err
	}
	return s.enter(w, r, e, in.Transport)
}
