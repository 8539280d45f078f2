package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	testawait "github.com/vaultsphere/vaultsphere/internal/testenv/await"
	"github.com/vaultsphere/vaultsphere/internal/testenv/daemontest"
	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
	"github.com/vaultsphere/vaultsphere/internal/testenv/executables"
)

// blocked is a command that waits forever for a reader or a writer.
type blocked struct {
	args  []string
	stdin bool // waits for standard input
	out   bool // waits for a reader of standard output
}

// catchHangups makes child processes receive SIGHUP. They inherit an ignored signal, as under nohup, but not a caught one.
func catchHangups(t *testing.T) {
	t.Helper()
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, syscall.SIGHUP)
	t.Cleanup(func() { signal.Stop(caught) })
}

func TestSignalEndsABlockedCommand(t *testing.T) {
	t.Parallel()
	catchHangups(t)
	server := daemontest.Start(t, nil)
	dir := t.TempDir()
	password, named := filepath.Join(dir, "pw"), filepath.Join(dir, "pipe")
	if err := os.WriteFile(password, []byte(typedPassword), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mkfifo(named, 0o600); err != nil {
		t.Fatal(err)
	}
	pipe, err := os.OpenFile(named, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer pipe.Close()
	command := func(args ...string) *exec.Cmd {
		cmd := exec.Command("vaultsphere", args...)
		cmd.Env = append(os.Environ(), "XDG_STATE_HOME="+dir, "VAULTSPHERE_SERVER="+server)
		return cmd
	}
	done := func(stdin string, args ...string) {
		t.Helper()
		cmd := command(append(args, "--password-file", password)...)
		cmd.Stdin = strings.NewReader(stdin)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", args[0], err, out)
		}
	}
	done("", "register", "anna", "--phrase-file", filepath.Join(dir, "phrase"))
	notes := filepath.Join(dir, "notes")
	if err := os.WriteFile(notes, bytes.Repeat([]byte("note "), 3000), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 8 { // the export must exceed the buffer of a pipe
		done("secret\n", "add", "--title", "Item", "--notes-file", notes)
	}
	for name, c := range map[string]blocked{
		"a password file":      {args: []string{"list", "--password-file", named}},
		"a password":           {args: []string{"list", "--password-stdin"}, stdin: true},
		"a secret of an item":  {args: []string{"add", "--title", "x", "--password-file", password}, stdin: true},
		"notes":                {args: []string{"add", "--title", "x", "--generate", "--notes-file", named, "--password-file", password}},
		"notes on stdin":       {args: []string{"add", "--title", "x", "--generate", "--notes-file", "-", "--password-file", password}, stdin: true},
		"a file to import":     {args: []string{"import", named, "--password-file", password}},
		"an import on stdin":   {args: []string{"import", "-", "--password-file", password}, stdin: true},
		"a file to attach":     {args: []string{"attach", "Item", named, "--password-file", password}},
		"an env file":          {args: []string{"run", "--env-file", named, "--", "true"}},
		"a recovery phrase":    {args: []string{"recover", "anna", "--phrase-file", named, "--password-file", password}},
		"a reader of its data": {args: []string{"export", "--format", "bitwarden-json", "-o", "-", "--password-file", password}, out: true},
	} {
		for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
			read, write := pipe, pipe
			if c.stdin || c.out {
				var err error
				if read, write, err = os.Pipe(); err != nil {
					t.Fatal(err)
				}
				// Also keeps the garbage collector from closing the end that the command waits for.
				t.Cleanup(func() { _, _ = read.Close(), write.Close() })
			}
			cmd := command(c.args...)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			// The command is blocked once it has read the only byte, or filled the pipe.
			waiting := func() bool { return buffered(t, read) == 0 }
			if c.out {
				waiting = func() bool { return buffered(t, read) >= 64<<10 }
				cmd.Stdout = write
			} else if c.stdin {
				cmd.Stdin = read
			}
			if !c.out {
				if _, err := write.WriteString("x"); err != nil {
					t.Fatal(err)
				}
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			testawait.Until(t, name+": a blocked command", waiting)
			if err := cmd.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() { ended <- cmd.Wait() }()
			testawait.Until(t, name+": the end after "+signal.String(), func() bool {
				select {
				case <-ended:
					return true
				default:
					return false
				}
			})
			if code := cmd.ProcessState.ExitCode(); code != exitFailure || !strings.Contains(stderr.String(), "error: interrupted") {
				t.Errorf("%s, %s: exit %d: %s", name, signal, code, stderr.String())
			}
		}
	}
}

// buffered returns the number of unread bytes in a pipe.
func buffered(t *testing.T, pipe *os.File) int {
	t.Helper()
	n, err := unix.IoctlGetInt(int(pipe.Fd()), unix.TIOCINQ)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Ctrl-C is a shortcut in many editors, so it must not lose the text. A signal that ends the program deletes the file with the text.
func TestSignalsWhileAnEditorRuns(t *testing.T) {
	t.Parallel()
	catchHangups(t)
	server := daemontest.Start(t, nil)
	dir := t.TempDir()
	password := filepath.Join(dir, "pw")
	if err := os.WriteFile(password, []byte(typedPassword), 0o600); err != nil {
		t.Fatal(err)
	}
	env := append(os.Environ(), "XDG_STATE_HOME="+dir, "VAULTSPHERE_SERVER="+server, "XDG_RUNTIME_DIR=")
	start := func(editor string, args ...string) (*exec.Cmd, *bytes.Buffer) {
		cmd := exec.Command("vaultsphere", append(args, "--password-file", password)...)
		cmd.Env = append(env, "EDITOR="+editor)
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd, &out
	}
	register, out := start("", "register", "anna", "--phrase-file", filepath.Join(dir, "phrase"))
	if err := register.Wait(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	where, going := filepath.Join(dir, "where"), filepath.Join(dir, "go")
	editor := filepath.Join(dir, "editor")
	script := "#!/bin/sh\nprintf 'title: Edited\\npassword: x\\n' >\"$1\"\necho \"$1\" >" + where + ".new\nmv " + where + ".new " + where + "\nread line <" + going + "\n"
	if err := executables.WriteFile(editor, []byte(script), 0o700); err != nil { //nolint:gosec // a program
		t.Fatal(err)
	}
	if err := unix.Mkfifo(going, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		_ = os.Remove(where)
		cmd, out := start(editor, "add", "--editor", "--type", "login")
		var at []byte
		testawait.Until(t, "the editor", func() bool { at, _ = os.ReadFile(where); return len(at) > 0 })
		if signal == syscall.SIGINT {
			// A signal that is caught may arrive after the editor has ended.
			testawait.Until(t, "a program that ignores "+signal.String(), func() bool { return ignores(t, cmd.Process.Pid, signal) })
		}
		if err := cmd.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		if signal == syscall.SIGINT {
			// The editor continues, and the item is saved.
			f, err := os.OpenFile(going, os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.WriteString(f, "go on\n")
			_ = f.Close()
		}
		err := cmd.Wait()
		if saved := err == nil; saved != (signal == syscall.SIGINT) {
			t.Errorf("%s: %v: %s", signal, err, out)
		}
		if _, err := os.Stat(strings.TrimSpace(string(at))); !os.IsNotExist(err) {
			t.Errorf("%s: the text is still in %s: %v", signal, at, err)
		}
	}
}

// ignores reports whether the kernel discards a signal to a process (proc_pid_status(5)).
func ignores(t *testing.T, pid int, s syscall.Signal) bool {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "\nSigIgn:\t")
	mask, _, _ := strings.Cut(rest, "\n")
	set, err := strconv.ParseUint(mask, 16, 64)
	if err != nil {
		t.Fatalf("the signals that process %d ignores: %v", pid, err)
	}
	return set&(1<<(s-1)) != 0
}
