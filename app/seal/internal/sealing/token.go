package sealing

import (
	"crypto/aes"
	"crypto/sha256"
	"encoding/base64"
	"time"

	"github.com/fernet/fernet-go"

	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// TokenOverhead is the size of a Fernet token without its ciphertext: version, time, IV, HMAC.
const TokenOverhead = 1 + 8 + aes.BlockSize + sha256.Size

var tokenEncoding = base64.URLEncoding.Strict()

// tokenTime is the time in every token. Tokens do not expire, and the server must not learn when a device sealed something.
var tokenTime = time.Unix(0, 0)

// SealToken returns a Fernet token (Fernet spec) in its canonical spelling.
func SealToken(key Secret, plaintext []byte) (string, error) {
	tok, err := fernet.EncryptAndSignAtTime(plaintext, (*fernet.Key)(Bytes(&key)), tokenTime)
	return string(tok), err
}

// OpenToken opens a token of SealToken. It returns ErrAltered unless the token is a Fernet token in canonical spelling of at
// most protocol.MaxTokenBytes, and ErrWrongKey if the key does not open it.
func OpenToken(key Secret, token string) ([]byte, error) {
	return OpenTokenUpTo(protocol.MaxTokenBytes, key, token)
}

// OpenTokenUpTo is OpenToken with another limit.
func OpenTokenUpTo(limit int, key Secret, token string) ([]byte, error) {
	// fernet-go ignores base64 errors and opens what it could decode. A line covers the text of a token, so each token
	// must have exactly one spelling.
	if len(token) > limit {
		return nil, ErrAltered
	}
	raw, err := tokenEncoding.DecodeString(token)
	if err != nil || len(token) != tokenEncoding.EncodedLen(len(raw)) { // base64 ignores line breaks
		return nil, ErrAltered
	}
	// fernet-go would slice out of range if the HMAC is right but the ciphertext is too short.
	ciphertext := len(raw) - TokenOverhead
	if ciphertext < aes.BlockSize || ciphertext%aes.BlockSize != 0 {
		return nil, ErrAltered
	}
	plaintext := fernet.VerifyAndDecrypt([]byte(token), 0, []*fernet.Key{(*fernet.Key)(Bytes(&key))})
	if plaintext == nil {
		return nil, ErrWrongKey
	}
	// PKCS #7 padding (RFC 5652 §6.3) has 1 to 16 bytes; fernet-go accepts 0 to 255.
	if pad := ciphertext - len(plaintext); pad < 1 || pad > aes.BlockSize {
		return nil, ErrAltered
	}
	return plaintext, nil
}
