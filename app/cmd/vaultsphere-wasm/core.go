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
}

// method reads its parameters from JSON and returns its result as JSON.
type method func(ctx context.Context, params []byte, progress func([]byte)) ([]byte, error)

// none is for methods without parameters, or without a result.
type none struct{}

var errInput = errors.New("bad parameters")

func (c *core) run(ctx context.Context, name string, params []byte, progress func([]byte)) (string, error) {
	m := c.methods[name]
	if m == nil {
		return "", fmt.Errorf("%w: there is no method %q", errInput, name)
	}
	result, err := m(ctx, params, progress)
	return string(result), err
}

// of makes a method of a function with parameters P and result R.
func of[P, R any](f func(context.Context, P) (R, error)) method {
	return counting(func(ctx context.Context, p P, _ func(done, total int)) (R, error) { return f(ctx, p) })
}

// counting makes a method of a function that also says how far it is.
func counting[P, R any](f func(context.Context, P, func(done, total int)) (R, error)) method {
	return func(ctx context.Context, params []byte, progress func([]byte)) ([]byte, error) {
		var p P
		if err := strict(params, &p); err != nil {
			return nil, fmt.Errorf("%w: %w", errInput, err)
		}
		r, err := f(ctx, p, counted(progress))
		if err != nil {
			return nil, err
		}
		return json.Marshal(r)
	}
}

func counted(progress func([]byte)) func(done, total int) {
	return func(done, total int) { progress(fmt.Appendf(nil, `{"done":%d,"total":%d}`, done, total)) }
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
