package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// rounds is the number of measurements per commit. The commits alternate, so a change of the machine's speed affects both.
const rounds = 3

// compare builds the commit base in a separate work tree, measures both work trees, and prints each figure with its ratio.
func compare(ctx context.Context, w io.Writer, base string, page bool) (err error) {
	commit, err := command(ctx, ".", "git", "rev-parse", "--verify", "--quiet", "--end-of-options", base+"^{commit}")
	if err != nil {
		return fmt.Errorf("BASE is %q, which is not a commit of this repository", base)
	}
	dir, err := os.MkdirTemp("", "vaultsphere-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	tree := filepath.Join(dir, "base")
	if _, err := command(ctx, ".", "git", "worktree", "add", "--quiet", "--detach", tree, commit); err != nil {
		return err
	}
	defer func() {
		// Remove the work tree even if the context has ended.
		_, removed := command(context.WithoutCancel(ctx), ".", "git", "worktree", "remove", "--force", tree)
		err = errors.Join(err, removed)
	}()
	trees := [2]string{tree, "."}
	var programs [2]string
	for i, at := range trees {
		if _, err := command(ctx, at, "make", "build"); err != nil {
			return err
		}
		programs[i] = filepath.Join(dir, "bench"+strconv.Itoa(i))
		if _, err := command(ctx, at, "go", "build", "-o", programs[i], "./bench"); err != nil {
			return err
		}
	}
	arguments := []string{"-image=false", "-platform=false"}
	if !page {
		arguments = append(arguments, "-page=")
	}
	var measured [2][][]figure
	for range rounds {
		for i, at := range trees {
			out, err := command(ctx, at, programs[i], arguments...)
			if err != nil {
				return err
			}
			figures, err := parseTable(out)
			if err != nil {
				return err
			}
			measured[i] = append(measured[i], figures)
		}
	}
	return ratios(w, commit[:12], medians(measured[0]), medians(measured[1]))
}

// command returns a program's standard output. The error contains its stderr.
func command(ctx context.Context, dir, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...) //nolint:gosec // the programs and commits to measure
	cmd.Dir = dir
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", strings.Join(append([]string{name}, args...), " "), err, strings.TrimSpace(complaints.String()))
	}
	return strings.TrimSpace(string(out)), nil
}

// figure is one line of the table that the program of one commit prints.
type figure struct {
	what     string
	measured float64
	unit     string
}

// aside matches the part of a description that differs between runs.
var aside = regexp.MustCompile(` \([0-9.]+ m?s\)`)

func parseTable(printed string) (figures []figure, err error) {
	for line := range strings.Lines(printed) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cells) != 4 || strings.HasPrefix(cells[0], " what") || strings.HasPrefix(cells[0], " ---") {
			continue
		}
		value, unit, _ := strings.Cut(strings.TrimSpace(cells[1]), " ")
		measured, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return nil, fmt.Errorf("a measurement is not a number: %q", strings.TrimSpace(line))
		}
		figures = append(figures, figure{aside.ReplaceAllString(strings.TrimSpace(cells[0]), ""), measured, unit})
	}
	if len(figures) == 0 {
		return nil, errors.New("the measurements have no table")
	}
	return figures, nil
}

// medians returns the median of each figure over several runs of one commit.
func medians(runs [][]figure) []figure {
	out := slices.Clone(runs[0])
	for i := range out {
		var values []float64
		for _, run := range runs {
			for _, f := range run {
				if f.what == out[i].what {
					values = append(values, f.measured)
				}
			}
		}
		slices.Sort(values)
		out[i].measured = values[len(values)/2]
	}
	return out
}

// ratios prints the figures of both commits. A ratio above 1 is slower or larger than the base.
func ratios(w io.Writer, commit string, base, now []figure) error {
	tw := tabwriter.NewWriter(w, 0, 0, 1, ' ', 0)
	fmt.Fprintf(tw, "| what, median of %d runs in turns\t| %s\t| now\t| now / before\t|\n", rounds, commit)
	fmt.Fprintf(tw, "| ---\t| ---\t| ---\t| ---\t|\n")
	for _, f := range now {
		i := slices.IndexFunc(base, func(b figure) bool { return b.what == f.what && b.unit == f.unit })
		if i < 0 {
			fmt.Fprintf(tw, "| %s\t| not measured\t| %s %s\t| \t|\n", f.what, figures(f.measured), f.unit)
			continue
		}
		fmt.Fprintf(tw, "| %s\t| %s %s\t| %s %s\t| %.2f\t|\n", f.what, figures(base[i].measured), f.unit, figures(f.measured), f.unit,
			f.measured/base[i].measured)
	}
	for _, b := range base {
		if !slices.ContainsFunc(now, func(f figure) bool { return f.what == b.what && f.unit == b.unit }) {
			fmt.Fprintf(tw, "| %s\t| %s %s\t| not measured\t| \t|\n", b.what, figures(b.measured), b.unit)
		}
	}
	return tw.Flush()
}
