package source

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// lookalikes are files that people choose by mistake, by how they begin.
var lookalikes = []struct{ begins, advice string }{
	{"%PDF-", "it is a PDF document; export again as CSV or JSON"},
	{"\xd0\xcf\x11\xe0", "it is an old Excel or Word document; save it as CSV"},
	{"\x89PNG", "it is a picture"},
	{"\xff\xd8\xff", "it is a picture"},
	{"\x03\xd9\xa2\x9ae\xfbK\xb5", "it is a database of KeePass 1; open it in KeePass 2 or KeePassXC, and save it as KDBX"},
	{"\x1f\x8b", "it is packed with gzip; unpack it first"},
	{"7z\xbc\xaf", "it is packed with 7-Zip; unpack it first"},
	{"Rar!", "it is packed with RAR; unpack it first"},
	{"age-encryption.org/", "it is encrypted with age; decrypt it first"},
	{"-----BEGIN AGE ENCRYPTED FILE-----", "it is encrypted with age; decrypt it first"},
	{"SQLite format 3", "it is a database of a browser or an application; export from there instead"},
}

// IsPGP reports whether the file is one of OpenPGP (RFC 9580): armoured, or a message whose first packet is a session key
// (tag 1 or 3) and which its name calls so, because nothing else tells it.
func (in *Input) IsPGP() bool {
	if bytes.HasPrefix(bytes.TrimSpace(in.Data), []byte("-----BEGIN PGP ")) {
		return true
	}
	named := slices.ContainsFunc([]string{".gpg", ".pgp", ".asc"}, func(ending string) bool { return strings.HasSuffix(in.Name, ending) })
	return named && slices.Contains([]byte{0x84, 0x85, 0x86, 0x8c, 0x8d, 0xc1, 0xc3}, in.Data[0])
}

// Unknown says why no format fits, as well as it can be told.
func (in *Input) Unknown() error {
	if in.IsPGP() {
		return ErrPGP
	}
	for _, l := range lookalikes {
		if bytes.HasPrefix(in.Data, []byte(l.begins)) {
			return fmt.Errorf("%w: %s", ErrUnknownFormat, l.advice)
		}
	}
	if slices.Contains(in.ZIPNames(), "xl/workbook.xml") {
		return fmt.Errorf("%w: it is an Excel workbook; save it as CSV", ErrUnknownFormat)
	}
	if in.JSONValue(); in.Broken != nil {
		return in.Broken
	}
	if text, err := in.Text(); err == nil && strings.HasPrefix(strings.ToLower(strings.TrimSpace(text)), "<!doctype html") {
		return fmt.Errorf("%w: it is a web page; export again as CSV or JSON", ErrUnknownFormat)
	}
	return ErrUnknownFormat
}
