// Command prose looks for wording that this project does not use, in all checked-in text: comments, documents, messages and
// identifiers. It prints nothing if there is none.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run checks the files of the repository in the working directory, or only those below the given paths. The status is 1 if it
// found something, and 2 if the arguments are wrong.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("prose", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprintln(stderr, "Usage: prose [PATH...]\n\nprints wording that this project does not use. The rules are in internal/prose/rules.go.")
	}
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	found, err := checkRepository(ctx, flags.Args())
	if err != nil {
		fmt.Fprintf(stderr, "prose: error: %v\n", err)
		return 1
	}
	for _, f := range found {
		fmt.Fprintln(stdout, f)
	}
	if len(found) > 0 {
		return 1
	}
	return 0
}

func checkRepository(ctx context.Context, paths []string) ([]finding, error) {
	var stderr bytes.Buffer
	list := exec.CommandContext(ctx, "git", append([]string{"ls-files", "-z", "--cached", "--others", "--exclude-standard", "--"}, paths...)...)
	list.Stderr = &stderr
	out, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("list the files: %w: %s", err, strings.TrimSpace(stderr.String()))
	}
	var found []finding
	files := strings.FieldsFunc(string(out), func(r rune) bool { return r == 0 })
	slices.Sort(files)
	for _, file := range slices.Compact(files) {
		if !isOurs(file) {
			continue
		}
		content, err := os.ReadFile(filepath.FromSlash(file))
		if errors.Is(err, os.ErrNotExist) {
			continue // deleted, and not yet committed
		} else if err != nil {
			return nil, fmt.Errorf("read a file: %w", err)
		}
		found = append(found, check(file, content)...)
	}
	return found, nil
}

var (
	data        = []string{".csv", ".gen.ts", ".patch", ".pem", ".sum", ".svg", ".txt", ".txtar"}
	translation = regexp.MustCompile(`(?:^|[/.])(?:de|es|fr|ru)[/.]`)
)

// isOurs reports whether a file has English that we wrote. Data, translations, licences and generated files do not.
func isOurs(file string) bool {
	for _, suffix := range data {
		if strings.HasSuffix(file, suffix) {
			return false
		}
	}
	return !strings.Contains("/"+file, "/testdata/") && !translation.MatchString(file) && path.Base(file) != "LICENSE" &&
		path.Base(file) != "package-lock.json"
}
