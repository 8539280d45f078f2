package server

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

const (
	// entryBody has room for the longest log entry with its envelopes, or with the policy.
	entryBody = protocol.MaxSignedBytes + protocol.MaxEntryEnvelopes*protocol.MaxEnvelopeBytes + protocol.MaxPolicyBytes + 4<<10
	// envelopesBody has room for protocol.MaxPartEnvelopes.
	envelopesBody = protocol.MaxPartEnvelopes*(protocol.MaxEnvelopeBytes+4) + 4<<10
)

// vaults lists the shared vaults of the user.
func vaults(s *Server, w http.ResponseWriter, r *http.Request, session vault.Session) error {
	out, err := s.vault.SharedVaults(r.Context(), session)
	if err != nil {
		return err
	}
	return s.reply(w, r, out)
}

// entry stores one log entry of a vault.
func entry(s *Server, w http.ResponseWriter, r *http.Request, session vault.Session) error {
	in, err := decode[protocol.VaultEntryRequest](s, w, r, entryBody, session.UserID)
	if err != nil {
		return err
	}
	if err := s.vault.Entry(r.Context(), session, chi.URLParam(r, "vault"), in); err != nil {
		return err
	}
	return done(w)
}

// envelopes stores a part of the envelopes of a later entry.
func envelopes(s *Server, w http.ResponseWriter, r *http.Request, session vault.Session) error {
	in, err := decode[protocol.EnvelopesRequest](s, w, r, envelopesBody, session.UserID)
	if err != nil {
		return err
	}
	if err := s.vault.PutEnvelopes(r.Context(), session, chi.URLParam(r, "vault"), in); err != nil {
		return err
	}
	return done(w)
}
