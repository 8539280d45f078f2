package seal

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealing"
)

func TestQueueOpensForItsOwnerAlone(t *testing.T) {
	t.Parallel()
	key, user := fixedVaultKey("v"), fixedUser("u")
	content := bytes.Repeat([]byte("a change "), 20_000) // larger than any record
	token, err := key.SealQueue(user, content)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := key.OpenQueue(user, token); err != nil || !bytes.Equal(got, content) {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	manifest, err := key.SealManifest(Manifest{User: user})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		key   VaultKey
		user  UserID
		token string
	}{
		"another user":         {key, fixedUser("other"), token},
		"another vault":        {fixedVaultKey("w"), user, token},
		"cut":                  {key, user, token[:len(token)-4]},
		"altered":              {key, user, token[:100] + "AAAA" + token[104:]},
		"a manifest":           {key, user, manifest},
		"longer than any":      {key, user, strings.Repeat("A", maxQueueToken+4)},
		"nothing":              {key, user, ""},
		"another user's in it": {key, user, sealedAs(t, key, user, fixedUser("other"))},
	} {
		if got, err := c.key.OpenQueue(c.user, c.token); !errors.Is(err, ErrAltered) {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
}

// sealedAs seals a queue with the key for user, but names inside as its user.
func sealedAs(t *testing.T, key VaultKey, user, inside UserID) string {
	t.Helper()
	id, err := decodeID(string(user))
	if err != nil {
		t.Fatal(err)
	}
	other, err := decodeID(string(inside))
	if err != nil {
		t.Fatal(err)
	}
	token, err := sealing.SealToken(key.queueKey(id[:]), frameQueue(other[:], []byte("[]")))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestQueueHasALimitAndAUser(t *testing.T) {
	t.Parallel()
	key, user := fixedVaultKey("v"), fixedUser("u")
	largest, err := key.SealQueue(user, make([]byte, MaxQueueBytes))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := key.OpenQueue(user, largest); err != nil || len(got) != MaxQueueBytes {
		t.Errorf("the largest: %d bytes, %v", len(got), err)
	}
	if _, err := key.SealQueue(user, make([]byte, MaxQueueBytes+1)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("one more byte: %v", err)
	}
	if _, err := key.SealQueue("nobody", nil); !errors.Is(err, ErrBadID) {
		t.Errorf("sealed for nobody: %v", err)
	}
	if _, err := key.OpenQueue("nobody", largest); !errors.Is(err, ErrBadID) {
		t.Errorf("opened for nobody: %v", err)
	}
}
