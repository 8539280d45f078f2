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

func register(t *testing.T, url, name string, secret *protocol.JoinSecret) int {
	t.Helper()
	status, _ := registered(t, url, name, secret)
	return status
}

// registered returns the answer to a registration.
func registered(t *testing.T, url, name string, secret *protocol.JoinSecret) (int, protocol.UserSession) {
	t.Helper()
	_, reg := testvault.NewPerson(name).Registration()
	if secret != nil {
		i := secret.Invitation()
		reg.Invitation = &i
	}
	var out protocol.UserSession
	status, err := exchange("POST", url+protocol.PathUsers, "", reg, &out)
	if err != nil {
		t.Fatal(err)
	}
	return status, out
}

// invitation runs vaultsphered invite while the server runs, and returns the secret in its link.
func invitation(t *testing.T, site string, settings ...string) *protocol.JoinSecret {
	t.Helper()
	return linkOf(t, []string{"invite"}, site, settings...)
}

func linkOf(t *testing.T, args []string, site string, settings ...string) *protocol.JoinSecret {
	t.Helper()
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
		invitation *protocol.JoinSecret
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
	secret, proof := strings.TrimPrefix(i.JoinLink(), "/#join/"), i.Invitation().Proof
	if err != nil || strings.Contains(string(database), secret) || strings.Contains(string(database), proof) {
		t.Errorf("the store contains the secret of an invitation, or cannot be read: %v", err)
	}
	if !strings.Contains(string(database), i.Invitation().ID) {
		t.Error("the store does not contain the id of an invitation")
	}
	p.end(t, syscall.SIGTERM)
	if strings.Contains(p.log.String(), secret) || strings.Contains(p.log.String(), proof) {
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

// runUsers runs vaultsphered users, and returns what it prints.
func runUsers(t *testing.T, data string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	return runProgram(t, append([]string{"users"}, args...), data)
}

// role returns the role of a user in the list of users.
func role(t *testing.T, data, name string) string {
	t.Helper()
	code, stdout, stderr := runUsers(t, data)
	if code != 0 || stderr != "" {
		t.Fatalf("exit %d, %q", code, stderr)
	}
	for line := range strings.Lines(stdout) {
		if cells := strings.Fields(line); cells[0] == name {
			return strings.Join(cells[1:3], " ")
		}
	}
	return ""
}

func TestFirstAdministratorComesByALink(t *testing.T) {
	data := "DATA_DIR=" + t.TempDir()
	p := serveProcess(t, data, "REGISTRATION=invite", "TRUSTED_PROXIES=192.0.2.1")
	for name, secret := range map[string]*protocol.JoinSecret{
		"plain": invitation(t, "https://vault.example.org", data),
		"root":  linkOf(t, []string{"invite", "--admin"}, "https://vault.example.org", data),
	} {
		if got := register(t, p.url, name, secret); got != http.StatusOK {
			t.Errorf("%s: %d", name, got)
		}
	}
	if role(t, data, "plain") != "user active" || role(t, data, "root") != "administrator active" {
		_, list, _ := runUsers(t, data)
		t.Errorf("users:\n%s", list)
	}
	p.end(t, syscall.SIGTERM)
}

func TestOperatorAdministersUsers(t *testing.T) {
	data := "DATA_DIR=" + t.TempDir()
	p := serveProcess(t, data, "REGISTRATION=open")
	register(t, p.url, "first", nil)
	_, second := registered(t, p.url, "second", nil)
	if role(t, data, "first") != "administrator active" || role(t, data, "second") != "user active" {
		t.Error("the first user on this machine is not the only administrator")
	}
	live := func() int {
		status, err := exchange("GET", p.url+protocol.PathAccount, second.Token, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		return status
	}
	for _, c := range []struct {
		args   string
		stderr string // part of it
		name   string
		want   string
		live   int
	}{
		{"suspend SECOND", "", "second", "user suspended", http.StatusUnauthorized},
		{"resume second", "", "second", "user active", http.StatusUnauthorized},
		{"suspend first", "no active administrator would be left", "first", "administrator active", http.StatusUnauthorized},
		{"demote first", "no active administrator would be left", "first", "administrator active", http.StatusUnauthorized},
		{"remove first", "no active administrator would be left", "first", "administrator active", http.StatusUnauthorized},
		{"promote second", "", "second", "administrator active", http.StatusUnauthorized},
		{"demote first", "", "first", "user active", http.StatusUnauthorized},
		{"remove first", "", "first", "user removed", http.StatusUnauthorized},
		{"remove first", "", "first", "user removed", http.StatusUnauthorized},
		{"resume first", "", "first", "user active", http.StatusUnauthorized},
		{"delete first", "", "first", "", http.StatusUnauthorized},
		{"delete first", "no such user", "first", "", http.StatusUnauthorized},
	} {
		code, stdout, stderr := runUsers(t, data, strings.Fields(c.args)...)
		if (code == 0) != (c.stderr == "") || stdout != "" || !strings.Contains(stderr, c.stderr) || strings.Count(stderr, "\n") > 1 {
			t.Errorf("%s: exit %d, %q, %q", c.args, code, stdout, stderr)
		}
		if got := role(t, data, c.name); got != c.want {
			t.Errorf("%s: %s is %q, want %q", c.args, c.name, got, c.want)
		}
		if got := live(); got != c.live {
			t.Errorf("%s: the session answers %d", c.args, got)
		}
	}
	p.end(t, syscall.SIGTERM)
}

// An invitation that was used after the backup would otherwise work again.
func TestRestoredInvitationsAreRevoked(t *testing.T) {
	dir := t.TempDir()
	data, file := "DATA_DIR="+dir+"/data", dir+"/backup.tar"
	p := serveProcess(t, data, "REGISTRATION=invite")
	register(t, p.url, "root", nil)
	used := linkOf(t, []string{"invite", "--admin"}, "https://vault.example.org", data)
	if code, _, stderr := runProgram(t, []string{"backup", file}, data); code != 0 {
		t.Fatal(stderr)
	}
	if got := register(t, p.url, "ada", used); got != http.StatusOK {
		t.Fatalf("%d", got)
	}
	p.end(t, syscall.SIGTERM)
	code, stdout, stderr := runProgram(t, []string{"restore", "--replace", file}, data)
	if code != 0 || !strings.Contains(stdout, "1 open invitation revoked: ") || !strings.Contains(stdout, "root\tregistered ") ||
		!strings.Contains(stdout, ", 1 session, administrator\n") {
		t.Errorf("exit %d, %q, %q", code, stdout, stderr)
	}
	if code, _, stderr := runProgram(t, []string{"open"}, data); code != 0 {
		t.Fatal(stderr)
	}
	p = serveProcess(t, data, "REGISTRATION=invite")
	if got := register(t, p.url, "mallory", used); got != http.StatusForbidden {
		t.Errorf("the used invitation answers %d", got)
	}
	p.end(t, syscall.SIGTERM)
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
