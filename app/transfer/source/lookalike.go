package source

import (
	"bytes"
	"slices"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
)

// lookalikes are files that people choose by mistake, by their first bytes.
var lookalikes = []struct {
	begins string
	code   parcel.FileCode
	packer string
}{
	{"%PDF-", parcel.FileDocument, ""},
	{"\xd0\xcf\x11\xe0", parcel.FileSpreadsheet, ""}, // of Excel before 2007, or a document of Word
	{"\x89PNG", parcel.FilePicture, ""},
	{"\xff\xd8\xff", parcel.FilePicture, ""},
	{"\x03\xd9\xa2\x9ae\xfbK\xb5", parcel.FileKeePass1, ""},
	{"\x1f\x8b", parcel.FilePacked, "gzip"},
	{"7z\xbc\xaf", parcel.FilePacked, "7-Zip"},
	{"Rar!", parcel.FilePacked, "RAR"},
	{"age-encryption.org/", parcel.FileAge, ""},
	{"-----BEGIN AGE ENCRYPTED FILE-----", parcel.FileAge, ""},
	{"SQLite format 3", parcel.FileDatabase, ""},
}

// IsPGP reports whether the file is an OpenPGP message (RFC 9580): armored, or binary with a fitting name and a session key
// (tag 1 or 3) as its first packet.
func (in *Input) IsPGP() bool {
	if bytes.HasPrefix(bytes.TrimSpace(in.Data), []byte("-----BEGIN PGP ")) {
		return true
	}
	named := slices.ContainsFunc([]string{".gpg", ".pgp", ".asc"}, func(ending string) bool { return strings.HasSuffix(in.Name, ending) })
	return named && slices.Contains([]byte{0x84, 0x85, 0x86, 0x8c, 0x8d, 0xc1, 0xc3}, in.Data[0])
}

// Unknown says why no format fits, as precisely as possible.
func (in *Input) Unknown() error {
	if in.IsPGP() {
		return ErrPGP
	}
	for _, l := range lookalikes {
		if bytes.HasPrefix(in.Data, []byte(l.begins)) {
			return Fail(l.code, parcel.Values{Name: l.packer})
		}
	}
	if slices.Contains(in.ZIPNames(), "xl/workbook.xml") {
		return Fail(parcel.FileSpreadsheet)
	}
	if in.JSONValue(); in.Broken != nil {
		return in.Broken
	}
	if text, err := in.Text(); err == nil && strings.HasPrefix(strings.ToLower(strings.TrimSpace(text)), "<!doctype html") {
		return Fail(parcel.FileWebPage)
	}
	return ErrUnknownFormat
}
