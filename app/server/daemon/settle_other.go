//go:build !linux

package daemon

import "runtime/debug"

func settle() { debug.FreeOSMemory() }
