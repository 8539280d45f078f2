//go:build js && wasm

package main

import (
	"syscall/js"

	"github.com/vaultsphere/vaultsphere/app/client"
)

// hostCache is the client's Cache, kept by the worker's IndexedDB.
type hostCache struct{}

func (hostCache) Load(name string) (client.Kept, error) {
	value, err := await(js.Global().Get("vaultsphereHost").Call("cacheLoad", name))
	if err != nil {
		return client.Kept{}, err
	}
	kept := client.Kept{Stamp: value.Get("stamp").String()}
	pieces := value.Get("pieces")
	for i := range pieces.Length() {
		piece := pieces.Index(i)
		data := make([]byte, piece.Get("byteLength").Int())
		js.CopyBytesToGo(data, piece)
		kept.Pieces = append(kept.Pieces, data)
	}
	return kept, nil
}

func (hostCache) Stamp(name string) (string, error) {
	value, err := await(js.Global().Get("vaultsphereHost").Call("cacheStamp", name))
	if err != nil {
		return "", err
	}
	return value.String(), nil
}

func (hostCache) Add(name, after string, p client.Piece) error { return store(name, after, p, false) }

func (hostCache) Replace(name, after string, p client.Piece) error {
	return store(name, after, p, true)
}

func store(name, after string, p client.Piece, whole bool) error {
	data := js.Global().Get("Uint8Array").New(len(p.Data))
	js.CopyBytesToJS(data, p.Data)
	stored, err := await(js.Global().Get("vaultsphereHost").Call("cacheStore", name, after, p.Stamp, data, whole))
	if err == nil && !stored.Bool() {
		err = client.ErrCacheMoved
	}
	return err
}

func (hostCache) Forget(name string) error {
	_, err := await(js.Global().Get("vaultsphereHost").Call("cacheForget", name))
	return err
}
