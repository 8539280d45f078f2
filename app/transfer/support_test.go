package transfer_test

import (
	"encoding/binary"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"unicode/utf16"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer"
)

// sample reads a file below testdata, which says its format by itself.
func sample(t *testing.T, name, format string) *transfer.Result {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	got := read(t, filepath.Base(name), string(data), transfer.Options{})
	if got.Format != format {
		t.Errorf("%s is taken for %s, want %s", name, got.Format, format)
	}
	return got
}

func read(t *testing.T, name, data string, o transfer.Options) *transfer.Result {
	t.Helper()
	got, err := transfer.Read(transfer.File{Name: name, Data: []byte(data)}, o)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// same compares whole items, in order.
func same(t *testing.T, got *transfer.Result, want []item.Item) {
	t.Helper()
	for i, have := range got.Items {
		switch {
		case i >= len(want):
			t.Errorf("item %d is too many: %+v", i, have.Item)
		case !have.Item.Equal(want[i].Normalise()):
			t.Errorf("item %d\n got %+v\nwant %+v", i, have.Item, want[i].Normalise())
		}
	}
	if len(got.Items) < len(want) {
		t.Errorf("%d items, want %d", len(got.Items), len(want))
	}
}

func sameProblems(t *testing.T, got *transfer.Result, want ...transfer.Problem) {
	t.Helper()
	if !slices.Equal(got.Problems, want) {
		t.Errorf("problems %+v, want %+v", got.Problems, want)
	}
}

func utf16LE(s string) string {
	b := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return string(b)
}

func utf16BE(s string) string {
	b := []byte{0xfe, 0xff}
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.BigEndian.AppendUint16(b, u)
	}
	return string(b)
}

// FuzzRead holds for every format at once: no file, however it was made, leads to a panic or to an item that cannot be
// saved, and none is taken without an account of it.
func FuzzRead(f *testing.F) {
	err := filepath.WalkDir("testdata", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && slices.Contains([]string{".zip", ".1pux"}, filepath.Ext(path)) {
			f.Add(filepath.Base(path), zipOf(f, path), "")
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
	f.Add("a.csv", []byte(utf16LE("title;notes\r\nx;y")), "")
	f.Fuzz(func(t *testing.T, name string, data []byte, password string) {
		got, err := transfer.Read(transfer.File{Name: name, Data: data}, transfer.Options{Password: password})
		if err != nil {
			return
		}
		if got.Format == "" {
			t.Error("no format is named")
		}
		for _, i := range got.Items {
			if err := i.Item.Validate(); err != nil || !i.Item.Type.Known() || i.Item.ID != "" || i.Row < 1 {
				t.Errorf("row %d cannot be saved: %v, type %q", i.Row, err, i.Item.Type)
			}
		}
	})
}
