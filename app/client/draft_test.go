package client_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

func TestADraftOpensAfterUnlockingForItsUserAlone(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d, other := newDevice(t, server), newDevice(t, server)
	d.register(t, "anna")
	other.register(t, "bert")
	draft := item.Item{Type: item.TypeLogin, Username: "anna@example.org", Password: "not saved yet", Tags: []string{"a, b"}}
	token, err := d.SealDraft(draft)
	if err != nil || strings.Contains(token, "saved") {
		t.Fatalf("%q, %v", token, err)
	}
	d.Lock()
	if _, err := d.OpenDraft(token); !errors.Is(err, client.ErrLocked) {
		t.Errorf("while locked: %v", err)
	}
	if _, err := d.SealDraft(draft); !errors.Is(err, client.ErrLocked) {
		t.Errorf("while locked: %v", err)
	}
	d.unlock(t)
	if got, err := d.OpenDraft(token); err != nil || !got.Equal(draft) {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, bad := range []string{"", "gAAAA", token[:len(token)-4] + "AAAA"} {
		if _, err := d.OpenDraft(bad); !errors.Is(err, seal.ErrAltered) {
			t.Errorf("%.10q: %v", bad, err)
		}
	}
	if _, err := other.OpenDraft(token); !errors.Is(err, seal.ErrAltered) {
		t.Errorf("another user: %v", err)
	}
}
