package transfer

import (
	"fmt"
	"slices"
)

// WriteOptions say how to write.
type WriteOptions struct {
	Password string // of a format that is sealed
}

// writer is a format that can be written.
type writer struct {
	id, name, extension string
	sealed              bool // by a password
	files               bool // with the contents of attachments
	write               func([]Exported, WriteOptions) ([]byte, error)
}

// writers stand in the order in which they are offered.
func writers() []writer {
	return []writer{
		{"vaultsphere-sealed", "VaultSphere, sealed by a password", ".vaultsphere", true, true, writeSealed},
		{"vaultsphere-json", "VaultSphere (JSON)", ".json", false, true, writeJSON},
		{"vaultsphere-csv", "CSV", ".csv", false, false, writeCSV},
		{"bitwarden-json", "Bitwarden (JSON)", ".json", false, false, writeBitwardenJSON},
		{"kdbx", "KeePass (KDBX 4)", ".kdbx", true, true, writeKDBX},
	}
}

// WriteFormat is one that Write knows.
type WriteFormat struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Extension string `json:"extension"`
	Sealed    bool   `json:"sealed"` // needs a password
	Files     bool   `json:"files"`  // holds attachments
}

// WriteFormats lists what Write knows.
func WriteFormats() []WriteFormat {
	var out []WriteFormat
	for _, w := range writers() {
		out = append(out, WriteFormat{w.id, w.name, w.extension, w.sealed, w.files})
	}
	return out
}

// Write writes the items in a format that Read reads again. See docs/export-format.md for what each of them holds.
func Write(format string, items []Exported, o WriteOptions) ([]byte, error) {
	items = slices.Clone(items)
	i := slices.IndexFunc(writers(), func(w writer) bool { return w.id == format })
	if i < 0 {
		return nil, fmt.Errorf("%w: nothing is written in %q", ErrUnknownFormat, format)
	}
	w := writers()[i]
	if w.sealed && o.Password == "" {
		return nil, ErrPasswordNeeded
	}
	for i := range items {
		items[i].Item = items[i].Item.Clone()
		saneTimes(&items[i].Item)
	}
	out, err := w.write(items, o)
	if err == nil && len(out) > maxTextBytes {
		err = fmt.Errorf("%w: the export takes more than %d MB; leave out the files", ErrTooLarge, maxTextBytes>>20)
	}
	return out, err
}
