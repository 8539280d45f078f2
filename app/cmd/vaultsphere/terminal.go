package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"

	"golang.org/x/term"
)

// maxSecretBytes bounds a secret from standard input or a file.
const maxSecretBytes = 64 << 10

// terminal is the controlling terminal, for questions to the user. Standard input and output may be pipes.
type terminal struct {
	in, out *os.File
	opened  bool // by openTerminal
}

var errNoTerminal = errors.New("no terminal")

// openTerminal opens the controlling terminal, whatever standard input and output are.
func openTerminal() (*terminal, error) {
	in, out, err := openConsole()
	if err != nil {
		if !isTerminal(os.Stdin) {
			return nil, errNoTerminal
		}
		return &terminal{in: os.Stdin, out: os.Stderr}, nil
	}
	return &terminal{in: in, out: out, opened: true}, nil
}

func (t *terminal) close() {
	if t.opened {
		_ = t.in.Close()
		if t.out != t.in {
			_ = t.out.Close()
		}
	}
}

func openConsole() (in, out *os.File, err error) {
	if runtime.GOOS != "windows" {
		tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
		return tty, tty, err
	}
	if in, err = os.OpenFile("CONIN$", os.O_RDWR, 0); err != nil {
		return nil, nil, err
	}
	if out, err = os.OpenFile("CONOUT$", os.O_RDWR, 0); err != nil {
		_ = in.Close()
		return nil, nil, err
	}
	return in, out, nil
}

func (t *terminal) say(format string, args ...any) {
	_, _ = fmt.Fprintf(t.out, format, args...) // a closed terminal cannot show an error either
}

// secret reads a line without echo.
func (t *terminal) secret(ctx context.Context, prompt string) (string, error) {
	fd := int(t.in.Fd()) //nolint:gosec // a file descriptor fits an int
	before, err := term.GetState(fd)
	if err != nil {
		return "", fmt.Errorf("read from the terminal: %w", err)
	}
	t.say("%s: ", prompt)
	defer t.say("\n")
	s, err := await(ctx, func() (string, error) {
		b, err := term.ReadPassword(fd)
		return string(b), err
	})
	if ctx.Err() != nil {
		_ = term.Restore(fd, before) // ReadPassword still waits, and would leave the terminal without echo
	}
	return s, err
}

// line reads a line with echo.
func (t *terminal) line(ctx context.Context, prompt string) (string, error) {
	t.say("%s: ", prompt)
	s, err := await(ctx, func() (string, error) {
		// Unbuffered, because a secret that is read next bypasses any buffer.
		return readLine(t.in)
	})
	return strings.TrimSpace(s), err
}

// await returns early if ctx ends, although the read still blocks.
func await(ctx context.Context, read func() (string, error)) (string, error) {
	type result struct {
		s   string
		err error
	}
	done := make(chan result, 1)
	go func() {
		s, err := read()
		done <- result{s, err}
	}()
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case r := <-done:
		if errors.Is(r.err, io.EOF) {
			return "", errors.New("the terminal was closed")
		}
		return r.s, r.err
	}
}
