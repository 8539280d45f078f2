// Package transfer reads what other password managers export, and writes what they read: bytes in one of the known
// formats to and from []item.Item. It does no input or output and asks no clock.
//
// A value of a source that has no place of its own in an item is kept as a custom field or in the notes, and a value
// that is longer than an item may hold goes on in further fields or in a further item. Read says so in Result.Kept.
package transfer

import (
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// MaxFileBytes is the size of the largest file that Read takes.
const MaxFileBytes = 512 << 20

// File is a file as it was chosen; only the end of its name is looked at.
type File struct {
	Name string
	Data []byte
}

// Options say how to read a file. The zero value finds out by itself.
type Options struct {
	Format     string                // ID of a Format; empty: found from name and content
	Password   string                // of a protected file
	KeyFile    []byte                // of a KeePass database
	Columns    []Column              // what each column is, for the format "csv"; empty: guessed
	Headerless bool                  // the first row holds values already, for the format "csv"
	Progress   func(done, total int) // may be nil; the unit is the reader's own
}

// Result is what a file says. Every entry of the file is in Items or in Problems.
type Result struct {
	Format   string     `json:"format"`
	Items    []Imported `json:"items"`
	Problems []Problem  `json:"problems"`
	Kept     []Kept     `json:"kept"`
}

// Imported is an item that passes item.Validate, without an ID.
type Imported struct {
	Row   int        `json:"row"` // number of the row, the header being 1, or of the entry, from 1 on
	Item  item.Item  `json:"item"`
	Files []Attached `json:"files,omitempty"`
}

// Attached is a file that belongs to an item.
type Attached struct {
	Name string `json:"name"`
	Data []byte `json:"data"`
}

// Problem is an entry, or a part of one, that did not come in. The reason never quotes a secret.
type Problem struct {
	Row    int    `json:"row,omitempty"` // 0: not one entry's
	Title  string `json:"title,omitempty"`
	Reason string `json:"reason"`
}

// Kept is a value of the source that has no place of its own in an item.
type Kept struct {
	Row  int    `json:"row"`
	Name string `json:"name"` // as the source calls it
	As   KeptAs `json:"as"`
}

// KeptAs says where a value went.
type KeptAs string

const (
	KeptAsField KeptAs = "field"
	KeptAsNote  KeptAs = "note"
	KeptAsItem  KeptAs = "item" // one that goes on where another is full
)

// Read finds the format and reads the whole file. It either accounts for every entry or fails.
func Read(f File, o Options) (*Result, error) {
	in, err := newInput(f, o)
	if err != nil {
		return nil, err
	}
	format, err := in.format()
	if err != nil {
		return nil, err
	}
	b := newBuilder(format.id, o.Progress)
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
	format, err := in.format()
	if err != nil {
		return "", err
	}
	return format.id, nil
}
