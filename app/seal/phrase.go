package seal

import (
	"crypto/sha256"
	"strings"

	"github.com/cosmos/go-bip39"
	"golang.org/x/text/unicode/norm"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealing"
)

const (
	phraseWords = 24
	wordBits    = 11 // a place in the list
)

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
	// 24 words of 11 bits are the key material and one byte of its hash. This is not the library's code, because that brings
	// math/big to the page's first load.
	b := make([]byte, 0, phraseWords*wordBits/8)
	defer clear(b[:cap(b)])
	var bits, n uint32 // the lowest n bits are not in b yet
	// Report a wrong word first: people can correct it while they type.
	for i, w := range words[:min(len(words), phraseWords)] {
		place, ok := bip39.ReverseWordMap[w]
		if !ok {
			return RecoveryPhrase{}, &WordError{i + 1}
		}
		bits, n = bits<<wordBits|uint32(place), n+wordBits //nolint:gosec // below 2048
		for ; n >= 8; n -= 8 {
			b = append(b, byte(bits>>(n-8)&0xff))
		}
	}
	if len(words) != phraseWords {
		return RecoveryPhrase{}, ErrPhraseLength
	}
	if sha256.Sum256(b[:sealing.KeySize])[0] != b[sealing.KeySize] {
		return RecoveryPhrase{}, ErrPhraseChecksum
	}
	p := RecoveryPhrase{sealing.Of([sealing.KeySize]byte(b[:sealing.KeySize]))}
	if sealing.IsZero(&p.secret) {
		return RecoveryPhrase{}, ErrPhraseChecksum // "abandon" 23 times and "art", a public test vector
	}
	return p, nil
}

// Words returns the 24 words.
func (p RecoveryPhrase) Words() []string {
	sum := sha256.Sum256(sealing.Bytes(&p.secret))
	b := append(sealing.Bytes(&p.secret), sum[0])
	defer clear(b)
	words := make([]string, 0, phraseWords)
	var bits, n uint32 // the lowest n bits are in no word yet
	for _, next := range b {
		bits, n = bits<<8|uint32(next), n+8
		if n >= wordBits {
			n -= wordBits
			words = append(words, bip39.WordList[bits>>n&(1<<wordBits-1)])
		}
	}
	return words
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
