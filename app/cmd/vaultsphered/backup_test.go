package main

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/await"
	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
)

// crowd registers users that keep writing until the server stops.
type crowd struct {
	t        *testing.T
	url      string
	answered atomic.Int64
	wg       sync.WaitGroup

	mu       sync.Mutex
	all      []*writer
	promises map[*writer]promise
}

// promise holds the writes that the server has acknowledged to a user.
type promise struct {
	revision int64
	tokens   map[chain.Line]string
}

// join registers a user and starts to write as that user.
func (c *crowd) join() {
	c.mu.Lock()
	defer c.mu.Unlock()
	w := &writer{}
	w.register(c.t, c.url, fmt.Sprintf("user%d", len(c.all)))
	c.all = append(c.all, w)
	c.promises[w] = promise{}
	w.heard = func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.promises[w] = promise{w.State.Revision, w.Tokens} // Apply replaces the map
	}
	c.wg.Go(func() { w.write(c.url, &c.answered) })
}

func (c *crowd) promised() map[*writer]promise {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.promises)
}

// check reads each vault with the user's existing session, without a login.
func (c *crowd) check(url string, promised map[*writer]promise) {
	c.t.Helper()
	for w, p := range promised {
		revision, there, err := w.read(url)
		if err != nil {
			c.t.Errorf("a user's session: %v", err)
			continue
		}
		for line, token := range p.tokens {
			if there[line.Hash] != token {
				c.t.Errorf("%v was acknowledged before the backup but is not in it", line.ID)
			}
		}
		if revision < p.revision {
			c.t.Errorf("revision %d was acknowledged before the backup, which has revision %d", p.revision, revision)
		}
	}
}

// The newest users are still in the write-ahead log, so a copy of vault.db alone would miss them.
func TestBackupHasAllAcknowledgedWrites(t *testing.T) {
	data, copied, restored := t.TempDir(), t.TempDir(), t.TempDir()
	p := serveProcess(t, "DATA_DIR="+data, "AUTH_RATE=100000")
	c := &crowd{t: t, url: p.url, promises: map[*writer]promise{}}
	for _, name := range []string{"vault.db", "session.key"} {
		content, err := os.ReadFile(filepath.Join(data, name))
		if err != nil {
			t.Fatal(err)
		}
		if name == "vault.db" {
			c.join() // registered before the copy, but still in the write-ahead log
			if content, err = os.ReadFile(filepath.Join(data, name)); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(copied, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var promised map[*writer]promise
	file := ""
	for round := range 5 {
		c.join()
		before := c.answered.Load()
		await.Until(t, "saves under load", func() bool { return c.answered.Load() > before+20 })
		promised = c.promised()
		file = filepath.Join(t.TempDir(), "backup.tar")
		if code, stdout, stderr := runProgram(t, []string{"backup", file}, "DATA_DIR="+data); code != 0 || stdout != "" || stderr != "" {
			t.Fatalf("round %d: exit %d, %q, %q", round, code, stdout, stderr)
		}
	}
	before := c.answered.Load()
	await.Until(t, "saves after the backups", func() bool { return c.answered.Load() > before })
	if code, _, stderr := runProgram(t, []string{"restore", "--replace", file}, "DATA_DIR="+data); code != 1 ||
		stderr != "vaultsphered: error: write "+filepath.Join(data, "vault.db")+": a server is using it: stop the server first\n" {
		t.Errorf("restore under a running server: exit %d, %q", code, stderr)
	}
	if code := p.end(t, syscall.SIGTERM); code != 0 {
		t.Errorf("exit %d: %s", code, p.log)
	}
	c.wg.Wait()
	code, stdout, stderr := runProgram(t, []string{"restore", file}, "DATA_DIR="+restored)
	if code != 0 || !strings.HasPrefix(stdout, "The backup brings back 6 users with 6 sessions.") || stderr != "" {
		t.Fatalf("exit %d, %q, %q", code, stdout, stderr)
	}
	if code, stdout, stderr := runProgram(t, []string{"open"}, "DATA_DIR="+restored); code != 0 || stderr != "" {
		t.Fatalf("open: exit %d, %q, %q", code, stdout, stderr)
	}
	p = serveProcess(t, "DATA_DIR="+restored)
	c.check(p.url, promised)
	next := &writer{}
	next.register(t, p.url, "another")
	p.end(t, syscall.SIGTERM)

	p = serveProcess(t, "DATA_DIR="+copied)
	if status, err := exchange("GET", p.url+protocol.PathAccount, c.all[0].session, nil, nil); err != nil || status != http.StatusUnauthorized {
		t.Errorf("a plain copy of vault.db has the newest user too, so this test proves nothing: %d, %v", status, err)
	}
	p.end(t, syscall.SIGTERM)
}

// If the disk fills up during a backup or a restore, no data is lost and no partial file remains. ulimit simulates a full
// disk by limiting the file size.
func TestBackupAndRestoreOnAFullDisk(t *testing.T) {
	data := t.TempDir()
	p := serveProcess(t, "DATA_DIR="+data)
	w := &writer{}
	w.register(t, p.url, "ada")
	file := filepath.Join(t.TempDir(), "backup.tar")
	full := func(kib int, args ...string) string {
		t.Helper()
		cmd := program(t, args, "DATA_DIR="+data)
		// ulimit -f counts units of 512 bytes (POSIX).
		shell := exec.Command("sh", append([]string{"-c", fmt.Sprintf(`ulimit -f %d && exec "$0" "$@"`, 2*kib)}, cmd.Args...)...)
		shell.Env, shell.Dir = cmd.Env, cmd.Dir
		out, err := shell.CombinedOutput()
		if err == nil || strings.Count(string(out), "\n") != 1 || !strings.HasPrefix(string(out), "vaultsphered: error: ") {
			t.Errorf("%v with %d KiB: %v, %s", args, kib, err, out)
		}
		return string(out)
	}
	for _, kib := range []int{0, 4, 40, 72} { // the database is 72 KiB, the archive larger
		full(kib, "backup", file)
		if left, err := os.ReadDir(filepath.Dir(file)); err != nil || len(left) > 0 {
			t.Errorf("with %d KiB: leftover %v, %v", kib, left, err)
		}
	}
	if err := w.check(p.url); err != nil {
		t.Error(err)
	}
	if code, _, stderr := runProgram(t, []string{"backup", file}, "DATA_DIR="+data); code != 0 {
		t.Fatal(stderr)
	}
	p.end(t, syscall.SIGTERM)
	for _, kib := range []int{0, 4, 40} {
		full(kib, "restore", "--replace", file)
	}
	p = serveProcess(t, "DATA_DIR="+data)
	if err := w.check(p.url); err != nil {
		t.Errorf("after failed restores: %v", err)
	}
	p.end(t, syscall.SIGTERM)
}

func TestBackupMentionsTheMissingSecret(t *testing.T) {
	data, file := t.TempDir(), filepath.Join(t.TempDir(), "backup.tar")
	settings := []string{"DATA_DIR=" + data, "SESSION_SECRET=" + vault.NewKey()}
	serveProcess(t, settings...).end(t, syscall.SIGTERM)
	for _, c := range []struct {
		args           []string
		code           int
		stdout, stderr string
	}{
		{[]string{"backup", file}, 0, "", "vaultsphered: the backup does not contain SESSION_SECRET: back it up separately\n"},
		{[]string{"backup", file}, 1, "", "vaultsphered: error: " + file + " already exists: choose another name\n"},
		{[]string{"restore", file}, 1, "", "vaultsphered: error: " + filepath.Join(data, "vault.db") + " already exists: use --replace to replace it with the backup\n"},
		{[]string{"restore", "--replace", file}, 0, "The backup brings back 0 users with 0 sessions. Look for users who were deleted, suspended or demoted, " +
			"and sessions that were ended, since then.\nThe server takes only what devices send again until you run: vaultsphered open\n", ""},
	} {
		var stdout, stderr strings.Builder
		if code := run(c.args, settings, &stdout, &stderr); code != c.code || stdout.String() != c.stdout || stderr.String() != c.stderr {
			t.Errorf("%v: exit %d, %q, %q; want %d, %q, %q", c.args, code, stdout.String(), stderr.String(), c.code, c.stdout, c.stderr)
		}
	}
	for _, command := range []string{"backup", "restore"} {
		var stderr strings.Builder
		if code := run([]string{command, file}, []string{"STORE=postgres"}, io.Discard, &stderr); code != 1 || !strings.Contains(stderr.String(), "STORE must be") {
			t.Errorf("%s with a wrong setting: exit %d, %q", command, code, stderr.String())
		}
	}
}
