package transfer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// The own format, described in docs/export-format.md. A change that an older reader would misunderstand raises ownVersion.
const (
	ownFormat  = "vaultsphere"
	ownVersion = 1
)

// ownItem is an item in the form of the worker protocol. Its ID and the list of its attachments mean something only in
// the vault it comes from.
type ownItem struct {
	item.Item
	ID          omitted    `json:"id,omitzero"`
	Base        omitted    `json:"base,omitzero"`
	Attachments omitted    `json:"attachments,omitzero"`
	Files       []Attached `json:"files,omitempty"`
}

// omitted is never written, and no value is one.
type omitted struct{}

func (omitted) UnmarshalJSON([]byte) error { return errors.New("is not part of an export") }

func writeJSON(items []Exported, _ WriteOptions) ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, `{"format":%q,"version":%d,"items":[`, ownFormat, ownVersion)
	e := json.NewEncoder(&b) // ends each item with a line break
	e.SetEscapeHTML(false)
	for i, x := range items {
		b.WriteString([]string{"\n", ","}[min(i, 1)])
		if err := e.Encode(ownItem{Item: x.Item, Files: x.Files}); err != nil {
			return nil, fmt.Errorf("write an item: %w", err)
		}
		if b.Len() > maxTextBytes {
			break // Write refuses it
		}
	}
	b.WriteString("]}\n")
	return b.Bytes(), nil
}

// ownJSON is the own format.
var ownJSON = custom{is: isOwnJSON, parse: readOwnJSON}

func isOwnJSON(in *input) bool {
	return in.json()["format"] == ownFormat
}

func readOwnJSON(in *input, b *builder) error {
	text, err := in.text()
	if err != nil {
		return err
	}
	return readOwn(text, b)
}

// readOwn is strict: a member that it does not know is a problem of its item, because it may be one that matters.
func readOwn(text string, b *builder) error {
	var top struct {
		Format  string            `json:"format"`
		Version int               `json:"version"`
		Items   []json.RawMessage `json:"items"`
	}
	if err := strict(strings.NewReader(text), &top); err != nil {
		return fmt.Errorf("%w: it is not an export of VaultSphere as documented", ErrMalformed)
	}
	switch {
	case top.Version > ownVersion:
		return ErrNewerVersion
	case top.Format != ownFormat || top.Version != ownVersion:
		return fmt.Errorf("%w: it does not say its version", ErrMalformed)
	}
	for i, raw := range top.Items {
		b.progress(i+1, len(top.Items))
		it := b.draft(i + 1)
		var own ownItem
		if err := strict(bytes.NewReader(raw), &own); err != nil {
			it.problemWith(own.Title, "the entry is not as documented") // an error of JSON may quote a value
			continue
		}
		it.Item = own.Item
		it.add(own.Files...)
		if b.full {
			return nil
		}
	}
	return nil
}

func strict(r io.Reader, to any) error {
	d := json.NewDecoder(r)
	d.DisallowUnknownFields()
	return d.Decode(to)
}
