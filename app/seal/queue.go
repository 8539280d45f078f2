package seal

import (
	"bytes"
	"fmt"
)

// MaxQueueBytes bounds the changes that wait on one device. It keeps writing them anew with each change quick.
const MaxQueueBytes = 4 << 20

// maxQueueToken is longer than the token of any queue of MaxQueueBytes: a quarter of padding, a third of base64.
const maxQueueToken = 2 * MaxQueueBytes

func (v VaultKey) queueKey(user []byte) secret {
	return v.derive(labelQueue + string(appendField(nil, user)))
}

// frameQueue lays out a queue's plaintext: format, holdsQueue, user, length of the content (4 bytes, big-endian),
// content, zeros up to one byte less than the bucket.
func frameQueue(user, content []byte) []byte {
	n := 2 + 1 + len(user) + lengthSize + len(content)
	b := append(make([]byte, 0, bucket(n)-1), format, holdsQueue)
	b = appendField(b, user)
	return appendPadded(b, content)
}

// SealQueue encrypts the changes that one user's device could not send yet. Only that device ever reads them; the user
// is part of the key, so that the queue of another user of the device cannot be put in its place. Two calls give
// different tokens. ErrBadID; ErrTooLarge for more than MaxQueueBytes.
func (v VaultKey) SealQueue(user UserID, content []byte) (string, error) {
	id, err := decodeID(string(user))
	if err != nil {
		return "", fmt.Errorf("user id: %w", err)
	}
	if len(content) > MaxQueueBytes {
		return "", fmt.Errorf("queue %w", ErrTooLarge)
	}
	plaintext := frameQueue(id[:], content)
	defer clear(plaintext)
	return sealToken(v.queueKey(id[:]), plaintext)
}

// OpenQueue gives the content that SealQueue sealed. ErrBadID; ErrAltered for a token that was cut, changed, or made
// under another key or for another user.
func (v VaultKey) OpenQueue(user UserID, token string) ([]byte, error) {
	id, err := decodeID(string(user))
	if err != nil {
		return nil, fmt.Errorf("user id: %w", err)
	}
	plaintext, err := openTokenUpTo(maxQueueToken, v.queueKey(id[:]), token)
	if err != nil {
		return nil, fmt.Errorf("queue %w", ErrAltered)
	}
	head := appendField([]byte{format, holdsQueue}, id[:])
	if !bytes.HasPrefix(plaintext, head) {
		return nil, fmt.Errorf("queue %w", ErrAltered)
	}
	content, ok := cutPadded(plaintext, len(head))
	if !ok {
		return nil, fmt.Errorf("queue %w", ErrAltered)
	}
	return content, nil
}
