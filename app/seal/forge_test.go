package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"testing"
)

// signed creates a Fernet token with any content. A faulty or hostile holder of the key can do so; fernet-go cannot.
func signed(k secret, raw []byte) string {
	mac := hmac.New(sha256.New, k.b[:16])
	mac.Write(raw)
	return base64.URLEncoding.EncodeToString(mac.Sum(raw))
}

// cbc seals blocks without adding padding.
func cbc(t *testing.T, k secret, blocks []byte) string {
	t.Helper()
	c, err := aes.NewCipher(k.b[16:])
	if err != nil {
		t.Fatal(err)
	}
	raw := make([]byte, 25+len(blocks))
	raw[0] = 0x80
	cipher.NewCBCEncrypter(c, raw[9:25]).CryptBlocks(raw[25:], blocks)
	return signed(k, raw)
}

// forge seals any plaintext, even a malformed one.
func forge(t *testing.T, k secret, plaintext []byte) string {
	t.Helper()
	token, err := sealToken(k, plaintext)
	if err != nil {
		t.Fatal(err)
	}
	return token
}
