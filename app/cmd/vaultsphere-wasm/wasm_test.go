//go:build system && !js

package main_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/server/daemon"
	"github.com/vaultsphere/vaultsphere/internal/testenv/daemontest"
	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
)

// modules builds the page's WebAssembly into a temporary folder, as the page's build does.
var modules = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "core")
	if err != nil {
		return "", err
	}
	for file, source := range map[string]string{
		"core.wasm": ".", "strength.wasm": "../vaultsphere-strength-wasm", "transfer.wasm": "../vaultsphere-transfer-wasm",
	} {
		build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", filepath.Join(dir, file), source)
		build.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
		build.Stderr = os.Stderr
		if err := build.Run(); err != nil {
			return dir, err
		}
	}
	return dir, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if dir, err := modules(); err == nil {
		os.RemoveAll(dir)
	}
	os.Exit(code)
}

// run runs a script of testdata, which calls the core, against a real server. It returns the script's output.
func run(t testing.TB, script string, env ...string) []byte {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatal("Node is missing: apt-get install nodejs")
	}
	dir, err := modules()
	if err != nil {
		t.Fatal(err)
	}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	ranges := httptest.NewServer(http.HandlerFunc(knowsLetmein))
	t.Cleanup(ranges.Close)
	server := daemontest.Start(t, func(c *daemon.Config) { c.BreachAddress = ranges.URL })
	cmd := exec.CommandContext(t.Context(), node, filepath.Join("testdata", script))
	cmd.Env = append(os.Environ(), "CORE_WASM="+filepath.Join(dir, "core.wasm"), "TRANSFER_WASM="+filepath.Join(dir, "transfer.wasm"), "STRENGTH_WASM="+filepath.Join(dir, "strength.wasm"),
		"WASM_EXEC="+filepath.Join(strings.TrimSpace(string(root)), "lib/wasm/wasm_exec.js"), "SERVER="+server, "RANGES="+ranges.URL)
	cmd.Env = append(cmd.Env, env...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", script, err, stderr.String())
	}
	return out
}

// knowsLetmein serves the range API of Have I Been Pwned with one breached password.
func knowsLetmein(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/range/B7A87" && r.Header.Get("Add-Padding") == "true" {
		_, _ = fmt.Fprint(w, "5FC1EA228B9061041B7CEC4BD3C52AB3CE3:1234\r\n")
	}
}

func TestWorkerProtocol(t *testing.T) {
	run(t, "protocol.mjs")
}

func TestGenerator(t *testing.T) {
	run(t, "generator.mjs")
}

func TestImportAndExport(t *testing.T) {
	run(t, "transfer.mjs")
}

func TestLargeVaultInWebAssembly(t *testing.T) {
	var got struct {
		Items int `json:"items"`
	}
	out := run(t, "speed.mjs", "ITEMS=2000")
	if err := json.Unmarshal(out, &got); err != nil || got.Items != 2000 {
		t.Errorf("%s: %v", out, err)
	}
}

// BenchmarkTenThousandItems reports how long a user waits, without key derivation.
func BenchmarkTenThousandItems(b *testing.B) {
	for b.Loop() {
		var got map[string]float64
		if err := json.Unmarshal(run(b, "speed.mjs"), &got); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(got["sync_ms"]+got["list_ms"], "ms/sync-to-list")
		b.ReportMetric(got["index_ms"], "ms/index")
		b.ReportMetric(got["search_ms"], "ms/search")
		b.ReportMetric(got["slowest_search_ms"], "ms/slowest-search")
		b.ReportMetric(got["add_ms"], "ms/add")
	}
}
