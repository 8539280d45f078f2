// Package seal turns a password or a recovery phrase into keys, and the content of a vault into tokens that only those keys open: the
// sealed objects of docs/sealed-format.md, which describes them for other implementations. The signed ones are in package chain.
//
// The package is pure: no files, network, clock or logging. Functions named New… are random; everything else is deterministic
// except the IV of a token and envelopes. Keys are opaque: callers name the purpose of a token, never an algorithm, a nonce or a cost.
// Using a zero key panics.
package seal
