//go:build js && wasm

package main

import (
	"syscall/js"

	"github.com/vaultsphere/vaultsphere/app/client"
)

// hostCache stores the client's Cache in the worker's IndexedDB.
type hostCache struct{}

func (hostCache) Load(name string) (client.Cached, error) {
	value, err := onDevice("cacheLoad", name)
	if err != nil {
		return client.Cached{}, err
	}
	cached := client.Cached{Stamp: value.Get("stamp").String()}
	segments := value.Get("segments")
	for i := range segments.Length() {
		segment := segments.Index(i)
		cached.Chunks = append(cached.Chunks, copyToGo(segment))
		free(segment)
	}
	return cached, nil
}

func (hostCache) Stamp(name string) (string, error) {
	value, err := onDevice("cacheStamp", name)
	if err != nil {
		return "", err
	}
	return value.String(), nil
}

func (hostCache) Add(name, after string, p client.Chunk) error { return store(name, after, p, false) }

func (hostCache) Replace(name, after string, p client.Chunk) error {
	return store(name, after, p, true)
}

func store(name, after string, p client.Chunk, whole bool) error {
	data := js.Global().Get("Uint8Array").New(len(p.Data))
	js.CopyBytesToJS(data, p.Data)
	defer free(data)
	stored, err := onDevice("cacheStore", name, after, p.Stamp, data, whole)
	if err == nil && !stored.Bool() {
		err = client.ErrCacheMoved
	}
	return err
}

func (hostCache) Forget(name string) error {
	_, err := onDevice("cacheForget", name)
	return err
}
