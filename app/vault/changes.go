package vault

import (
	"context"

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
