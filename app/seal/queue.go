package seal

import (
	"bytes"
	"fmt"
)

// MaxQueueBytes bounds what one device keeps for itself: the changes that wait, and what is being written. 10,000 changes
// fit.
const MaxQueueBytes = 16 << 20

// maxQueueToken is longer than the token of anything of MaxQueueBytes: a quarter of padding, a third of base64.
const maxQueueToken = 2 * MaxQueueBytes

// What one device seals for itself, only that device ever reads. The user is part of the key, so that what another user of the
// device has cannot be put in its place.

func (v VaultKey) queueKey(user []byte) secret {
	return v.derive(labelQueue + string(appendField(nil, user)))
}

func (v VaultKey) draftKey(user []byte) secret {
	return v.derive(labelDraft + string(appendField(nil, user)))
}

func frameQueue(user, content []byte) []byte { return frameOnDevice(holdsQueue, user, content) }
func frameDraft(user, content []byte) []byte { return frameOnDevice(holdsDraft, user, content) }

// frameOnDevice lays out a plaintext: format, what it holds, user, length of the content (4 bytes, big-endian), content,
// zeros up to one byte less than the bucket.
func frameOnDevice(holds byte, user, content []byte) []byte {
	n := 2 + 1 + len(user) + lengthSize + len(content)
	b := append(make([]byte, 0, bucket(n)-1), format, holds)
	b = appendField(b, user)
	return appendPadded(b, content)
}

// SealQueue encrypts the changes that one user's device could not send yet. Two calls give different tokens. ErrBadID;
// ErrTooLarge for more than MaxQueueBytes.
func (v VaultKey) SealQueue(user UserID, content []byte) (string, error) {
	return sealOnDevice("queue", v.queueKey, frameQueue, user, content)
}

// OpenQueue gives the content that SealQueue sealed. ErrBadID; ErrAltered for a token that was cut, changed, or made
// under another key or for another user.
func (v VaultKey) OpenQueue(user UserID, token string) ([]byte, error) {
	return openOnDevice("queue", v.queueKey, holdsQueue, user, token)
}

// SealDraft encrypts what one user was writing when the vault was locked, as SealQueue does.
func (v VaultKey) SealDraft(user UserID, content []byte) (string, error) {
	return sealOnDevice("draft", v.draftKey, frameDraft, user, content)
}

// OpenDraft gives the content that SealDraft sealed, as OpenQueue does.
func (v VaultKey) OpenDraft(user UserID, token string) ([]byte, error) {
	return openOnDevice("draft", v.draftKey, holdsDraft, user, token)
}

func sealOnDevice(name string, key func([]byte) secret, frame func(user, content []byte) []byte, user UserID, content []byte) (string, error) {
	id, err := decodeID(string(user))
	if err != nil {
		return "", fmt.Errorf("user id: %w", err)
	}
	if len(content) > MaxQueueBytes {
		return "", fmt.Errorf("%s %w", name, ErrTooLarge)
	}
	plaintext := frame(id[:], content)
	defer clear(plaintext)
	return sealToken(key(id[:]), plaintext)
}

func openOnDevice(name string, key func([]byte) secret, holds byte, user UserID, token string) ([]byte, error) {
	id, err := decodeID(string(user))
	if err != nil {
		return nil, fmt.Errorf("user id: %w", err)
	}
	altered := fmt.Errorf("%s %w", name, ErrAltered)
	plaintext, err := openTokenUpTo(maxQueueToken, key(id[:]), token)
	if err != nil {
		return nil, altered
	}
	head := appendField([]byte{format, holds}, id[:])
	if !bytes.HasPrefix(plaintext, head) {
		return nil, altered
	}
	content, ok := cutPadded(plaintext, len(head))
	if !ok {
		return nil, altered
	}
	return content, nil
}
