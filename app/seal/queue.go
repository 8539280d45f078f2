package seal

import (
	"bytes"
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealing"
)

// MaxQueueBytes bounds the outbox and the draft of a device. 10,000 changes fit.
const MaxQueueBytes = 16 << 20

// maxQueueToken exceeds the length of any token of MaxQueueBytes: padding adds up to a quarter, base64 a third.
const maxQueueToken = 2 * MaxQueueBytes

// Only the device that sealed an outbox or a draft reads it. The key is derived from the user too, so that the data of another
// user of the device cannot replace it.

func (v VaultKey) queueKey(user []byte) secret {
	return sealing.Derive(&v.secret, labelQueue+string(sealing.AppendField(nil, user)))
}

func (v VaultKey) draftKey(user []byte) secret {
	return sealing.Derive(&v.secret, labelDraft+string(sealing.AppendField(nil, user)))
}

func frameQueue(user, content []byte) []byte { return frameOnDevice(holdsQueue, user, content) }
func frameDraft(user, content []byte) []byte { return frameOnDevice(holdsDraft, user, content) }

// frameOnDevice encodes a plaintext: format, type, user, length of the content (4 bytes, big-endian), content, zeros up to one
// byte less than the bucket.
func frameOnDevice(holds byte, user, content []byte) []byte {
	n := 2 + 1 + len(user) + sealing.LengthSize + len(content)
	b := append(make([]byte, 0, sealing.Bucket(n)-1), format, holds)
	b = sealing.AppendField(b, user)
	return sealing.AppendPadded(b, content)
}

// SealQueue encrypts the outbox of a user with a random IV. It returns ErrBadID, or ErrTooLarge for more than MaxQueueBytes.
func (v VaultKey) SealQueue(user UserID, content []byte) (string, error) {
	return sealOnDevice("queue", v.queueKey, frameQueue, user, content)
}

// OpenQueue decrypts a token of SealQueue. It returns ErrBadID, or ErrAltered if the token was truncated, altered, or sealed
// under another key or for another user.
func (v VaultKey) OpenQueue(user UserID, token string) ([]byte, error) {
	return openOnDevice("queue", v.queueKey, holdsQueue, user, token)
}

// SealDraft is SealQueue for the item that a user was editing when the vault was locked.
func (v VaultKey) SealDraft(user UserID, content []byte) (string, error) {
	return sealOnDevice("draft", v.draftKey, frameDraft, user, content)
}

// OpenDraft is OpenQueue for a token of SealDraft.
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
	return sealing.SealToken(key(id[:]), plaintext)
}

func openOnDevice(name string, key func([]byte) secret, holds byte, user UserID, token string) ([]byte, error) {
	id, err := decodeID(string(user))
	if err != nil {
		return nil, fmt.Errorf("user id: %w", err)
	}
	altered := fmt.Errorf("%s %w", name, ErrAltered)
	plaintext, err := sealing.OpenTokenUpTo(maxQueueToken, key(id[:]), token)
	if err != nil {
		return nil, altered
	}
	head := sealing.AppendField([]byte{format, holds}, id[:])
	if !bytes.HasPrefix(plaintext, head) {
		return nil, altered
	}
	content, ok := sealing.CutPadded(plaintext, len(head))
	if !ok {
		return nil, altered
	}
	return content, nil
}
