// Package parcel is what passes between app/transfer and app/client: items that were read from a file, or are to be
// written to one. It is apart from transfer so that who only handles items is spared the formats: in the browser they are
// a module of their own.
package parcel

import "github.com/vaultsphere/vaultsphere/app/item"

// Result is what a file says. Every entry of the file is in Items or in Problems.
type Result struct {
	Format    string      `json:"format"`
	Items     []Imported  `json:"items"`
	Problems  []Problem   `json:"problems"`
	Relocated []Relocated `json:"kept"`
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

	Unknown item.Unknown `json:"unknown,omitempty"` // of the item's Attachment
}

// Problem is an entry, or a part of one, that did not come in. The reason never quotes a secret.
type Problem struct {
	Row    int    `json:"row,omitempty"` // 0: not one entry's
	Title  string `json:"title,omitempty"`
	Reason string `json:"reason"`
}

// Relocated is a value of the source for which an item has no place, and which went elsewhere.
type Relocated struct {
	Row  int         `json:"row"`
	Name string      `json:"name"` // as the source calls it
	As   RelocatedTo `json:"as"`
}

// RelocatedTo says where a value went.
type RelocatedTo string

const (
	ToField RelocatedTo = "field"
	ToNote  RelocatedTo = "note"
	ToItem  RelocatedTo = "item" // one that goes on where another is full
)

// Exported is an item on its way out, with the contents of its attachments.
type Exported struct {
	Item  item.Item  `json:"item"`
	Files []Attached `json:"files,omitempty"`
}
