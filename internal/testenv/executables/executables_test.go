package executables

import (
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
)

// Without the lock, a run in a few hundred fails with "text file busy".
func TestProgramsRunWhileOthersStart(t *testing.T) {
	t.Parallel()
	var all sync.WaitGroup
	for range 8 {
		dir := t.TempDir()
		all.Go(func() {
			for range 100 {
				path := filepath.Join(dir, "program")
				if err := WriteFile(path, []byte("#!/bin/sh\n"), 0o700); err != nil {
					t.Error(err)
					return
				}
				if err := exec.Command(path).Run(); err != nil { //nolint:gosec // the program of this test
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
}
