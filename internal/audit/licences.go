package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/google/licensecheck"
)

// ours is the SPDX identifier of this repository's licence.
const ours = "Apache-2.0"

// allowed lists the SPDX identifiers of licences that we may link under our licence.
var allowed = map[string]string{
	"0BSD":         "permissive",
	ours:           "our own",
	"BSD-2-Clause": "permissive",
	"BSD-3-Clause": "permissive",
	"ISC":          "permissive",
	"MIT":          "permissive",
	"MPL-2.0":      "copyleft only for its files, which we do not change",
	"Unlicense":    "public domain",
}

// reviewed lists licence files that licensecheck does not know but a person has read, by the SHA-256 of their text. If a text
// changes, a person must read it again.
var reviewed = map[string]string{
	"5ae5bee3072a841376451b48d8cfcec7188e10543926d5870828d36c8a750dc5": "modernc.org/memory: where the picture in its README is from",
	"8438c9c89b849131ead81d5435cb97fcf052df5b0b286dda8a2d4c29e6cb3fd0": "modernc.org/sqlite: SQLite is in the public domain",
	"a1d1adec3ba691ef6e377a78bbe9e9e2501f2f4a1723d08857da1ac6564e4fed": "github.com/opencontainers/go-digest: LICENSE.docs is for its documents alone",
	"f4a00ade8f4057ab0ea49097d9c459df8559fcf10ca78da0c950343fb7428d37": "modernc.org/sqlite: what it links is MIT, BSD-3-Clause and public domain",
	"f597097efe3d97021f89170746bd3a0fb9a8b6fb26b82043ed68a4e0283bee6c": "modernc.org/libc: Go, musl, go-netdb and nixpkgs, BSD-3-Clause and MIT",
}

// leastKnown is the percentage of a licence file that must be known text. The rest are copyright lines and headings.
const leastKnown = 75

var licenceFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|unlicense)([-._].*)?$`)

func runLicences(ctx context.Context, flags *flag.FlagSet, args []string, _ io.Writer) error {
	directory, linkedBy := linkedFlags(flags)
	locks := flags.String("npm", "", "package-lock.json `files` of bundled packages, separated by spaces")
	if err := parse(flags, args, -1); err != nil {
		return err
	}
	linked, err := linkedBy(ctx)
	if err != nil {
		return err
	}
	errs := []error{checkOurs(filepath.Join(*directory, "LICENSE"))}
	for _, name := range slices.Sorted(maps.Keys(linked)) {
		errs = append(errs, linked[name].check(name))
	}
	if *locks != "" {
		for lock := range strings.FieldsSeq(*locks) {
			errs = append(errs, checkLock(lock))
		}
	}
	return errors.Join(errs...)
}

// linkedFlags adds the flags for the module's directory and its programs. Call linked after they are parsed.
func linkedFlags(flags *flag.FlagSet) (directory *string, linked func(context.Context) (map[string]*module, error)) {
	directory = flags.String("C", ".", "`directory` of the module")
	wasm := flags.String("wasm", "", "`packages` for js/wasm, separated by spaces")
	return directory, func(ctx context.Context) (map[string]*module, error) {
		packages := flags.Args()
		if len(packages) == 0 {
			packages = []string{"./..."}
		}
		return linkedModules(ctx, *directory, packages, strings.Fields(*wasm))
	}
}

// checkOurs checks that the file is exactly the text of our licence.
func checkOurs(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	covered := licensecheck.Scan(text)
	if len(covered.Match) != 1 || covered.Match[0].ID != ours || covered.Match[0].IsURL || covered.Percent < 100 {
		return fmt.Errorf("%s is not the text of %s", path, ours)
	}
	return nil
}

// module is a module with linked packages.
type module struct {
	path, dir string
	packages  map[string]bool // by directory
}

// linkedModules returns the modules that packages links on any platform and that wasm links in a browser, by name and version.
func linkedModules(ctx context.Context, directory string, packages, wasm []string) (map[string]*module, error) {
	linked := map[string]*module{}
	for _, platform := range []string{"linux/amd64", "linux/arm64", "darwin/arm64", "windows/amd64"} {
		if err := addLinked(ctx, linked, directory, platform, packages); err != nil {
			return nil, err
		}
	}
	if len(wasm) > 0 {
		if err := addLinked(ctx, linked, directory, "js/wasm", wasm); err != nil {
			return nil, err
		}
	}
	return linked, nil
}

// addLinked adds the modules that the packages link on a platform. The standard library counts as a module.
func addLinked(ctx context.Context, linked map[string]*module, directory, platform string, packages []string) error {
	system, processor, _ := strings.Cut(platform, "/")
	cmd := exec.CommandContext(ctx, "go", append([]string{"list", "-deps", "-json=ImportPath,Dir,Root,Standard,Module"}, packages...)...)
	cmd.Dir = directory
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system, "GOARCH="+processor)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	content, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("go list for %s: %w: %s", platform, err, strings.Join(strings.Fields(stderr.String()), " "))
	}
	for d := json.NewDecoder(bytes.NewReader(content)); ; {
		var p struct {
			ImportPath, Dir, Root string
			Standard              bool
			Module                *struct {
				Path, Version, Dir string
				Main               bool
			}
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("read the output of go list for %s: %w", platform, err)
		}
		var name, path, dir string
		switch {
		case p.ImportPath == "unsafe":
			continue
		case p.Standard:
			// The licence in GOROOT covers all packages.
			path, dir, p.Dir = "Go's standard library", p.Root, p.Root
			name = path
		case p.Module == nil:
			return fmt.Errorf("%s belongs to no module, so its licence is unknown", p.ImportPath)
		case p.Module.Main:
			continue
		default:
			path, dir = p.Module.Path, p.Module.Dir
			name = strings.TrimSpace(path + " " + p.Module.Version)
		}
		if linked[name] == nil {
			linked[name] = &module{path: path, dir: dir, packages: map[string]bool{}}
		}
		linked[name].packages[p.Dir] = true
	}
}

// check checks the licence files from each linked package's directory up to the module's root.
func (m *module) check(name string) error {
	paths, err := m.licences(name)
	if err != nil {
		return err
	}
	var errs []error
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		shown, err := filepath.Rel(m.dir, path)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if problem := licenceProblem(content); problem != "" {
			errs = append(errs, fmt.Errorf("%s: %s %s", name, filepath.ToSlash(shown), problem))
		}
	}
	return errors.Join(errs...)
}

// licences lists the licence files of all linked packages. Each package must have one, in its directory or above.
func (m *module) licences(name string) ([]string, error) {
	texts := map[string]bool{}
	for dir := range m.packages {
		paths, err := m.files(dir, licenceFile)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if len(paths) == 0 {
			return nil, fmt.Errorf("%s has no licence file, so nothing allows us to link it", name)
		}
		for _, path := range paths {
			texts[path] = true
		}
	}
	return slices.Sorted(maps.Keys(texts)), nil
}

// files lists the files with matching names in a package's directory and in each directory above it in the module.
func (m *module) files(dir string, names *regexp.Regexp) (paths []string, err error) {
	for ; ; dir = filepath.Dir(dir) {
		found, err := filesOf(dir, names)
		if err != nil {
			return nil, err
		}
		paths = append(paths, found...)
		if dir == m.dir || len(dir) <= len(m.dir) {
			return paths, nil
		}
	}
}

func filesOf(dir string, names *regexp.Regexp) (paths []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if e.Type().IsRegular() && names.MatchString(e.Name()) && filepath.Ext(e.Name()) != ".go" {
			paths = append(paths, filepath.Join(dir, e.Name()))
		}
	}
	return paths, nil
}

// licenceProblem says what is wrong with the text of a licence file, or "".
func licenceProblem(text []byte) string {
	if _, ok := reviewed[fmt.Sprintf("%x", sha256.Sum256(text))]; ok {
		return ""
	}
	covered := licensecheck.Scan(text)
	for _, match := range covered.Match {
		if _, ok := allowed[match.ID]; !ok {
			return fmt.Sprintf("says %s, which is not a known licence that is compatible with Apache-2.0", match.ID)
		}
	}
	if len(covered.Match) == 0 || covered.Percent < leastKnown {
		first, _, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
		return fmt.Sprintf("is not a licence that is known here (it begins with %.60q): read it, and if it suits Apache-2.0 add it to internal/audit/licences.go", strings.TrimSpace(first))
	}
	return ""
}

// checkLock checks the licence field of our package in a package-lock.json, and of each package except development
// dependencies.
func checkLock(path string) error {
	lock, err := readLock(path)
	if err != nil {
		return err
	}
	var errs []error
	for _, place := range slices.Sorted(maps.Keys(lock.Packages)) {
		p := lock.Packages[place]
		switch {
		case place == "" && p.License != ours:
			errs = append(errs, fmt.Errorf("%s has licence %q, want %s, our licence", path, p.License, ours))
		case place == "" || p.Dev:
		case p.License == "":
			errs = append(errs, fmt.Errorf("%s: %s %s names no licence, so nothing allows us to bundle it", path, packageName(place), p.Version))
		case !suits(p.License):
			errs = append(errs, fmt.Errorf("%s: %s %s says %s, which is not a known licence that is compatible with Apache-2.0",
				path, packageName(place), p.Version, p.License))
		}
	}
	return errors.Join(errs...)
}

// suits reports whether an SPDX expression without exceptions offers an allowed licence.
func suits(expression string) bool {
	expression = strings.TrimSpace(expression)
	if inner, ok := strings.CutPrefix(expression, "("); ok && strings.IndexByte(inner, ')') == len(inner)-1 {
		expression = inner[:len(inner)-1]
	}
	if strings.ContainsAny(expression, "()") {
		return false // no dependency needs parentheses yet
	}
	for choice := range strings.SplitSeq(expression, " OR ") {
		all := true
		for id := range strings.SplitSeq(choice, " AND ") {
			if _, ok := allowed[strings.TrimSpace(id)]; !ok {
				all = false
			}
		}
		if all {
			return true
		}
	}
	return false
}
