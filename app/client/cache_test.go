package client_test

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/client"
)

// cache is a client.Cache in memory.
type cache struct {
	mu     sync.Mutex
	kept   map[string]client.Kept
	wrote  int                     // bytes
	before func(name string) error // called before each write and deletion
}

func newCache() *cache { return &cache{kept: map[string]client.Kept{}} }

func (c *cache) Load(name string) (client.Kept, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := c.kept[name]
	k.Pieces = slices.Clone(k.Pieces)
	return k, nil
}

func (c *cache) Stamp(name string) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.kept[name].Stamp, nil
}

func (c *cache) Add(name, after string, p client.Piece) error {
	return c.write(name, after, p, c.kept[name].Pieces)
}

func (c *cache) Replace(name, after string, p client.Piece) error {
	return c.write(name, after, p, nil)
}

func (c *cache) write(name, after string, p client.Piece, before [][]byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.before != nil {
		if err := c.before(name); err != nil {
			return err
		}
	}
	if c.kept[name].Stamp != after {
		return client.ErrCacheMoved
	}
	c.wrote += len(p.Data)
	c.kept[name] = client.Kept{Stamp: p.Stamp, Pieces: append(slices.Clone(before), slices.Clone(p.Data))}
	return nil
}

func (c *cache) Forget(name string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.before != nil {
		if err := c.before(name); err != nil {
			return err
		}
	}
	delete(c.kept, name)
	return nil
}

func (c *cache) clone() *cache {
	return &cache{kept: maps.Clone(c.kept)}
}

// names lists the names in the cache, without the user ids.
func (c *cache) names() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []string
	for name := range c.kept {
		kind, _, _ := strings.Cut(name, "-")
		out = append(out, kind)
	}
	slices.Sort(out)
	return out
}

// change rewrites the pieces of the only name with this prefix.
func (c *cache) change(t testing.TB, prefix string, change func([][]byte) [][]byte) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	for name, k := range c.kept {
		if strings.HasPrefix(name, prefix) {
			k.Pieces = change(k.Pieces)
			c.kept[name] = k
			return
		}
	}
	t.Fatalf("the cache has nothing under %s", prefix)
}

var errCut = errors.New("the cable is cut")

// cut disconnects the device from the server; reconnect undoes that.
func (d *device) cut() {
	d.wire.mu.Lock()
	defer d.wire.mu.Unlock()
	d.wire.before = func(*client.Request) (*client.Response, error) { return nil, errCut }
}

func (d *device) reconnect() {
	d.wire.mu.Lock()
	defer d.wire.mu.Unlock()
	d.wire.before = nil
}

// away returns the same device after a restart, disconnected from the server.
func (d *device) away(t testing.TB, server string) *device {
	t.Helper()
	d = d.restarted(t, server)
	d.cut()
	return d
}

func (d *device) unlock(t testing.TB) client.Opened {
	t.Helper()
	opened, err := d.Unlock(t.Context(), password)
	if err != nil {
		t.Fatal(err)
	}
	return opened
}

func (d *device) waiting(t testing.TB) client.Waiting {
	t.Helper()
	w, err := d.Waiting()
	if err != nil {
		t.Fatal(err)
	}
	return w
}
