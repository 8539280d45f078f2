package server

import (
	"context"
	"net/http"

	"github.com/vaultsphere/vaultsphere/app/vault"
)

type administratorHandler = func(*Server, http.ResponseWriter, *http.Request, vault.Administrator) error

// administrator requires a live session of an administrator.
func (s *Server) administrator(h administratorHandler) handler {
	return s.member(func(s *Server, w http.ResponseWriter, r *http.Request, session vault.Session) error {
		by, err := s.vault.Administrator(r.Context(), session)
		if err != nil {
			return err
		}
		return h(s, w, r, by)
	})
}

// orders returns the handler for a method without a result.
func orders[In any](rule func(context.Context, vault.Administrator, In) error) administratorHandler {
	return func(s *Server, w http.ResponseWriter, r *http.Request, by vault.Administrator) error {
		in, err := decode[In](s, w, r, smallBody, by.ID())
		if err != nil {
			return err
		}
		if err := rule(r.Context(), by, in); err != nil {
			return err
		}
		return done(w)
	}
}

func adminUsers(s *Server, w http.ResponseWriter, r *http.Request, by vault.Administrator) error {
	query := r.URL.Query()
	after := query.Get("after")
	if len(query) > 1 || len(query) == 1 && (len(query["after"]) != 1 || after == "") {
		return badBody("the parameters are: after, once and not empty")
	}
	out, err := s.vault.Users(r.Context(), by, after)
	if err != nil {
		return err
	}
	return s.reply(w, r, out)
}

func adminInvitations(s *Server, w http.ResponseWriter, r *http.Request, by vault.Administrator) error {
	out, err := s.vault.Invitations(r.Context(), by)
	if err != nil {
		return err
	}
	return s.reply(w, r, out)
}
