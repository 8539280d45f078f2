package client

import (
	"errors"

	"github.com/vaultsphere/vaultsphere/app/client/imports"
	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/protocol/bridge"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// findings of errors that carry none. They are tried in order.
var findings = []struct {
	err  error
	code bridge.FindingCode
}{
	{seal.ErrKDFMismatch, bridge.KDFMismatch},
	{seal.ErrUnknownCost, bridge.KDFUnknown},
	{ErrCostLowered, bridge.KDFLowered},
	{ErrMemory, bridge.MemoryDamaged},
	{seal.ErrOldKey, bridge.OldAccountKey},
	{replica.ErrNoOverview, bridge.RecordMissing},
	{replica.ErrNoDetails, bridge.RecordMissing},
	{item.ErrMalformed, bridge.ContentMalformed},
	{seal.ErrTooLarge, bridge.ItemTooLarge},
	{seal.ErrEmptyPassword, bridge.PasswordEmpty},
	{seal.ErrPasswordText, bridge.PasswordText},
	{imports.ErrImportChoice, bridge.ImportChoice},
	{seal.ErrMisplaced, bridge.RecordMisplaced},
	{seal.ErrWrongKey, bridge.SealAltered},
	{seal.ErrWrongUser, bridge.SealAltered},
	{seal.ErrWrongMethod, bridge.SealAltered},
	{seal.ErrAltered, bridge.SealAltered},
	{seal.ErrBadID, bridge.SealAltered},
}

// findingsOf returns details of err beyond its code, the most specific first.
func findingsOf(err error) []bridge.Finding {
	var several *VaultAlteredError
	if !errors.As(err, &several) {
		if f := findingOf(err); f.Code != "" {
			return []bridge.Finding{f}
		}
		return nil
	}
	var out []bridge.Finding
	for _, p := range several.Problems[:min(len(several.Problems), replica.MaxProblemsShown)] {
		if f := findingOf(p); f.Code != "" {
			out = append(out, f)
		}
	}
	return out
}

func findingOf(err error) bridge.Finding {
	var one *replica.FindingError
	var back *RolledBackError
	var field *item.FieldError
	var place *seal.RecordError
	var unreadable *UnreadableError
	switch {
	case errors.As(err, &one):
		return one.Finding
	case errors.As(err, &back):
		return back.Finding()
	case errors.As(err, &field):
		return bridge.FieldFinding(field)
	case errors.As(err, &place) && errors.Is(err, seal.ErrMisplaced):
		return bridge.Finding{Code: bridge.RecordMisplaced, Name: place.Place.Item.String()}
	case errors.As(err, &place) && errors.Is(err, seal.ErrAltered):
		return bridge.Finding{Code: bridge.RecordAltered, Name: place.Place.Item.String()}
	}
	for _, known := range findings {
		if errors.Is(err, known.err) {
			return bridge.Finding{Code: known.code}
		}
	}
	if errors.As(err, &unreadable) {
		return bridge.Finding{Code: bridge.ContentUnopened}
	}
	return bridge.Finding{}
}
