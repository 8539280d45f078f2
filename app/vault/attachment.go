package vault

import (
	"context"
	"errors"
	"strconv"

	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// PutPiece stores one piece of an attachment. number is as it stands in the path.
func (s *Service) PutPiece(ctx context.Context, session Session, id, number string, in protocol.Piece) error {
	n, err := checkPiece(id, number)
	if err != nil {
		return err
	}
	if in.Count < n || in.Count > protocol.MaxPieces {
		return badField("count", "must be between the number of the piece and %d", protocol.MaxPieces)
	}
	if err := checkToken("token", in.Token, protocol.MaxPieceTokenBytes); err != nil {
		return err
	}
	p := Piece{Attachment: id, Number: n, Count: in.Count, Token: in.Token}
	err = s.store.PutPiece(ctx, session.Username, p, s.now(), s.limits.Attachments)
	if errors.Is(err, ErrNotFound) {
		return ErrUnauthorized
	}
	return err
}

// Piece reads one piece of an attachment.
func (s *Service) Piece(ctx context.Context, session Session, id, number string) (protocol.Piece, error) {
	n, err := checkPiece(id, number)
	if err != nil {
		return protocol.Piece{}, err
	}
	p, err := s.store.Piece(ctx, session.UserID, id, n)
	if errors.Is(err, ErrNotFound) {
		return protocol.Piece{}, &Error{Code: protocol.CodeNotFound, Message: "there is no such piece of an attachment"}
	}
	return p, err
}

// Attachments lists what the user has, complete or not.
func (s *Service) Attachments(ctx context.Context, session Session) (protocol.AttachmentsResponse, error) {
	list, err := s.store.Attachments(ctx, session.UserID)
	if list == nil {
		list = []protocol.Attachment{}
	}
	return protocol.AttachmentsResponse{Attachments: list, Quota: s.limits.Attachments, Now: s.now()}, err
}

// DeleteAttachment removes an attachment with its pieces.
func (s *Service) DeleteAttachment(ctx context.Context, session Session, id string) error {
	if err := checkID("id", id); err != nil {
		return err
	}
	err := s.store.DeleteAttachment(ctx, session.Username, id)
	if errors.Is(err, ErrNotFound) {
		return &Error{Code: protocol.CodeNotFound, Message: "there is no such attachment"}
	}
	return err
}

func checkPiece(id, number string) (int, error) {
	if err := checkID("id", id); err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 || n > protocol.MaxPieces || strconv.Itoa(n) != number {
		return 0, badField("piece", "must be a number between 1 and %d", protocol.MaxPieces)
	}
	return n, nil
}
