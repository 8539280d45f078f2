package seal

import (
	"bytes"
	"crypto/hpke"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealing"
)

// crypto/hpke opens what this package encapsulates, and the other way round.
func TestHPKEIsThatOfTheStandardLibrary(t *testing.T) {
	t.Parallel()
	for range 20 {
		key := NewCardKeys().KEM
		theirs, err := hpke.MLKEM768X25519().NewPrivateKey(sealing.Bytes(&key.secret))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(theirs.PublicKey().Bytes(), key.Public()) {
			t.Fatal("the public keys differ")
		}
		info := []byte("info of " + t.Name())
		encapsulated, ours, err := encapsulateTo(key.Public(), info)
		if err != nil {
			t.Fatal(err)
		}
		recipient, err := hpke.NewRecipient(encapsulated, theirs, hpke.HKDFSHA256(), hpke.ExportOnly(), info)
		if err != nil {
			t.Fatal(err)
		}
		want, err := recipient.Export(labelEnvelope, sealing.KeySize)
		if err != nil || !bytes.Equal(want, sealing.Bytes(&ours)) {
			t.Errorf("crypto/hpke exports another key: %v", err)
		}
		encapsulated, sender, err := hpke.NewSender(theirs.PublicKey(), hpke.HKDFSHA256(), hpke.ExportOnly(), info)
		if err != nil {
			t.Fatal(err)
		}
		want, err = sender.Export(labelEnvelope, sealing.KeySize)
		if err != nil {
			t.Fatal(err)
		}
		got, err := key.decapsulate(encapsulated, info)
		if err != nil || !bytes.Equal(want, sealing.Bytes(&got)) {
			t.Errorf("a key of crypto/hpke does not open: %v", err)
		}
	}
}

func TestEncapsulatedPointsOfSmallOrderAreRefused(t *testing.T) {
	t.Parallel()
	key := NewCardKeys().KEM
	encapsulated, _, err := encapsulateTo(key.Public(), nil)
	if err != nil {
		t.Fatal(err)
	}
	point := encapsulated[len(encapsulated)-32:]
	for _, order := range []byte{0, 1} {
		clear(point)
		point[0] = order
		if _, err := key.decapsulate(encapsulated, nil); err == nil {
			t.Errorf("the point %d opens", order)
		}
	}
	for _, wrong := range [][]byte{nil, encapsulated[1:], append(encapsulated, 0)} {
		if _, err := key.decapsulate(wrong, nil); err == nil {
			t.Errorf("%d bytes open", len(wrong))
		}
	}
}
