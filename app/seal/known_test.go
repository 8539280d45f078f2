package seal

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

	"github.com/cosmos/go-bip39"
	"github.com/fernet/fernet-go"
	"golang.org/x/crypto/argon2"

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

func fernetKey(t *testing.T, v fernetVector) secret {
	t.Helper()
	k, err := fernet.DecodeKey(v.Secret)
	if err != nil {
		t.Fatal(err)
	}
	return sealing.Of(*k)
}

func TestFernetSpecGenerate(t *testing.T) {
	t.Parallel()
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

// The vector of RFC 9106 §5.3 needs a secret and associated data, which x/crypto/argon2 does not export; its own tests check that
// vector. These vectors are from src/test.c of the reference implementation (P-H-C/phc-winner-argon2, version 0x13), with memory up
// to this package's default.
func TestArgon2idReferenceVectors(t *testing.T) {
	t.Parallel()
	for _, v := range []struct {
		time, memory   uint32
		threads        uint8
		password, salt string
		want           string
	}{
		{2, 1 << 16, 1, "password", "somesalt", "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7"},
		{2, 1 << 8, 1, "password", "somesalt", "9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe"},
		{2, 1 << 8, 2, "password", "somesalt", "6d093c501fd5999645e0ea3bf620d7b8be7fd2db59c20d9fff9539da2bf57037"},
		{1, 1 << 16, 1, "password", "somesalt", "f6a5adc1ba723dddef9b5ac1d464e180fcd9dffc9d1cbf76cca2fed795d9ca98"},
		{4, 1 << 16, 1, "password", "somesalt", "9025d48e68ef7395cca9079da4c4ec3affb3c8911fe4f86d1a2520856f63172c"},
		{2, 1 << 16, 1, "differentpassword", "somesalt", "0b84d652cf6b0c4beaef0dfe278ba6a80df6696281d7e0d2891b817d8c458fde"},
		{2, 1 << 16, 1, "password", "diffsalt", "bdf32b05ccc42eb15d58fd19b1f856b113da1e9a5874fdcc544308565aa8141c"},
	} {
		got := argon2.IDKey([]byte(v.password), []byte(v.salt), v.time, v.memory, v.threads, 32)
		if hex.EncodeToString(got) != v.want {
			t.Errorf("t=%d m=%d p=%d: %x", v.time, v.memory, v.threads, got)
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

// The vectors of 256 bits from https://github.com/trezor/python-mnemonic/blob/master/vectors.json, which BIP39 refers to.
func TestBIP39Vectors(t *testing.T) {
	t.Parallel()
	for entropy, words := range map[string]string{
		"7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f": "legal winner thank year wave sausage worth useful legal winner thank year wave sausage worth useful legal winner thank year wave sausage worth title",
		"8080808080808080808080808080808080808080808080808080808080808080": "letter advice cage absurd amount doctor acoustic avoid letter advice cage absurd amount doctor acoustic avoid letter advice cage absurd amount doctor acoustic bless",
		"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff": "zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo vote",
		"68a79eaca2324873eacc50cb9c6eca8cc68ea5d936f98787c60c7ebc74e6ce7c": "hamster diagram private dutch cause delay private meat slide toddler razor book happy fancy gospel tennis maple dilemma loan word shrug inflict delay length",
		"9f6a2878b2520799a44ef18bc7df394e7061a224d2c33cd015b157d746869863": "panda eyebrow bullet gorilla call smoke muffin taste mesh discover soft ostrich alcohol speed nation flash devote level hobby quick inner drive ghost inside",
		"066dca1a2bb7e8a1db2832148ce9933eea0f3ac9548d793112d9a95c9407efad": "all hour make first leader extend hole alien behind guard gospel lava path output census museum junior mass reopen famous sing advance salt reform",
		"f585c11aec520db57dd353c69554b21a89b20fb0650966fa0a9d6f74fd989d8f": "void come effort suffer camp survey warrior heavy shoot primary clutch crush open amazing screen patrol group space point ten exist slush involve unfold",
	} {
		p, err := ParseRecoveryPhrase(words)
		if err != nil || sealtest.Hex(p.secret) != entropy {
			t.Errorf("%s: %v", words, err)
			continue
		}
		if got := strings.Join(p.Words(), " "); got != words {
			t.Errorf("%s: words are %s", entropy, got)
		}
	}
	// The word list is english.txt of BIP39.
	sum := sha256.Sum256([]byte(strings.Join(bip39.EnglishWordList, "\n") + "\n"))
	if got := hex.EncodeToString(sum[:]); got != "2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda" {
		t.Errorf("SHA-256 of the word list is %s", got)
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

func TestRandomSourceFailureIsAnError(t *testing.T) {
	t.Parallel()
	before := rand.Reader
	defer func() { rand.Reader = before }()
	rand.Reader = bytes.NewReader(nil)
	if token, err := sealing.SealToken(sealing.Of(sealtest.Fixed("fernet key")), nil); err == nil || token != "" {
		t.Errorf("%q, %v", token, err)
	}
}
