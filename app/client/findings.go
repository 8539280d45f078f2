package client

import (
	"errors"
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/generate"
	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/protocol/bridge"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// foundError is an error with its finding.
type foundError struct {
	finding bridge.Finding
	text    string
}

func (e *foundError) Error() string { return e.text }

func found(f bridge.Finding, format string, args ...any) error {
	return &foundError{f, fmt.Sprintf(format, args...)}
}

// atPlace returns the error of a record.
func atPlace(code bridge.FindingCode, p seal.Place, format string, args ...any) error {
	return found(bridge.Finding{Code: code, Name: string(p.Account)}, "record %s of kind %s version %d %s", p.Account, p.Kind, p.Version, fmt.Sprintf(format, args...))
}

// older is the error of a record at p that is older than this device's version.
func older(p seal.Place, version int64) error {
	return found(bridge.Finding{Code: bridge.RecordOlder, Name: string(p.Account), Got: p.Version, Want: version},
		"record %s of kind %s version %d is older than the version %d that this device has", p.Account, p.Kind, p.Version, version)
}

// findings of errors that carry none. They are tried in order.
var findings = []struct {
	err  error
	code bridge.FindingCode
}{
	{seal.ErrKDFTooWeak, bridge.KDFTooWeak},
	{seal.ErrKDFTooCostly, bridge.KDFTooCostly},
	{seal.ErrKDFMismatch, bridge.KDFMismatch},
	{errNoMeta, bridge.RecordMissing},
	{errNoSecret, bridge.RecordMissing},
	{item.ErrMalformed, bridge.ContentMalformed},
	{seal.ErrTooLarge, bridge.ItemTooLarge},
	{seal.ErrEmptyPassword, bridge.PasswordEmpty},
	{seal.ErrPasswordText, bridge.PasswordText},
	{ErrImportChoice, bridge.ImportChoice},
	{generate.ErrRules, bridge.GeneratorRules},
	{seal.ErrMisplaced, bridge.RecordMisplaced},
	{seal.ErrWrongKey, bridge.SealAltered},
	{seal.ErrWrongUser, bridge.SealAltered},
	{seal.ErrWrongPurpose, bridge.SealAltered},
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
	for _, p := range several.Problems[:min(len(several.Problems), maxProblemsShown)] {
		if f := findingOf(p); f.Code != "" {
			out = append(out, f)
		}
	}
	return out
}

func findingOf(err error) bridge.Finding {
	var one *foundError
	var back *RolledBackError
	var field *item.FieldError
	var place *seal.PlaceError
	var unreadable *UnreadableError
	switch {
	case errors.As(err, &one):
		return one.finding
	case errors.As(err, &back):
		return back.finding()
	case errors.As(err, &field):
		return bridge.FieldFinding(field)
	case errors.As(err, &place) && errors.Is(err, seal.ErrMisplaced):
		return bridge.Finding{Code: bridge.RecordMisplaced, Name: string(place.Place.Account)}
	case errors.As(err, &place) && errors.Is(err, seal.ErrAltered):
		return bridge.Finding{Code: bridge.RecordAltered, Name: string(place.Place.Account)}
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

func (e *RolledBackError) finding() bridge.Finding {
	f := bridge.Finding{Code: bridge.VaultOlder, Got: e.Got, Want: e.Seen}
	same := e.Seen == e.Got
	switch {
	case same && e.Copy:
		f.Code = bridge.CacheOther
	case e.Copy:
		f.Code = bridge.CacheOlder
	case same:
		f.Code = bridge.VaultOther
	}
	return f
}
