// Package registry runs an OCI registry on loopback for tests: Debian's docker-registry.
package registry

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/vaultsphere/vaultsphere/internal/testenv/await"
)

// Serve runs a registry at address until the test ends, with its images in directory.
func Serve(t testing.TB, address, directory string) {
	t.Helper()
	config := filepath.Join(t.TempDir(), "registry.yml")
	if err := os.WriteFile(config, fmt.Appendf(nil, `version: 0.1
log: {level: error, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: %q}}
http: {addr: %q}
`, directory, address), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("docker-registry", "serve", config) //nolint:noctx,gosec // it lives as long as the test
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatalf("%v: apt-get install docker-registry", err)
	}
	t.Cleanup(func() { _, _ = cmd.Process.Kill(), cmd.Wait() })
	await.Until(t, "a registry at "+address, func() bool {
		res, err := http.Get("http://" + address + "/v2/") //nolint:noctx,gosec // an address of the test
		if err != nil {
			return false
		}
		res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
}
