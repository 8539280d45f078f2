//go:build js && wasm

// Command vaultsphere-wasm is app/client for the browser. It runs in a dedicated worker and returns results to JavaScript, never
// keys. The exception is hand_over, for people who keep the vault unlocked until the browser closes: it gives a sealed vault key
// and the key that opens it to the host, which passes them to the service worker.
//
// Before main first blocks, it installs
//
//	globalThis.vaultsphere = {
//	  call(method: string, paramsJSON: string, onEvent?: (json: string) => void, callId?: number,
//	    file?: Uint8Array): Promise<string | {result: string, file: Uint8Array}>,
//	  cancel(callId: number): void,
//	}
//
// The methods, their parameters and results are those of bridge/core.Core. A promise resolves to the result as JSON, with a file
// if the method returns one. It is rejected with an Error whose message is a bridge.Failure as JSON. cancel ends the running call
// with this callId, a number above zero that no other running call has. Its promise is rejected with the code "cancelled".
//
// It fetches only paths of the worker's origin and, to look up breached passwords, the address that the server has set. It stores
// client.Remembered and the sealed client.Cache through
//
//	globalThis.vaultsphereHost = {
//	  memoryLoad(user: string): Promise<string | null>,
//	  memoryLock(user: string, signal: AbortSignal): Promise<() => void>,
//	  memoryStore(user: string, json: string): Promise<void>,
//	  cacheLoad(name: string): Promise<{ stamp: string, segments: Uint8Array[] }>,
//	  cacheStamp(name: string): Promise<string>,
//	  cacheStore(name: string, after: string, stamp: string, segment: Uint8Array, whole: boolean): Promise<boolean>,
//	  cacheForget(name: string): Promise<void>,
//	  handoverStore(token: string, key: Uint8Array): Promise<void>, // in memory only
//	  handoverLoad(): Promise<{ token: string, key: Uint8Array } | null>,
//	  weak(passwords: string[]): Promise<boolean[]>,  // asks the strength meter
//	  endMeter(): void, // frees its memory
//	}
//
// It frees the segments that it gets and gives: the host keeps copies, as IndexedDB does.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"syscall/js"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/protocol/bridge"
	protocol "github.com/vaultsphere/vaultsphere/app/protocol/bridge/core"
)

func main() {
	b := &calls{core: &core{client: client.New(fetcher{}, hostMemory{}, hostCache{})}, running: map[int]context.CancelFunc{}}
	js.Global().Set("vaultsphere", map[string]any{
		"call":   js.FuncOf(b.call),
		"cancel": js.FuncOf(b.cancel),
	})
	select {}
}

// calls turns JavaScript calls into method calls. Each runs in its own goroutine, because a call from JavaScript must return
// before the event loop can deliver what the method waits for.
type calls struct {
	core protocol.Core

	mu      sync.Mutex
	running map[int]context.CancelFunc
}

func (b *calls) call(_ js.Value, args []js.Value) any {
	if len(args) < 2 || args[0].Type() != js.TypeString || args[1].Type() != js.TypeString {
		return js.Global().Get("Promise").Call("reject", jsError(bridge.Failure{Code: bridge.Code(client.CodeBadInput)}))
	}
	method := args[0].String()
	r := bridge.Request{Params: []byte(args[1].String())}
	if len(args) > 2 && args[2].Type() == js.TypeFunction {
		r.Send = func(event []byte) { args[2].Invoke(string(event)) }
	}
	if len(args) > 4 && args[4].InstanceOf(js.Global().Get("Uint8Array")) {
		r.File = make([]byte, args[4].Get("byteLength").Int())
		js.CopyBytesToGo(r.File, args[4])
	}
	ctx, cancel := context.WithCancel(context.Background())
	id := 0
	if len(args) > 3 && args[3].Type() == js.TypeNumber {
		id = args[3].Int()
		b.mu.Lock()
		b.running[id] = cancel
		b.mu.Unlock()
	}
	return promise(func() (bridge.Answer, error) {
		defer func() {
			cancel()
			b.mu.Lock()
			delete(b.running, id)
			b.mu.Unlock()
		}()
		return protocol.Call(ctx, b.core, method, r)
	})
}

func (b *calls) cancel(_ js.Value, args []js.Value) any {
	if len(args) == 1 && args[0].Type() == js.TypeNumber {
		b.mu.Lock()
		defer b.mu.Unlock()
		if cancel := b.running[args[0].Int()]; cancel != nil {
			cancel()
		}
	}
	return nil
}

func promise(work func() (bridge.Answer, error)) js.Value {
	executor := js.FuncOf(func(_ js.Value, args []js.Value) any {
		resolve, reject := args[0], args[1]
		go func() {
			defer func() {
				// A panic would end the worker and leave all calls unanswered. Its value is dropped, because it may quote a secret.
				if recover() != nil {
					reject.Invoke(jsError(bridge.Failure{Code: bridge.Code(client.CodeInternal)}))
				}
			}()
			result, err := work()
			if err != nil {
				reject.Invoke(jsError(explain(err)))
				return
			}
			resolve.Invoke(jsAnswer(result))
		}()
		return nil
	})
	defer executor.Release() // a promise calls its executor once, synchronously
	return js.Global().Get("Promise").New(executor)
}

func jsAnswer(a bridge.Answer) any {
	if a.File == nil {
		return string(a.JSON)
	}
	file := js.Global().Get("Uint8Array").New(len(a.File))
	js.CopyBytesToJS(file, a.File)
	return map[string]any{"result": string(a.JSON), "file": file}
}

func jsError(f bridge.Failure) js.Value {
	message, err := json.Marshal(f)
	if err != nil {
		message = fmt.Appendf(nil, `{"code":%q,"retry_after":0}`, f.Code)
	}
	return js.Global().Get("Error").New(string(message))
}
