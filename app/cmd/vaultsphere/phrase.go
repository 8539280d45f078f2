package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
)

// askedWords is how many words the user must repeat, to prove that the phrase is written down.
const askedWords = 3

// The alternate screen of xterm: its content does not stay in the scrollback.
const (
	enterScreen = "\x1b[?1049h\x1b[H"
	leaveScreen = "\x1b[?1049l"
)

// confirmPhrase shows the phrase until the user can repeat some of its words.
func (p *program) confirmPhrase(ctx context.Context, words []string) error {
	t, err := openTerminal()
	if err != nil {
		return withHint(fmt.Errorf("show the recovery phrase: %w", err), "use --phrase-file")
	}
	defer t.close()
	for {
		if err := p.uninterrupted(func() error { return p.showPhrase(ctx, t, words) }); err != nil {
			return err
		}
		right, err := askWords(ctx, t, words)
		if err != nil || right {
			return err
		}
		t.say("That word does not match. Here is the phrase again.\n")
	}
}

func (p *program) showPhrase(ctx context.Context, t *terminal, words []string) error {
	// A dumb terminal would print the escape sequences.
	if kind := p.getenv("TERM"); kind != "" && kind != "dumb" {
		t.say(enterScreen)
		defer t.say(leaveScreen)
	}
	t.say("This is your recovery phrase. If you lose the master password, nothing else can open your vault.\n" +
		"Write it down on paper, in this order. It will not be shown again.\n\n")
	const columns = 4
	rows := (len(words) + columns - 1) / columns
	for row := range rows {
		var line strings.Builder
		for i := row; i < len(words); i += rows {
			fmt.Fprintf(&line, "%4d %-10s", i+1, words[i])
		}
		t.say("%s\n", strings.TrimRight(line.String(), " "))
	}
	_, err := t.line(ctx, "\nPress Enter when you have written it down")
	return err
}

func askWords(ctx context.Context, t *terminal, words []string) (bool, error) {
	asked, err := distinctNumbers(askedWords, len(words))
	if err != nil {
		return false, err
	}
	for _, i := range asked {
		answer, err := t.line(ctx, fmt.Sprintf("Word %d", i+1))
		if err != nil {
			return false, err
		}
		if !strings.EqualFold(answer, words[i]) {
			return false, nil
		}
	}
	return true, nil
}

// distinctNumbers draws n different numbers in 0..limit-1, in ascending order.
func distinctNumbers(n, limit int) ([]int, error) {
	if n > limit {
		return nil, errors.New("too few numbers to choose from")
	}
	var out []int
	for len(out) < n {
		r, err := rand.Int(rand.Reader, big.NewInt(int64(limit)))
		if err != nil {
			return nil, fmt.Errorf("random number: %w", err)
		}
		if i := int(r.Int64()); !slices.Contains(out, i) {
			out = append(out, i)
		}
	}
	slices.Sort(out)
	return out, nil
}
