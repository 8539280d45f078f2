package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

func readLines(r io.Reader) ([]string, error) {
	var lines []string
	for {
		s, err := readLine(r)
		if errors.Is(err, io.EOF) {
			return lines, nil
		}
		if err != nil {
			return lines, err
		}
		lines = append(lines, s)
	}
}

// FuzzReadLine compares readLine with bufio.Scanner.
func FuzzReadLine(f *testing.F) {
	f.Add([]byte("master\ncode\r\nlast"))
	f.Add([]byte("\n\r\n\r"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var want []string
		scanner := bufio.NewScanner(bytes.NewReader(data))
		scanner.Buffer(nil, 2*maxSecretBytes)
		for scanner.Scan() {
			want = append(want, scanner.Text())
		}
		got, err := readLines(bytes.NewReader(data))
		if err != nil && len(data) > maxSecretBytes {
			return
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("lines of %q: %q, %v; want %q", data, got, err, want)
		}
	})
}

func TestReadLineRefusesALongLine(t *testing.T) {
	if s, err := readLine(strings.NewReader(strings.Repeat("x", maxSecretBytes))); err != nil || len(s) != maxSecretBytes {
		t.Errorf("a line of maximum length: %d bytes, %v", len(s), err)
	}
	if _, err := readLine(strings.NewReader(strings.Repeat("x", maxSecretBytes+1))); !errors.Is(err, errLongSecret) {
		t.Errorf("a longer line: %v", err)
	}
}
