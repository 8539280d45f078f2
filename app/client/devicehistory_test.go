package client_test

import "testing"

func historyChunks(d *device) int {
	d.cache.mu.Lock()
	defer d.cache.mu.Unlock()
	for name, k := range d.cache.stored {
		if len(name) > 8 && name[:8] == "history-" {
			return len(k.Chunks)
		}
	}
	return 0
}

// A history that grows with each sync is rewritten: neither a busy vault nor a server can fill the device.
func TestDeviceHistoryGrowsInBoundedChunks(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d := newDevice(t, server)
	d.register(t, "anna")
	before := historyChunks(d)
	it := d.save(t, login("mail"))
	if got := historyChunks(d); got != before+1 {
		t.Errorf("%d chunks after %d and a write", got, before)
	}
	most := 0
	for range 70 {
		it.Favourite = !it.Favourite
		it = d.save(t, it)
		most = max(most, historyChunks(d))
	}
	if most > 64 {
		t.Errorf("%d chunks", most)
	}
}

func TestDeviceWithoutACacheHasNoHistory(t *testing.T) {
	t.Parallel()
	d := newDevice(t, startServer(t))
	if err := d.KeepCopy(t.Context(), false, false); err != nil {
		t.Fatal(err)
	}
	d.register(t, "anna")
	d.save(t, login("mail"))
	if got := historyChunks(d); got != 0 {
		t.Errorf("%d chunks", got)
	}
	if err := d.KeepCopy(t.Context(), true, false); err != nil {
		t.Fatal(err)
	}
	d.save(t, login("bank"))
	if got := historyChunks(d); got == 0 {
		t.Error("nothing was kept after the cache was turned on")
	}
}
