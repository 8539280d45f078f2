package daemon

import (
	"bufio"
	"fmt"
	"os"
	"runtime/debug"
	"strings"

	"golang.org/x/sys/unix"
)

// settle gives back what only starting needed: the heap's free pages, and the pages of the program's code, of which the
// kernel maps 16 for each one that runs. What is still in use comes back from the page cache by itself.
func settle() {
	debug.FreeOSMemory()
	maps, err := os.Open("/proc/self/maps")
	if err != nil {
		return // nothing depends on it
	}
	defer func() { _ = maps.Close() }()
	program, err := os.Executable()
	if err != nil {
		return
	}
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		from, to, ok := codeOf(lines.Text(), program)
		if ok {
			_, _, _ = unix.Syscall(unix.SYS_MADVISE, from, to-from, unix.MADV_DONTNEED)
		}
	}
}

// codeOf reads a line of proc_pid_maps(5). Nothing is ever written to pages that are mapped like this, so none is lost.
func codeOf(line, program string) (from, to uintptr, ok bool) {
	if !strings.Contains(line, " r-xp ") || !strings.HasSuffix(line, " "+program) {
		return 0, 0, false
	}
	_, err := fmt.Sscanf(line, "%x-%x", &from, &to)
	return from, to, err == nil && from < to
}
