package seal

import (
	"crypto/aes"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"time"

	"github.com/fernet/fernet-go"

	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// tokenOverhead is the size of a Fernet token without its ciphertext: version, time, IV, HMAC.
const tokenOverhead = 1 + 8 + aes.BlockSize + sha256.Size

var tokenEncoding = base64.URLEncoding.Strict()

// tokenTime is the time in every token. Tokens do not expire, and the server must not learn when a device sealed something.
var tokenTime = time.Unix(0, 0)

// sealToken returns a Fernet token (Fernet spec) in its canonical spelling.
func sealToken(key secret, plaintext []byte) (string, error) {
	tok, err := fernet.EncryptAndSignAtTime(plaintext, (*fernet.Key)(key.bytes()), tokenTime)
	return string(tok), err
}

// openToken opens a token of sealToken. It returns ErrAltered unless the token is a Fernet token in canonical spelling of at
// most protocol.MaxTokenBytes, and ErrWrongKey if the key does not open it.
func openToken(key secret, token string) ([]byte, error) {
	return openTokenUpTo(protocol.MaxTokenBytes, key, token)
}

// openTokenUpTo is openToken with another limit.
func openTokenUpTo(limit int, key secret, token string) ([]byte, error) {
	// fernet-go ignores base64 errors and opens what it could decode. The manifest covers the text of a token, so each token
	// must have exactly one spelling.
	if len(token) > limit || strings.ContainsAny(token, "\r\n") {
		return nil, ErrAltered
	}
	raw, err := tokenEncoding.DecodeString(token)
	if err != nil {
		return nil, ErrAltered
	}
	// fernet-go would slice out of range if the HMAC is right but the ciphertext is too short.
	ciphertext := len(raw) - tokenOverhead
	if ciphertext < aes.BlockSize || ciphertext%aes.BlockSize != 0 {
		return nil, ErrAltered
	}
	plaintext := fernet.VerifyAndDecrypt([]byte(token), 0, []*fernet.Key{(*fernet.Key)(key.bytes())})
	if plaintext == nil {
		return nil, ErrWrongKey
	}
	// PKCS #7 padding (RFC 5652 §6.3) has 1 to 16 bytes; fernet-go accepts 0 to 255.
	if pad := ciphertext - len(plaintext); pad < 1 || pad > aes.BlockSize {
		return nil, ErrAltered
	}
	return plaintext, nil
}
