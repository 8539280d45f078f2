// Package generate generates random passwords and passphrases, and computes their exact entropy. Its only source of randomness is
// crypto/rand.
package generate

import (
	"crypto/rand"
	"errors"
	"math"
	"math/big"
)

// ErrRules is wrapped by errors about rules that are out of bounds or cannot be satisfied.
var ErrRules = errors.New("invalid rules")

// below returns a uniform number in 0..n-1.
func below(n *big.Int) *big.Int {
	i, err := rand.Int(rand.Reader, n)
	if err != nil {
		panic("generate: " + err.Error()) // documented never to happen
	}
	return i
}

func pick(n int) int { return int(below(big.NewInt(int64(n))).Int64()) }

// log2 returns the logarithm of any positive n, to the precision of a float64.
func log2(n *big.Int) float64 {
	mantissa := new(big.Float)
	exponent := new(big.Float).SetInt(n).MantExp(mantissa)
	m, _ := mantissa.Float64()
	return math.Log2(m) + float64(exponent)
}
