// Package generate makes passwords and passphrases, and says exactly how much chance is in them. It is pure but for
// crypto/rand.
package generate

import (
	"crypto/rand"
	"errors"
	"math"
	"math/big"
)

// ErrRules is wrapped by every error about rules that nothing can satisfy or that are out of bounds.
var ErrRules = errors.New("these rules make no password")

// below is uniform in 0..n-1. crypto/rand.Int rejects and draws again, so no value is likelier than another.
func below(n *big.Int) *big.Int {
	i, err := rand.Int(rand.Reader, n)
	if err != nil {
		panic("generate: " + err.Error()) // documented never to happen: crypto/rand ends the program itself
	}
	return i
}

func pick(n int) int { return int(below(big.NewInt(int64(n))).Int64()) }

// log2 is exact to the precision of a float64 for an n of any size above 0.
func log2(n *big.Int) float64 {
	mantissa := new(big.Float)
	exponent := new(big.Float).SetInt(n).MantExp(mantissa)
	m, _ := mantissa.Float64()
	return math.Log2(m) + float64(exponent)
}
