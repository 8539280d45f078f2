package vault

import (
	"context"
	"errors"

	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// Head is the current state of a vault.
type Head struct {
	Revision int64
	Manifest string
}

// ChangeWriter receives the result of Store.Changes: Begin once, then Write for each record. If either fails, Changes stops and
// returns the error unchanged. A store may hold a snapshot open between the calls, so they must not block for long.
type ChangeWriter interface {
	Begin(h Head) error
	Write(r protocol.Record) error
}

// Changes writes all changes after revision since to w.
func (s *Service) Changes(ctx context.Context, session Session, since int64, w ChangeWriter) error {
	if since < 0 {
		return badField("since", "must not be negative")
	}
	return signedOut(s.store.Changes(ctx, session.Username, since, w))
}

// Small reports whether Changes would write at most limit bytes of tokens.
func (s *Service) Small(ctx context.Context, session Session, since, limit int64) (bool, error) {
	return s.store.Small(ctx, session.Username, since, limit)
}

// signedOut turns the ErrNotFound of a session's own user into ErrUnauthorized: without a user there is no session.
func signedOut(err error) error {
	if errors.Is(err, ErrNotFound) {
		return ErrUnauthorized
	}
	return err
}

// Collect reads changes into memory.
func Collect(ctx context.Context, s Store, name Username, since int64) (protocol.VaultResponse, error) {
	c := collector{Records: []protocol.Record{}}
	if err := s.Changes(ctx, name, since, &c); err != nil {
		return protocol.VaultResponse{}, err
	}
	return protocol.VaultResponse(c), nil
}

type collector protocol.VaultResponse

func (c *collector) Begin(h Head) error {
	c.Revision, c.Manifest = h.Revision, h.Manifest
	return nil
}

func (c *collector) Write(r protocol.Record) error {
	c.Records = append(c.Records, r)
	return nil
}
