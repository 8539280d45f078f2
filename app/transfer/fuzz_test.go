package transfer_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/transfer"
	"github.com/vaultsphere/vaultsphere/internal/testenv/transfertest"
)

// FuzzRead holds for every format: no file causes a panic or an item that cannot be saved, and none is accepted without an
// account of its items.
func FuzzRead(f *testing.F) {
	err := filepath.WalkDir("testdata", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && slices.Contains([]string{".zip", ".1pux"}, filepath.Ext(path)) {
			f.Add(filepath.Base(path), transfertest.ZIPOf(f, path), "")
		}
		if err != nil || d.IsDir() || filepath.Base(filepath.Dir(path)) == "FuzzRead" {
			return err
		}
		data, err := os.ReadFile(path)
		f.Add(filepath.Base(path), data, "password")
		return err
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Add("a.csv", []byte("name,url\n\"a\nb\"\"c\",http://a\n"), "")
	f.Add("a.csv", []byte(transfertest.UTF16LE("title;notes\r\nx;y")), "")
	f.Fuzz(func(t *testing.T, name string, data []byte, password string) {
		got, err := transfer.Read(transfer.File{Name: name, Data: data}, transfer.Options{Password: password})
		if err != nil {
			return
		}
		if got.Format == "" {
			t.Error("no format was detected")
		}
		for _, i := range got.Items {
			if err := i.Item.Validate(); err != nil || !i.Item.Type.Known() || i.Item.ID != "" || i.Row < 1 {
				t.Errorf("row %d cannot be saved: %v, type %q", i.Row, err, i.Item.Type)
			}
		}
	})
}
