package vault

import (
	"fmt"
	"slices"

	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// Change moves a vault from revision Base to Base+1. parseChange makes it, so a Store may assume what a client cannot
// change: the kinds are known, versions start at 1, item IDs are canonical base64url, tokens are canonical padded
// base64url of 1 to protocol.MaxTokenBytes, no record occurs twice (a put of an overview counts whatever its version),
// and there are at most protocol.MaxChangeRecords records.
type Change struct {
	Base     int64
	Manifest string
	Puts     []protocol.Put
	Deletes  []protocol.Place
	Quota    Quota
}

// Replaces reports whether c, of which added items are new, only replaces overviews and deletes.
func (c Change) Replaces(added int64) bool {
	return added <= 0 && !slices.ContainsFunc(c.Puts, func(p protocol.Put) bool { return p.Kind == protocol.KindDetails })
}

// PlaceUsed is the ErrInvalidChange for a put of details at a place that held a record before.
func PlaceUsed(p protocol.Place) error {
	return fmt.Errorf("%w: version %d of %s %s was written before", ErrInvalidChange, p.Version, p.Kind, p.ItemID)
}

// PlaceNotLive is the ErrInvalidChange for the delete of a record that is not live.
func PlaceNotLive(p protocol.Place) error {
	return fmt.Errorf("%w: there is no version %d of %s %s to delete", ErrInvalidChange, p.Version, p.Kind, p.ItemID)
}
