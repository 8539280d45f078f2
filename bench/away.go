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

// awayRows measures in WebAssembly what a device does that was away, by the benchmark of package chain.
func awayRows(ctx context.Context, _, _ string) ([]row, error) {
	root, err := command(ctx, ".", "go", "env", "GOROOT")
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "^BenchmarkFollow$/^10000$", "-benchtime", "50x", //nolint:gosec // the benchmark to run
		"-exec", filepath.Join(strings.TrimSpace(root), "lib/wasm/go_js_wasm_exec"), "./app/chain")
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("BenchmarkFollow: %w: %s", err, out)
	}
	found := nsPerOp.FindSubmatch(out)
	if found == nil {
		return nil, fmt.Errorf("BenchmarkFollow: no result in: %s", out)
	}
	ns, err := strconv.ParseFloat(string(found[1]), 64)
	return []row{{"WebAssembly: a device that was away for 10,000 writes follows them", ns / 1e6, 500, "ms"}}, err
}
