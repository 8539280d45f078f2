package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"
)

// printable escapes what could deceive on a terminal: escape sequences in a title, a username or an error message could move the
// cursor, rename the window or type for the user, and bidirectional overrides could reverse a line. Characters in except stay.
func printable(s, except string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case strings.ContainsRune(except, r) || !deceptive(r):
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
		i += size
	}
	return b.String()
}

func deceptive(r rune) bool {
	switch {
	case r < 0x20, 0x7f <= r && r < 0xa0: // C0, DEL, C1
		return true
	case r == 0x2028, r == 0x2029: // line and paragraph separator
		return true
	case r == 0x061c, r == 0x200e, r == 0x200f, 0x202a <= r && r <= 0x202e, 0x2066 <= r && r <= 0x2069: // bidirectional controls
		return true
	}
	return false
}

func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) //nolint:gosec // a file descriptor fits an int
}

// printValue writes a value and a newline: exact bytes to a pipe or a file, escaped to a terminal.
func (p *program) printValue(value string) error {
	if isTerminal(p.out) {
		value = printable(value, "\n\t")
	}
	return p.write(value + "\n")
}

// printJSON writes v indented. It escapes only what JSON requires.
func (p *program) printJSON(v any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("encode the output: %w", err)
	}
	return p.write(b.String())
}

func (p *program) write(s string) error {
	if _, err := io.WriteString(p.out, s); err != nil {
		return fmt.Errorf("write to standard output: %w", err)
	}
	return nil
}

// fileProgress shows how much of a file was sent or received. Without a terminal it is nil.
func (p *program) fileProgress(verb string) func(done, total int) {
	if !isTerminal(p.err) {
		return nil
	}
	kib := func(bytes int) int { return (bytes + 1<<10 - 1) >> 10 }
	return func(done, total int) {
		end := "\r"
		if done == total {
			end = "\n"
		}
		_, _ = fmt.Fprintf(p.err, "vaultsphere: %s %d of %d KiB%s", verb, kib(done), kib(total), end)
	}
}

// note writes a line to standard error. It ignores errors.
func (p *program) note(format string, args ...any) {
	_, _ = fmt.Fprintf(p.err, "vaultsphere: %s\n", printable(fmt.Sprintf(format, args...), ""))
}

// progress shows a counter on one line of the terminal. Without a terminal it is nil.
func (p *program) progress(done string) func(n, total int) {
	if !isTerminal(p.err) {
		return nil
	}
	return func(n, total int) {
		end := ""
		if n == total {
			end = "\n"
		}
		_, _ = fmt.Fprintf(p.err, "\r%d of %d %s%s", n, total, done, end)
	}
}
