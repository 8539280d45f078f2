package server

import (
	"testing"
	"time"
)

// Other tests set their own patience. These are the rates and rooms that docs/operations.md promises.
func TestPatienceAndRoom(t *testing.T) {
	t.Parallel()
	b, s := newBodies(), newSyncSlots()
	if got := blockSize / b.patience.Seconds(); got != 16<<10 {
		t.Errorf("a body may come at %g bytes a second", got)
	}
	if got := blockBytes / s.patience.Seconds(); got != 16<<10 {
		t.Errorf("a full sync may be taken at %g bytes a second", got)
	}
	if blockBytes > 256<<10 || s.wait != 10*time.Second || b.wait != 10*time.Second {
		t.Errorf("blocks of %d bytes, full syncs wait %s, bodies %s", blockBytes, s.wait, b.wait)
	}
	if !b.room.TryAcquire(8<<20) || b.room.TryAcquire(1) {
		t.Error("bodies of 8 MiB do not fill the room")
	}
	if !s.slots.TryAcquire(2) || s.slots.TryAcquire(1) {
		t.Error("there are not two slots")
	}
}
