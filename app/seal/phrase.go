package seal

import (
	"strings"

	"github.com/cosmos/go-bip39"
	"golang.org/x/text/unicode/norm"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealing"
)

const phraseWords = 24

// RecoveryPhrase is 256 random bits, written as 24 words of the English BIP39 list. The bits are the key material; unlike a
// wallet, VaultSphere does not derive a 512-bit seed from the words, because random bits need no key stretching.
type RecoveryPhrase struct{ secret }

// NewRecoveryPhrase returns a random phrase.
func NewRecoveryPhrase() RecoveryPhrase {
	return RecoveryPhrase{sealing.New()}
}

// ParseRecoveryPhrase reads 24 words in any case, separated by white space. It returns a *WordError for a word that is not in
// the list, ErrPhraseLength or ErrPhraseChecksum.
func ParseRecoveryPhrase(s string) (RecoveryPhrase, error) {
	words := strings.Fields(strings.ToLower(norm.NFKC.String(s)))
	// Report a wrong word first: people can correct it while they type.
	for i, w := range words[:min(len(words), phraseWords)] {
		if _, ok := bip39.ReverseWordMap[w]; !ok {
			return RecoveryPhrase{}, &WordError{i + 1}
		}
	}
	if len(words) != phraseWords {
		return RecoveryPhrase{}, ErrPhraseLength
	}
	// Do not wrap the error of the library: it could quote a word.
	b, err := bip39.MnemonicToByteArray(strings.Join(words, " "))
	if err != nil {
		return RecoveryPhrase{}, ErrPhraseChecksum
	}
	defer clear(b)
	p := RecoveryPhrase{sealing.Of([sealing.KeySize]byte(b[:sealing.KeySize]))} // the byte after the entropy is the checksum
	if sealing.IsZero(&p.secret) {
		return RecoveryPhrase{}, ErrPhraseChecksum // "abandon" 23 times and "art", a public test vector
	}
	return p, nil
}

// Words returns the 24 words.
func (p RecoveryPhrase) Words() []string {
	s, err := bip39.NewMnemonic(sealing.Bytes(&p.secret))
	if err != nil {
		panic("seal: " + err.Error()) // the length of the entropy is right
	}
	return strings.Fields(s)
}

// AuthKey is what the server gets. It reveals nothing about the WrapKey.
func (p RecoveryPhrase) AuthKey() AuthKey { return AuthKey{sealing.Derive(&p.secret, labelPhraseAuth)} }

// WrapKey returns the key that wraps the account key under the phrase.
func (p RecoveryPhrase) WrapKey() WrapKey {
	return WrapKey{secret: sealing.Derive(&p.secret, labelPhraseKEK), method: chain.MethodPhrase}
}

// Equal compares in constant time.
func (p RecoveryPhrase) Equal(o RecoveryPhrase) bool { return sealing.Equal(&p.secret, &o.secret) }

// Wipe does what MasterKey.Wipe does.
func (p *RecoveryPhrase) Wipe() { sealing.Wipe(&p.secret) }
