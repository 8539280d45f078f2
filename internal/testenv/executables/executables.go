// Package executables writes the programs that tests run.
package executables

import (
	"os"
	"syscall"
)

// WriteFile is os.WriteFile for a file that will be run. Linux refuses to run a file that is open for writing ("text file busy"), and a
// process that another test starts at the same time inherits the open file until it runs its own program. So none may start meanwhile.
func WriteFile(name string, data []byte, perm os.FileMode) error {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	return os.WriteFile(name, data, perm)
}
