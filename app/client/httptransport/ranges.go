package httptransport

import (
	"context"
	"net/http"

	"github.com/vaultsphere/vaultsphere/app/client"
)

// maxRange bounds one answer; the largest are about 60 KB.
const maxRange = 1 << 20

// Ranges is client.Ranges of one service.
type Ranges struct{ transport *Transport }

// NewRanges takes the service's address as New takes a server's.
func NewRanges(address string) (*Ranges, error) {
	t, err := New(address)
	return &Ranges{t}, err
}

// Range is client.Ranges's.
func (r *Ranges) Range(ctx context.Context, prefix string) (client.Response, error) {
	return r.transport.do(ctx, client.Request{Method: http.MethodGet, Path: "/range/" + prefix, Limit: maxRange},
		http.Header{"Accept": {"text/plain"}, "Add-Padding": {"true"}})
}
