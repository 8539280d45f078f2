//go:build js && wasm

package main

import (
	"context"
	"syscall/js"
	"time"

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

type opened struct {
	Username string `json:"username"`
	Offline  bool   `json:"offline"` // the vault is the copy on this device
}

func (c *core) unlock(ctx context.Context, p struct {
	Password string `json:"password"`
	Device   string `json:"device"`
}) (opened, error) {
	c.client.SetDevice(p.Device)
	o, err := c.client.Unlock(ctx, p.Password)
	return opened(o), err
}

type refused struct {
	ID      string      `json:"id"`
	Title   string      `json:"title"`
	Code    client.Code `json:"code"`
	Message string      `json:"message"` // in English
}

// waiting is what the server does not have yet.
type waiting struct {
	Pending int       `json:"pending"` // changes
	Refused []refused `json:"refused"`
}

func waitingOf(w client.Waiting) waiting {
	out := waiting{w.Pending, []refused{}}
	for _, r := range w.Refused {
		out.Refused = append(out.Refused, refused(r))
	}
	return out
}

func (c *core) waiting(context.Context, none) (waiting, error) {
	w, err := c.client.Waiting()
	return waitingOf(w), err
}

// force says that changes which wait on this device may be lost.
type force struct {
	Force bool `json:"force"`
}

func (c *core) logout(ctx context.Context, p force) (none, error) {
	c.keepImport(nil)
	return none{}, c.client.Logout(ctx, p.Force)
}

func (c *core) deleteAccount(ctx context.Context, p struct {
	password
	force
}) (none, error) {
	return none{}, c.client.DeleteAccount(ctx, p.Password, p.Force)
}

func (c *core) keepCopy(ctx context.Context, p struct {
	On bool `json:"on"`
	force
}) (none, error) {
	return none{}, c.client.KeepCopy(ctx, p.On, p.Force)
}

// copied is a sealed copy on this device.
type copied struct {
	ID       string    `json:"id"`
	Username string    `json:"username"`
	Since    time.Time `json:"since,omitzero"` // when its session ended; left out: it has not
	Changes  int       `json:"changes"`        // that wait
	DaysLeft int       `json:"days_left"`      // until it is deleted; 0: it is not
}

type copies struct {
	Copies  []copied `json:"copies"`
	Damaged bool     `json:"damaged"` // the list of them is, so that some may be missing
}

func (c *core) copies(ctx context.Context, _ none) (copies, error) {
	list, err := c.client.Copies(ctx)
	out := copies{[]copied{}, err != nil}
	for _, l := range list {
		out.Copies = append(out.Copies, copied{l.ID, l.Username, l.Since, l.Changes, l.DaysLeft})
	}
	return out, ctx.Err()
}

type openedCopy struct {
	Username string `json:"username"`
	Partial  bool   `json:"partial"` // a part of it is damaged
}

func (c *core) openCopy(ctx context.Context, p struct {
	ID       string `json:"id"`
	Password string `json:"password"`
}) (openedCopy, error) {
	o, err := c.client.OpenCopy(ctx, p.ID, p.Password)
	return openedCopy(o), err
}
