package transfertest

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf16"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer"
)

// Testdata returns the path of a sample, for tests of app/transfer or of a package below it.
func Testdata(name string) string {
	folder := "testdata"
	if above := filepath.Join("..", folder); exists(above) {
		folder = above
	}
	return filepath.Join(folder, filepath.FromSlash(name))
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// Sample reads a file below testdata, and checks that its format is detected.
func Sample(t *testing.T, name, format string) *transfer.Result {
	t.Helper()
	data, err := os.ReadFile(Testdata(name))
	if err != nil {
		t.Fatal(err)
	}
	got := Read(t, filepath.Base(name), string(data), transfer.Options{})
	if got.Format != format {
		t.Errorf("%s is detected as %s, want %s", name, got.Format, format)
	}
	return got
}

func Read(t *testing.T, name, data string, o transfer.Options) *transfer.Result {
	t.Helper()
	got, err := transfer.Read(transfer.File{Name: name, Data: []byte(data)}, o)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// Same compares whole items in order.
func Same(t *testing.T, got *transfer.Result, want []item.Item) {
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

func SameProblems(t *testing.T, got *transfer.Result, want ...transfer.Problem) {
	t.Helper()
	if !slices.Equal(got.Problems, want) {
		t.Errorf("problems %+v, want %+v", got.Problems, want)
	}
}

func UTF16LE(s string) string {
	b := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return string(b)
}

func UTF16BE(s string) string {
	b := []byte{0xfe, 0xff}
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.BigEndian.AppendUint16(b, u)
	}
	return string(b)
}

// Rejects expects an error for a file.
func Rejects(t *testing.T, name string, data []byte, password string, want error) {
	t.Helper()
	_, err := transfer.Read(transfer.File{Name: name, Data: data}, transfer.Options{Password: password})
	if !errors.Is(err, want) {
		t.Errorf("%s, password %q: got %v, want %v", name, password, err, want)
	}
}

// Letters keeps only letters and digits. Fields of an item may change other characters.
func Letters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, s)
}
