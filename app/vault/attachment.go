package vault

import (
	"context"
	"errors"
	"strconv"

	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// PutChunk stores one chunk of an attachment. number is the path segment.
func (s *Service) PutChunk(ctx context.Context, session Session, id, number string, in protocol.Chunk) error {
	n, err := checkChunk(id, number)
	if err != nil {
		return err
	}
	if in.Count < n || in.Count > protocol.MaxChunks {
		return badField("count", "must be between the number of the chunk and %d", protocol.MaxChunks)
	}
	if err := checkToken("token", in.Token, protocol.MaxChunkTokenBytes); err != nil {
		return err
	}
	p := Chunk{Attachment: id, Number: n, Count: in.Count, Token: in.Token}
	err = s.store.PutChunk(ctx, session.Username, p, s.now(), s.limits.Attachments)
	if errors.Is(err, ErrNotFound) {
		return ErrUnauthorized
	}
	return err
}

// Chunk reads one chunk of an attachment.
func (s *Service) Chunk(ctx context.Context, session Session, id, number string) (protocol.Chunk, error) {
	n, err := checkChunk(id, number)
	if err != nil {
		return protocol.Chunk{}, err
	}
	p, err := s.store.Chunk(ctx, session.UserID, id, n)
	if errors.Is(err, ErrNotFound) {
		return protocol.Chunk{}, &Error{Code: protocol.CodeNotFound, Message: "no such chunk of an attachment"}
	}
	return p, err
}

// Attachments lists the user's attachments, complete or not.
func (s *Service) Attachments(ctx context.Context, session Session) (protocol.AttachmentsResponse, error) {
	list, err := s.store.Attachments(ctx, session.UserID)
	if list == nil {
		list = []protocol.Attachment{}
	}
	return protocol.AttachmentsResponse{Attachments: list, Quota: s.limits.Attachments, Now: s.now()}, err
}

// DeleteAttachment removes an attachment and its chunks.
func (s *Service) DeleteAttachment(ctx context.Context, session Session, id string) error {
	if err := checkID("id", id); err != nil {
		return err
	}
	err := s.store.DeleteAttachment(ctx, session.Username, id)
	if errors.Is(err, ErrNotFound) {
		return &Error{Code: protocol.CodeNotFound, Message: "no such attachment"}
	}
	return err
}

func checkChunk(id, number string) (int, error) {
	if err := checkID("id", id); err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 || n > protocol.MaxChunks || strconv.Itoa(n) != number {
		return 0, badField("chunk", "must be a number between 1 and %d", protocol.MaxChunks)
	}
	return n, nil
}
