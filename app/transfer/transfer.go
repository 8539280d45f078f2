// Package transfer reads what other password managers export, and writes what they read: bytes in one of the known
// formats to and from []item.Item. It does no input or output and asks no clock.
//
// A value of a source that has no place of its own in an item is kept as a custom field or in the notes, and a value
// that is longer than an item may hold goes on in further fields or in a further item. Read says so in Result.Kept.
package transfer

import (
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
)

// What passes between this package and app/client.
type (
	Result   = parcel.Result
	Imported = parcel.Imported
	Attached = parcel.Attached
	Problem  = parcel.Problem
	Kept     = parcel.Kept
	KeptAs   = parcel.KeptAs
	Exported = parcel.Exported
)

// Where values went that have no place of their own.
const (
	KeptAsField = parcel.KeptAsField
	KeptAsNote  = parcel.KeptAsNote
	KeptAsItem  = parcel.KeptAsItem
)

// Read finds the format and reads the whole file. It either accounts for every entry or fails.
func Read(f File, o Options) (*Result, error) {
	in, err := newInput(f, o)
	if err != nil {
		return nil, err
	}
	format, err := formatOf(in)
	if err != nil {
		return nil, err
	}
	b := newBuilder(format.id, o)
	if err := format.read(in, b); err != nil {
		return nil, err
	}
	if b.full {
		return nil, fmt.Errorf("%w: more than %d entries", ErrTooLarge, maxItems)
	}
	return b.result, nil
}

// Detect names the format of a file, as Read would find it.
func Detect(f File) (string, error) {
	in, err := newInput(f, Options{})
	if err != nil {
		return "", err
	}
	format, err := formatOf(in)
	if err != nil {
		return "", err
	}
	return format.id, nil
}
