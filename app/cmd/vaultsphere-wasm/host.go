//go:build js && wasm

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
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

// fetcher is the client's transport. The session is a cookie that no script can read.
type fetcher struct{}

func (fetcher) Do(ctx context.Context, r client.Request) (client.Response, error) {
	options := map[string]any{"method": r.Method, "credentials": "same-origin"}
	if r.Body != nil {
		options["headers"] = map[string]any{"Content-Type": "application/json", "Accept": "application/json"}
		options["body"] = string(r.Body)
	}
	return fetch(ctx, r.Path, r.Limit, r.Patience(), options)
}

var errSlow = errors.New("the server answers too slowly")

// fetch keeps nothing and follows nowhere. It reads at most limit bytes, unpacked, and does not wait for ever.
func fetch(ctx context.Context, address string, limit int64, patience time.Duration, options map[string]any) (client.Response, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	slow := time.AfterFunc(patience, func() { cancel(errSlow) })
	defer slow.Stop()
	abort := js.Global().Get("AbortController").New()
	stop := context.AfterFunc(ctx, func() { abort.Call("abort") })
	defer stop()
	options["cache"], options["redirect"], options["signal"] = "no-store", "manual", abort.Get("signal")
	answer, err := await(js.Global().Call("fetch", address, options))
	if err != nil {
		return client.Response{}, why(ctx, err)
	}
	if answer.Get("type").String() == "opaqueredirect" {
		return client.Response{}, fmt.Errorf("%w: it sends elsewhere", client.ErrIntercepted)
	}
	headers := answer.Get("headers")
	slow.Reset(client.BodyPatience)
	body, err := readBody(answer.Get("body"), limit, slow)
	if err != nil {
		abort.Call("abort")
		return client.Response{}, why(ctx, err)
	}
	out := client.Response{Status: answer.Get("status").Int(), Body: body}
	if date := headers.Call("get", "Date"); date.Type() == js.TypeString {
		out.Date = client.ParseDate(date.String())
	}
	if wait := headers.Call("get", "Retry-After"); wait.Type() == js.TypeString {
		out.RetryAfter = client.ParseRetryAfter(wait.String())
	}
	return out, nil
}

// why tells an exchange that was too slow from one that its caller ended.
func why(ctx context.Context, err error) error {
	if errors.Is(context.Cause(ctx), errSlow) {
		return errSlow
	}
	return err
}

// readBody reads a stream part by part, so that what unpacks to more than limit is never there as a whole. It puts slow off
// for each step that has come.
func readBody(stream js.Value, limit int64, slow *time.Timer) ([]byte, error) {
	if stream.Type() != js.TypeObject { // an answer without a body
		return nil, nil
	}
	reader := stream.Call("getReader")
	var parts []js.Value
	size, step := 0, 0
	for {
		part, err := await(reader.Call("read"))
		if err != nil {
			return nil, err
		}
		if part.Get("done").Bool() {
			break
		}
		value := part.Get("value")
		n := value.Get("byteLength").Int()
		if size += n; int64(size) > limit {
			return nil, fmt.Errorf("the answer has more than %d bytes", limit)
		}
		if step += n; step >= client.BodyStep {
			step = 0
			slow.Reset(client.BodyPatience)
		}
		parts = append(parts, value)
	}
	body := make([]byte, size)
	at := 0
	for _, part := range parts {
		at += js.CopyBytesToGo(body[at:], part)
	}
	return body, nil
}

func number(headers js.Value, name string) (int64, bool) {
	v := headers.Call("get", name)
	if v.Type() != js.TypeString {
		return 0, false
	}
	n, err := strconv.ParseInt(v.String(), 10, 64)
	return n, err == nil && n >= 0
}

// rangeFetcher is client.Ranges of a service elsewhere, which learns no more of this page than that it asks.
type rangeFetcher struct{ address string }

func (f rangeFetcher) Range(ctx context.Context, prefix string) (client.Response, error) {
	return fetch(ctx, f.address+"/range/"+prefix, maxRange, client.ReadPatience, map[string]any{
		"method":         "GET",
		"headers":        map[string]any{"Add-Padding": "true"},
		"credentials":    "omit",
		"referrerPolicy": "no-referrer",
	})
}

// hostJudge lets the strength meter beside the core judge.
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

// hostMemory is the client's Memory, kept by the worker's IndexedDB.
type hostMemory struct{}

func (hostMemory) Load(user string) (client.Seen, error) {
	value, err := await(js.Global().Get("vaultsphereHost").Call("memoryLoad", user))
	if err != nil || value.Type() != js.TypeString {
		return client.Seen{}, err
	}
	var seen client.Seen
	if err := (strictjson.Form{Name: "the file"}).Unmarshal([]byte(value.String()), &seen); err != nil {
		return client.Seen{}, fmt.Errorf("what this device remembers is damaged: %w", err)
	}
	return seen, nil
}

func (hostMemory) Store(user string, s client.Seen) error {
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	_, err = await(js.Global().Get("vaultsphereHost").Call("memoryStore", user, string(text)))
	return err
}
