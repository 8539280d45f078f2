//go:build js && wasm

// Command vaultsphere-strength-wasm is app/strength for the browser. It is a separate module so that the page can open a vault
// before the dictionaries are loaded. Before main blocks, it installs
//
//	globalThis.vaultsphereStrength =
//	  (password: string, inputs: string[]) => {score, guesses_log10, advice}
//	globalThis.vaultsphereWeak = (passwords: string[]) => boolean[]
package main

import (
	"math"
	"syscall/js"

	"github.com/vaultsphere/vaultsphere/app/strength"
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
	select {}
}
