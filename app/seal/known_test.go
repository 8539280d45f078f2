package seal

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/cosmos/go-bip39"
	"golang.org/x/crypto/argon2"

	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealing"
	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealtest"
)

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
	for range 100 {
		p := NewRecoveryPhrase()
		want, err := bip39.NewMnemonic(sealing.Bytes(&p.secret))
		if got := strings.Join(p.Words(), " "); err != nil || got != want {
			t.Errorf("words are %s, the library's %s (%v)", got, want, err)
		}
		if got, err := ParseRecoveryPhrase(want); err != nil || !got.Equal(p) {
			t.Errorf("%s: %v", want, err)
		}
	}
	// The word list is english.txt of BIP39.
	sum := sha256.Sum256([]byte(strings.Join(bip39.EnglishWordList, "\n") + "\n"))
	if got := hex.EncodeToString(sum[:]); got != "2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda" {
		t.Errorf("SHA-256 of the word list is %s", got)
	}
}
