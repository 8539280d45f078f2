package server

import (
	"net/http"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

func cards(s *Server, w http.ResponseWriter, r *http.Request, session vault.Session) error {
	query := r.URL.Query()
	if len(query) != 1 || len(query["username"]) != 1 {
		return badBody("the parameters are: username, once")
	}
	out, err := s.vault.Cards(r.Context(), session, query.Get("username"))
	if err != nil {
		return err
	}
	return s.reply(w, r, out)
}

func (s *Server) invitationOffer(w http.ResponseWriter, r *http.Request) error {
	in, err := decode[protocol.OfferRequest](s, w, r, smallBody, guest)
	if err != nil {
		return err
	}
	out, err := s.vault.Offer(r.Context(), in)
	if err != nil {
		return err
	}
	return s.reply(w, r, out)
}

func invitationAnswers(s *Server, w http.ResponseWriter, r *http.Request, by vault.Administrator) error {
	out, err := s.vault.Answers(r.Context(), by)
	if err != nil {
		return err
	}
	return s.reply(w, r, out)
}
