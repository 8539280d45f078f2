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

// parseChange is the only check of a change that does not depend on what the vault holds.
func parseChange(in protocol.ChangeRequest, quota Quota) (Change, error) {
	if in.BaseRevision < 0 {
		return Change{}, badField("base_revision", "must not be negative")
	}
	if err := checkToken("manifest", in.Manifest, protocol.MaxSmallTokenBytes); err != nil {
		return Change{}, err
	}
	n := len(in.Puts) + len(in.Deletes)
	if n == 0 {
		return Change{}, badField("puts", "and deletes are both empty: there is nothing to change")
	}
	if n > protocol.MaxChangeRecords {
		return Change{}, badField("puts", "and deletes together are more than %d records", protocol.MaxChangeRecords)
	}
	seen := make(map[protocol.Place]bool, n)
	for i, p := range in.Puts {
		if err := checkPlace("puts", i, p.Place, seen); err != nil {
			return Change{}, err
		}
		if err := checkToken(fmt.Sprintf("puts[%d].token", i), p.Token, protocol.MaxTokenBytes); err != nil {
			return Change{}, err
		}
	}
	for i, p := range in.Deletes {
		if err := checkPlace("deletes", i, p, seen); err != nil {
			return Change{}, err
		}
	}
	return Change{Base: in.BaseRevision, Manifest: in.Manifest, Puts: in.Puts, Deletes: in.Deletes, Quota: quota}, nil
}

func checkPlace(list string, i int, p protocol.Place, seen map[protocol.Place]bool) error {
	at := fmt.Sprintf("%s[%d].", list, i)
	if err := checkID(at+"item_id", p.ItemID); err != nil {
		return err
	}
	if p.Kind != protocol.KindOverview && p.Kind != protocol.KindDetails {
		return badField(at+"kind", "must be %q or %q", protocol.KindOverview, protocol.KindDetails)
	}
	if p.Version < 1 {
		return badField(at+"version", "must be 1 or more")
	}
	if p.Kind == protocol.KindOverview {
		p.Version = 0 // an item has one overview: two operations on it contradict each other
	}
	if seen[p] {
		return badField(at+"item_id", "names a record twice in one change")
	}
	seen[p] = true
	return nil
}

// PlaceUsed is the ErrInvalidChange for a put of details at a place that held a record before.
func PlaceUsed(p protocol.Place) error {
	return fmt.Errorf("%w: version %d of %s %s was written before", ErrInvalidChange, p.Version, p.Kind, p.ItemID)
}

// PlaceNotLive is the ErrInvalidChange for the delete of a record that is not live.
func PlaceNotLive(p protocol.Place) error {
	return fmt.Errorf("%w: there is no version %d of %s %s to delete", ErrInvalidChange, p.Version, p.Kind, p.ItemID)
}
