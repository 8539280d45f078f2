//go:build js && wasm

// Command vaultsphere-transfer-wasm is app/transfer for the browser, apart from the core so that the page opens a vault
// without waiting for the formats of other password managers, and so that a file that takes all memory ends this module
// and not the one that holds the vault. It installs, before main first blocks,
//
//	globalThis.vaultsphereTransfer =
//	  (method: string, paramsJSON: string, file: Uint8Array, onProgress: (json: string) => void) =>
//	    {result: string, file: Uint8Array} | {error: string}
//
// read takes a file and gives a transfer.Result as JSON for the core's import_preview; write takes what the core's export
// gave and makes a file of it; columns and formats answer in result. An error is JSON, as the core's errors are.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"syscall/js"
	"time"

	"github.com/vaultsphere/vaultsphere/app/transfer"
)

func main() {
	js.Global().Set("vaultsphereTransfer", js.FuncOf(func(_ js.Value, args []js.Value) any {
		file := make([]byte, args[2].Get("byteLength").Int())
		js.CopyBytesToGo(file, args[2])
		return call(args[0].String(), args[1].String(), file, func(done, total int) {
			args[3].Invoke(fmt.Sprintf(`{"done":%d,"total":%d}`, done, total))
		})
	}))
	select {}
}

type answer struct {
	result any
	file   []byte
}

func call(method, params string, file []byte, progress func(done, total int)) (out map[string]any) {
	defer func() {
		// The value of a panic may quote a secret.
		if recover() != nil {
			out = failure("internal", "the file could not be read", "")
		}
	}()
	a, err := run(method, params, file, progress)
	if err != nil {
		var f *transfer.Failure
		if !errors.As(err, &f) {
			return failure("bad_input", err.Error(), "")
		}
		code, hint := f.Explain()
		return failure(code, err.Error(), hint)
	}
	text, err := json.Marshal(a.result)
	if err != nil {
		return failure("internal", err.Error(), "")
	}
	out = map[string]any{"result": string(text)}
	made := js.Global().Get("Uint8Array").New(len(a.file))
	js.CopyBytesToJS(made, a.file)
	out["file"] = made
	return out
}

func failure(code, message, hint string) map[string]any {
	text, err := json.Marshal(map[string]any{"code": code, "message": message, "hint": hint, "retry_after": 0})
	if err != nil {
		text = []byte(`{"code":"internal","message":""}`)
	}
	return map[string]any{"error": string(text)}
}

var errInput = errors.New("bad parameters")

func run(method, params string, file []byte, progress func(done, total int)) (answer, error) {
	var p struct {
		Name       string            `json:"name"`
		Format     string            `json:"format"`
		Password   string            `json:"password"`
		NoPassword bool              `json:"no_password"`
		KeyFile    []byte            `json:"key_file"` // base64
		Columns    []transfer.Column `json:"columns"`
		Headerless bool              `json:"headerless"`
	}
	d := json.NewDecoder(bytes.NewReader([]byte(params)))
	d.DisallowUnknownFields()
	if d.Decode(&p) != nil {
		return answer{}, errInput
	}
	chosen := transfer.File{Name: p.Name, Data: file}
	switch method {
	case "read":
		read, err := transfer.Read(chosen, transfer.Options{
			Format: p.Format, Password: p.Password, NoPassword: p.NoPassword, KeyFile: p.KeyFile, Columns: p.Columns, Headerless: p.Headerless,
			Now: time.Now(), Progress: progress,
		})
		if err != nil {
			return answer{}, err
		}
		made, err := json.Marshal(read)
		return answer{file: made}, err
	case "columns":
		preview, err := transfer.Columns(chosen)
		return answer{result: preview}, err
	case "write":
		var items []transfer.Exported
		if json.Unmarshal(file, &items) != nil {
			return answer{}, errInput
		}
		made, err := transfer.Write(p.Format, items, transfer.WriteOptions{Password: p.Password})
		return answer{file: made}, err
	case "formats":
		return answer{result: map[string]any{"read": transfer.Formats(), "write": transfer.WriteFormats()}}, nil
	}
	return answer{}, errInput
}
