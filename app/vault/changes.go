package vault

import (
	"context"
	"errors"

	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// Head is what a vault is at.
type Head struct {
	Revision int64
	Manifest string
}

// ChangeWriter takes what Store.Changes reads: Begin once, then each record. An error of either ends the reading, and
// Changes returns it as it is. A store may hold a snapshot open between the calls, so they should not wait for long.
type ChangeWriter interface {
	Begin(h Head) error
	Write(r protocol.Record) error
}

// Changes reads the vault from a revision on into w.
func (s *Service) Changes(ctx context.Context, session Session, since int64, w ChangeWriter) error {
	if since < 0 {
		return badField("since", "must not be negative")
	}
	return signedOut(s.store.Changes(ctx, session.Username, since, w))
}

// Small tells whether Changes would write at most limit bytes of tokens.
func (s *Service) Small(ctx context.Context, session Session, since, limit int64) (bool, error) {
	return s.store.Small(ctx, session.Username, since, limit)
}

// signedOut is for errors about the user of a session: one that is gone has none.
func signedOut(err error) error {
	if errors.Is(err, ErrNotFound) {
		return ErrUnauthorized
	}
	return err
}

// Collect reads changes into memory as a whole.
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
