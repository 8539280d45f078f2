// Package seal turns a password or a recovery phrase into keys, and records into tokens that only those keys open:
// sealed format v1, described for other implementations in docs/sealed-format.md. Package format2 has its successor.
//
// The package is pure: no files, network, clock or logging. Functions named New… are random; everything else is deterministic
// except the IV of a token. Keys are opaque: callers name the purpose of a token, never an algorithm, a nonce or a cost.
// Using a zero key panics.
package seal
