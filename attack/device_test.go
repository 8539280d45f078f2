//go:build integration

package attack

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
)

const (
	username = "anna"
	password = "lantern orbit velvet mustard" // the browser's tests have the same
)

// outcome is what the person at a device sees.
type outcome struct {
	titles []string // of the items that are shown, in alphabetical order
	said   string   // what the client says if something is wrong
}

// A device runs a real client of anna. Its gate is the only server that it knows.
type device interface {
	// another returns a device of the same kind without any memory.
	another(t *testing.T) device
	signIn(t *testing.T) outcome
	signOut(t *testing.T)
	// open opens the vault with the password and syncs.
	open(t *testing.T) outcome
	// openCopy opens the copy that stays on the device when a session ends.
	openCopy(t *testing.T) outcome
	add(t *testing.T, title string) outcome
	rename(t *testing.T, title, to string) outcome
	trash(t *testing.T, title string) outcome
	restore(t *testing.T, title string) outcome
	// goBack takes the whole vault back from its newest revision to an earlier one.
	goBack(t *testing.T, newest, revision int64) outcome
	// setPassword sets the password that the person types from now on.
	setPassword(t *testing.T, next string)
	// credential returns the header with the session, for a thief.
	credential(t *testing.T) (name, value string)
}

// commandLine is bin/vaultsphere with its own state directory.
type commandLine struct {
	dir, server string
	authority   string // the file with the only certificate that it trusts; empty for those of the machine
}

func newCommandLine(t *testing.T, dir, server string) *commandLine {
	t.Helper()
	c := &commandLine{dir: dir, server: server}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	c.write(t, "password", password)
	return c
}

func (c *commandLine) write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(c.dir, name), []byte(content+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// run runs one command. It returns standard output, and what the program says on standard error.
func (c *commandLine) run(t *testing.T, stdin string, args ...string) (stdout, said string, ok bool) {
	t.Helper()
	program, err := filepath.Abs("../bin/vaultsphere")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir = c.dir
	cmd.Env = []string{"HOME=" + c.dir, "XDG_STATE_HOME=" + filepath.Join(c.dir, "state"), "VAULTSPHERE_SERVER=" + c.server, "SSL_CERT_FILE=" + c.authority}
	cmd.Stdin = strings.NewReader(stdin)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("bin/vaultsphere, which make build builds: %v", err)
	}
	for line := range strings.Lines(errs.String()) {
		for _, begin := range []string{"vaultsphere: error: ", "vaultsphere: warning: the vault is in alarm and read-only: "} {
			if e, wrong := strings.CutPrefix(line, begin); wrong {
				said += strings.TrimSpace(e)
			}
		}
	}
	if err != nil && said == "" {
		t.Fatalf("vaultsphere %s: %v\n%s", strings.Join(args, " "), err, errs.String())
	}
	return out.String(), said, err == nil
}

// act runs a command that asks for the password.
func (c *commandLine) act(t *testing.T, args ...string) outcome {
	t.Helper()
	_, said, _ := c.run(t, "", append(args, "--password-file", "password")...)
	return outcome{said: said}
}

// must fails the test if the client complains.
func must(t *testing.T, o outcome) outcome {
	t.Helper()
	if o.said != "" {
		t.Fatalf("the client says %q", o.said)
	}
	return o
}

func (c *commandLine) list(t *testing.T, args ...string) outcome {
	t.Helper()
	out, said, ok := c.run(t, "", append([]string{"list", "--json", "--password-file", "password"}, args...)...)
	if !ok {
		if out != "" {
			t.Errorf("the command failed, and still printed %s", out)
		}
		return outcome{said: said}
	}
	var items []struct{ Title string }
	if err := json.Unmarshal([]byte(out), &items); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	titles := []string{}
	for _, it := range items {
		titles = append(titles, it.Title)
	}
	slices.Sort(titles)
	return outcome{titles, said}
}

func (c *commandLine) another(t *testing.T) device {
	t.Helper()
	d := newCommandLine(t, t.TempDir(), c.server)
	typed, err := os.ReadFile(filepath.Join(c.dir, "password"))
	if err != nil {
		t.Fatal(err)
	}
	d.setPassword(t, strings.TrimSpace(string(typed)))
	return d
}

// trust makes the certificate of a gate the only one that the device trusts.
func (c *commandLine) trust(t *testing.T, g *gate) {
	t.Helper()
	c.write(t, "authority.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: g.certificate})))
	c.authority = filepath.Join(c.dir, "authority.pem")
}

func (c *commandLine) register(t *testing.T, name string) {
	t.Helper()
	must(t, c.act(t, "register", name, "--phrase-file", "phrase"))
}

func (c *commandLine) signIn(t *testing.T) outcome {
	t.Helper()
	if o := c.act(t, "login", username); o.said != "" {
		return o
	}
	return c.open(t)
}

func (c *commandLine) signOut(t *testing.T) {
	t.Helper()
	if _, said, ok := c.run(t, "", "logout"); !ok {
		t.Fatal(said)
	}
}

func (c *commandLine) open(t *testing.T) outcome { return c.list(t) }

func (c *commandLine) openCopy(t *testing.T) outcome { return c.list(t, "--cache", username) }

func (c *commandLine) add(t *testing.T, title string) outcome {
	t.Helper()
	return c.act(t, "add", "--title", title, "--username", "anna@example.org", "--generate")
}

func (c *commandLine) rename(t *testing.T, title, to string) outcome {
	t.Helper()
	return c.act(t, "edit", title, "--title", to)
}

func (c *commandLine) trash(t *testing.T, title string) outcome {
	t.Helper()
	return c.act(t, "trash", title)
}

func (c *commandLine) restore(t *testing.T, title string) outcome {
	t.Helper()
	return c.act(t, "restore", title)
}

func (c *commandLine) goBack(t *testing.T, _, revision int64) outcome {
	t.Helper()
	back := []string{"restore", "--all", "--at", strconv.FormatInt(revision, 10), "--password-file", "password"}
	preview, said, ok := c.run(t, "", append(back, "--dry-run")...)
	if ok {
		_, said, _ = c.run(t, "", append(back, "--yes")...)
	}
	for line := range strings.Lines(preview) {
		if _, stays, found := strings.Cut(line, "\tunchanged "); found {
			said += "; " + strings.TrimSpace(stays)
		}
	}
	return outcome{said: said}
}

func (c *commandLine) setPassword(t *testing.T, next string) { c.write(t, "password", next) }

// recover sets a new password with the recovery phrase that register wrote.
func (c *commandLine) recover(t *testing.T, next string) outcome {
	t.Helper()
	c.setPassword(t, next)
	return c.act(t, "recover", username, "--phrase-file", "phrase")
}

func (c *commandLine) credential(t *testing.T) (name, value string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(c.dir, "state", "vaultsphere", "session.json"))
	if err != nil {
		t.Fatal(err)
	}
	var session struct{ Token string }
	if err := json.Unmarshal(b, &session); err != nil {
		t.Fatal(err)
	}
	return "Authorization", "Bearer " + session.Token
}
