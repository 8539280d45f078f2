// Package transfer reads the exports of other password managers, and writes them: it converts files to and from items. It
// has no side effects and does not read the clock.
//
// A value without a place in an item becomes a custom field, and one that is too long continues in further fields or a
// further item. Result.Relocated lists both.
//
// The registry in formats.go has one row per format, which refers to the vendor's package. A new CSV format is one file with
// a source.CSV, one row in the registry, and one in docs/import-formats.md.
package transfer

import (
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
	"github.com/vaultsphere/vaultsphere/app/transfer/source"
)

// The types of the engine, and those that this package exchanges with app/client.
type (
	File    = source.File
	Options = source.Options
	Column  = source.Column
	Preview = source.Preview
	Failure = source.Failure

	Result      = parcel.Result
	Imported    = parcel.Imported
	Attached    = parcel.Attached
	Problem     = parcel.Problem
	Relocated   = parcel.Relocated
	RelocatedTo = parcel.RelocatedTo
	Exported    = parcel.Exported
)

// MaxFileBytes is the size of the largest file that Read accepts.
const MaxFileBytes = source.MaxFileBytes

// Read detects the format and reads the whole file. It accounts for every item, or fails.
func Read(f File, o Options) (*Result, error) {
	in, err := source.NewInput(f, o)
	if err != nil {
		return nil, err
	}
	format, err := formatOf(in)
	if err != nil {
		return nil, err
	}
	b := source.NewBuilder(format.id, o)
	if err := format.Read(in, b); err != nil {
		return nil, err
	}
	if b.Full {
		return nil, source.TooManyItems()
	}
	return b.Result, nil
}

// Columns previews a table of any kind.
func Columns(f File) (*Preview, error) { return source.Columns(f) }

// Sentence returns a problem in English, for the command line.
func Sentence(p Problem) string { return source.Sentence(p) }

// ColumnNames lists the columns that have a name, for use in a sentence.
func ColumnNames() string { return source.ColumnNames() }
