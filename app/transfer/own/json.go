// Package own reads and writes the formats of VaultSphere, see docs/export-format.md.
package own

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/strictjson"
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
	"github.com/vaultsphere/vaultsphere/app/transfer/source"
)

// VaultSphere JSON, see docs/export-format.md. A change that an older reader would misunderstand increments version.
const (
	Format  = "vaultsphere"
	version = 1
)

// exportedItem is an item in the form of the worker protocol, without its ID and its list of attachments, which have a
// meaning only inside its vault.
type exportedItem struct {
	item.Item
	ID          omitted           `json:"id,omitzero"`
	Base        omitted           `json:"base,omitzero"`
	Attachments omitted           `json:"attachments,omitzero"`
	Files       []parcel.Attached `json:"files,omitempty"`
}

// omitted rejects every value and is never written.
type omitted struct{}

func (omitted) UnmarshalJSON([]byte) error { return errors.New("is not part of an export") }

// WriteJSON writes VaultSphere JSON.
func WriteJSON(items []parcel.Exported, _ string) ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, `{"format":%q,"version":%d,"items":[`, Format, version)
	e := json.NewEncoder(&b) // adds a line break after each item
	e.SetEscapeHTML(false)
	for i, x := range items {
		b.WriteString([]string{"\n", ","}[min(i, 1)])
		if err := e.Encode(exportedItem{Item: x.Item, Files: x.Files}); err != nil {
			return nil, fmt.Errorf("write an item: %w", err)
		}
		if b.Len() > source.MaxTextBytes {
			break // Write returns an error
		}
	}
	b.WriteString("]}\n")
	return b.Bytes(), nil
}

// JSON is VaultSphere JSON.
var JSON = source.Custom{Is: isJSON, Parse: readJSON}

func isJSON(in *source.Input) bool {
	return in.JSON()["format"] == Format
}

func readJSON(in *source.Input, b *source.Builder) error {
	text, err := in.Text()
	if err != nil {
		return err
	}
	return readItems(text, b)
}

// readItems rejects unknown members, because they may matter.
func readItems(text string, b *source.Builder) error {
	var top struct {
		Format  string            `json:"format"`
		Version int               `json:"version"`
		Items   []json.RawMessage `json:"items"`
	}
	if err := strict.Unmarshal([]byte(text), &top); err != nil {
		return malformed(err)
	}
	switch {
	case top.Version > version:
		return source.ErrNewerVersion
	case top.Format != Format || top.Version != version:
		return source.Incomplete("version")
	}
	b.Exact = true
	for i, raw := range top.Items {
		b.Progress(i+1, len(top.Items))
		it := b.Draft(i + 1)
		var own exportedItem
		if err := strict.Unmarshal(raw, &own); err != nil {
			it.Malformed(own.Title, err)
			continue
		}
		it.Item = own.Item
		it.Add(own.Files...)
		if b.Full {
			return nil
		}
	}
	return nil
}

// strict allows any letter case of names, because the keys of Item.Match are URLs.
var strict = strictjson.Form{Name: "the export", Depth: source.MaxJSONDepth, AnyNames: true}

// malformed drops an error that may quote a value.
func malformed(err error) error {
	f := source.Malformed("VaultSphere")
	if _, safe := errors.AsType[*strictjson.Error](err); safe {
		f = f.Because(err)
	}
	return f
}
