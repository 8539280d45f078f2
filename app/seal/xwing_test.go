package seal

import (
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/mlkem"
	"crypto/mlkem/mlkemtest"
	"crypto/sha256"
	"crypto/sha3"
	"encoding/binary"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealing"
	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealtest"
)

// encapsulation is X-Wing (draft-connolly-cfrg-xwing-kem) with fixed random bytes, and the key schedule of HPKE (RFC 9180 §5.1) with
// its export, by hand: crypto/hpke draws its own random bytes, and vectors need a second implementation.
type encapsulation struct{ encapsulated, shared, exported []byte }

func encapsulate(t *testing.T, kemKey []byte, name string, info []byte) encapsulation {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	seed, ephemeral := sealtest.Fixed(name+" ML-KEM"), sealtest.Fixed(name+" X25519")
	pq, err := mlkem.NewEncapsulationKey768(kemKey[:mlkem.EncapsulationKeySize768])
	must(err)
	sharedPQ, ciphertext, err := mlkemtest.Encapsulate768(pq, seed[:])
	must(err)
	public, err := ecdh.X25519().NewPublicKey(kemKey[mlkem.EncapsulationKeySize768:])
	must(err)
	private, err := ecdh.X25519().NewPrivateKey(ephemeral[:])
	must(err)
	sharedX, err := private.ECDH(public)
	must(err)
	sentX := private.PublicKey().Bytes()
	h := sha3.New256()
	for _, b := range [][]byte{sharedPQ, sharedX, sentX, public.Bytes(), []byte(`\.//^\`)} {
		h.Write(b)
	}
	shared := h.Sum(nil)

	suite := []byte("HPKE\x64\x7a\x00\x01\xff\xff") // MLKEM768X25519, HKDF-SHA256, export only
	extract := func(salt []byte, label string, ikm []byte) []byte {
		b, err := hkdf.Extract(sha256.New, append(append(append([]byte("HPKE-v1"), suite...), label...), ikm...), salt)
		must(err)
		return b
	}
	expand := func(secret []byte, label string, info []byte) []byte {
		b := append(binary.BigEndian.AppendUint16(nil, 32), "HPKE-v1"...)
		out, err := hkdf.Expand(sha256.New, secret, string(append(append(append(b, suite...), label...), info...)), 32)
		must(err)
		return out
	}
	context := append([]byte{0}, extract(nil, "psk_id_hash", nil)...)
	context = append(context, extract(nil, "info_hash", info)...)
	exporter := expand(extract(shared, "secret", nil), "exp", context)
	return encapsulation{append(ciphertext, sentX...), shared, expand(exporter, "sec", []byte(labelEnvelope))}
}

// sealByHand returns an envelope that does not depend on random bytes except the IV of its token.
func sealByHand(t *testing.T, kemKey []byte, name string, a addressee, plaintext []byte) []byte {
	t.Helper()
	e := encapsulate(t, kemKey, name, a.info())
	return append(e.encapsulated, sealtest.Forge(t, sealing.Of([sealing.KeySize]byte(e.exported)), plaintext)...)
}
