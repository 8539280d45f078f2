package source

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/item"
)

func openInput(t *testing.T, name, data string) *Input {
	t.Helper()
	in, err := NewInput(File{name, []byte(data)}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func TestCSVFormat(t *testing.T) {
	t.Parallel()
	f := CSV{
		Needs: []string{"name", "pwd"},
		Set: map[string]Setter{
			"name": SetTitle, "login": SetUsername, "pwd": SetPassword, "site": SetURL, "group": SetTag, "otp": SetTOTP, "note": SetNotes,
		},
		Finish: func(r *Row) {
			r.Drop("id")
		},
		Ragged: true,
	}
	in := openInput(t, "x", "Name,Login,Pwd,Site,Site,Group,Otp,Note,Id,Hint\n"+
		"a,b,c,https://a.example,https://b.example,g,JBSWY3DP,n,7,h,RfValue\nshort,b,c\n")
	if !f.Detect(in) || f.Detect(openInput(t, "x", "name,login\na,b")) {
		t.Error("the columns do not identify the format")
	}
	b := NewBuilder("x", Options{})
	if err := f.Read(in, b); err != nil {
		t.Fatal(err)
	}
	want := []item.Item{{
		Type: item.TypeLogin, Title: "a", Username: "b", Password: "c", URLs: []string{"https://a.example", "https://b.example"}, Tags: []string{"g"},
		TOTP: "JBSWY3DP", Notes: "n", Fields: []item.Field{{Name: "Hint", Value: "h"}, {Name: "Column 11", Value: "RfValue", Kind: item.FieldHidden}},
	}, {Type: item.TypeLogin, Title: "short", Username: "b", Password: "c"}}
	for i, got := range b.Result.Items {
		if !got.Item.Equal(want[i]) || got.Row != i+2 {
			t.Errorf("got %+v, want %+v", got, want[i])
		}
	}
}

func TestJSONKeepsNumbersAsWritten(t *testing.T) {
	t.Parallel()
	in := openInput(t, "x", utf8BOM+` {"n": 12345678901234567890, "a": 1, "a": 2}`)
	if got := in.JSON(); got["n"] != json.Number("12345678901234567890") || got["a"] != json.Number("2") {
		t.Errorf("got %v", got)
	}
	if openInput(t, "x", `[1]`).JSON() != nil {
		t.Error("a list was decoded as an object")
	}
}

const utf8BOM = "\ufeff"

func zipOf(t *testing.T, name string, content io.Reader) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	w.RegisterCompressor(zip.Deflate, func(to io.Writer) (io.WriteCloser, error) { return flate.NewWriter(to, flate.BestCompression) })
	f, err := w.Create(name)
	if err == nil {
		_, err = io.Copy(f, content)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestArchiveIsBounded(t *testing.T) {
	t.Parallel()
	in := openInput(t, "x.zip", zipOf(t, "a/data.json", strings.NewReader("{}")))
	if got, err := in.Unzip("a/data.json"); string(got) != "{}" || err != nil || len(in.ZIPNames()) != 1 {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := in.Unzip("b"); !errors.Is(err, ErrMalformed) {
		t.Errorf("a missing file: %v", err)
	}
	bomb := openInput(t, "x.zip", zipOf(t, "bomb", io.LimitReader(zeros{}, 64<<20)))
	if _, err := bomb.Unzip("bomb"); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a bomb: %v", err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
