package seal

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"errors"

	"github.com/cloudflare/circl/dh/x25519"
	"github.com/cloudflare/circl/kem/xwing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealing"
)

// This file is HPKE (RFC 9180) in base mode with the KEM MLKEM768X25519 (X-Wing), HKDF-SHA256, and export only. crypto/hpke does the
// same, and the tests compare the two. But it brings the curves of NIST into the page, 7 % of its size, and nothing uses them.

// hpkeSuite is suite_id of RFC 9180 §5.1: KEM 0x647a, KDF 0x0001, export only.
const hpkeSuite = "HPKE\x64\x7a\x00\x01\xff\xff"

var (
	errEncapsulated = errors.New("encapsulated key is malformed")
	errKEMKey       = errors.New("KEM key is not valid")
)

// encapsulateTo draws a secret for a KEM key and returns its encapsulation, and what the secret exports for info.
func encapsulateTo(kemKey []byte, info []byte) (encapsulated []byte, exported secret, err error) {
	if !chain.ValidKEMKey(kemKey) {
		return nil, secret{}, errKEMKey
	}
	seed := make([]byte, xwing.EncapsulationSeedSize)
	sealing.RandomBytes(seed)
	defer clear(seed)
	shared, encapsulated, err := xwing.Encapsulate(kemKey, seed)
	if err != nil {
		return nil, secret{}, err
	}
	defer clear(shared)
	exported, err = export(shared, info)
	return encapsulated, exported, err
}

// decapsulate opens what encapsulateTo returned.
func (k KEMPrivate) decapsulate(encapsulated, info []byte) (exported secret, err error) {
	if len(encapsulated) != xwing.CiphertextSize {
		return secret{}, errEncapsulated
	}
	// X-Wing accepts a point of small order. crypto/hpke and other libraries refuse it.
	if chain.SmallOrder(encapsulated[xwing.CiphertextSize-x25519.Size:]) {
		return secret{}, errEncapsulated
	}
	shared := xwing.Decapsulate(encapsulated, sealing.Bytes(&k.secret))
	defer clear(shared)
	return export(shared, info)
}

// export is the key schedule with Context.Export (RFC 9180 §5.1, §5.3), for the context labelEnvelope and 32 bytes.
func export(shared, info []byte) (secret, error) {
	context := append([]byte{0}, labeledExtract(nil, "psk_id_hash", nil)...)
	context = append(context, labeledExtract(nil, "info_hash", info)...)
	exporter, err := labeledExpand(labeledExtract(shared, "secret", nil), "exp", context)
	if err != nil {
		return secret{}, err
	}
	defer clear(exporter)
	b, err := labeledExpand(exporter, "sec", []byte(labelEnvelope))
	if err != nil {
		return secret{}, err
	}
	defer clear(b)
	return sealing.Parse(b)
}

// labeledExtract is LabeledExtract (RFC 9180 §4).
func labeledExtract(salt []byte, label string, input []byte) []byte {
	labeled := append([]byte("HPKE-v1"+hpkeSuite+label), input...)
	b, err := hkdf.Extract(sha256.New, labeled, salt)
	if err != nil {
		panic("seal: " + err.Error()) // only for a hash that is not approved
	}
	return b
}

// labeledExpand is LabeledExpand (RFC 9180 §4) to 32 bytes.
func labeledExpand(key []byte, label string, info []byte) ([]byte, error) {
	labeled := binary.BigEndian.AppendUint16(nil, sealing.KeySize)
	labeled = append(append(labeled, "HPKE-v1"+hpkeSuite+label...), info...)
	return hkdf.Expand(sha256.New, key, string(labeled), sealing.KeySize)
}
