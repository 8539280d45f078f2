// Package files lists the methods of transfer.wasm, which reads and writes the files of other password managers. The
// worker calls it; the page calls the worker.
package files

import (
	"context"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/protocol/bridge"
	"github.com/vaultsphere/vaultsphere/app/transfer"
)

// Files is all that transfer.wasm answers. Its errors have a parcel.FileCode, "bad_input" or "internal".
type Files interface {
	Formats(context.Context) (Formats, error)
	// Columns returns the first rows of any CSV, for choosing what its columns are. They may hold secrets.
	Columns(context.Context, FileName, bridge.File) (*transfer.Preview, error)
	// Read returns a parcel.Result as JSON, for the core's PlanImport.
	Read(context.Context, ReadOptions, bridge.File, func(done, total int)) (bridge.File, error)
	// CheckPatterns refuses an item with a URL that should be a regular expression and is not.
	CheckPatterns(context.Context, item.Item) error
	// Write makes a file from the answer of the core's OpenItems.
	Write(context.Context, WriteOptions, bridge.File) (bridge.File, error)
}

// Formats lists the formats that can be read and written.
type Formats struct {
	Read  []transfer.Format      `json:"read"`
	Write []transfer.WriteFormat `json:"write"`
}

type FileName struct {
	Name string `json:"name"`
}

// ReadOptions say how to read a file.
type ReadOptions struct {
	Name       string            `json:"name"`             // of the file
	Format     string            `json:"format,omitempty"` // absent: found from the file
	Password   string            `json:"password,omitempty"`
	NoPassword bool              `json:"no_password,omitempty"` // the user says that the password is empty
	KeyFile    []byte            `json:"key_file,omitempty"`    // of a KeePass database
	Columns    []transfer.Column `json:"columns,omitempty"`     // for the format "csv"
	Headerless bool              `json:"headerless,omitempty"`  // the first row of a CSV holds values
}

type WriteOptions struct {
	Format   string `json:"format"`
	Password string `json:"password,omitempty"` // for a sealed format
}
