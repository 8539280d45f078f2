package bitwarden

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"

	"github.com/vaultsphere/vaultsphere/app/transfer/source"
)

// The password-protected export: a salted key derivation, stretched by HKDF-Expand into a key for AES-256-CBC and one for
// HMAC-SHA256. See https://bitwarden.com/help/encrypted-export/, and on EncString type 2 Bitwarden's white paper.

// Limits of the key derivation. A file may come from anyone, and Argon2 allocates all its memory at the start. Bitwarden's
// own settings have the same maximum.
const (
	pbkdf2Most = 2_000_000
	argonTime  = 10
	argonMiB   = 1024
	argonLanes = 16
)

// open returns the decrypted JSON. It decrypts nothing before verifying its MAC.
func open(top source.Object, password string) ([]byte, error) {
	check, data := top.Text("encKeyValidation_DO_NOT_EDIT"), top.Text("data")
	if check == "" || data == "" {
		return nil, source.Incomplete("data")
	}
	if password == "" {
		return nil, source.ErrPasswordNeeded
	}
	master, err := masterKey(top, password)
	if err != nil {
		return nil, err
	}
	keys, err := stretch(master)
	if err != nil {
		return nil, err
	}
	if _, err := keys.open(check); err != nil {
		return nil, wrongPassword(err)
	}
	return keys.open(data)
}

func masterKey(top source.Object, password string) ([]byte, error) {
	salt := []byte(top.Text("salt")) // the text itself, not decoded as base64
	kdf := top.Text("kdfType")
	iterations, _ := strconv.Atoi(top.Text("kdfIterations"))
	memory, _ := strconv.Atoi(top.Text("kdfMemory"))
	lanes, _ := strconv.Atoi(top.Text("kdfParallelism"))
	switch {
	case len(salt) == 0:
		return nil, source.Incomplete("salt")
	case kdf == "0" && within(iterations, pbkdf2Most):
		return pbkdf2.Key(sha256.New, password, salt, iterations, 32)
	case kdf == "1" && within(iterations, argonTime) && within(memory, argonMiB) && within(lanes, argonLanes):
		hashed := sha256.Sum256(salt)
		return argon2.IDKey([]byte(password), hashed[:], uint32(iterations), uint32(memory)<<10, uint8(lanes), 32), nil //nolint:gosec // bounded
	case kdf == "0" && iterations > 0, kdf == "1" && min(iterations, memory, lanes) > 0:
		return nil, source.TooCostly()
	}
	return nil, source.UnsupportedAlgorithm("Bitwarden")
}

func within(n, most int) bool { return n >= 1 && n <= most }

type stretchedKeys struct{ encrypt, authenticate []byte }

func stretch(master []byte) (keys stretchedKeys, err error) {
	if keys.encrypt, err = hkdf.Expand(sha256.New, master, "enc", 32); err != nil {
		return keys, err
	}
	keys.authenticate, err = hkdf.Expand(sha256.New, master, "mac", 32)
	return keys, err
}

// errMAC means a wrong key or a changed text.
var errMAC = fmt.Errorf("%w: its checksum is wrong", source.ErrMalformed)

func wrongPassword(err error) error {
	if errors.Is(err, errMAC) {
		return source.ErrWrongPassword
	}
	return err
}

// open decrypts an EncString of type 2: "2." and IV, ciphertext and MAC in base64, separated by bars.
func (k stretchedKeys) open(text string) ([]byte, error) {
	parts := strings.Split(strings.TrimPrefix(text, "2."), "|")
	if !strings.HasPrefix(text, "2.") || len(parts) != 3 {
		return nil, source.UnsupportedAlgorithm("Bitwarden")
	}
	var raw [3][]byte
	for i, p := range parts {
		var err error
		if raw[i], err = base64.StdEncoding.DecodeString(p); err != nil {
			return nil, source.ErrMalformed
		}
	}
	iv, data, sum := raw[0], raw[1], raw[2]
	mac := hmac.New(sha256.New, k.authenticate)
	mac.Write(iv)
	mac.Write(data)
	if !hmac.Equal(sum, mac.Sum(nil)) {
		return nil, errMAC
	}
	if len(iv) != aes.BlockSize || len(data) == 0 || len(data)%aes.BlockSize != 0 {
		return nil, source.ErrMalformed
	}
	block, err := aes.NewCipher(k.encrypt)
	if err != nil {
		return nil, err
	}
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(data, data)
	pad := int(data[len(data)-1]) // PKCS #7; after the MAC, an error is not a padding oracle
	if pad < 1 || pad > aes.BlockSize {
		return nil, source.ErrMalformed
	}
	return data[:len(data)-pad], nil
}
