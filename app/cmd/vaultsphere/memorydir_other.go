//go:build !linux

package main

import "errors"

// memoryDir always fails: only Linux has a file system in memory that every user can write to.
func memoryDir(func(string) string) (string, error) {
	return "", withHint(errors.New("this system has no directory in memory for the editor, and secrets are never written to a disk"),
		"change the item with flags")
}
