package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/vaultsphere/vaultsphere/app/item"
)

const documentHead = `# %s
# Save this file and close the editor to save the item. Leave it unchanged or empty to cancel.
# The file is in memory, not on a disk, and is deleted when the editor closes.
`

var errNothingChanged = errors.New("nothing was changed")

// editText opens the item in an editor, again and again until the text is valid or the user gives up.
func (p *program) editText(ctx context.Context, it item.Item) (edited item.Item, err error) {
	err = p.uninterrupted(func() error {
		edited, err = p.editInMemory(ctx, it)
		return err
	})
	return edited, err
}

func (p *program) editInMemory(ctx context.Context, it item.Item) (item.Item, error) {
	editor, err := p.editor()
	if err != nil {
		return it, err
	}
	body, err := document(it)
	if err != nil {
		return it, fmt.Errorf("write the item as text: %w", err)
	}
	dir, err := memoryDir(p.getenv)
	if err != nil {
		return it, err
	}
	defer func() {
		if err := os.RemoveAll(dir); err != nil {
			p.note("warning: %s contains secrets and could not be removed: %v", dir, err)
		}
	}()
	path := filepath.Join(dir, "item.yaml")
	text := append(fmt.Appendf(nil, documentHead, printable(it.Title, "")), body...)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return it, fmt.Errorf("write the item for the editor: %w", err)
	}
	for {
		if err := p.runEditor(ctx, editor, path); err != nil {
			return it, err
		}
		changed, err := os.ReadFile(path) // #nosec G304 -- the path was made above
		if err != nil {
			return it, fmt.Errorf("read the edited item: %w", err)
		}
		if bytes.Equal(changed, text) {
			return it, errNothingChanged
		}
		edited, err := parseDocument(changed, it)
		if err == nil {
			return edited, nil
		}
		if errors.Is(err, errEmptyDocument) {
			return it, errNothingChanged
		}
		if !p.again(ctx, err) {
			return it, withHint(err, "nothing was saved")
		}
	}
}

// again asks whether to reopen the editor. Without a terminal the answer is no.
func (p *program) again(ctx context.Context, problem error) bool {
	t, err := openTerminal()
	if err != nil {
		return false
	}
	defer t.close()
	t.say("vaultsphere: %s\n", printable(problem.Error(), ""))
	answer, err := t.line(ctx, "Edit again? [Y/n]")
	return err == nil && !strings.HasPrefix(strings.ToLower(answer), "n")
}

func (p *program) editor() (string, error) {
	for _, name := range []string{"VISUAL", "EDITOR"} {
		if e := strings.TrimSpace(p.getenv(name)); e != "" {
			return e, nil
		}
	}
	return "", withHint(errors.New("no editor: VISUAL and EDITOR are not set"), "set EDITOR, or change the item with flags")
}

// noTraces are arguments that keep editors from writing secrets to other files: swap, undo and backup files, registers.
var noTraces = map[string]string{
	"vi":   vimNoTraces,
	"vim":  vimNoTraces,
	"nvim": vimNoTraces,
}

const vimNoTraces = ` -n -i NONE --cmd 'set noswapfile nobackup nowritebackup noundofile'`

// runEditor runs the editor in a shell, because the variable may contain arguments. Ctrl-C is a key in many editors, so SIGINT ends
// neither the editor nor this program; SIGTERM and SIGHUP end both.
func (p *program) runEditor(ctx context.Context, editor, path string) error {
	words := strings.Fields(editor)
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer p.divert(func(s os.Signal) {
		if s != os.Interrupt {
			cancel()
		}
	})()
	run := "exec " // so that signals reach the editor
	if strings.Contains(words[0], "=") {
		run = ""
	}
	cmd := exec.CommandContext(ctx, "sh", "-c", run+editor+noTraces[filepath.Base(words[0])]+` "$1"`, "sh", path) // #nosec G204 -- EDITOR is the user's own
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0); err == nil && !isTerminal(os.Stdin) {
		defer tty.Close()
		cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
	}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = time.Second
	err := cmd.Start()
	if err == nil {
		defer p.leaveToTerminal()() // the editor has started: it does not inherit this
		err = cmd.Wait()
	}
	if err != nil {
		return withHint(fmt.Errorf("the editor %s failed: %w", words[0], err), "nothing was saved")
	}
	return nil
}
