//go:build integration

package attack

import (
	"bufio"
	"bytes"
	"database/sql"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// door is bin/vaultsphered without a user, which requires an invitation.
type door struct {
	*testing.T
	data, url string
	root      *commandLine // the administrator, after open
	stop      func()
}

func newDoor(t *testing.T) *door {
	t.Helper()
	d := &door{T: t, data: filepath.Join(t.TempDir(), "data"), stop: func() { /* nothing runs yet */ }}
	d.restart()
	t.Cleanup(func() { d.stop() })
	return d
}

func (d *door) program(args, settings []string) *exec.Cmd {
	d.Helper()
	path, err := filepath.Abs("../bin/vaultsphered")
	if err != nil {
		d.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	cmd.Env = append([]string{"DATA_DIR=" + d.data, "METRICS_ADDR=off", "AUTH_RATE=100000", "REGISTRATION=invite"}, settings...)
	return cmd
}

// restart starts the server again with other settings.
func (d *door) restart(settings ...string) {
	d.Helper()
	d.stop()
	cmd := d.program(nil, append([]string{"LISTEN_ADDR=127.0.0.1:0"}, settings...))
	var log bytes.Buffer
	cmd.Stderr = &log
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		d.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		d.Fatalf("bin/vaultsphered, which make build builds: %v", err)
	}
	lines := bufio.NewReader(stdout)
	line, err := lines.ReadString('\n')
	if err != nil {
		_ = cmd.Wait()
		d.Fatalf("the server did not start: %s", &log)
	}
	_, rest, _ := strings.Cut(line, "serving ")
	d.url, _, _ = strings.Cut(rest, ",")
	read := make(chan struct{})
	go func() {
		defer close(read)
		_, _ = io.Copy(io.Discard, lines)
	}()
	d.stop = func() {
		d.stop = func() { /* once is enough */ }
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-read
		if err := cmd.Wait(); err != nil {
			d.Errorf("the server: %v: %s", err, &log)
		}
	}
}

// operates runs a command of the operator, and returns the line that it prints.
func (d *door) operates(args ...string) string {
	d.Helper()
	out, err := d.program(args, nil).Output()
	if err != nil {
		d.Fatalf("vaultsphered %s: %v", strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(out))
}

// open lets an administrator in, by a link of the operator.
func (d *door) open() {
	d.Helper()
	d.root = d.joinsAs("root", d.operates("invite", "--admin", d.url))
}

// does runs a command that does not ask for the password.
func (c *commandLine) does(t *testing.T, args ...string) outcome {
	t.Helper()
	_, said, _ := c.run(t, "", args...)
	return outcome{said: said}
}

// invites returns the link of an administrator.
func (d *door) invites(c *commandLine) string {
	d.Helper()
	c.server = d.url
	link, said, ok := c.run(d.T, "", "invite", "--password-file", "password")
	if !ok {
		d.Fatal(said)
	}
	return strings.TrimSpace(link)
}

func (d *door) secret(link string) protocol.JoinSecret {
	d.Helper()
	_, secret, ok := protocol.ParseJoinLink(link)
	if !ok {
		d.Fatalf("not an invitation: %q", link)
	}
	return secret
}

func (d *door) register(name, link string) (*commandLine, outcome) {
	d.Helper()
	c := newCommandLine(d.T, d.TempDir(), d.url)
	c.write(d.T, "link", link)
	return c, c.act(d.T, "register", name, "--phrase-file", "phrase", "--invitation-file", "link")
}

// registers tries to register with a link.
func (d *door) registers(name, link string) outcome {
	d.Helper()
	_, seen := d.register(name, link)
	return seen
}

// joinsAs registers with a link.
func (d *door) joinsAs(name, link string) *commandLine {
	d.Helper()
	c, seen := d.register(name, link)
	must(d.T, seen)
	return c
}

// joins registers with a link of the administrator.
func (d *door) joins(name string) *commandLine {
	d.Helper()
	return d.joinsAs(name, d.invites(d.root))
}

// refused checks that nobody comes in with a link, and returns what the client says.
func (d *door) refused(name, link string) string {
	d.Helper()
	said := d.registers(name, link).said
	if !strings.Contains(said, string(protocol.CodeInvitationInvalid)) {
		d.Errorf("the client says %q", said)
	}
	d.nobodyCameIn()
	return said
}

func (d *door) nobodyCameIn() {
	d.Helper()
	if users := d.users(); users["mallory"] != "" {
		d.Errorf("the users are %q", users)
	}
}

// users are role and state of each user, as the operator sees them.
func (d *door) users() map[string]string {
	d.Helper()
	users := map[string]string{}
	for n, line := range strings.Split(d.operates("users"), "\n") {
		if cells := strings.Fields(line); n > 0 && len(cells) > 2 {
			users[cells[0]] = cells[1] + " " + cells[2]
		}
	}
	return users
}

// database opens the file of the server.
func (d *door) database(use func(db *sql.DB)) {
	d.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(d.data, "vault.db")+"?_pragma=busy_timeout(5000)")
	if err != nil {
		d.Fatal(err)
	}
	defer db.Close()
	use(db)
}

func (d *door) token(c *commandLine) string {
	d.Helper()
	_, value := c.credential(d.T)
	return strings.TrimPrefix(value, "Bearer ")
}

// follow opens an event stream. The channel gets all of it once it has ended.
func (d *door) follow(c *commandLine) <-chan string {
	d.Helper()
	r, err := http.NewRequestWithContext(d.Context(), http.MethodGet, d.url+protocol.PathEvents, nil)
	if err != nil {
		d.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+d.token(c))
	answer, err := http.DefaultClient.Do(r) //nolint:bodyclose // the goroutine below closes it, at the end of the stream
	if err != nil || answer.StatusCode != http.StatusOK {
		d.Fatalf("the event stream: %v, %v", answer, err)
	}
	all := make(chan string, 1)
	go func() {
		defer answer.Body.Close()
		text, _ := io.ReadAll(answer.Body)
		all <- string(text)
	}()
	return all
}

// administrator is a user with the role whose requests a test makes itself.
type administrator struct {
	door            *door
	name, id, token string
	authKey         protocol.AuthKey
}

func (d *door) administrator(name string) *administrator {
	d.Helper()
	_, reg := testvault.NewPerson(name).Registration()
	i := d.secret(d.operates("invite", "--admin", d.url)).Invitation()
	reg.Invitation = &i
	var out protocol.UserSession
	if status, code := d.askFor("POST", protocol.PathUsers, "", reg, nil, &out); status != http.StatusOK {
		d.Fatalf("the registration of %s: %d %s", name, status, code)
	}
	return &administrator{d, name, out.Account.UserID, out.Token, reg.AuthKey}
}
