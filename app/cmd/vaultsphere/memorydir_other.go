//go:build !linux

package main

import "errors"

// memoryDir finds none: only Linux has a file system in memory that every user can write to.
func memoryDir(func(string) string) (string, error) {
	return "", withHint(errors.New("on this system there is no directory in memory for an editor, and secrets are not written to a disk"),
		"name what to change with flags")
}
