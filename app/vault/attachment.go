package vault

import (
	"context"
	"errors"
	"strconv"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

var errNoChunk = &Error{Code: protocol.CodeNotFound, Message: "no such chunk of an attachment"}

// PutChunk stores one chunk of an attachment, which stays pending until a write puts it. Only a write deletes an attachment.
// number is the path segment.
func (s *Service) PutChunk(ctx context.Context, session Session, vaultID, id, number string, in protocol.Chunk) error {
	c, err := parseChunk(id, number)
	if err != nil {
		return err
	}
	if in.Count < c.Number || in.Count > protocol.MaxChunks {
		return badField("count", "must be between the number of the chunk and %d", protocol.MaxChunks)
	}
	if err := checkToken("token", in.Token, protocol.MaxChunkTokenBytes); err != nil {
		return err
	}
	head, _, err := s.permit(ctx, session, vaultID, chain.Editor)
	if err != nil {
		return err
	}
	if head.State.Closed {
		return badField("vault", "is closed")
	}
	c.Count, c.Token = in.Count, in.Token
	err = s.store.PutChunk(ctx, head.Vault, c, s.now(), s.limits.Attachments)
	if errors.Is(err, ErrNotFound) { // deleted in between
		return errNoVault
	}
	return err
}

// Chunk reads one chunk of an attachment.
func (s *Service) Chunk(ctx context.Context, session Session, vaultID, id, number string) (protocol.Chunk, error) {
	c, err := parseChunk(id, number)
	if err != nil {
		return protocol.Chunk{}, err
	}
	head, _, err := s.member(ctx, session, vaultID)
	if err != nil {
		return protocol.Chunk{}, err
	}
	stored, err := s.store.Chunk(ctx, head.Vault, c.Attachment, c.Number, s.now())
	if errors.Is(err, ErrNotFound) {
		return protocol.Chunk{}, errNoChunk
	}
	return protocol.Chunk{Count: stored.Count, Token: stored.Token}, err
}

// Attachments lists the attachments of a vault, live or pending.
func (s *Service) Attachments(ctx context.Context, session Session, vaultID string) (protocol.VaultAttachments, error) {
	head, _, err := s.member(ctx, session, vaultID)
	if err != nil {
		return protocol.VaultAttachments{}, err
	}
	list, err := s.store.Attachments(ctx, head.Vault)
	out := protocol.VaultAttachments{Attachments: []protocol.VaultAttachment{}, Quota: s.limits.Attachments, Now: s.now().UnixMilli()}
	for _, a := range list {
		out.Attachments = append(out.Attachments, protocol.VaultAttachment{
			ID: a.ID.String(), Count: a.Count, Chunks: a.stored(), Bytes: a.Bytes, Live: a.Live,
		})
	}
	return out, err
}

func (a Attachment) stored() int {
	n := 0
	for _, h := range a.Chunks {
		if h != (chain.Hash{}) {
			n++
		}
	}
	return n
}

func parseChunk(id, number string) (Chunk, error) {
	n, err := checkChunk(id, number)
	if err != nil {
		return Chunk{}, err
	}
	attachment, err := chain.ParseID(id)
	if err != nil || attachment == (chain.ID{}) {
		return Chunk{}, badField("id", "must be %d bytes in base64url without padding", idBytes)
	}
	return Chunk{Attachment: attachment, Number: n}, nil
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
