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
	stored map[string]client.Cached
	wrote  int                     // bytes
	before func(name string) error // called before each write and deletion
}

func newCache() *cache { return &cache{stored: map[string]client.Cached{}} }

func (c *cache) Load(name string) (client.Cached, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := c.stored[name]
	k.Chunks = slices.Clone(k.Chunks)
	return k, nil
}

func (c *cache) Stamp(name string) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stored[name].Stamp, nil
}

func (c *cache) Add(name, after string, p client.Chunk) error {
	c.mu.Lock()
	before := c.stored[name].Chunks
	c.mu.Unlock()
	return c.write(name, after, p, before)
}

func (c *cache) Replace(name, after string, p client.Chunk) error {
	return c.write(name, after, p, nil)
}

func (c *cache) write(name, after string, p client.Chunk, before [][]byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.before != nil {
		if err := c.before(name); err != nil {
			return err
		}
	}
	if c.stored[name].Stamp != after {
		return client.ErrCacheMoved
	}
	c.wrote += len(p.Data)
	c.stored[name] = client.Cached{Stamp: p.Stamp, Chunks: append(slices.Clone(before), slices.Clone(p.Data))}
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
	delete(c.stored, name)
	return nil
}

func (c *cache) clone() *cache {
	return &cache{stored: maps.Clone(c.stored)}
}

// names lists the names in the cache, without the user ids.
func (c *cache) names() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []string
	for name := range c.stored {
		kind, _, _ := strings.Cut(name, "-")
		out = append(out, kind)
	}
	slices.Sort(out)
	return out
}

// change rewrites the chunks of the only name with this prefix.
func (c *cache) change(t testing.TB, prefix string, change func([][]byte) [][]byte) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	for name, k := range c.stored {
		if strings.HasPrefix(name, prefix) {
			k.Chunks = change(k.Chunks)
			c.stored[name] = k
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

// cutOff returns the same device after a restart, disconnected from the server.
func (d *device) cutOff(t testing.TB, server string) *device {
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
