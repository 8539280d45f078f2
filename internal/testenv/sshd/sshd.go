// Package sshd runs an SSH server on loopback for tests, in place of a host's.
package sshd

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/vaultsphere/vaultsphere/internal/testenv/await"
	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
	"github.com/vaultsphere/vaultsphere/internal/testenv/executables"
	"github.com/vaultsphere/vaultsphere/internal/testenv/loopback"
)

// Server runs until the test ends.
type Server struct {
	// Address is loopback with a free port.
	Address string
	// Key is the path of a private key that may log in. Key.pub is the public key.
	Key string
	// HostKey is the server's public key, in the format of ssh_host_ed25519_key.pub.
	HostKey string
}

// Start starts a server for the user of the test. Instead of the command of a client, the server runs script, with the command in
// SSH_ORIGINAL_COMMAND. authorized is the public key that may log in; "" creates one.
func Start(t testing.TB, script, authorized string) *Server {
	t.Helper()
	program, err := exec.LookPath("sshd")
	if err != nil {
		// On Debian, /usr/sbin is only in root's PATH.
		if program, err = exec.LookPath("/usr/sbin/sshd"); err != nil {
			t.Fatal("sshd is missing: apt-get install openssh-server")
		}
	}
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	for _, key := range []string{"host", "client"} {
		if out, err := exec.CommandContext(t.Context(), "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", key, "-f", path(key)).CombinedOutput(); err != nil { //nolint:gosec // fixed words
			t.Fatalf("ssh-keygen: %v: %s", err, out)
		}
	}
	read := func(name string) string {
		content, err := os.ReadFile(path(name))
		if err != nil {
			t.Fatal(err)
		}
		return string(content)
	}
	if authorized == "" {
		authorized = read("client.pub")
	}
	port, err := loopback.FreePort(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Address: fmt.Sprintf("127.0.0.1:%d", port), Key: path("client"), HostKey: read("host.pub")}
	for name, file := range map[string]struct {
		content string
		mode    os.FileMode
	}{
		"authorized_keys": {strings.TrimSpace(authorized) + "\n", 0o600},
		"script":          {script, 0o700},
		"sshd_config": {fmt.Sprintf("ListenAddress 127.0.0.1:%d\nHostKey %s\nAuthorizedKeysFile %s\nForceCommand %s\nPermitRootLogin prohibit-password\n"+
			"PasswordAuthentication no\nStrictModes no\nUsePAM no\nPidFile none\n", port, path("host"), path("authorized_keys"), path("script")), 0o600},
	} {
		if err := executables.WriteFile(path(name), []byte(file.content), file.mode); err != nil {
			t.Fatal(err)
		}
	}
	if os.Geteuid() == 0 {
		// Debian's service creates it at its start.
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil { //nolint:gosec // like Debian's service
			t.Fatal(err)
		}
	}
	var log bytes.Buffer
	cmd := exec.Command(program, "-D", "-e", "-f", path("sshd_config")) //nolint:gosec,noctx // it lives as long as the test
	cmd.Stderr = &log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	var how error
	go func() {
		defer close(ended)
		how = cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
		if t.Failed() {
			t.Logf("sshd: %s", log.String())
		}
	})
	await.Until(t, "an SSH server", func() bool {
		select {
		case <-ended:
			t.Fatalf("sshd ended: %v: %s", how, log.String())
		default:
		}
		conn, err := net.Dial("tcp", s.Address) //nolint:noctx // loopback
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	return s
}
