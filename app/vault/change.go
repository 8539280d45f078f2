package vault

import (
	"fmt"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/protocol"
)

const base64url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_" // RFC 4648 §5

// Check tells what is wrong with a change whatever the vault holds, as ErrInvalidChange. Stores call it first.
func (c Change) Check() error {
	if n := len(c.Puts) + len(c.Deletes); n > protocol.MaxChangeRecords {
		return fmt.Errorf("%w: %d records, at most %d go into one change", ErrInvalidChange, n, protocol.MaxChangeRecords)
	}
	seen := make(map[protocol.Place]bool, len(c.Puts)+len(c.Deletes))
	check := func(p protocol.Place) error {
		switch {
		case p.Kind != protocol.KindOverview && p.Kind != protocol.KindDetails:
			return fmt.Errorf("%w: unknown kind", ErrInvalidChange)
		case p.ItemID == "" || strings.Trim(p.ItemID, base64url) != "":
			// A store may build keys from it with a separator outside this alphabet.
			return fmt.Errorf("%w: account id is not base64url", ErrInvalidChange)
		case p.Version < 1:
			return fmt.Errorf("%w: version %d of %s %s is below 1", ErrInvalidChange, p.Version, p.Kind, p.ItemID)
		}
		record := p
		if p.Kind == protocol.KindOverview {
			record.Version = 0 // one record, whatever its version
		}
		if seen[record] {
			return fmt.Errorf("%w: %s %s stands in it twice", ErrInvalidChange, p.Kind, p.ItemID)
		}
		seen[record] = true
		return nil
	}
	for _, p := range c.Puts {
		if err := check(p.Place); err != nil {
			return err
		}
		if p.Token == "" || len(p.Token) > protocol.MaxTokenBytes {
			return fmt.Errorf("%w: token of %s %s has %d bytes, not 1 to %d", ErrInvalidChange, p.Kind, p.ItemID, len(p.Token), protocol.MaxTokenBytes)
		}
		if strings.ContainsRune(p.Token, '\n') {
			return fmt.Errorf("%w: token of %s %s has a line break", ErrInvalidChange, p.Kind, p.ItemID)
		}
	}
	for _, p := range c.Deletes {
		if err := check(p); err != nil {
			return err
		}
	}
	return nil
}

// PlaceUsed is the ErrInvalidChange of a put of KindDetails at a place that held a record before.
func PlaceUsed(p protocol.Place) error {
	return fmt.Errorf("%w: version %d of %s %s was written before", ErrInvalidChange, p.Version, p.Kind, p.ItemID)
}

// PlaceNotLive is the ErrInvalidChange of a delete of a record that is not there.
func PlaceNotLive(p protocol.Place) error {
	return fmt.Errorf("%w: version %d of %s %s is not there to delete", ErrInvalidChange, p.Version, p.Kind, p.ItemID)
}
