package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

const noticesHead = `The programs of VaultSphere and its page contain the work of others. These are their licences and notices.
"make notices" writes this file, from what is linked and bundled.

The word list for passphrases is the EFF's long list (https://www.eff.org/dice),
CC BY 3.0 US (https://creativecommons.org/licenses/by/3.0/us/).
`

// noticeFile matches the files that Apache-2.0 requires to be passed on with the licence.
var noticeFile = regexp.MustCompile(`(?i)^notice(\.(txt|md))?$`)

func runNotices(ctx context.Context, flags *flag.FlagSet, args []string, _ io.Writer) error {
	_, linkedBy := linkedFlags(flags)
	locks := flags.String("npm", "", "package-lock.json `files` of bundled packages, separated by spaces; the packages must be installed beside them")
	file := flags.String("file", "", "`file` to write")
	check := flags.Bool("check", false, "fail if the file would change, instead of writing it")
	if err := parse(flags, args, -1); err != nil {
		return err
	}
	if *file == "" {
		fmt.Fprintln(flags.Output(), "audit notices: error: -file is missing")
		return errUsage
	}
	linked, err := linkedBy(ctx)
	if err != nil {
		return err
	}
	all := notices{}
	for _, name := range slices.Sorted(maps.Keys(linked)) {
		if err := all.addModule(name, linked[name]); err != nil {
			return err
		}
	}
	for lock := range strings.FieldsSeq(*locks) {
		if err := all.addLock(lock); err != nil {
			return err
		}
	}
	if !*check {
		return os.WriteFile(*file, all.bytes(), 0o644) //nolint:gosec // a public file
	}
	have, err := os.ReadFile(*file)
	if err != nil {
		return err
	}
	if !bytes.Equal(have, all.bytes()) {
		return fmt.Errorf("%s is out of date: make notices", *file)
	}
	return nil
}

// notices maps each text to the packages that it belongs to, without versions, because a new version seldom changes its licence.
type notices map[string][]string

func (n notices) addModule(name string, m *module) error {
	paths, err := m.licences(name)
	if err != nil {
		return err
	}
	for dir := range m.packages {
		more, err := m.files(dir, noticeFile)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		paths = append(paths, more...)
	}
	slices.Sort(paths)
	return n.add(m.path, m.dir, slices.Compact(paths))
}

// addLock adds the packages of a lock file except development dependencies.
func (n notices) addLock(path string) error {
	lock, err := readLock(path)
	if err != nil {
		return err
	}
	for _, place := range slices.Sorted(maps.Keys(lock.Packages)) {
		if place == "" || lock.Packages[place].Dev {
			continue
		}
		name, dir := packageName(place), filepath.Join(filepath.Dir(path), filepath.FromSlash(place))
		licences, err := filesOf(dir, licenceFile)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if len(licences) == 0 {
			return fmt.Errorf("%s: %s has no licence file, so nothing allows us to bundle it", path, name)
		}
		more, err := filesOf(dir, noticeFile)
		if err := errors.Join(err, n.add("npm: "+name, dir, append(licences, more...))); err != nil {
			return err
		}
	}
	return nil
}

func (n notices) add(name, dir string, paths []string) error {
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		shown, err := filepath.Rel(dir, path)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		var lines []string
		for line := range strings.Lines(string(content)) {
			lines = append(lines, strings.TrimRight(line, " \t\r\n"))
		}
		text := strings.Trim(strings.Join(lines, "\n"), "\n")
		n[text] = append(n[text], fmt.Sprintf("%s (%s)", name, filepath.ToSlash(shown)))
	}
	return nil
}

// bytes returns the content of the file, sorted by packages.
func (n notices) bytes() []byte {
	texts := slices.SortedFunc(maps.Keys(n), func(a, b string) int { return slices.Compare(n[a], n[b]) })
	out := bytes.NewBufferString(noticesHead)
	for _, text := range texts {
		fmt.Fprintf(out, "\n%s\n%s\n\n%s\n", strings.Repeat("=", 80), strings.Join(n[text], "\n"), text)
	}
	return out.Bytes()
}
