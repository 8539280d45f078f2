// Package transfer reads what other password managers export, and writes what they read: bytes in one of the known
// formats to and from []item.Item. It does no input or output and asks no clock.
//
// A value of a source for which an item has no place goes to a custom field or to the notes, and a value
// that is longer than an item may hold goes on in further fields or in a further item. Read says so in Result.Relocated.
//
// The registry in formats.go has one row for each format, with a value of the vendor's package that reads it. A new CSV is
// one file with a source.CSV, one row here, and one in docs/import-formats.md.
package transfer

import (
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
	"github.com/vaultsphere/vaultsphere/app/transfer/source"
)

// The engine's own types, and what passes between this package and app/client.
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

// MaxFileBytes is the size of the largest file that Read takes.
const MaxFileBytes = source.MaxFileBytes

// Read finds the format and reads the whole file. It either accounts for every entry or fails.
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

// Columns looks at a CSV of any kind.
func Columns(f File) (*Preview, error) { return source.Columns(f) }

// Sentence is a problem in English, for the command line.
func Sentence(p Problem) string { return source.Sentence(p) }

// ColumnNames lists the columns that have a name, for a sentence.
func ColumnNames() string { return source.ColumnNames() }
