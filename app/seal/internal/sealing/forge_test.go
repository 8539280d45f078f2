package sealing_test

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealing"
)

// signed creates a Fernet token with any content. A faulty or hostile holder of the key can do so; fernet-go cannot.
func signed(k sealing.Secret, raw []byte) string {
	mac := hmac.New(sha256.New, sealing.Bytes(&k)[:16])
	mac.Write(raw)
	return base64.URLEncoding.EncodeToString(mac.Sum(raw))
}

// cbc seals blocks without adding padding.
func cbc(t *testing.T, k sealing.Secret, blocks []byte) string {
	t.Helper()
	c, err := aes.NewCipher(sealing.Bytes(&k)[16:])
	if err != nil {
		t.Fatal(err)
	}
	raw := make([]byte, 25+len(blocks))
	raw[0] = 0x80
	cipher.NewCBCEncrypter(c, raw[9:25]).CryptBlocks(raw[25:], blocks)
	return signed(k, raw)
}
