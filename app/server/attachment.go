package server

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// pieceBody has room for the token and the little around it.
const pieceBody = protocol.MaxPieceTokenBytes + 1<<10

func attachments(s *Server, w http.ResponseWriter, r *http.Request, session vault.Session) error {
	out, err := s.vault.Attachments(r.Context(), session)
	if err != nil {
		return err
	}
	return s.reply(w, r, out)
}

func putPiece(s *Server, w http.ResponseWriter, r *http.Request, session vault.Session) error {
	in, err := decode[protocol.Piece](s, w, r, pieceBody, session.UserID)
	if err != nil {
		return err
	}
	if err := s.vault.PutPiece(r.Context(), session, chi.URLParam(r, "id"), chi.URLParam(r, "piece"), in); err != nil {
		return err
	}
	return done(w)
}

func piece(s *Server, w http.ResponseWriter, r *http.Request, session vault.Session) error {
	out, err := s.vault.Piece(r.Context(), session, chi.URLParam(r, "id"), chi.URLParam(r, "piece"))
	if err != nil {
		return err
	}
	return s.reply(w, r, out)
}

func deleteAttachment(s *Server, w http.ResponseWriter, r *http.Request, session vault.Session) error {
	if err := s.vault.DeleteAttachment(r.Context(), session, chi.URLParam(r, "id")); err != nil {
		return err
	}
	return done(w)
}
