package transfer_test

import (
	"archive/zip"
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer"
)

// zipOf packs a folder of testdata, so that what is in a sample archive can be read and reviewed.
func zipOf(t testing.TB, folder string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	root := os.DirFS(folder)
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		to, err := w.Create(name)
		if err != nil {
			return err
		}
		_, err = to.Write(data)
		return err
	})
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// sampleZIP reads a folder of testdata as the archive that it is in an export.
func sampleZIP(t *testing.T, folder, format string) *transfer.Result {
	t.Helper()
	data := zipOf(t, filepath.Join("testdata", folder))
	got := read(t, filepath.Base(folder), string(data), transfer.Options{})
	if got.Format != format {
		t.Errorf("%s is taken for %s, want %s", folder, got.Format, format)
	}
	return got
}

// sameFiles compares the files of one item.
func sameFiles(t *testing.T, got transfer.Imported, want ...transfer.Attached) {
	t.Helper()
	if len(got.Files) != len(want) {
		t.Fatalf("%d files, want %d", len(got.Files), len(want))
	}
	for i, file := range got.Files {
		if file.Name != want[i].Name || !bytes.Equal(file.Data, want[i].Data) {
			t.Errorf("file %q with %q, want %q with %q", file.Name, file.Data, want[i].Name, want[i].Data)
		}
	}
}

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

func text(name, value string) item.Field { return item.Field{Name: name, Value: value} }
func hidden(name, value string) item.Field {
	return item.Field{Name: name, Value: value, Kind: item.FieldHidden}
}
func yesNo(name, value string) item.Field {
	return item.Field{Name: name, Value: value, Kind: item.FieldBoolean}
}
func link(name, value string) item.Field {
	return item.Field{Name: name, Value: value, Kind: item.FieldLink}
}
