// Package files lists the methods of transfer.wasm, which reads and writes the files of other password managers. The
// worker calls it; the page calls the worker.
package files

import (
	"context"

	"github.com/vaultsphere/vaultsphere/app/protocol/bridge"
	"github.com/vaultsphere/vaultsphere/app/transfer"
)

// Files is all that transfer.wasm answers. Its errors have the codes of transfer.Failure, or "bad_input".
type Files interface {
	Formats(context.Context) (Formats, error)
	// Columns returns the first rows of a CSV of any kind, so that its columns can be chosen. They may hold secrets.
	Columns(context.Context, FileName, bridge.File) (*transfer.Preview, error)
	// Read returns a parcel.Result as JSON, for the core's PlanImport.
	Read(context.Context, ReadOptions, bridge.File, func(done, total int)) (bridge.File, error)
	// Write makes a file of what the core's OpenItems gave.
	Write(context.Context, WriteOptions, bridge.File) (bridge.File, error)
}

// Code is what transfer.Failure.Explain gives.
type Code string

const (
	CodeEmpty             Code = "file_empty"
	CodeUnknownFormat     Code = "file_unknown_format"
	CodeOtherFormat       Code = "file_other_format"
	CodeColumns           Code = "file_columns"
	CodeTruncated         Code = "file_truncated"
	CodeTooLarge          Code = "file_too_large"
	CodeDamaged           Code = "file_damaged"
	CodeNewer             Code = "file_newer"
	CodePasswordNeeded    Code = "file_password_needed"
	CodeWrongPassword     Code = "file_wrong_password"
	CodeAccountRestricted Code = "file_account_restricted"
	CodePGP               Code = "file_pgp"
)

// Formats are those that can be read and written.
type Formats struct {
	Read  []transfer.Format      `json:"read"`
	Write []transfer.WriteFormat `json:"write"`
}

type FileName struct {
	Name string `json:"name"`
}

// ReadOptions say what the file is.
type ReadOptions struct {
	Name       string            `json:"name"`             // of the file
	Format     string            `json:"format,omitempty"` // absent: found from the file
	Password   string            `json:"password,omitempty"`
	NoPassword bool              `json:"no_password,omitempty"` // the owner says that the password is empty
	KeyFile    []byte            `json:"key_file,omitempty"`    // of a KeePass database
	Columns    []transfer.Column `json:"columns,omitempty"`     // for the format "csv"
	Headerless bool              `json:"headerless,omitempty"`  // the first row of a CSV holds values
}

type WriteOptions struct {
	Format   string `json:"format"`
	Password string `json:"password,omitempty"` // for a sealed format
}
