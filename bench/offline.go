package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/client/httptransport"
)

const manyChanges = 10_000

// deviceCache is the cache of a device, in memory.
type deviceCache struct {
	mu    sync.Mutex
	files map[string]client.Cached
	bytes int // written
}

func (c *deviceCache) Load(name string) (client.Cached, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.files[name], nil
}

func (c *deviceCache) Stamp(name string) (string, error) {
	k, err := c.Load(name)
	return k.Stamp, err
}

func (c *deviceCache) Add(name, after string, p client.Chunk) error {
	return c.put(name, after, p, c.files[name].Chunks)
}

func (c *deviceCache) Replace(name, after string, p client.Chunk) error {
	return c.put(name, after, p, nil)
}

func (c *deviceCache) put(name, after string, p client.Chunk, before [][]byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.files[name].Stamp != after {
		return client.ErrCacheMoved
	}
	c.bytes += len(p.Data)
	c.files[name] = client.Cached{Stamp: p.Stamp, Chunks: append(slices.Clip(before), p.Data)}
	return nil
}

func (c *deviceCache) Forget(name string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.files, name)
	return nil
}

// severed is a transport that can be disconnected.
type severed struct {
	*httptransport.Transport
	cut bool
}

func (s *severed) Do(ctx context.Context, r client.Request) (client.Response, error) {
	if s.cut {
		return client.Response{}, errors.New("disconnected")
	}
	return s.Transport.Do(ctx, r)
}

// offlineRows measures the time of many changes offline, one after the other, and of the sync that sends them.
func offlineRows(ctx context.Context, binary, dir string) ([]row, error) {
	s, err := start(ctx, binary, filepath.Join(dir, "offline"))
	if err != nil {
		return nil, err
	}
	defer s.stop()
	transport, err := httptransport.New(s.url)
	if err != nil {
		return nil, err
	}
	wire, cache := &severed{Transport: transport}, &deviceCache{files: map[string]client.Cached{}}
	c := client.New(wire, newMemory(), cache)
	registration, err := c.PrepareRegistration("correct horse battery staple")
	if err != nil {
		return nil, err
	}
	if _, err := c.Register(ctx, registration, "offline", "bench"); err != nil {
		return nil, err
	}
	if _, err := c.Sync(ctx); err != nil {
		return nil, err
	}
	wire.cut = true
	before, began := cache.bytes, time.Now()
	for i := range manyChanges {
		if _, err := c.Save(ctx, login(i)); err != nil {
			return nil, err
		}
	}
	queued, wrote := time.Since(began), cache.bytes-before
	wire.cut = false
	began = time.Now()
	synced, err := c.Sync(ctx)
	if err != nil || synced.Pending > 0 || synced.Count != manyChanges {
		return nil, fmt.Errorf("%d items, %d changes wait: %w", synced.Count, synced.Pending, err)
	}
	return []row{
		{"10,000 changes queued offline, one after the other", queued.Seconds(), 20, "s"},
		{"the same: written to the device", float64(wrote) / 1e6, 100, "MB"},
		{"the same: sent when the server is back", time.Since(began).Seconds(), 120, "s"},
	}, nil
}
