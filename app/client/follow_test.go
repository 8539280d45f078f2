package client_test

import (
	"errors"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

func TestFollowReportsAnotherDevicesChanges(t *testing.T) {
	t.Parallel()
	server, d, _, _ := cachedVault(t)
	other := newDevice(t, server)
	other.login(t, "anna", "other")
	notices := make(chan client.Notice)
	ended := make(chan error, 1)
	go func() { ended <- d.Follow(t.Context(), func(n client.Notice) { notices <- n }) }()
	if n, want := <-notices, d.sync(t).Revision; n != (client.Notice{Revision: want, Sequence: 1}) {
		t.Fatalf("at first %+v, want revision %d", n, want)
	}
	other.sync(t)
	other.save(t, login("from elsewhere"))
	if n, want := <-notices, other.sync(t).Revision; n != (client.Notice{Revision: want, Sequence: 1}) {
		t.Fatalf("after a change %+v, want revision %d", n, want)
	}
	if err := other.EndOtherSessions(t.Context(), password); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; serverCode(err) != protocol.CodeUnauthorized {
		t.Errorf("ended with %v", err)
	}
	d.theCopy(t) // the cache is in quarantine, as after any other 401
}

func TestFollowNeedsAVaultOfTheServer(t *testing.T) {
	t.Parallel()
	_, d := denied(t)
	d.Lock()
	if err := d.Follow(t.Context(), nil); !errors.Is(err, client.ErrLocked) {
		t.Errorf("locked: %v", err)
	}
	d.open(t, d.theCopy(t).ID)
	if err := d.Follow(t.Context(), nil); !errors.Is(err, client.ErrReadOnly) {
		t.Errorf("of a copy: %v", err)
	}
}
