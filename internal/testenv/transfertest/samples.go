package transfertest

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

// ZIPOf packs a folder of testdata. Sample archives are stored as folders, so that their content can be reviewed.
func ZIPOf(t testing.TB, folder string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	root := os.DirFS(folder)
	err := fs.WalkDir(root, ".", func(name string, file fs.DirEntry, err error) error {
		if err != nil || file.IsDir() {
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

// SampleZIP reads a folder of testdata as an archive.
func SampleZIP(t *testing.T, folder, format string) *transfer.Result {
	t.Helper()
	data := ZIPOf(t, Testdata(folder))
	got := Read(t, filepath.Base(folder), string(data), transfer.Options{})
	if got.Format != format {
		t.Errorf("%s is detected as %s, want %s", folder, got.Format, format)
	}
	return got
}

// SameFiles compares the attachments of one item.
func SameFiles(t *testing.T, got transfer.Imported, want ...transfer.Attached) {
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

func Time(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

func Text(name, value string) item.Field { return item.Field{Name: name, Value: value} }
func Hidden(name, value string) item.Field {
	return item.Field{Name: name, Value: value, Kind: item.FieldHidden}
}
func YesNo(name, value string) item.Field {
	return item.Field{Name: name, Value: value, Kind: item.FieldBoolean}
}
func Link(name, value string) item.Field {
	return item.Field{Name: name, Value: value, Kind: item.FieldLink}
}

// ExportPassword opens the exports of ProtectedExport.
const ExportPassword = "corréct horse" // of testdata/bitwarden/protect.py

// ProtectedExport returns a password-protected export of Bitwarden with the given key derivation.
func ProtectedExport(t *testing.T, kdf string) string {
	t.Helper()
	data, err := os.ReadFile(Testdata("bitwarden/protected-" + kdf + ".json"))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
