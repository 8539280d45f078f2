package server

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// chunkBody has room for a chunk's token and the JSON around it.
const chunkBody = protocol.MaxChunkTokenBytes + 1<<10

func attachments(s *Server, w http.ResponseWriter, r *http.Request, session vault.Session) error {
	out, err := s.vault.Attachments(r.Context(), session, chi.URLParam(r, "vault"))
	if err != nil {
		return err
	}
	return s.reply(w, r, out)
}

func putChunk(s *Server, w http.ResponseWriter, r *http.Request, session vault.Session) error {
	in, err := decode[protocol.Chunk](s, w, r, chunkBody, session.UserID)
	if err != nil {
		return err
	}
	vaultID, id, number := chunkInPath(r)
	if err := s.vault.PutChunk(r.Context(), session, vaultID, id, number, in); err != nil {
		return err
	}
	return done(w)
}

func chunk(s *Server, w http.ResponseWriter, r *http.Request, session vault.Session) error {
	vaultID, id, number := chunkInPath(r)
	out, err := s.vault.Chunk(r.Context(), session, vaultID, id, number)
	if err != nil {
		return err
	}
	return s.reply(w, r, out)
}

func chunkInPath(r *http.Request) (vaultID, id, number string) {
	return chi.URLParam(r, "vault"), chi.URLParam(r, "id"), chi.URLParam(r, "chunk")
}
