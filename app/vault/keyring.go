package vault

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/fernet/fernet-go"
)

const sessionIDBytes = 32

// Keyring is the key list of SESSION_SECRET. The first key seals, all of them open: a new key can be put in front, and an old
// one dropped later, without ending a session.
type Keyring struct {
	session   []*fernet.Key
	totp      []*fernet.Key
	enrolment []*fernet.Key
	device    []*fernet.Key
}

// ParseKeyring reads Fernet keys (32 bytes, base64), separated by commas. Its errors never quote the input.
func ParseKeyring(s string) (*Keyring, error) {
	if strings.TrimSpace(s) == "" {
		return nil, errors.New("no key given")
	}
	k := &Keyring{}
	for i, word := range strings.Split(s, ",") {
		key, err := fernet.DecodeKey(strings.TrimSpace(word))
		if err != nil {
			return nil, fmt.Errorf("key %d is not a Fernet key: want 32 bytes in base64", i+1)
		}
		for _, old := range k.session {
			if *old == *key {
				return nil, fmt.Errorf("key %d occurs twice in the list", i+1)
			}
		}
		k.session = append(k.session, key)
		// One key per purpose: a token made for one must never open as another.
		k.totp = append(k.totp, derive(key, "vaultsphere/v1/server-totp"))
		k.enrolment = append(k.enrolment, derive(key, "vaultsphere/v1/server-enrolment"))
		k.device = append(k.device, derive(key, "vaultsphere/v1/server-device"))
	}
	return k, nil
}

// NewKey returns a random Fernet key in the format of ParseKeyring.
func NewKey() string {
	var k fernet.Key
	rand.Read(k[:])
	return k.Encode()
}

func derive(key *fernet.Key, purpose string) *fernet.Key {
	b, err := hkdf.Key(sha256.New, key[:], nil, purpose, len(fernet.Key{}))
	if err != nil {
		panic("vault: " + err.Error()) // only for a length that SHA-256 cannot give
	}
	return (*fernet.Key)(b)
}

// String redacts the keys, in case a keyring is printed by mistake.
func (k *Keyring) String() string { return "vault.Keyring(redacted)" }

// Format redacts the keys for every verb.
func (k *Keyring) Format(f fmt.State, _ rune) { fmt.Fprint(f, k.String()) }

func seal(plaintext []byte, keys []*fernet.Key) (string, error) {
	token, err := fernet.EncryptAndSign(plaintext, keys[0])
	return string(token), err
}

// open returns nil if no key opens the token. It checks the shape first: fernet-go ignores what follows valid base64, so one
// token would have many spellings. Callers check lifetimes: a session's is in the store, an enrolment's is in the token.
func open(token string, keys []*fernet.Key) []byte {
	if !tokenShape(token) {
		return nil
	}
	return fernet.VerifyAndDecrypt([]byte(token), -time.Second, keys)
}

func (k *Keyring) newSession() (token string, hash SessionHash, err error) {
	var id [sessionIDBytes]byte
	rand.Read(id[:])
	token, err = seal(id[:], k.session)
	return token, hashSession(id[:]), err
}

func (k *Keyring) openSession(token string) (SessionHash, bool) {
	id := open(token, k.session)
	if len(id) != sessionIDBytes {
		return "", false
	}
	return hashSession(id), true
}

func hashSession(id []byte) SessionHash {
	sum := sha256.Sum256(id)
	return SessionHash(hex.EncodeToString(sum[:]))
}

// openTOTP opens the sealed secret. stale means that an older key opened it: seal it again, or dropping that key would lock the
// user out.
func (k *Keyring) openTOTP(token string) (secret string, stale bool, err error) {
	if b := open(token, k.totp[:1]); b != nil {
		return string(b), false, nil
	}
	if b := open(token, k.totp[1:]); b != nil {
		return string(b), true, nil
	}
	return "", false, errors.New("no key in SESSION_SECRET opens the second factor: a key was dropped before this user logged in again")
}
