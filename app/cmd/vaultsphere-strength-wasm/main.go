//go:build js && wasm

// Command vaultsphere-strength-wasm is app/strength and app/generate for the browser. It is a separate module so that the page can
// open a vault before the dictionaries and the list of words are loaded. Before main blocks, it installs
//
//	globalThis.vaultsphereStrength =
//	  (password: string, inputs: string[]) => {score, guesses_log10, advice}
//	globalThis.vaultsphereWeak = (passwords: string[]) => boolean[]
//	globalThis.vaultsphereGenerate =
//	  (kind: "password" | "passphrase", rulesJSON: string) => {value, entropy_bits} | null  // null: no value fits the rules
package main

import (
	"math"
	"syscall/js"

	"github.com/vaultsphere/vaultsphere/app/generate"
	"github.com/vaultsphere/vaultsphere/app/strength"
	"github.com/vaultsphere/vaultsphere/app/strictjson"
)

func main() {
	js.Global().Set("vaultsphereStrength", js.FuncOf(func(_ js.Value, args []js.Value) any {
		inputs := make([]string, args[1].Length())
		for i := range inputs {
			inputs[i] = args[1].Index(i).String()
		}
		e := strength.Of(args[0].String(), inputs...)
		return map[string]any{"score": e.Score, "guesses_log10": math.Log10(e.Guesses), "advice": string(e.Advice)}
	}))
	js.Global().Set("vaultsphereWeak", js.FuncOf(func(_ js.Value, args []js.Value) any {
		weak := make([]any, args[0].Length())
		for i := range weak {
			weak[i] = strength.Weak(args[0].Index(i).String())
		}
		return weak
	}))
	js.Global().Set("vaultsphereGenerate", js.FuncOf(func(_ js.Value, args []js.Value) any {
		value, bits, err := generated(args[0].String(), []byte(args[1].String()))
		if err != nil {
			return nil
		}
		return map[string]any{"value": value, "entropy_bits": bits}
	}))
	select {}
}

var form = strictjson.Form{Name: "the rules"}

func generated(kind string, rules []byte) (value string, bits float64, err error) {
	if kind == "passphrase" {
		var r generate.PassphraseRules
		if err := form.Unmarshal(rules, &r); err != nil {
			return "", 0, err
		}
		return generate.Passphrase(r)
	}
	var r generate.PasswordRules
	if err := form.Unmarshal(rules, &r); err != nil {
		return "", 0, err
	}
	return generate.Password(r)
}
