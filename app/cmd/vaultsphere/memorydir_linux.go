package main

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// memoryDir makes a directory for this user alone in a file system that is kept in memory.
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
	return "", withHint(fmt.Errorf("%w: neither XDG_RUNTIME_DIR nor /dev/shm is one", errNoMemoryDir), "name what to change with flags")
}

var errNoMemoryDir = errors.New("there is no directory in memory for the editor, and secrets are not written to a disk")
