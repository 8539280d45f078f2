package rollout_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// withinNetwork marks the process that has a network of its own.
const withinNetwork = "ROLLOUT_TEST_NETWORK"

// TestMain runs the tests in a network of their own: there the ports 80 and 443 and every address are free, and another
// engine on this machine, which would share the tables of iptables, is not disturbed.
func TestMain(m *testing.M) {
	if os.Getenv(withinNetwork) == "" {
		os.Exit(again())
	}
	if err := raiseLoopback(); err != nil {
		fmt.Fprintf(os.Stderr, "raise the loopback interface: %v\n", err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func again() int {
	if os.Getuid() != 0 {
		fmt.Fprintln(os.Stderr, "these tests start a Docker engine in a network of its own, which takes root: run them with sudo")
		return 1
	}
	cmd := exec.Command(os.Args[0], os.Args[1:]...)
	cmd.Env = append(os.Environ(), withinNetwork+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	err := cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode()
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "start the tests in a network of their own: %v\n", err)
		return 1
	}
	return 0
}

func raiseLoopback() error {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	defer unix.Close(socket)
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	lo.SetUint16(unix.IFF_UP)
	return unix.IoctlIfreq(socket, unix.SIOCSIFFLAGS, lo)
}
