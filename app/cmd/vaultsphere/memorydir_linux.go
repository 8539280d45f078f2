package main

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// memoryDir creates a private directory in a file system in memory.
func memoryDir(getenv func(string) string) (string, error) {
	for _, parent := range []string{getenv("XDG_RUNTIME_DIR"), "/dev/shm"} {
		var fs unix.Statfs_t
		if parent == "" || unix.Statfs(parent, &fs) != nil || fs.Type != unix.TMPFS_MAGIC && fs.Type != unix.RAMFS_MAGIC {
			continue
		}
		if dir, err := os.MkdirTemp(parent, "vaultsphere-"); err == nil {
			return dir, nil
		}
	}
	return "", withHint(errNoMemoryDir, "change the item with flags")
}

var errNoMemoryDir = errors.New("no directory in memory for the editor: neither XDG_RUNTIME_DIR nor /dev/shm is one, and secrets are never written to a disk")
