package main

import (
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

func register(t *testing.T, url, name string, i *protocol.Invitation) int {
	t.Helper()
	_, reg := testvault.NewPerson(name).Registration()
	reg.Invitation = i
	status, err := exchange("POST", url+protocol.PathUsers, "", reg, nil)
	if err != nil {
		t.Fatal(err)
	}
	return status
}

// invitation runs vaultsphered invite while the server runs, and returns the invitation in its link.
func invitation(t *testing.T, site string, settings ...string) *protocol.Invitation {
	t.Helper()
	args := []string{"invite"}
	if site != "" {
		args = append(args, site)
	} else {
		site = "http://localhost:8080"
	}
	code, stdout, stderr := runProgram(t, args, settings...)
	server, i, ok := protocol.ParseJoinLink(stdout)
	if code != 0 || stderr != "" || !ok || server != site || strings.Count(stdout, "\n") != 1 {
		t.Fatalf("exit %d, %q, %q", code, stdout, stderr)
	}
	return &i
}

func TestFirstUserAndInvitedUsersMayRegister(t *testing.T) {
	data := "DATA_DIR=" + t.TempDir()
	p := serveProcess(t, data, "REGISTRATION=invite")
	for _, c := range []struct {
		name       string
		invitation *protocol.Invitation
		want       int
	}{
		{"first", nil, http.StatusOK},
		{"mallory", nil, http.StatusForbidden},
		{"invited", invitation(t, "", data, "PORT=8080"), http.StatusOK},
		{"elsewhere", invitation(t, "https://vault.example.org", data, "LISTEN_ADDR=:"), http.StatusOK},
	} {
		if got := register(t, p.url, c.name, c.invitation); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
	i := invitation(t, "https://[2001:db8::1]:8443", data)
	p.end(t, syscall.SIGTERM)
	p = serveProcess(t, data, "REGISTRATION=invite")
	if got := register(t, p.url, "later", i); got != http.StatusOK {
		t.Errorf("after a restart: %d", got)
	}
	database, err := os.ReadFile(strings.TrimPrefix(data, "DATA_DIR=") + "/vault.db-wal")
	if err != nil || strings.Contains(string(database), i.Secret) {
		t.Errorf("the store contains the secret of an invitation, or cannot be read: %v", err)
	}
	p.end(t, syscall.SIGTERM)
	if strings.Contains(p.log.String(), i.Secret) {
		t.Error("the log contains the secret of an invitation")
	}
}

func TestFirstUserOfAReachableServerNeedsAnInvitation(t *testing.T) {
	for _, setting := range []string{"TRUSTED_PROXIES=192.0.2.1", "LISTEN_ADDR=:0"} {
		data := "DATA_DIR=" + t.TempDir()
		p := serveProcess(t, data, "REGISTRATION=invite", setting)
		_, port, _ := net.SplitHostPort(strings.TrimPrefix(p.url, "http://"))
		url := "http://127.0.0.1:" + port
		if got := register(t, url, "mallory", nil); got != http.StatusForbidden {
			t.Errorf("%s: %d without an invitation", setting, got)
		}
		if got := register(t, url, "first", invitation(t, "https://vault.example.org", data)); got != http.StatusOK {
			t.Errorf("%s: %d with one", setting, got)
		}
		p.end(t, syscall.SIGTERM)
	}
}

func TestInviteRejectsBadURLs(t *testing.T) {
	data := "DATA_DIR=" + t.TempDir()
	for _, c := range []struct {
		args     []string
		settings []string
		want     string
	}{
		{nil, []string{"LISTEN_ADDR=:"}, "the URL of this vault is unknown: name it, as in vaultsphered invite https://vault.example.org"},
		{[]string{"vault.example.org"}, nil, `"vault.example.org" is not the URL of a vault: it must look like https://vault.example.org`},
		{[]string{"https://vault.example.org/vault"}, nil, "it must look like"},
		{[]string{"https://ada@vault.example.org"}, nil, "it must look like"},
		{nil, []string{"PORT=http"}, "PORT must be"},
	} {
		code, stdout, stderr := runProgram(t, append([]string{"invite"}, c.args...), append(c.settings, data)...)
		if code != 1 || stdout != "" || !strings.HasPrefix(stderr, "vaultsphered: error: ") || !strings.Contains(stderr, c.want) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%v %v: exit %d, %q, %q", c.args, c.settings, code, stdout, stderr)
		}
	}
	// invite needs no SESSION_SECRET: an operator can reach the tables, but only the servers have the secret.
	if code, _, stderr := runProgram(t, []string{"invite", "https://vault.example.org"}, "STORE=dynamodb", "AWS_REGION=eu-central-1",
		"DYNAMODB_ENDPOINT=http://127.0.0.1:9"); code != 1 || !strings.Contains(stderr, "store the invitation: store is unavailable") {
		t.Errorf("without tables: exit %d, %q", code, stderr)
	}
}
