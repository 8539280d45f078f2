package server

import (
	"net/http"

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
