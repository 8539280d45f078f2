//go:build integration

package rollout_test

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
)

// withinNetwork marks the process in the separate network.
const withinNetwork = "ROLLOUT_TEST_NETWORK"

// address is a non-loopback address of this machine for containers to connect to: TEST-NET-1 (RFC 5737).
const address = "192.0.2.10"

// TestMain runs the tests in a separate network. There, the ports 22, 80 and 443 and all addresses are free, and the tests do not
// share the iptables of another engine on this machine. Other processes do not see the files that the tests write to /etc and /opt.
func TestMain(m *testing.M) {
	if os.Getenv(withinNetwork) == "" {
		os.Exit(again())
	}
	if err := errors.Join(raiseLoopback(), ownFolders()); err != nil {
		fmt.Fprintf(os.Stderr, "set up a separate machine: %v\n", err)
		os.Exit(1)
	}
	code := m.Run()
	summary(code)
	os.Exit(code)
}

func again() int {
	if os.Getuid() != 0 {
		fmt.Fprintln(os.Stderr, "these tests start a Docker engine in a separate network, which needs root: run them with sudo")
		return 1
	}
	env, files, after, err := outside()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer after()
	cmd := exec.Command(os.Args[0], os.Args[1:]...)
	cmd.Env = append(append(os.Environ(), env...), withinNetwork+"=1")
	cmd.ExtraFiles = files
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
	err = cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode()
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "start the tests in a separate network: %v\n", err)
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
	if err := unix.IoctlIfreq(socket, unix.SIOCSIFFLAGS, lo); err != nil {
		return err
	}
	alias, err := unix.NewIfreq("lo:1")
	if err != nil {
		return err
	}
	if err := alias.SetInet4Addr(netip.MustParseAddr(address).AsSlice()); err != nil {
		return err
	}
	return unix.IoctlIfreq(socket, unix.SIOCSIFADDR, alias)
}

// ownFolders mounts an overlay on the folders with a host's files. It disappears with the last process in its mount namespace.
func ownFolders() error {
	layers, err := os.MkdirTemp("", "folders")
	if err != nil {
		return err
	}
	if err := errors.Join(
		unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""),
		unix.Mount("tmpfs", layers, "tmpfs", 0, ""),
	); err != nil {
		return err
	}
	for _, folder := range []string{"/etc", "/opt"} {
		upper, work := filepath.Join(layers, "upper", folder), filepath.Join(layers, "work", folder)
		options := fmt.Sprintf("lowerdir=%s,upperdir=%s,workdir=%s", folder, upper, work)
		if err := errors.Join(os.MkdirAll(upper, 0o755), os.MkdirAll(work, 0o755), unix.Mount("overlay", folder, "overlay", 0, options)); err != nil {
			return fmt.Errorf("mount an overlay on %s: %w", folder, err)
		}
	}
	// sshd requires this directory, but stores nothing there.
	return os.MkdirAll("/run/sshd", 0o755)
}
