package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	testawait "github.com/vaultsphere/vaultsphere/internal/testenv/await"
	"github.com/vaultsphere/vaultsphere/internal/testenv/daemontest"
	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
)

const typedPassword = "correct horse battery staple"

// dialogue is a program on a pseudo-terminal, with a user who reads before answering.
type dialogue struct {
	t         *testing.T
	ctrl, tty *os.File
	cmd       *exec.Cmd
	shown     []byte // everything that the program wrote
	read      int    // bytes of shown that were matched
}

func openPTY(t *testing.T) (ctrl, tty *os.File) {
	t.Helper()
	ctrl, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ctrl.Close() })
	if err := unix.IoctlSetPointerInt(int(ctrl.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(ctrl.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tty.Close() })
	return ctrl, tty
}

// talk starts the program with the terminal as its standard input, output and error.
func talk(t *testing.T, env []string, args ...string) *dialogue {
	t.Helper()
	ctrl, tty := openPTY(t)
	cmd := exec.Command("vaultsphere", args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	return &dialogue{t: t, ctrl: ctrl, tty: tty, cmd: cmd}
}

// until reads to the end of the next match and returns the submatches.
func (d *dialogue) until(pattern string) []string {
	d.t.Helper()
	re := regexp.MustCompile(pattern)
	for {
		if at := re.FindSubmatchIndex(d.shown[d.read:]); at != nil {
			m := re.FindStringSubmatch(string(d.shown[d.read:]))
			d.read += at[1]
			return m
		}
		buf := make([]byte, 4096)
		n, err := d.ctrl.Read(buf)
		d.shown = append(d.shown, buf[:n]...)
		if err != nil {
			d.t.Fatalf("%q did not appear: %v; shown: %q", pattern, err, d.shown)
		}
	}
}

func (d *dialogue) echoes() bool {
	d.t.Helper()
	termios, err := unix.IoctlGetTermios(int(d.tty.Fd()), unix.TCGETS)
	if err != nil {
		d.t.Fatal(err)
	}
	return termios.Lflag&unix.ECHO != 0
}

func (d *dialogue) answer(s string) {
	d.t.Helper()
	if _, err := d.ctrl.WriteString(s + "\r"); err != nil {
		d.t.Fatal(err)
	}
}

// answerSecret answers once the terminal has stopped echoing.
func (d *dialogue) answerSecret(s string) {
	d.t.Helper()
	testawait.Until(d.t, "a terminal that does not echo", func() bool { return !d.echoes() })
	d.answer(s)
}

// end waits for the program to exit, and returns its exit status and its output.
func (d *dialogue) end() (int, string) {
	d.t.Helper()
	err := d.cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		d.t.Fatal(err)
	}
	// Once the mark has been read, so has all output of the program.
	const mark = "<end of output>"
	if _, err := d.tty.WriteString(mark); err != nil {
		d.t.Fatal(err)
	}
	d.until(mark)
	return d.cmd.ProcessState.ExitCode(), strings.TrimSuffix(string(d.shown), mark)
}

// phrase reads the words from the screen.
func (d *dialogue) phrase() map[string]string {
	d.t.Helper()
	from := d.read
	d.until("Press Enter when you have written it down: ")
	words := map[string]string{}
	for _, m := range regexp.MustCompile(`(\d+) ([a-z]+)`).FindAllStringSubmatch(string(d.shown[from:d.read]), -1) {
		words[m[1]] = m[2]
	}
	if len(words) != 24 {
		d.t.Fatalf("%d words on the screen, want 24: %q", len(words), d.shown[from:d.read])
	}
	return words
}

func TestRegisterOnATerminal(t *testing.T) {
	server := daemontest.Start(t, nil)
	for _, kind := range []string{"xterm", "dumb"} {
		t.Run(kind, func(t *testing.T) {
			env := []string{"TERM=" + kind, "XDG_STATE_HOME=" + t.TempDir(), "VAULTSPHERE_SERVER=" + server}
			d := talk(t, env, "register")
			d.until("Username: ")
			d.answer("anna-" + kind)
			d.until("New master password: ")
			d.answerSecret(typedPassword)
			d.until("Repeat: ")
			d.answerSecret(typedPassword)

			words := d.phrase()
			d.answer("")
			d.until(`Word \d+: `)
			d.answer("zzz")
			d.until("That word does not match")
			if again := d.phrase(); again["1"] != words["1"] || again["24"] != words["24"] {
				t.Errorf("the second phrase differs")
			}
			d.answer("")
			last := 0
			for range askedWords {
				n := d.until(`Word (\d+): `)[1]
				d.answer(strings.ToUpper(words[n]))
				if i, _ := strconv.Atoi(n); i <= last {
					t.Errorf("word %d was asked for after word %d", i, last)
				} else {
					last = i
				}
			}
			status, shown := d.end()
			if status != exitOK {
				t.Fatalf("exit %d: %q", status, shown)
			}
			if strings.Contains(shown, typedPassword) {
				t.Errorf("the master password was shown: %q", shown)
			}
			screens := 0
			if kind == "xterm" {
				screens = 2
			}
			if in, out := strings.Count(shown, enterScreen), strings.Count(shown, leaveScreen); in != screens || out != screens {
				t.Errorf("entered the alternate screen %d times and left it %d times, want %d", in, out, screens)
			}
			if screens > 0 {
				// The scrollback keeps the dialogue, but not the phrase.
				stays := regexp.MustCompile(`(?s)`+regexp.QuoteMeta(enterScreen)+`.*?`+regexp.QuoteMeta(leaveScreen)).ReplaceAllString(shown, "")
				if strings.Contains(stays, fmt.Sprintf("%4d %s", 1, words["1"])) {
					t.Errorf("the phrase stays in the scrollback: %q", stays)
				}
			} else if strings.Contains(shown, "\x1b") {
				t.Errorf("escape sequences on a dumb terminal: %q", shown)
			}

			d = talk(t, env, "list")
			d.until("Master password: ")
			d.answerSecret(typedPassword)
			if status, shown := d.end(); status != exitOK {
				t.Errorf("the account does not open: exit %d: %q", status, shown)
			}
		})
	}
}

func TestInterruptedPromptRestoresTheTerminal(t *testing.T) {
	d := talk(t, []string{"XDG_STATE_HOME=" + t.TempDir(), "VAULTSPHERE_SERVER=http://127.0.0.1:1"}, "login", "anna")
	d.until("Master password: ")
	testawait.Until(d.t, "a terminal that does not echo", func() bool { return !d.echoes() })
	if _, err := d.ctrl.WriteString("half a pass\x03"); err != nil {
		t.Fatal(err)
	}
	status, shown := d.end()
	if status != exitFailure || !strings.Contains(shown, "vaultsphere: error: interrupted") {
		t.Errorf("exit %d: %q", status, shown)
	}
	if !d.echoes() {
		t.Error("the terminal does not echo any more")
	}
}

// get writes a value unchanged to a pipe and escaped to a terminal. list escapes titles.
func TestValuesCannotSteerTheTerminal(t *testing.T) {
	server := daemontest.Start(t, nil)
	dir := t.TempDir()
	env := []string{"XDG_STATE_HOME=" + dir, "VAULTSPHERE_SERVER=" + server}
	file := filepath.Join(dir, "pw")
	if err := os.WriteFile(file, []byte(typedPassword), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(stdin string, args ...string) string {
		t.Helper()
		cmd := exec.Command("vaultsphere", append(args, "--password-file", file)...)
		cmd.Env = append(os.Environ(), env...)
		cmd.Stdin = strings.NewReader(stdin)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v: %s", args[0], err, stderr.Bytes())
		}
		return string(out)
	}
	const hostile = "\x1b]0;owned\x07\u202epass\xc2\x9b"
	const harmless = `\x1b]0;owned\x07\u202epass\x9b`
	run("", "register", "anna", "--phrase-file", filepath.Join(dir, "phrase"))
	run(hostile+"\n", "add", "--title", "Title\u202egpj.exe")

	if got := run("", "get", "Title\u202egpj.exe"); got != hostile+"\n" {
		t.Errorf("to a pipe: %q", got)
	}
	d := talk(t, env, "get", "Title\u202egpj.exe", "--password-file", file)
	if status, shown := d.end(); status != exitOK || shown != harmless+"\r\n" {
		t.Errorf("to a terminal: exit %d, %q", status, shown)
	}
	d = talk(t, env, "list", "--password-file", file)
	status, shown := d.end()
	if status != exitOK || !strings.Contains(shown, `Title\u202egpj.exe`) || !strings.Contains(shown, "TITLE") {
		t.Errorf("a list on a terminal: exit %d, %q", status, shown)
	}
}

// The terminal sends SIGINT to the program too, which must report how the command ended.
func TestInterruptOnATerminalEndsOnlyTheCommand(t *testing.T) {
	server := daemontest.Start(t, nil)
	dir := t.TempDir()
	env := []string{"XDG_STATE_HOME=" + dir, "VAULTSPHERE_SERVER=" + server}
	file := filepath.Join(dir, "pw")
	if err := os.WriteFile(file, []byte(typedPassword), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"register", "anna", "--phrase-file", filepath.Join(dir, "phrase"), "--password-file", file},
		{"add", "--title", "Item", "--generate", "--password-file", file},
	} {
		if status, shown := talk(t, env, args...).end(); status != exitOK {
			t.Fatalf("%s: exit %d: %q", args[0], status, shown)
		}
	}
	d := talk(t, env, "run", "--env", "PW=Item", "--password-file", file, "--", "sh", "-c", "echo ready; exec cat")
	d.until("ready")
	testawait.Until(t, "a program that ignores SIGINT", func() bool { return ignores(t, d.cmd.Process.Pid, syscall.SIGINT) })
	if _, err := d.ctrl.WriteString("\x03"); err != nil {
		t.Fatal(err)
	}
	if status, shown := d.end(); status != exitSignal+int(syscall.SIGINT) || strings.Contains(shown, "error") {
		t.Errorf("exit %d: %q", status, shown)
	}
}
