//go:build js && wasm

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/generate"
)

// core is the state behind the methods.
type core struct {
	client  *client.Client
	methods map[string]method

	mu           sync.Mutex
	registration *client.Registration
	imported     *client.Import // from import_preview to import_run
}

// request is one call of a method.
type request struct {
	params   []byte // JSON
	file     []byte // of methods that take one
	progress func([]byte)
}

// answer is JSON, and a file from methods that make one.
type answer struct {
	json []byte
	file []byte
}

type method func(ctx context.Context, r request) (answer, error)

// none is for methods without parameters, or without a result.
type none struct{}

var errInput = errors.New("bad parameters")

func (c *core) run(ctx context.Context, name string, r request) (answer, error) {
	m := c.methods[name]
	if m == nil {
		return answer{}, fmt.Errorf("%w: there is no method %q", errInput, name)
	}
	return m(ctx, r)
}

// of makes a method of a function with parameters P and result R.
func of[P, R any](f func(context.Context, P) (R, error)) method {
	return with(func(ctx context.Context, p P, _ request) (R, error) { return f(ctx, p) })
}

// counting makes a method of a function that also says how far it is.
func counting[P, R any](f func(context.Context, P, func(done, total int)) (R, error)) method {
	return with(func(ctx context.Context, p P, r request) (R, error) { return f(ctx, p, r.counted()) })
}

// with makes a method of a function that takes the whole request, for the file in it.
func with[P, R any](f func(context.Context, P, request) (R, error)) method {
	return func(ctx context.Context, r request) (answer, error) {
		var p P
		if err := strict(r.params, &p); err != nil {
			return answer{}, fmt.Errorf("%w: %w", errInput, err)
		}
		result, err := f(ctx, p, r)
		if err != nil {
			return answer{}, err
		}
		text, err := json.Marshal(result)
		return answer{json: text}, err
	}
}

func (r request) counted() func(done, total int) {
	return func(done, total int) { r.progress(fmt.Appendf(nil, `{"done":%d,"total":%d}`, done, total)) }
}

func strict(text []byte, to any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(to); err != nil {
		return withoutInput(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the JSON value")
	}
	return nil
}

// withoutInput keeps values, which may be secrets, out of the message.
func withoutInput(err error) error {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return fmt.Errorf("%s must be of another type", wrong.Field)
	}
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("not valid JSON at byte %d", syntax.Offset)
	}
	return err
}

func explain(err error) client.Failure {
	f := client.Explain(err)
	if f.Code == client.CodeInternal && (errors.Is(err, errInput) || errors.Is(err, generate.ErrRules)) {
		f.Code = client.CodeBadInput
	}
	return f
}
