package keepass

import (
	"bytes"
	"crypto/aes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/tobischo/argon2"
	"github.com/tobischo/gokeepasslib/v3"

	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
	"github.com/vaultsphere/vaultsphere/app/transfer/source"
)

// The cost comes from the file, whose author is unknown. KeePassXC offers up to 1 GiB for Argon2, and both programs choose
// AES rounds that take a second: tens of millions on a fast machine.
const (
	kdbxMaxMemory      = 1 << 30
	kdbxMaxPasses      = 1 << 14
	kdbxMaxWork        = 32 << 30 // bytes written in all passes
	kdbxMaxParallelism = 64
	kdbxMaxRounds      = 150_000_000
	kdbxArgonVersion   = 0x13
)

// kdbxArgon2id is missing in gokeepasslib.
var kdbxArgon2id = []byte{0x9E, 0x29, 0x8B, 0x19, 0x56, 0xDB, 0x47, 0x73, 0xB2, 0x3D, 0xFC, 0x3E, 0xC6, 0xF0, 0xA1, 0xE6}

// kdbxKeys returns the composite keys that may open a database. Without a password there are two, because programs use an
// empty one or none.
func kdbxKeys(o source.Options) ([][]byte, error) {
	if o.Password == "" && len(o.KeyFile) == 0 && !o.NoPassword {
		return nil, source.ErrPasswordNeeded
	}
	var file []byte
	if len(o.KeyFile) > 0 {
		var err error
		if file, err = kdbxKeyFile(o.KeyFile); err != nil {
			return nil, err
		}
	}
	var keys [][]byte
	if o.Password == "" {
		none := sha256.Sum256(file)
		keys = append(keys, none[:])
	}
	if o.Password != "" || o.NoPassword {
		keys = append(keys, kdbxCompositeKey(o.Password, file))
	}
	return keys, nil
}

func kdbxCompositeKey(password string, file []byte) []byte {
	hash := sha256.Sum256([]byte(password))
	composite := sha256.Sum256(append(hash[:], file...))
	return composite[:]
}

// kdbxKeyFile returns the key in a key file (https://keepass.info/help/base/keys.html#keyfiles): XML version 1 or 2, 32
// bytes, 64 hexadecimal digits, or the hash of any other file.
func kdbxKeyFile(data []byte) ([]byte, error) {
	var file struct {
		XMLName xml.Name `xml:"KeyFile"`
		Version string   `xml:"Meta>Version"`
		Data    struct {
			Hash string `xml:"Hash,attr"`
			Text string `xml:",chardata"`
		} `xml:"Key>Data"`
	}
	if text, err := source.DecodeText(data); err == nil {
		d := xml.NewDecoder(strings.NewReader(text))
		d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil } // it is UTF-8 by now
		if d.Decode(&file) == nil {
			return kdbxXMLKey(file.Version, strings.Join(strings.Fields(file.Data.Text), ""), strings.TrimSpace(file.Data.Hash))
		}
	}
	if len(data) == sha256.Size {
		return data, nil
	}
	if key, err := hex.DecodeString(string(data)); err == nil && len(key) == sha256.Size {
		return key, nil
	}
	sum := sha256.Sum256(data)
	return sum[:], nil
}

func kdbxXMLKey(version, text, hash string) ([]byte, error) {
	major, _, _ := strings.Cut(strings.TrimSpace(version), ".")
	decode := base64.StdEncoding.DecodeString
	switch major {
	case "1":
	case "2":
		decode = hex.DecodeString
	default:
		return nil, source.Fail(parcel.FileOtherVersion, parcel.Values{Name: "KeePass"})
	}
	key, err := decode(text)
	sum := sha256.Sum256(key)
	if err != nil || len(key) == 0 || hash != "" && !strings.EqualFold(hash, hex.EncodeToString(sum[:4])) {
		return nil, source.Fail(parcel.FileKeyDamaged)
	}
	return key, nil
}

func (h *kdbxHeader) derive(key []byte) ([]byte, error) {
	if h.version < 4 {
		return kdbxAES(key, h.fields[kdbxSeed3], h.number(kdbxRounds3))
	}
	p, err := readVariants(h.fields[kdbxKDF])
	if err != nil {
		return nil, err
	}
	switch id := p["$UUID"]; {
	case bytes.Equal(id, gokeepasslib.KdfAES3), bytes.Equal(id, gokeepasslib.KdfAES4):
		return kdbxAES(key, p["S"], littleEndian(p["R"]))
	case bytes.Equal(id, gokeepasslib.KdfArgon2):
		return kdbxArgon(argon2.DKey, key, p)
	case bytes.Equal(id, kdbxArgon2id):
		return kdbxArgon(argon2.IDKey, key, p)
	}
	return nil, source.UnsupportedAlgorithm("KeePass")
}

func kdbxAES(key, seed []byte, rounds uint64) ([]byte, error) {
	if rounds > kdbxMaxRounds {
		return nil, source.TooCostly()
	}
	if len(seed) != sha256.Size {
		return nil, source.ErrMalformed
	}
	block, err := aes.NewCipher(seed)
	if err != nil {
		return nil, fmt.Errorf("derive the key: %w", err)
	}
	out := bytes.Clone(key)
	for range rounds {
		block.Encrypt(out[:aes.BlockSize], out[:aes.BlockSize])
		block.Encrypt(out[aes.BlockSize:], out[aes.BlockSize:])
	}
	hash := sha256.Sum256(out)
	return hash[:], nil
}

type argonFunc func(password, salt []byte, time, memory uint32, threads uint8, keyLen uint32) []byte

func kdbxArgon(derive argonFunc, key []byte, p map[string][]byte) ([]byte, error) {
	memory, passes, lanes := littleEndian(p["M"]), littleEndian(p["I"]), littleEndian(p["P"])
	switch {
	case passes > kdbxMaxPasses:
		return nil, source.TooCostly()
	case memory > kdbxMaxMemory || memory*passes > kdbxMaxWork:
		return nil, source.TooCostly()
	case lanes > kdbxMaxParallelism:
		return nil, source.TooCostly()
	case passes < 1 || lanes < 1 || len(p["S"]) < 8 || len(p["S"]) > 1<<10:
		return nil, source.ErrMalformed
	case littleEndian(p["V"]) != kdbxArgonVersion || len(p["K"]) > 0 || len(p["A"]) > 0:
		return nil, source.UnsupportedAlgorithm("KeePass")
	}
	return derive(key, p["S"], uint32(passes), uint32(memory>>10), uint8(lanes), sha256.Size), nil
}

// readVariants decodes a "variant dictionary". Numbers stay bytes.
func readVariants(data []byte) (map[string][]byte, error) {
	out := map[string][]byte{}
	r := &cursor{data: data}
	for r.take(2); ; { // the version
		if kind := r.byte(); kind == 0 || r.err != nil {
			return out, r.err
		}
		name := r.take(int(r.uint32()))
		value := r.take(int(r.uint32()))
		out[string(name)] = value
	}
}
