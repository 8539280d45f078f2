package keepass

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"errors"
	"strconv"

	"github.com/tobischo/gokeepasslib/v3"

	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
	"github.com/vaultsphere/vaultsphere/app/transfer/source"
)

// The KDBX container, versions 2 to 4 (https://keepass.info/help/kb/kdbx.html), with the ciphers and inner streams of
// gokeepasslib. Its decoder indexes past the end of damaged files, accepts any cost, and knows only Argon2d, so it is not
// used.

const (
	kdbxSignature1 = 0x9AA2D903
	kdbxSignature2 = 0xB54BFB67
	kdbxPrerelease = 0xB54BFB66 // before KeePass 2.0

	kdbxCipher      = 2
	kdbxCompression = 3
	kdbxMasterSeed  = 4
	kdbxSeed3       = 5
	kdbxRounds3     = 6
	kdbxIV          = 7
	kdbxStreamKey3  = 8
	kdbxStartBytes3 = 9
	kdbxStreamID3   = 10
	kdbxKDF         = 11
	kdbxEndOfHeader = 0
	kdbxInnerEnd    = 0
	kdbxInnerStream = 1
	kdbxInnerKey    = 2
	kdbxInnerBinary = 3
	kdbxHeaderHMAC  = ^uint64(0) // block number whose key authenticates the header
	kdbxMaxHeader   = 1 << 20
	kdbxPrefixBytes = 12 // signatures and version
	kdbxCipherBlock = 16
)

// KDBX is a database of KeePass 2, KeePassXC and compatible programs.
var KDBX = source.Custom{Is: isKDBX, Parse: readKDBX}

func isKDBX(in *source.Input) bool {
	if len(in.Data) < 8 || binary.LittleEndian.Uint32(in.Data) != kdbxSignature1 {
		return false
	}
	second := binary.LittleEndian.Uint32(in.Data[4:])
	return second == kdbxSignature2 || second == kdbxPrerelease
}

// kdbx is a decrypted container.
type kdbx struct {
	xml    []byte
	stream *gokeepasslib.StreamManager // for protected values, in document order
	files  map[string]fileContent      // by the number in an entry
	// headerHash is repeated in the document by version 3, because nothing else authenticates its header.
	headerHash []byte
}

// kdbxHeader is the outer header. Its fields are checked where they are used.
type kdbxHeader struct {
	version uint16
	fields  map[byte][]byte
	raw     []byte
}

// openKDBX tries the keys that the password and the key file may stand for.
func openKDBX(data []byte, o source.Options) (*kdbx, error) {
	r := &cursor{data: data}
	h, err := readKDBXHeader(r)
	if err != nil {
		return nil, err
	}
	keys, err := kdbxKeys(o)
	if err != nil {
		return nil, err
	}
	for _, key := range keys {
		body := *r
		var opened *kdbx
		if h.version == 4 {
			opened, err = h.open4(&body, key)
		} else {
			opened, err = h.open3(&body, key)
		}
		if !errors.Is(err, source.ErrWrongPassword) {
			return opened, err
		}
	}
	return nil, source.Fail(parcel.FileWrongPasswordOrKey)
}

func readKDBXHeader(r *cursor) (*kdbxHeader, error) {
	prefix := r.take(kdbxPrefixBytes)
	if r.err != nil {
		return nil, r.err
	}
	h := &kdbxHeader{version: binary.LittleEndian.Uint16(prefix[10:]), fields: map[byte][]byte{}}
	if h.version < 1 || h.version > 4 {
		return nil, source.Fail(parcel.FileOtherVersion, parcel.Values{Name: "KeePass"})
	}
	for {
		id := r.byte()
		size := uint32(r.uint16())
		if h.version == 4 {
			size |= uint32(r.uint16()) << 16
		}
		if size > kdbxMaxHeader {
			return nil, source.ErrMalformed
		}
		value := r.take(int(size))
		if r.err != nil {
			return nil, r.err
		}
		if id == kdbxEndOfHeader {
			break
		}
		h.fields[id] = value
	}
	h.raw = r.data[:r.at]
	if len(h.fields[kdbxMasterSeed]) == 0 || len(h.fields[kdbxMasterSeed]) > 64 {
		return nil, source.ErrMalformed
	}
	return h, nil
}

// number returns a field of four or eight bytes.
func (h *kdbxHeader) number(id byte) uint64 {
	return littleEndian(h.fields[id])
}

func littleEndian(b []byte) uint64 {
	if len(b) > 8 {
		return ^uint64(0)
	}
	var full [8]byte
	copy(full[:], b)
	return binary.LittleEndian.Uint64(full[:])
}

// open4 authenticates the header and each block before using them. It detects a damaged header before deriving the key.
func (h *kdbxHeader) open4(r *cursor, key []byte) (*kdbx, error) {
	sum, mac := r.take(sha256.Size), r.take(sha256.Size)
	if r.err != nil {
		return nil, r.err
	}
	if own := sha256.Sum256(h.raw); !bytes.Equal(own[:], sum) {
		return nil, source.ErrMalformed
	}
	derived, err := h.derive(key)
	if err != nil {
		return nil, err
	}
	base := sha512.Sum512(append(append(bytes.Clone(h.fields[kdbxMasterSeed]), derived...), 1))
	if !hmac.Equal(kdbxMAC(base, kdbxHeaderHMAC, h.raw), mac) {
		return nil, source.ErrWrongPassword
	}
	var sealed []byte
	for index := uint64(0); ; index++ {
		mac, size := r.take(sha256.Size), r.uint32()
		block := r.take(int(size))
		if r.err != nil {
			return nil, r.err
		}
		if !hmac.Equal(kdbxMAC(base, index, kdbxBlockPrefix(index, size), block), mac) {
			return nil, source.ErrMalformed
		}
		if size == 0 {
			break
		}
		sealed = append(sealed, block...)
	}
	plain, err := h.decrypt(sealed, derived)
	if err != nil {
		return nil, err
	}
	if plain, err = h.inflate(plain); err != nil {
		return nil, err
	}
	return readKDBXInner(plain)
}

// kdbxMAC authenticates parts with the key of the block of that number.
func kdbxMAC(base [sha512.Size]byte, index uint64, parts ...[]byte) []byte {
	key := sha512.Sum512(append(binary.LittleEndian.AppendUint64(nil, index), base[:]...))
	mac := hmac.New(sha256.New, key[:])
	for _, part := range parts {
		mac.Write(part)
	}
	return mac.Sum(nil)
}

func kdbxBlockPrefix(index uint64, size uint32) []byte {
	return binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint64(nil, index), size)
}

// open3 recognizes a wrong password only by the first decrypted bytes.
func (h *kdbxHeader) open3(r *cursor, key []byte) (*kdbx, error) {
	derived, err := h.derive(key)
	if err != nil {
		return nil, err
	}
	plain, err := h.decrypt(r.data[r.at:], derived)
	if err != nil {
		return nil, err
	}
	start := h.fields[kdbxStartBytes3]
	switch {
	case len(start) == 0:
		return nil, source.ErrMalformed
	case len(plain) < len(start):
		return nil, source.ErrTruncated
	case !bytes.HasPrefix(plain, start):
		return nil, source.ErrWrongPassword
	}
	body := &cursor{data: plain, at: len(start)}
	var content []byte
	for {
		body.take(4) // block number
		sum, size := body.take(sha256.Size), body.uint32()
		block := body.take(int(size))
		if body.err != nil {
			return nil, body.err
		}
		if size == 0 {
			break
		}
		if own := sha256.Sum256(block); !bytes.Equal(own[:], sum) {
			return nil, source.ErrMalformed
		}
		content = append(content, block...)
	}
	if content, err = h.inflate(content); err != nil {
		return nil, err
	}
	stream, err := kdbxStream(h.number(kdbxStreamID3), h.fields[kdbxStreamKey3])
	if err != nil {
		return nil, err
	}
	k := &kdbx{xml: content, stream: stream, files: map[string]fileContent{}}
	if h.version == 3 {
		sum := sha256.Sum256(h.raw)
		k.headerHash = sum[:]
	}
	return k, nil
}

func (h *kdbxHeader) decrypt(sealed, derived []byte) ([]byte, error) {
	id, iv := h.fields[kdbxCipher], h.fields[kdbxIV]
	chained := !bytes.Equal(id, gokeepasslib.CipherChaCha20)
	if chained && len(iv) != kdbxCipherBlock {
		return nil, source.ErrMalformed
	}
	if chained && (len(sealed) == 0 || len(sealed)%kdbxCipherBlock != 0) {
		return nil, source.ErrTruncated
	}
	key := sha256.Sum256(append(bytes.Clone(h.fields[kdbxMasterSeed]), derived...))
	cipher, err := gokeepasslib.NewEncrypterManager(id, key[:], iv)
	if err != nil {
		return nil, source.UnsupportedAlgorithm("KeePass")
	}
	return cipher.Decrypt(sealed), nil
}

// inflate ignores data after the content: the padding of a block cipher, which some programs add to ChaCha20 as well. The
// readers of the content know where it ends.
func (h *kdbxHeader) inflate(content []byte) ([]byte, error) {
	switch h.number(kdbxCompression) {
	case uint64(gokeepasslib.NoCompressionFlag):
		return content, nil
	case uint64(gokeepasslib.GzipCompressionFlag):
		return source.Gunzip(content, maxBytes)
	}
	return nil, source.UnsupportedAlgorithm("KeePass")
}

func readKDBXInner(plain []byte) (*kdbx, error) {
	k := &kdbx{files: map[string]fileContent{}}
	var id uint64
	var key []byte
	for r := (&cursor{data: plain}); ; {
		field, size := r.byte(), r.uint32()
		value := r.take(int(size))
		if r.err != nil {
			return nil, r.err
		}
		switch field {
		case kdbxInnerStream:
			id = littleEndian(value)
		case kdbxInnerKey:
			key = value
		case kdbxInnerBinary:
			// The first byte says whether to protect the file in memory.
			k.files[strconv.Itoa(len(k.files))] = fileContent{data: value[min(1, len(value)):]}
		case kdbxInnerEnd:
			var err error
			k.xml = plain[r.at:]
			k.stream, err = kdbxStream(id, key)
			return k, err
		}
	}
}

func kdbxStream(id uint64, key []byte) (*gokeepasslib.StreamManager, error) {
	if id > uint64(gokeepasslib.ChaChaStreamID) {
		return nil, source.UnsupportedAlgorithm("KeePass")
	}
	stream, err := gokeepasslib.NewStreamManager(uint32(id), key)
	if err != nil {
		return nil, source.UnsupportedAlgorithm("KeePass")
	}
	return stream, nil
}

// cursor reads from a binary file. After the first read past the end, err is set.
type cursor struct {
	data []byte
	at   int
	err  error
}

func (c *cursor) take(n int) []byte {
	if c.err != nil || n < 0 || n > len(c.data)-c.at {
		c.err = source.ErrTruncated
		return nil
	}
	c.at += n
	return c.data[c.at-n : c.at : c.at]
}

func (c *cursor) byte() byte {
	if b := c.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (c *cursor) uint16() uint16 {
	if b := c.take(2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

func (c *cursor) uint32() uint32 {
	if b := c.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}
