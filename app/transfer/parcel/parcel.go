// Package parcel holds what app/transfer and app/client exchange: items read from a file, or to be written to one. It is
// apart from transfer because the browser loads the formats as a separate module.
package parcel

import (
	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/protocol/bridge"
)

// Result is what a file contains. Every item of the file is in Items or in Problems.
type Result struct {
	Format    string      `json:"format"`
	Items     []Imported  `json:"items"`
	Problems  []Problem   `json:"problems"`
	Relocated []Relocated `json:"relocated"`
}

// Imported is an item that passes item.Validate, without an ID.
type Imported struct {
	Row   int        `json:"row"` // in a table, counting the header; else the position of the item, from 1
	Item  item.Item  `json:"item"`
	Files []Attached `json:"files,omitempty"`
}

// Attached is a file that belongs to an item.
type Attached struct {
	Name string `json:"name"`
	Data []byte `json:"data"`

	Unknown item.Unknown `json:"unknown,omitempty"` // of the item's Attachment
}

// Problem is an item, or a part of one, that was not imported or exported as it is. It never quotes a secret.
type Problem struct {
	Row     int            `json:"row,omitempty"` // 0: the whole file
	Title   string         `json:"title,omitempty"`
	Code    ProblemCode    `json:"code"`
	Values  Values         `json:"values"`
	Cause   bridge.Code    `json:"cause,omitempty"`  // the error behind it
	Finding bridge.Finding `json:"finding,omitzero"` // of the cause

	// Err says more, in English and only to the command line.
	Err error `json:"-"`
}

// Relocated is a value that has no place in an item, and was put elsewhere.
type Relocated struct {
	Row  int         `json:"row"`
	Name string      `json:"name"` // as the source calls it
	As   RelocatedTo `json:"as"`
}

// RelocatedTo says where a value went.
type RelocatedTo string

const (
	ToField RelocatedTo = "field"
	ToItem  RelocatedTo = "item" // a further item, because the first was full
)

// Exported is an item on its way out, with the contents of its attachments.
type Exported struct {
	Item  item.Item  `json:"item"`
	Files []Attached `json:"files,omitempty"`
}
