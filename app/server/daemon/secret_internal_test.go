package daemon

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/vault"
)

func TestSessionKeyIsCreatedOnce(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new", "data")
	first, err := localSecret(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := vault.ParseKeyring(first); err != nil {
		t.Error(err)
	}
	info, err := os.Stat(filepath.Join(dir, secretFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if again, err := localSecret(dir); err != nil || again != first {
		t.Errorf("the second start read another key (%v)", err)
	}
}

func TestConcurrentProcessesShareOneKey(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var mu sync.Mutex
	keys := map[string]bool{}
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			key, err := localSecret(dir)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
			}
			keys[key] = true
		})
	}
	wg.Wait()
	if len(keys) != 1 {
		t.Errorf("%d keys", len(keys))
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("leftover files: %v, %v", entries, err)
	}
}

func TestReadableSessionKeyIsRejected(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := localSecret(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(dir, secretFile), 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := localSecret(dir); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("got %v", err)
	}
}
