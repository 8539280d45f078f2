// Package seal turns a password or a recovery phrase into keys, and records into tokens that only those keys open:
// sealed format v1, described for other implementations in docs/sealed-format.md.
//
// The package is pure: no files, network, clock or logging. What begins with New is random, everything else is
// deterministic but the IV of a token. Keys are opaque: callers say what a token is for, never an algorithm, a nonce
// or a cost of their own making. Using a zero key panics.
package seal
