package source

import (
	"archive/zip"
	"bytes"
	"cmp"
	"compress/gzip"
	"errors"
	"io"
	"slices"

	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
)

// Limits of an archive. They do not rely on the sizes that it declares.
const (
	maxZIPEntries = 10_000
	maxZIPBytes   = 256 << 20 // unpacked, all files together
	maxZIPRatio   = 200       // unpacked to packed, of a file above freeZIPBytes; JSON and text stay below 50
	freeZIPBytes  = 1 << 20
)

type archive struct {
	names    []string
	files    map[string]*zip.File
	unpacked map[string][]byte
	left     int64 // bytes that may still be unpacked
}

// ZIPNames lists the files in the archive, or is nil if the file is not an archive.
func (in *Input) ZIPNames() []string {
	if in.archive == nil {
		in.archive = &archive{files: map[string]*zip.File{}, unpacked: map[string][]byte{}, left: maxZIPBytes}
		if bytes.HasPrefix(in.Data, []byte("PK\x03\x04")) {
			in.Broken = in.archive.open(in.Data)
		}
	}
	return in.archive.names
}

func (a *archive) open(data []byte) error {
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return ErrTruncated
	}
	if len(r.File) > maxZIPEntries {
		return Fail(parcel.FileTooManyValues, parcel.Values{Limit: maxZIPEntries})
	}
	for _, f := range r.File {
		if f.FileInfo().IsDir() {
			continue
		}
		if a.files[f.Name] == nil {
			a.names = append(a.names, f.Name)
		}
		a.files[f.Name] = f
	}
	slices.Sort(a.names)
	return nil
}

// Unzip unpacks one file of the archive.
func (in *Input) Unzip(name string) ([]byte, error) {
	in.ZIPNames()
	a := in.archive
	if data, done := a.unpacked[name]; done {
		return data, nil
	}
	f := a.files[name]
	switch {
	case f == nil:
		return nil, Incomplete(name)
	case f.Flags&1 != 0:
		return nil, Fail(parcel.FileEncryptedArchive)
	}
	r, err := f.Open()
	if err != nil {
		return nil, UnsupportedAlgorithm("ZIP")
	}
	defer r.Close() //nolint:errcheck // reads from memory; the checksum is verified at the end of the content
	most := a.left
	if f.CompressedSize64 <= uint64(len(in.Data)) {
		most = min(most, max(int64(f.CompressedSize64)*maxZIPRatio, freeZIPBytes)) //nolint:gosec // at most the file's size
	}
	data, err := io.ReadAll(io.LimitReader(r, most+1))
	switch {
	case int64(len(data)) > most:
		return nil, Fail(parcel.FileUnpacksTooLarge)
	case err != nil:
		return nil, ErrMalformed
	}
	a.left -= int64(len(data))
	a.unpacked[name] = data
	return data, nil
}

// LeftFiles reports the files of an archive that no item refers to.
func LeftFiles(b *Builder, files []parcel.Attached) {
	slices.SortFunc(files, func(a, b parcel.Attached) int { return cmp.Compare(a.Name, b.Name) })
	for _, file := range files {
		b.Problem(0, file.Name, parcel.UnclaimedFile)
	}
}

// Gunzip unpacks one gzip member of at most the given size. With an error, it also returns the data before it.
func Gunzip(data []byte, most int64) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, ErrMalformed
	}
	z.Multistream(false)
	out, err := io.ReadAll(io.LimitReader(z, most+1))
	switch {
	case int64(len(out)) > most:
		return nil, Fail(parcel.FileUnpacksTooLarge)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return out, ErrTruncated
	case err != nil:
		return out, ErrMalformed
	}
	return out, nil
}
