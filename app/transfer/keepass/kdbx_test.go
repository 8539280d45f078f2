package keepass_test

import (
	"bytes"
	"compress/gzip"
	"crypto/aes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tobischo/gokeepasslib/v3"

	"github.com/vaultsphere/vaultsphere/app/transfer"
	"github.com/vaultsphere/vaultsphere/app/transfer/source"
	"github.com/vaultsphere/vaultsphere/internal/testenv/transfertest"
)

func kpEncode(t *testing.T, db *gokeepasslib.Database) []byte {
	t.Helper()
	if err := db.LockProtectedEntries(); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := gokeepasslib.NewEncoder(&b).Encode(db); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const kpPassword = "correct horse"

func kpCipher(id []byte, iv int) gokeepasslib.DatabaseOption {
	return func(db *gokeepasslib.Database) {
		db.Header.FileHeaders.CipherID, db.Header.FileHeaders.EncryptionIV = id, bytes.Repeat([]byte{7}, iv)
	}
}

// gokeepasslib writes each variant. It shares only the ciphers with the reader.
func TestKDBXVariants(t *testing.T) {
	t.Parallel()
	v3, v4 := gokeepasslib.WithDatabaseKDBXVersion3(), gokeepasslib.WithDatabaseKDBXVersion4()
	for name, options := range map[string][]gokeepasslib.DatabaseOption{
		"3.1, AES, Salsa20":      {v3},
		"3.1, Twofish":           {v3, kpCipher(gokeepasslib.CipherTwoFish, 16)},
		"3.1, ChaCha20":          {v3, kpCipher(gokeepasslib.CipherChaCha20, 12)},
		"3.1, not compressed":    {v3, func(db *gokeepasslib.Database) { db.Header.FileHeaders.CompressionFlags = 0 }},
		"4, ChaCha20, Argon2d":   {v4},
		"4, AES":                 {v4, kpCipher(gokeepasslib.CipherAES, 16)},
		"4, Twofish, AES rounds": {v4, kpCipher(gokeepasslib.CipherTwoFish, 16), kpAESRounds},
		"4, values in Salsa20": {v4, func(db *gokeepasslib.Database) {
			db.Content.InnerHeader.InnerRandomStreamID = gokeepasslib.SalsaStreamID
		}},
		"4, ChaCha20, not packed":    {v4, func(db *gokeepasslib.Database) { db.Header.FileHeaders.CompressionFlags = 0 }},
		"4, key of version 3's kind": {v4, kpAESRounds, func(db *gokeepasslib.Database) { db.Header.FileHeaders.KdfParameters.UUID = gokeepasslib.KdfAES3 }},
	} {
		t.Run(name, func(t *testing.T) {
			db := kpDatabase(t, options...)
			db.Credentials = gokeepasslib.NewPasswordCredentials(kpPassword)
			got := transfertest.Read(t, "a.kdbx", string(kpEncode(t, db)), transfer.Options{Password: kpPassword})
			transfertest.Same(t, got, kpWant())
			transfertest.SameProblems(t, got)
			want := []transfer.Attached{{Name: "looks like base64.txt", Data: []byte("dGV4dA==")}, {Name: "bild.png", Data: []byte{0, 1, 2, 255}}}
			if !slices.EqualFunc(got.Items[0].Files, want, func(a, b transfer.Attached) bool { return a.Name == b.Name && bytes.Equal(a.Data, b.Data) }) {
				t.Errorf("files %v", got.Items[0].Files)
			}
		})
	}
}

func kpAESRounds(db *gokeepasslib.Database) {
	db.Header.FileHeaders.KdfParameters = &gokeepasslib.KdfParameters{UUID: gokeepasslib.KdfAES4, Rounds: 100, Salt: [32]byte{1, 2, 3}}
}

func TestKDBXKeyFiles(t *testing.T) {
	t.Parallel()
	key := bytes.Repeat([]byte{0xAB}, 32)
	sum := sha256.Sum256(key)
	files := map[string]string{
		"32 bytes": string(key),
		"hex":      hex.EncodeToString(key),
		"XML 1":    `<?xml version="1.0"?><KeyFile><Meta><Version>1.00</Version></Meta><Key><Data>q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=</Data></Key></KeyFile>`,
		"XML 2": fmt.Sprintf(`<KeyFile><Meta><Version>2.0</Version></Meta><Key><Data Hash="%X">%X %X</Data></Key></KeyFile>`,
			sum[:4], key[:16], key[16:]),
		"XML 2, lower case": fmt.Sprintf("\ufeff<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<KeyFile>\n\t<Meta><Version>2.0</Version></Meta>\n\t<Key><Data Hash=\"%x\">\n\t\t%x\n\t\t%x\n</Data></Key></KeyFile>",
			sum[:4], key[:16], key[16:]),
		"XML 2, without hash": fmt.Sprintf("<KeyFile><Meta><Version>2.00</Version></Meta><Key><Data>%X</Data></Key></KeyFile>", key),
		"XML 1, in UTF-16":    transfertest.UTF16LE("<?xml version=\"1.0\" encoding=\"utf-16\"?><KeyFile><Meta><Version>1.0</Version></Meta><Key><Data>\n q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s= </Data></Key></KeyFile>"),
		"any other":           "a photograph, say",
		"any other XML":       "<svg/>",
		"64 letters":          strings.Repeat("xy", 32),
		"33 bytes":            string(key) + "\n",
	}
	whole := []string{"any other", "any other XML", "64 letters", "33 bytes"}
	for name, file := range files {
		want := key
		if slices.Contains(whole, name) {
			hash := sha256.Sum256([]byte(file))
			want = hash[:]
		}
		password := sha256.Sum256([]byte(kpPassword))
		for _, both := range []bool{false, true} {
			o := transfer.Options{KeyFile: []byte(file)}
			db := kpDatabase(t, gokeepasslib.WithDatabaseKDBXVersion4())
			db.Credentials = &gokeepasslib.DBCredentials{Key: want}
			if both {
				o.Password, db.Credentials.Passphrase = kpPassword, password[:]
			}
			data := string(kpEncode(t, db))
			if got := transfertest.Read(t, "a.kdbx", data, o); len(got.Items) != len(kpWant()) {
				t.Errorf("%s: %d items", name, len(got.Items))
			}
			_, err := transfer.Read(transfer.File{Data: []byte(data)}, transfer.Options{Password: kpPassword})
			if !errors.Is(err, transfer.ErrWrongPassword) {
				t.Errorf("%s, without it: %v", name, err)
			}
		}
	}
}

// An empty password is a different key than no password. Programs do not show which one a database has.
func TestKDBXWithAnEmptyPassword(t *testing.T) {
	t.Parallel()
	empty, file := sha256.Sum256(nil), sha256.Sum256([]byte("a photograph, say"))
	for name, c := range map[string]struct {
		credentials gokeepasslib.DBCredentials
		keyFile     string
	}{
		"empty":                  {gokeepasslib.DBCredentials{Passphrase: empty[:]}, ""},
		"none at all":            {gokeepasslib.DBCredentials{}, ""},
		"empty, with a key file": {gokeepasslib.DBCredentials{Passphrase: empty[:], Key: file[:]}, "a photograph, say"},
		"none, with a key file":  {gokeepasslib.DBCredentials{Key: file[:]}, "a photograph, say"},
	} {
		for _, version := range []gokeepasslib.DatabaseOption{gokeepasslib.WithDatabaseKDBXVersion3(), gokeepasslib.WithDatabaseKDBXVersion4()} {
			db := kpDatabase(t, version)
			db.Credentials = &c.credentials
			data := kpEncode(t, db)
			got, err := transfer.Read(transfer.File{Data: data}, transfer.Options{NoPassword: true, KeyFile: []byte(c.keyFile)})
			if err != nil || len(got.Items) != len(kpWant()) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// Version 2 is read like version 3, but does not repeat its header.
func TestOtherKDBXVersions(t *testing.T) {
	t.Parallel()
	db := kpDatabase(t, gokeepasslib.WithDatabaseKDBXVersion3())
	db.Credentials = gokeepasslib.NewPasswordCredentials(kpPassword)
	data := kpEncode(t, db)
	for _, version := range []string{"\x67\xfb\x4b\xb5\x04\x00\x02\x00", "\x66\xfb\x4b\xb5\x00\x00\x02\x00", "\x66\xfb\x4b\xb5\x00\x00\x01\x00"} {
		copy(data[4:], version)
		transfertest.Same(t, transfertest.Read(t, "a.kdbx", string(data), transfer.Options{Password: kpPassword}), kpWant())
	}
	copy(data[4:], "\x67\xfb\x4b\xb5\x00\x00\x05\x00")
	_, err := transfer.Read(transfer.File{Data: data}, transfer.Options{Password: kpPassword})
	if !errors.Is(err, transfer.ErrUnknownFormat) {
		t.Errorf("got %v", err)
	}
}

func TestKDBXWithoutItsKey(t *testing.T) {
	t.Parallel()
	for _, version := range []gokeepasslib.DatabaseOption{gokeepasslib.WithDatabaseKDBXVersion3(), gokeepasslib.WithDatabaseKDBXVersion4()} {
		db := kpDatabase(t, version)
		db.Credentials = gokeepasslib.NewPasswordCredentials(kpPassword)
		data := kpEncode(t, db)
		for _, c := range []struct {
			o    transfer.Options
			want error
		}{
			{transfer.Options{}, transfer.ErrPasswordNeeded},
			{transfer.Options{Password: "Correct horse"}, transfer.ErrWrongPassword},
			{transfer.Options{Password: kpPassword, KeyFile: []byte("x")}, transfer.ErrWrongPassword},
			{transfer.Options{KeyFile: []byte("<KeyFile><Meta><Version>2.0</Version></Meta></KeyFile>")}, transfer.ErrMalformed},
			{transfer.Options{KeyFile: []byte("<KeyFile><Meta><Version>3.0</Version></Meta></KeyFile>")}, transfer.ErrUnknownFormat},
			{transfer.Options{KeyFile: []byte(`<KeyFile><Meta><Version>2.0</Version></Meta><Key><Data Hash="00000000">AB</Data></Key></KeyFile>`)}, transfer.ErrMalformed},
			{transfer.Options{NoPassword: true}, transfer.ErrWrongPassword},
		} {
			if _, err := transfer.Read(transfer.File{Data: data}, c.o); !errors.Is(err, c.want) {
				t.Errorf("%+v: got %v, want %v", c.o, err, c.want)
			}
		}
	}
}

// Damaged files give an error or all items. A truncated file must not be reported as a wrong password.
func TestDamagedKDBX(t *testing.T) {
	t.Parallel()
	for _, version := range []gokeepasslib.DatabaseOption{gokeepasslib.WithDatabaseKDBXVersion3(), gokeepasslib.WithDatabaseKDBXVersion4()} {
		db := gokeepasslib.NewDatabase(version)
		db.Credentials = gokeepasslib.NewPasswordCredentials(kpPassword)
		db.Header.FileHeaders.TransformRounds = 2
		if db.Header.IsKdbx4() {
			kpAESRounds(db)
		}
		data := kpEncode(t, db)
		o := transfer.Options{Password: kpPassword, Format: "kdbx"}
		if db.Header.IsKdbx4() {
			data = data[:len(data)-36] // gokeepasslib writes the final block twice
		}
		for n := range data {
			kpWholeOrTruncated(t, db, data, n)
			changed := bytes.Clone(data)
			changed[n] ^= 0x41
			if got, err := transfer.Read(transfer.File{Data: changed}, o); err == nil && len(got.Items) != 1 {
				t.Errorf("byte %d of %d changed: %d items", n, len(data), len(got.Items))
			}
		}
	}
}

// kpWholeOrTruncated reads the first n bytes of a database with one item. Only the padding of a block cipher may be missing
// without an error.
func kpWholeOrTruncated(t *testing.T, db *gokeepasslib.Database, data []byte, n int) (whole bool) {
	t.Helper()
	got, err := transfer.Read(transfer.File{Data: data[:n]}, transfer.Options{Password: kpPassword, Format: "kdbx"})
	switch padding := !db.Header.IsKdbx4() && n == len(data)-aes.BlockSize; {
	case err == nil && padding && len(got.Items) == 1:
		return true
	case err == nil || n > 12 && !errors.Is(err, transfer.ErrTruncated):
		t.Errorf("%d of %d bytes: %v", n, len(data), err)
	}
	return false
}

// One file in sixteen ends with a block of padding only.
func TestKDBXWithoutItsPadding(t *testing.T) {
	t.Parallel()
	whole := 0
	for length := range aes.BlockSize {
		db := gokeepasslib.NewDatabase(gokeepasslib.WithDatabaseKDBXVersion3())
		db.Credentials = gokeepasslib.NewPasswordCredentials(kpPassword)
		db.Header.FileHeaders.TransformRounds = 2
		db.Header.FileHeaders.CompressionFlags = gokeepasslib.NoCompressionFlag
		db.Content.Meta.DatabaseName = strings.Repeat("x", length)
		data := kpEncode(t, db)
		if kpWholeOrTruncated(t, db, data, len(data)-aes.BlockSize) {
			whole++
		}
	}
	if whole != 1 {
		t.Errorf("%d of %d files are whole without their last block, want 1", whole, aes.BlockSize)
	}
}

// Files with an excessive cost are rejected before any work, for every parameter.
func TestCostsOfKDBXAreBounded(t *testing.T) {
	t.Parallel()
	credentials := gokeepasslib.NewPasswordCredentials(kpPassword)
	v3, v4 := gokeepasslib.NewDatabase(), gokeepasslib.NewDatabase(gokeepasslib.WithDatabaseKDBXVersion4())
	rounds := gokeepasslib.NewDatabase(gokeepasslib.WithDatabaseKDBXVersion4(), kpAESRounds)
	v3.Credentials, v4.Credentials, rounds.Credentials = credentials, credentials, credentials
	for _, c := range []struct {
		name, field string // the start of the field in the header
		db          *gokeepasslib.Database
	}{
		{"rounds, 3.1", "\x06\x08\x00", v3},
		{"rounds", "\x05\x01\x00\x00\x00R\x08\x00\x00\x00", rounds},
		{"memory", "\x05\x01\x00\x00\x00M\x08\x00\x00\x00", v4},
		{"passes", "\x05\x01\x00\x00\x00I\x08\x00\x00\x00", v4},
		{"threads", "\x04\x01\x00\x00\x00P\x04\x00\x00\x00", v4},
	} {
		data := kpEncode(t, c.db)
		at := bytes.Index(data, []byte(c.field)) + len(c.field)
		copy(data[at:], "\xff\xff\xff\x7f")
		if end := bytes.Index(data, []byte("\x00\x04\x00\x00\x00\r\n\r\n")) + 9; c.db != v3 {
			sum := sha256.Sum256(data[:end])
			copy(data[end:], sum[:])
		}
		_, err := transfer.Read(transfer.File{Data: data}, transfer.Options{Password: kpPassword})
		if !errors.Is(err, source.TooCostly()) {
			t.Errorf("%s: got %v", c.name, err)
		}
	}
}

func TestGzipBombIsRejected(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(make([]byte, 1001)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if out, err := source.Gunzip(b.Bytes(), 1001); err != nil || len(out) != 1001 {
		t.Errorf("%d bytes, %v", len(out), err)
	}
	if _, err := source.Gunzip(b.Bytes(), 1000); !errors.Is(err, transfer.ErrTooLarge) {
		t.Errorf("got %v", err)
	}
}
