package sealing_test

import (
	"bytes"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/fernet/fernet-go"

	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealing"
	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealtest"
)

// The vectors of the Fernet specification, https://github.com/fernet/spec: generate.json, verify.json, invalid.json.
//
//go:embed testdata/fernet
var fernetSpec embed.FS

type fernetVector struct {
	Desc   string    `json:"desc"`
	Token  string    `json:"token"`
	Now    time.Time `json:"now"`
	IV     []int     `json:"iv"`
	TTL    int       `json:"ttl_sec"`
	Src    string    `json:"src"`
	Secret string    `json:"secret"`
}

func fernetVectors(t *testing.T, name string, atLeast int) (vs []fernetVector) {
	t.Helper()
	b, err := fernetSpec.ReadFile("testdata/fernet/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &vs); err != nil {
		t.Fatal(err)
	}
	if len(vs) < atLeast {
		t.Fatalf("%s has %d vectors, want %d", name, len(vs), atLeast)
	}
	return vs
}

func fernetKey(t *testing.T, v fernetVector) sealing.Secret {
	t.Helper()
	k, err := fernet.DecodeKey(v.Secret)
	if err != nil {
		t.Fatal(err)
	}
	return sealing.Of(*k)
}

// The test is not parallel, because it replaces rand.Reader.
func TestFernetSpecGenerate(t *testing.T) {
	for _, v := range fernetVectors(t, "generate.json", 1) {
		iv := make([]byte, len(v.IV))
		for i := range iv {
			iv[i] = byte(v.IV[i])
		}
		k := fernetKey(t, v)
		token := sealtest.WithIV(t, iv, func() (string, error) {
			b, err := fernet.EncryptAndSignAtTime([]byte(v.Src), (*fernet.Key)(sealing.Bytes(&k)), v.Now)
			return string(b), err
		})
		if token != v.Token {
			t.Errorf("got %s, want %s", token, v.Token)
		}
	}
}

func TestFernetSpecVerify(t *testing.T) {
	t.Parallel()
	for _, v := range fernetVectors(t, "verify.json", 2) {
		got, err := sealing.OpenToken(fernetKey(t, v), v.Token)
		if err != nil || string(got) != v.Src {
			t.Errorf("got %q, %v, want %q", got, err, v.Src)
		}
	}
}

func TestFernetSpecInvalid(t *testing.T) {
	t.Parallel()
	// Our tokens do not expire, so tokens that are invalid only because of their time open.
	timed := map[string]bool{"far-future TS (unacceptable clock skew)": true, "expired TTL": true}
	for _, v := range fernetVectors(t, "invalid.json", 8) {
		got, err := sealing.OpenToken(fernetKey(t, v), v.Token)
		if opened := err == nil; opened != timed[v.Desc] {
			t.Errorf("%s: got %q, %v", v.Desc, got, err)
		}
	}
}

// RFC 5869, appendix A, test case 3: an empty salt, as in this package.
func TestHKDFVector(t *testing.T) {
	t.Parallel()
	got, err := hkdf.Key(sha256.New, bytes.Repeat([]byte{0x0b}, 22), nil, "", 42)
	if err != nil || hex.EncodeToString(got) != "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8" {
		t.Errorf("%x, %v", got, err)
	}
}

func TestTokenHasOneSpelling(t *testing.T) {
	t.Parallel()
	k := sealing.Of(sealtest.Fixed("fernet key"))
	// These lengths differ mod 3, so the tokens end with zero, one and two padding characters.
	for _, n := range []int{0, 16, 32} {
		token, err := sealing.SealToken(k, make([]byte, n))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := sealing.OpenToken(k, token); err != nil {
			t.Fatalf("%d bytes: %v", n, err)
		}
		body := strings.TrimRight(token, "=")
		others := []string{
			token + "\n", token[:4] + "\r\n" + token[4:], token + "=", token + "====", token + "A", " " + token, token + " ",
			token + "AAAA", token + "!", strings.NewReplacer("-", "+", "_", "/").Replace(token),
		}
		if body != token {
			// The last character has unused bits.
			const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
			last := strings.IndexByte(alphabet, body[len(body)-1])
			others = append(others, body, body[:len(body)-1]+alphabet[last+1:last+2]+token[len(body):])
		}
		for _, o := range others {
			if o == token {
				continue
			}
			if got, err := sealing.OpenToken(k, o); err == nil {
				t.Errorf("%d bytes: %q opens as %x", n, o, got)
			}
		}
	}
}

// fernet-go panics on a short token with a valid HMAC, and accepts PKCS #7 padding of 0 bytes.
func TestFaultyTokensOfAKeyHolderAreRefused(t *testing.T) {
	t.Parallel()
	k := sealing.Of(sealtest.Fixed("fernet key"))
	for name, raw := range map[string][]byte{
		"no ciphertext":  make([]byte, 25),
		"no IV":          make([]byte, 9),
		"only a version": make([]byte, 1),
		"half a block":   make([]byte, 33),
	} {
		raw[0] = 0x80
		if _, err := sealing.OpenToken(k, signed(k, raw)); err == nil {
			t.Errorf("%s: opens", name)
		}
	}
	for _, last := range []byte{0, 17} {
		block := bytes.Repeat([]byte{last}, 32)
		if got, err := sealing.OpenToken(k, cbc(t, k, block)); err == nil {
			t.Errorf("padding of %d opens as %x", last, got)
		}
	}
	if got, err := sealing.OpenToken(k, cbc(t, k, bytes.Repeat([]byte{16}, 32))); err != nil || len(got) != 16 {
		t.Errorf("good padding: %x, %v", got, err)
	}
}

func TestTokenOfAnyLengthIsBounded(t *testing.T) {
	t.Parallel()
	k := sealing.Of(sealtest.Fixed("fernet key"))
	token, err := sealing.SealToken(k, make([]byte, 60000))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sealing.OpenToken(k, token); err == nil {
		t.Error("a token over the limit opens")
	}
}

// A token does not reveal when it was sealed.
func TestTokenTimeIsZero(t *testing.T) {
	t.Parallel()
	token, err := sealing.SealToken(sealing.Of(sealtest.Fixed("fernet key")), nil)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := base64.URLEncoding.DecodeString(token)
	if err != nil || !bytes.Equal(raw[:9], []byte{0x80, 0, 0, 0, 0, 0, 0, 0, 0}) {
		t.Errorf("begins with %x (%v)", raw[:9], err)
	}
}

// The test is not parallel, because it replaces rand.Reader.
func TestRandomSourceFailureIsAnError(t *testing.T) {
	before := rand.Reader
	defer func() { rand.Reader = before }()
	rand.Reader = bytes.NewReader(nil)
	if token, err := sealing.SealToken(sealing.Of(sealtest.Fixed("fernet key")), nil); err == nil || token != "" {
		t.Errorf("%q, %v", token, err)
	}
}
