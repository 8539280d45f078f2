package server

import (
	"net/http"
	"net/url"
	"time"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

func adminEvents(s *Server, w http.ResponseWriter, r *http.Request, by vault.Administrator) error {
	q, err := readAuditQuery(r.URL.Query())
	if err != nil {
		return err
	}
	out, err := s.vault.AuditEvents(r.Context(), by, q)
	if err != nil {
		return err
	}
	return s.reply(w, r, out)
}

// accountEvents answers only about the user of the session: there is no parameter for another one.
func accountEvents(s *Server, w http.ResponseWriter, r *http.Request, session vault.Session) error {
	query := r.URL.Query()
	if query.Has("user") {
		return badBody("the parameters are: since, until, kind and before")
	}
	q, err := readAuditQuery(query)
	if err != nil {
		return err
	}
	out, err := s.vault.AccountEvents(r.Context(), session, q)
	if err != nil {
		return err
	}
	return s.reply(w, r, out)
}

func readAuditQuery(query url.Values) (q vault.AuditQuery, err error) {
	for name, values := range query {
		if len(values) != 1 || values[0] == "" {
			return q, badBody("%s must be given once, and not be empty", name)
		}
		switch value := values[0]; name {
		case "since":
			q.Since, err = time.Parse(time.RFC3339, value)
		case "until":
			q.Until, err = time.Parse(time.RFC3339, value)
		case "user":
			q.User = value
		case "kind":
			q.Kind = protocol.AuditKind(value)
		case "before":
			q.Before = value
		default:
			return q, badBody("the parameters are: since, until, user, kind and before")
		}
		if err != nil {
			return q, badBody("%s must be a time such as 2026-01-31T09:26:53Z", name)
		}
	}
	return q, nil
}
