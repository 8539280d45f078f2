//go:build js && wasm

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"syscall/js"
	"time"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/strictjson"
)

// await blocks the goroutine, not the event loop, until the promise is settled.
func await(promise js.Value) (js.Value, error) {
	type outcome struct {
		value js.Value
		err   error
	}
	done := make(chan outcome, 1)
	fulfilled := js.FuncOf(func(_ js.Value, args []js.Value) any {
		value := js.Undefined()
		if len(args) > 0 {
			value = args[0]
		}
		done <- outcome{value, nil}
		return nil
	})
	defer fulfilled.Release()
	rejected := js.FuncOf(func(_ js.Value, args []js.Value) any {
		why := "rejected"
		if len(args) > 0 && args[0].Type() == js.TypeObject {
			why = args[0].Get("message").String()
		}
		done <- outcome{js.Undefined(), errors.New(why)}
		return nil
	})
	defer rejected.Release()
	promise.Call("then", fulfilled, rejected)
	o := <-done
	return o.value, o.err
}

const maxRange = 1 << 20 // bytes of an answer about breached passwords

// fetcher is the client's Transport. The session is in a cookie that scripts cannot read.
type fetcher struct{}

// Origin returns the server's address.
func (fetcher) Origin() string {
	if location := js.Global().Get("location"); location.Type() == js.TypeObject {
		return location.Get("origin").String()
	}
	return "" // not in a browser
}

func (fetcher) Do(ctx context.Context, r client.Request) (client.Response, error) {
	options := map[string]any{"method": r.Method, "credentials": "same-origin"}
	if r.Body != nil {
		options["headers"] = map[string]any{"Content-Type": "application/json", "Accept": "application/json"}
		options["body"] = string(r.Body)
	}
	return fetch(ctx, r.Path, r.Limit, r.Patience(), options)
}

func (fetcher) Stream(ctx context.Context, r client.Request, each func(part []byte) error) (client.Response, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	answer, err := begin(ctx, r.Path, map[string]any{"method": r.Method, "credentials": "same-origin"})
	if err != nil {
		return client.Response{}, err
	}
	out := head(answer)
	if out.Status/100 != 2 {
		out.Body, err = readBody(answer.Get("body"), r.Limit, func() { /* the caller bounds the time */ })
		return out, err
	}
	return out, eachPart(answer.Get("body"), func(part js.Value) error {
		return each(copyToGo(part))
	})
}

var errSlow = errors.New("the server answers too slowly")

// fetch returns a whole answer of at most limit bytes after decompression.
func fetch(ctx context.Context, address string, limit int64, patience time.Duration, options map[string]any) (client.Response, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	slow := time.AfterFunc(patience, func() { cancel(errSlow) })
	defer slow.Stop()
	answer, err := begin(ctx, address, options)
	if err != nil {
		return client.Response{}, why(ctx, err)
	}
	slow.Reset(client.BodyPatience)
	out := head(answer)
	if out.Body, err = readBody(answer.Get("body"), limit, func() { slow.Reset(client.BodyPatience) }); err != nil {
		return client.Response{}, why(ctx, err)
	}
	return out, nil
}

// begin returns an answer as soon as its headers have arrived. It bypasses the browser's cache and does not follow redirects. The
// end of ctx also aborts reading the body.
func begin(ctx context.Context, address string, options map[string]any) (js.Value, error) {
	abort := js.Global().Get("AbortController").New()
	context.AfterFunc(ctx, func() { abort.Call("abort") })
	options["cache"], options["redirect"], options["signal"] = "no-store", "manual", abort.Get("signal")
	answer, err := await(js.Global().Call("fetch", address, options))
	if err == nil && answer.Get("type").String() == "opaqueredirect" {
		err = fmt.Errorf("%w: it redirects elsewhere", client.ErrIntercepted)
	}
	return answer, err
}

// head converts an answer, except for its body.
func head(answer js.Value) client.Response {
	out := client.Response{Status: answer.Get("status").Int()}
	headers := answer.Get("headers")
	if date := headers.Call("get", "Date"); date.Type() == js.TypeString {
		out.Date = client.ParseDate(date.String())
	}
	if wait := headers.Call("get", "Retry-After"); wait.Type() == js.TypeString {
		out.RetryAfter = client.ParseRetryAfter(wait.String())
	}
	return out
}

// why returns errSlow if the exchange was too slow, err otherwise.
func why(ctx context.Context, err error) error {
	if errors.Is(context.Cause(ctx), errSlow) {
		return errSlow
	}
	return err
}

// readBody reads a body in parts, so that memory never holds all of a body that decompresses to more than limit bytes. It calls
// step for each client.BodyStep.
func readBody(body js.Value, limit int64, step func()) ([]byte, error) {
	var parts []js.Value
	size, came := 0, 0
	err := eachPart(body, func(part js.Value) error {
		n := part.Get("byteLength").Int()
		if size += n; int64(size) > limit {
			return fmt.Errorf("%w: more than %d bytes", client.ErrLongAnswer, limit)
		}
		if came += n; came >= client.BodyStep {
			came = 0
			step()
		}
		parts = append(parts, part)
		return nil
	})
	if err != nil || size == 0 {
		return nil, err
	}
	out := make([]byte, size)
	at := 0
	for _, part := range parts {
		at += js.CopyBytesToGo(out[at:], part)
	}
	free(parts...)
	return out, nil
}

func copyToGo(bytes js.Value) []byte {
	out := make([]byte, bytes.Get("byteLength").Int())
	js.CopyBytesToGo(out, bytes)
	return out
}

// free returns the memory of Uint8Arrays, which nobody uses any more. Otherwise the browser does so at its next garbage collection, and the
// bytes of a large vault stay for long. Browsers without ArrayBuffer.transfer (before 2024) wait for that.
func free(arrays ...js.Value) {
	for _, bytes := range arrays {
		buffer := bytes.Get("buffer")
		if buffer.Get("transfer").Type() == js.TypeFunction && buffer.Get("byteLength").Int() > 0 { // two arrays may share one buffer
			buffer.Call("transfer", 0)
		}
	}
}

// eachPart reads a ReadableStream of Uint8Arrays until it ends or take fails.
func eachPart(stream js.Value, take func(part js.Value) error) error {
	if stream.Type() != js.TypeObject { // an answer without a body
		return nil
	}
	reader := stream.Call("getReader")
	for {
		part, err := await(reader.Call("read"))
		if err != nil || part.Get("done").Bool() {
			return err
		}
		if err := take(part.Get("value")); err != nil {
			return err
		}
	}
}

// rangeFetcher is client.Ranges of an external service. It sends neither cookies nor a referrer.
type rangeFetcher struct{ address string }

func (f rangeFetcher) Range(ctx context.Context, prefix string) (client.Response, error) {
	return fetch(ctx, f.address+"/range/"+prefix, maxRange, client.ReadPatience, map[string]any{
		"method":         "GET",
		"headers":        map[string]any{"Add-Padding": "true"},
		"credentials":    "omit",
		"referrerPolicy": "no-referrer",
	})
}

// hostJudge asks the strength meter, which is a separate WebAssembly module.
func hostJudge(_ context.Context, passwords []string) ([]bool, error) {
	list := make([]any, len(passwords))
	for i, p := range passwords {
		list[i] = p
	}
	answer, err := await(js.Global().Get("vaultsphereHost").Call("weak", list))
	if err != nil {
		return nil, err
	}
	weak := make([]bool, answer.Length())
	for i := range weak {
		weak[i] = answer.Index(i).Bool()
	}
	return weak, nil
}

// hostEndMeter frees the memory of the strength meter. The client remembers its judgements.
func hostEndMeter() {
	js.Global().Get("vaultsphereHost").Call("endMeter")
}

// onDevice calls a function of the host that uses the storage of the browser, which may be full, turned off or damaged.
func onDevice(function string, args ...any) (js.Value, error) {
	value, err := await(js.Global().Get("vaultsphereHost").Call(function, args...))
	if err != nil {
		err = fmt.Errorf("%w: %w", client.ErrStorage, err)
	}
	return value, err
}

// hostMemory stores the client's Memory in the worker's IndexedDB.
type hostMemory struct{}

func (hostMemory) Load(user string) (client.Remembered, error) {
	value, err := onDevice("memoryLoad", user)
	if err != nil || value.Type() != js.TypeString {
		return client.Remembered{}, err
	}
	return parseMemory(value.String())
}

func parseMemory(text string) (client.Remembered, error) {
	var r client.Remembered
	if err := (strictjson.Form{Name: "the memory"}).Unmarshal([]byte(text), &r); err != nil {
		return r, fmt.Errorf("%w: %w", client.ErrMemory, err)
	}
	return r, r.Check()
}

// Find skips memories that cannot be read: Load reports them once the user is known.
func (hostMemory) Find(username string) (client.Remembered, error) {
	list, err := onDevice("memoryList")
	if err != nil {
		return client.Remembered{}, err
	}
	for i := range list.Length() {
		if r, err := parseMemory(list.Index(i).String()); err == nil && r.Named(username) {
			return r, nil
		}
	}
	return client.Remembered{}, nil
}

// Lock is a lock of the browser, which ends with the worker.
func (hostMemory) Lock(ctx context.Context, user string) (func(), error) {
	abort := js.Global().Get("AbortController").New()
	stop := context.AfterFunc(ctx, func() { abort.Call("abort") })
	unlock, err := await(js.Global().Get("vaultsphereHost").Call("memoryLock", user, abort.Get("signal")))
	stop()
	if err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return nil, err
	}
	return func() { unlock.Invoke() }, nil
}

// Store never goes back to an older state: another tab may have stored a newer one.
func (m hostMemory) Store(user string, r client.Remembered) error {
	if r.IsZero() {
		_, err := onDevice("memoryStore", user, js.Null())
		return err
	}
	held, err := m.Load(user)
	if err == nil && !held.IsZero() {
		r, err = held.Merge(r)
	}
	if err != nil {
		return err
	}
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = onDevice("memoryStore", user, string(text))
	return err
}
