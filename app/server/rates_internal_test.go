package server

import (
	"testing"
	"time"
)

// Other tests shorten these times. This test checks the rates and limits that docs/operations.md states.
func TestRatesAndLimits(t *testing.T) {
	t.Parallel()
	b, s := newBodies(), newSyncSlots()
	if got := blockSize / b.patience.Seconds(); got != 16<<10 {
		t.Errorf("minimum rate of a body: %g bytes per second", got)
	}
	if got := blockBytes / s.patience.Seconds(); got != 16<<10 {
		t.Errorf("minimum rate of a full sync: %g bytes per second", got)
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
