package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// masterPassword takes the password from where the flags say, else from the terminal.
func (p *program) masterPassword(ctx context.Context) (string, error) {
	return p.master(ctx, "Master password", false)
}

// newMasterPassword asks twice on the terminal, because a mistyped one cannot be opened again.
func (p *program) newMasterPassword(ctx context.Context) (string, error) {
	return p.master(ctx, "New master password", true)
}

func (p *program) master(ctx context.Context, prompt string, twice bool) (string, error) {
	const what = "the master password"
	password, err := "", error(nil)
	switch {
	case p.passwordFile != "":
		password, err = secretFile(p.passwordFile, what)
	case p.passwordStdin:
		password, err = p.stdinSecret(what)
	default:
		password, err = p.askSecret(ctx, prompt, twice)
		if errors.Is(err, errNoTerminal) {
			err = withHint(fmt.Errorf("read %s: %w", what, err), "use --password-stdin or --password-file")
		}
	}
	if err == nil && password == "" {
		err = errors.New("the master password is empty")
	}
	return password, err
}

// askSecret asks on the terminal; twice for what is new, so that it is what was meant.
func (p *program) askSecret(ctx context.Context, prompt string, twice bool) (string, error) {
	t, err := openTerminal()
	if err != nil {
		return "", err
	}
	defer t.close()
	first, err := t.secret(ctx, prompt)
	if err != nil || !twice {
		return first, err
	}
	second, err := t.secret(ctx, "Again")
	if err != nil {
		return "", err
	}
	if first != second {
		return "", errors.New("the two entries differ")
	}
	return first, nil
}

// itemSecret reads a secret of an item: a line of standard input where that is a pipe or a file, else from the terminal.
func (p *program) itemSecret(ctx context.Context, what, prompt string) (string, error) {
	if !isTerminal(p.in) {
		return p.stdinSecret(what)
	}
	return p.askSecret(ctx, prompt, true)
}

// stdinSecret takes the next line of standard input.
func (p *program) stdinSecret(what string) (string, error) {
	s, err := readLine(p.lines)
	if errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read %s: standard input ended before it", what)
	}
	if err != nil {
		return "", fmt.Errorf("read %s: %w", what, err)
	}
	return s, nil
}

// secretFile reads a file of one line. More than one is refused, rather than guessing which part is the secret.
func secretFile(path, what string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("read %s: %w", what, err)
	}
	defer f.Close()
	r := bufio.NewReader(f)
	s, err := readLine(r)
	if errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read %s: %s %w", what, path, errEmptySecret)
	}
	if err != nil {
		return "", fmt.Errorf("read %s: %w", what, err)
	}
	if _, err := r.ReadByte(); !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read %s: %s holds more than one line", what, path)
	}
	return s, nil
}

var errEmptySecret = errors.New("is empty")

var errLongSecret = fmt.Errorf("the line is longer than %d bytes", maxSecretBytes)

// readLine reads up to and without the line ending. io.EOF is returned only when there was nothing at all. It takes
// no byte beyond the line.
func readLine(r io.Reader) (string, error) {
	var line []byte
	var b [1]byte
	for {
		n, err := r.Read(b[:])
		if n == 1 {
			if b[0] == '\n' {
				break
			}
			if line = append(line, b[0]); len(line) > maxSecretBytes {
				return "", errLongSecret
			}
			continue
		}
		if errors.Is(err, io.EOF) && len(line) > 0 {
			break
		}
		if err != nil {
			return "", err
		}
	}
	return strings.TrimSuffix(string(line), "\r"), nil
}
