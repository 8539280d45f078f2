package seal

import (
	"strings"

	"github.com/cosmos/go-bip39"
	"golang.org/x/text/unicode/norm"
)

const phraseWords = 24

// RecoveryPhrase is 256 random bits, shown as 24 words of the English BIP39 list. The bits themselves are the key
// material, not the 512 bit seed that wallets stretch a mnemonic to: they need no stretching.
type RecoveryPhrase struct{ secret }

// NewRecoveryPhrase is random.
func NewRecoveryPhrase() RecoveryPhrase {
	var p RecoveryPhrase
	randomBytes(p.b[:])
	return p
}

// ParseRecoveryPhrase reads 24 words in any case, separated by any white space. *WordError for a word that is not in
// the list, ErrPhraseLength, ErrPhraseChecksum.
func ParseRecoveryPhrase(s string) (RecoveryPhrase, error) {
	words := strings.Fields(strings.ToLower(norm.NFKC.String(s)))
	// A wrong word is reported first: it is what a person can put right while still typing.
	for i, w := range words[:min(len(words), phraseWords)] {
		if _, ok := bip39.ReverseWordMap[w]; !ok {
			return RecoveryPhrase{}, &WordError{i + 1}
		}
	}
	if len(words) != phraseWords {
		return RecoveryPhrase{}, ErrPhraseLength
	}
	// The library's own error could quote a word, so it is not wrapped.
	b, err := bip39.MnemonicToByteArray(strings.Join(words, " "))
	if err != nil {
		return RecoveryPhrase{}, ErrPhraseChecksum
	}
	defer clear(b)
	var p RecoveryPhrase
	copy(p.b[:], b) // the byte after the entropy is the checksum
	if p.b == [keySize]byte{} {
		return RecoveryPhrase{}, ErrPhraseChecksum // "abandon" 23 times and "art": a test vector, never anybody's phrase
	}
	return p, nil
}

// Words gives the 24 words, for showing them once.
func (p RecoveryPhrase) Words() []string {
	s, err := bip39.NewMnemonic(p.bytes())
	if err != nil {
		panic("seal: " + err.Error()) // only for another length of entropy
	}
	return strings.Fields(s)
}

// AuthKey is the proof of the phrase that goes to the server.
func (p RecoveryPhrase) AuthKey() AuthKey { return AuthKey{p.derive(labelRecoveryAuth)} }

// KEK wraps the vault key under the phrase.
func (p RecoveryPhrase) KEK() KEK { return KEK{p.derive(labelRecoveryKEK)} }

// Equal takes the same time wherever the phrases differ.
func (p RecoveryPhrase) Equal(o RecoveryPhrase) bool { return p.equal(&o.secret) }

// Wipe does what MasterKey.Wipe does.
func (p *RecoveryPhrase) Wipe() { p.wipe() }
