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

// withinNetwork marks the process that has a network of its own.
const withinNetwork = "ROLLOUT_TEST_NETWORK"

// address is one of this machine that is not loopback, for what containers reach here: TEST-NET-1 (RFC 5737).
const address = "192.0.2.10"

// TestMain runs the tests in a network of their own: there the ports 22, 80 and 443 and every address are free, and another
// engine on this machine, which would share the tables of iptables, is not disturbed. What they write under /etc and /opt,
// as a host has it, nobody else sees.
func TestMain(m *testing.M) {
	if os.Getenv(withinNetwork) == "" {
		os.Exit(again())
	}
	if err := errors.Join(raiseLoopback(), ownFolders()); err != nil {
		fmt.Fprintf(os.Stderr, "make a machine of its own: %v\n", err)
		os.Exit(1)
	}
	code := m.Run()
	summary(code)
	os.Exit(code)
}

func again() int {
	if os.Getuid() != 0 {
		fmt.Fprintln(os.Stderr, "these tests start a Docker engine in a network of its own, which takes root: run them with sudo")
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

// ownFolders lays a layer over the folders that a host has files in. It goes with the last process that sees it.
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
			return fmt.Errorf("a layer over %s: %w", folder, err)
		}
	}
	// sshd wants it, and gives nothing to keep there.
	return os.MkdirAll("/run/sshd", 0o755)
}
