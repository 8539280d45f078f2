//go:build js && wasm

package main

import (
	"syscall/js"

	"github.com/vaultsphere/vaultsphere/app/client"
)

func storeHandover(h client.Handover) error {
	key := js.Global().Get("Uint8Array").New(len(h.Key))
	js.CopyBytesToJS(key, h.Key)
	_, err := await(js.Global().Get("vaultsphereHost").Call("handoverStore", h.Token, key))
	return err
}

// loadHandover reports whether the browser remembers a handover. It can be of any session.
func loadHandover() (client.Handover, bool) {
	value, err := await(js.Global().Get("vaultsphereHost").Call("handoverLoad"))
	if err != nil || value.Type() != js.TypeObject {
		return client.Handover{}, false
	}
	token, key := value.Get("token"), value.Get("key")
	if token.Type() != js.TypeString || !key.InstanceOf(js.Global().Get("Uint8Array")) {
		return client.Handover{}, false
	}
	h := client.Handover{Token: token.String(), Key: make([]byte, key.Get("byteLength").Int())}
	js.CopyBytesToGo(h.Key, key)
	key.Call("fill", 0)
	return h, true
}
