package transfer

import (
	"slices"

	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
	"github.com/vaultsphere/vaultsphere/app/transfer/source"
)

// WriteOptions say how to write a file.
type WriteOptions struct {
	Password string // for a sealed format
}

// WriteFormat is a format that Write knows.
type WriteFormat struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Extension string `json:"extension"`
	Sealed    bool   `json:"sealed"` // needs a password
	Files     bool   `json:"files"`  // holds attachments
}

// WriteFormats lists the formats that Write knows.
func WriteFormats() []WriteFormat {
	var out []WriteFormat
	for _, f := range formats() {
		if w := f.writer; w.write != nil {
			out = append(out, WriteFormat{f.id, w.name, f.extensions[0], w.sealed, w.files})
		}
	}
	return out
}

// Write writes the items in a format that Read can read. docs/export-format.md lists what each format preserves.
func Write(id string, items []Exported, o WriteOptions) ([]byte, error) {
	items = slices.Clone(items)
	i := slices.IndexFunc(formats(), func(f format) bool { return f.id == id && f.writer.write != nil })
	if i < 0 {
		return nil, source.Fail(parcel.FileNoSuchFormat, parcel.Values{Name: id})
	}
	w := formats()[i].writer
	if w.sealed && o.Password == "" {
		return nil, source.ErrPasswordNeeded
	}
	for i := range items {
		items[i].Item = items[i].Item.Clone()
		source.SaneTimes(&items[i].Item)
	}
	out, err := w.write(items, o.Password)
	if err == nil && len(out) > source.MaxTextBytes {
		err = source.Fail(parcel.ExportTooLarge, parcel.Values{Limit: source.MaxTextBytes >> 20})
	}
	return out, err
}
