package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

var nsPerOp = regexp.MustCompile(`\s([0-9.]+) ns/op`)

// wasmRows runs Go benchmarks of the core as WebAssembly.
func wasmRows(ctx context.Context, _, _ string) ([]row, error) {
	root, err := command(ctx, ".", "go", "env", "GOROOT")
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, b := range []struct {
		room, pattern, what string
		most                float64 // ms
	}{
		{"./app/chain", "^BenchmarkFollow$/^10000$", "a device that was away for 10,000 writes follows them", 500},
		{"./app/client/replica", "^BenchmarkOpenNineteen$", "an unlock opens 19 vaults more", 150},
	} {
		cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", b.pattern, //nolint:gosec // the benchmark to run
			"-exec", filepath.Join(strings.TrimSpace(root), "lib/wasm/go_js_wasm_exec"), b.room)
		cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
		out, err := cmd.CombinedOutput()
		if err != nil {
			return nil, fmt.Errorf("%s: %w: %s", b.pattern, err, out)
		}
		found := nsPerOp.FindSubmatch(out)
		if found == nil {
			return nil, fmt.Errorf("%s: no result in: %s", b.pattern, out)
		}
		ns, err := strconv.ParseFloat(string(found[1]), 64)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row{"WebAssembly: " + b.what, ns / 1e6, b.most, "ms"})
	}
	return rows, nil
}
