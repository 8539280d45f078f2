package client_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/client"
)

// Adding a change to the outbox or sending one writes only that change, not the rest of the outbox.
func TestOutboxGrowsByTheChange(t *testing.T) {
	t.Parallel()
	server, d, _, _ := cachedVault(t)
	d.cut()
	before := d.cache.wrote
	const many = 120
	for i := range many {
		d.save(t, login(fmt.Sprintf("new %03d", i)))
	}
	if wrote := (d.cache.wrote - before) / many; wrote > 3*1500 {
		t.Errorf("%d bytes a change", wrote)
	}
	if s := d.waiting(t); s.Pending != many {
		t.Errorf("waiting %+v", s)
	}
	other := d.cutOff(t, server) // another tab
	other.unlock(t)
	added := other.save(t, login("of another tab"))
	d.save(t, login("after it"))
	if got := d.titles(t, "of another tab"); len(got) != 1 || d.get(t, added.ID).Title != "of another tab" {
		t.Errorf("titles: %q", got)
	}
	d.reconnect()
	before = d.cache.wrote
	if s := d.sync(t); s.Pending != 0 || s.Count != many+4 {
		t.Errorf("synced %+v", s)
	}
	if wrote := (d.cache.wrote - before) / many; wrote > 6*1500 { // includes the cache of the vault
		t.Errorf("%d bytes a change that was sent", wrote)
	}
}

// Anyone with access to the device can drop, repeat or reorder the chunks of the outbox.
func TestMisplacedOutboxChunkIsReported(t *testing.T) {
	t.Parallel()
	server, whole, _, _ := cachedVault(t)
	whole.cut()
	for i := range 5 {
		it := login(fmt.Sprintf("new %d", i))
		if i == 0 {
			it.Notes = strings.Repeat("n", 9000) // large, so that the later chunks are not merged into the first
		}
		whole.save(t, it)
	}
	for name, change := range map[string]func([][]byte) [][]byte{
		"left out":  func(p [][]byte) [][]byte { return slices.Delete(p, 1, 2) },
		"twice":     func(p [][]byte) [][]byte { return append(p, p[len(p)-1]) },
		"exchanged": func(p [][]byte) [][]byte { p[1], p[2] = p[2], p[1]; return p },
		"no first":  func(p [][]byte) [][]byte { return p[1:] },
	} {
		t.Run(name, func(t *testing.T) {
			d := (&device{memory: whole.memory, wire: whole.wire, cache: whole.cache.clone()}).cutOff(t, server)
			d.cache.change(t, "queue", func(p [][]byte) [][]byte {
				if len(p) < 4 {
					t.Fatalf("%d pieces", len(p))
				}
				return change(slices.Clone(p))
			})
			if _, err := d.Unlock(t.Context(), password); client.Explain(err).Code != client.CodeVaultAltered {
				t.Errorf("unlock: %v", err)
			}
		})
	}
}
