package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// masterPassword reads the master password as the flags say, or asks on the terminal.
func (p *program) masterPassword(ctx context.Context) (string, error) {
	return p.master(ctx, "Master password", false)
}

// newMasterPassword is masterPassword, but the terminal asks twice: a mistyped password would lock the user out.
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

// askSecret asks on the terminal, twice for a new secret.
func (p *program) askSecret(ctx context.Context, prompt string, twice bool) (string, error) {
	t, err := openTerminal()
	if err != nil {
		return "", err
	}
	defer t.close()
	var answer string
	err = p.uninterrupted(func() error {
		if answer, err = t.secret(ctx, prompt); err != nil || !twice {
			return err
		}
		again, err := t.secret(ctx, "Repeat")
		if err == nil && answer != again {
			err = errors.New("the two inputs differ")
		}
		return err
	})
	return answer, err
}

// itemSecret reads a secret of an item: a line of standard input if that is a pipe or a file, or else from the terminal.
func (p *program) itemSecret(ctx context.Context, what, prompt string) (string, error) {
	if !isTerminal(p.in) {
		return p.stdinSecret(what)
	}
	return p.askSecret(ctx, prompt, true)
}

// stdinSecret reads the next line of standard input.
func (p *program) stdinSecret(what string) (string, error) {
	s, err := readLine(p.lines)
	if errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read %s: end of standard input", what)
	}
	if err != nil {
		return "", fmt.Errorf("read %s: %w", what, err)
	}
	return strings.TrimPrefix(s, "\ufeff"), nil
}

// withoutBOM strips a byte-order mark, as editors and shells on Windows write it, and decodes UTF-16 if the mark says so. Text without
// a mark stays as it is.
func withoutBOM(r io.Reader) io.Reader {
	return transform.NewReader(r, unicode.BOMOverride(transform.Nop))
}

// secretFile reads a file of one line. It refuses more lines instead of guessing which part is the secret.
func secretFile(path, what string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("read %s: %w", what, err)
	}
	defer f.Close()
	r := bufio.NewReader(withoutBOM(f))
	s, err := readLine(r)
	if errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read %s: %s %w", what, path, errEmptySecret)
	}
	if err != nil {
		return "", fmt.Errorf("read %s: %w", what, err)
	}
	if _, err := r.ReadByte(); !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read %s: %s has more than one line", what, path)
	}
	return s, nil
}

var errEmptySecret = errors.New("is empty")

var errLongSecret = fmt.Errorf("the line is longer than %d bytes", maxSecretBytes)

// readLine reads a line and returns it without its ending. It returns io.EOF only if there was no byte at all, and reads none beyond
// the line.
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
