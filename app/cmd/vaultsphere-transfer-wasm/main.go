//go:build js && wasm

// Command vaultsphere-transfer-wasm is app/transfer for the browser. It is a separate module so that the page can open a vault
// before the formats of other password managers are loaded, and so that a file that exhausts the memory ends this module and
// not the one with the vault. Before main blocks, it installs
//
//	globalThis.vaultsphereTransfer =
//	  (method: string, paramsJSON: string, file: Uint8Array, onEvent: (json: string) => void) =>
//	    {result: string, file: Uint8Array} | {error: string}
//
// The methods are those of bridge/files.Files. An error is a bridge.Failure as JSON.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"syscall/js"
	"time"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/protocol/bridge"
	protocol "github.com/vaultsphere/vaultsphere/app/protocol/bridge/files"
	"github.com/vaultsphere/vaultsphere/app/transfer"
)

func main() {
	js.Global().Set("vaultsphereTransfer", js.FuncOf(func(_ js.Value, args []js.Value) any {
		file := make([]byte, args[2].Get("byteLength").Int())
		js.CopyBytesToGo(file, args[2])
		return call(args[0].String(), bridge.Request{
			Params: []byte(args[1].String()), File: file,
			Send: func(event []byte) { args[3].Invoke(string(event)) },
		})
	}))
	select {}
}

func call(name string, r bridge.Request) (out map[string]any) {
	defer func() {
		// The panic value could quote a secret.
		if recover() != nil {
			out = failure(bridge.Failure{Code: "internal"})
		}
	}()
	a, err := protocol.Call(context.Background(), files{}, name, r)
	if err != nil {
		f := bridge.Failure{Code: "bad_input"}
		var known *transfer.Failure
		var field *item.FieldError
		switch {
		case errors.As(err, &known):
			f.Code, f.Values = bridge.Code(known.Code), known.Values
		case errors.As(err, &field):
			f.Findings = []bridge.Finding{bridge.FieldFinding(field)}
		}
		return failure(f)
	}
	made := js.Global().Get("Uint8Array").New(len(a.File))
	js.CopyBytesToJS(made, a.File)
	return map[string]any{"result": string(a.JSON), "file": made}
}

func failure(f bridge.Failure) map[string]any {
	text, err := json.Marshal(f)
	if err != nil {
		text = []byte(`{"code":"internal","retry_after":0}`)
	}
	return map[string]any{"error": string(text)}
}

// files answers the methods of package bridge/files.
type files struct{}

func (files) Formats(context.Context) (protocol.Formats, error) {
	return protocol.Formats{Read: transfer.Formats(), Write: transfer.WriteFormats()}, nil
}

func (files) Columns(_ context.Context, p protocol.FileName, f bridge.File) (*transfer.Preview, error) {
	return transfer.Columns(transfer.File{Name: p.Name, Data: f})
}

func (files) Read(_ context.Context, p protocol.ReadOptions, f bridge.File, progress func(done, total int)) (bridge.File, error) {
	read, err := transfer.Read(transfer.File{Name: p.Name, Data: f}, transfer.Options{
		Format: p.Format, Password: p.Password, NoPassword: p.NoPassword, KeyFile: p.KeyFile, Columns: p.Columns, Headerless: p.Headerless,
		Now: time.Now(), Progress: progress,
	})
	if err != nil {
		return nil, err
	}
	return json.Marshal(read)
}

func (files) CheckPatterns(_ context.Context, it item.Item) error { return it.CheckPatterns() }

func (files) Write(_ context.Context, p protocol.WriteOptions, f bridge.File) (bridge.File, error) {
	var items []transfer.Exported
	if json.Unmarshal(f, &items) != nil {
		return nil, bridge.ErrInput
	}
	return transfer.Write(p.Format, items, transfer.WriteOptions{Password: p.Password})
}
