package server

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

const (
	// smallHistory is how many writes or tokens an answer may have without a slot of the full syncs.
	smallHistory = 8
	// tokensBody has room for protocol.MaxHistoryTokens.
	tokensBody = 64 << 10
)

// history answers with writes and their operations. The answer is bounded by vault.HistoryBytes.
func history(s *Server, w http.ResponseWriter, r *http.Request, session vault.Session) error {
	from, to := int64(1), int64(1)
	if err := readNumbers(r.URL.Query(), "from and to", map[string]*int64{"from": &from, "to": &to}); err != nil {
		return err
	}
	if to-from >= smallHistory {
		release, err := s.syncs.take(r.Context(), session)
		if err != nil {
			return err
		}
		defer release()
	}
	out, err := s.vault.History(r.Context(), session, chi.URLParam(r, "vault"), from, to)
	if err != nil {
		return err
	}
	return s.reply(w, r, out)
}

// tokens answers with tokens of records. Only a block of them is in memory at a time.
func tokens(s *Server, w http.ResponseWriter, r *http.Request, session vault.Session) error {
	in, err := decode[protocol.TokensRequest](s, w, r, tokensBody, session.UserID)
	if err != nil {
		return err
	}
	a := s.newBlockAnswer(w)
	defer a.free()
	a.slot = func() (func(), error) { return s.syncs.take(r.Context(), session) }
	if len(in.Tokens) > smallHistory {
		if err := a.takeSlot(); err != nil {
			return err
		}
	}
	*a.block = append(*a.block, `{"tokens":[`...)
	return s.finish(r, a, s.vault.Tokens(r.Context(), session, chi.URLParam(r, "vault"), in, a.token))
}

// token adds a token to the list. It needs no escapes.
func (a *blockAnswer) token(token protocol.TokenOrNone) error {
	if err := a.next(len(token) + len(`,""`)); err != nil {
		return err
	}
	*a.block = append(append(append(*a.block, '"'), token...), '"')
	return nil
}
