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

// tokenOverhead is a Fernet token without its ciphertext: version, time, IV, HMAC.
const tokenOverhead = 1 + 8 + aes.BlockSize + sha256.Size

var tokenEncoding = base64.URLEncoding.Strict()

// tokenTime stands in every token in place of the clock. Nothing here expires, and the server needs no record of when
// a device, perhaps offline, sealed something.
var tokenTime = time.Unix(0, 0)

// sealToken makes a Fernet token (Fernet spec) in its one canonical spelling.
func sealToken(key secret, plaintext []byte) (string, error) {
	tok, err := fernet.EncryptAndSignAtTime(plaintext, (*fernet.Key)(key.bytes()), tokenTime)
	return string(tok), err
}

// openToken gives back what sealToken sealed under the same key. It refuses with ErrAltered what is no Fernet token in
// canonical spelling of at most protocol.MaxTokenBytes, and with ErrWrongKey what the key does not fit.
func openToken(key secret, token string) ([]byte, error) {
	return openTokenUpTo(protocol.MaxTokenBytes, key, token)
}

// openTokenUpTo is openToken with a limit of its own.
func openTokenUpTo(limit int, key secret, token string) ([]byte, error) {
	// fernet-go ignores base64 errors and opens as much as it could decode. The manifest holds a hash of the token's
	// text, so the text has to be as unforgeable as what it encodes: one token, one spelling.
	if len(token) > limit || strings.ContainsAny(token, "\r\n") {
		return nil, ErrAltered
	}
	raw, err := tokenEncoding.DecodeString(token)
	if err != nil {
		return nil, ErrAltered
	}
	// With the right HMAC over too few bytes fernet-go would slice out of range.
	ciphertext := len(raw) - tokenOverhead
	if ciphertext < aes.BlockSize || ciphertext%aes.BlockSize != 0 {
		return nil, ErrAltered
	}
	plaintext := fernet.VerifyAndDecrypt([]byte(token), 0, []*fernet.Key{(*fernet.Key)(key.bytes())})
	if plaintext == nil {
		return nil, ErrWrongKey
	}
	// PKCS #7 (RFC 5652 §6.3) takes 1 to 16 bytes; fernet-go would let none and up to 255 pass.
	if pad := ciphertext - len(plaintext); pad < 1 || pad > aes.BlockSize {
		return nil, ErrAltered
	}
	return plaintext, nil
}
