package transfer_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer"
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
	"github.com/vaultsphere/vaultsphere/internal/testenv/transfertest"
)

func TestRejectedFiles(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		data string
		o    transfer.Options
		want error
	}{
		"empty":            {"", transfer.Options{}, transfer.ErrEmpty},
		"only space":       {" \r\n\t", transfer.Options{}, transfer.ErrEmpty},
		"one word":         {"hello", transfer.Options{}, transfer.ErrUnknownFormat},
		"PDF":              {"%PDF-1.7\n\x00", transfer.Options{}, transfer.ErrUnknownFormat},
		"unknown format":   {"title,url\na,b", transfer.Options{Format: "abacus"}, transfer.ErrUnknownFormat},
		"truncated JSON":   {`{"items":[{"name":"x`, transfer.Options{}, transfer.ErrTruncated},
		"other JSON":       {`{"a":1}`, transfer.Options{}, transfer.ErrUnknownFormat},
		"broken JSON":      {`{"a":}`, transfer.Options{}, transfer.ErrMalformed},
		"deep JSON":        {strings.Repeat(`[`, 1<<20), transfer.Options{}, transfer.ErrTooLarge},
		"JSON of commas":   {"[" + strings.Repeat(",", 4_000_000), transfer.Options{}, transfer.ErrTooLarge},
		"not CSV":          {"\x00\x01,\x02", transfer.Options{Format: "csv"}, transfer.ErrOtherFormat},
		"truncated ZIP":    {"PK\x03\x04xxxx", transfer.Options{}, transfer.ErrTruncated},
		"half of a UTF-16": {"\xff\xfea", transfer.Options{}, transfer.ErrTruncated},
		"too many rows":    {"title,url\n" + strings.Repeat("a,b\n", 100_001), transfer.Options{}, transfer.ErrTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := transfer.Read(transfer.File{Name: "x", Data: []byte(c.data)}, c.o); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestLookalikesAreNamed(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	if _, err := w.Create("xl/workbook.xml"); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for data, want := range map[string]string{
		"<!DOCTYPE html><p>a, b": "web page", b.String(): "spreadsheet", "SQLite format 3\x00": "database",
		"\x03\xd9\xa2\x9a\x65\xfb\x4b\xb5\x00": "KeePass 1", "age-encryption.org/v1\n": "with age",
	} {
		if _, err := transfer.Read(transfer.File{Data: []byte(data)}, transfer.Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
	}
}

// Every value of any size is imported, in items that can be saved.
func TestLongValuesContinue(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("0123456789", 9_000)
	got := transfertest.Read(t, "x.csv", "title,username,password,totp,notes,url,tag,Extra\n"+
		strings.Join([]string{long, long, long, long, long, "https://" + long, long, long}, ",")+"\n", transfer.Options{})
	var all strings.Builder
	for _, i := range got.Items {
		if err := i.Item.Validate(); err != nil {
			t.Fatal(err)
		}
		all.WriteString(i.Item.Notes)
		for _, f := range i.Item.Fields {
			all.WriteString(f.Value)
		}
	}
	if n := strings.Count(all.String(), "0123456789"); n < 8*8_900 {
		t.Errorf("%d of %d parts arrived", n, 8*9_000)
	}
	if first := got.Items[0].Item; len(first.Title) != item.MaxTitle || first.Password != "" {
		t.Errorf("title of %d characters", len(first.Title))
	}
	if !slices.Contains(got.Relocated, transfer.Relocated{Row: 2, Name: "Password", As: parcel.ToField}) ||
		!slices.ContainsFunc(got.Relocated, func(k transfer.Relocated) bool { return k.As == parcel.ToItem }) {
		t.Errorf("relocated %+v", got.Relocated)
	}
}
