package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

func runNPM(ctx context.Context, flags *flag.FlagSet, args []string, _ io.Writer) error {
	list, err := parseWithAccepted(flags, args, -1)
	if err != nil {
		return err
	}
	directories := flags.Args()
	if len(directories) == 0 {
		if directories, err = withLock("."); err != nil {
			return err
		}
	}
	var found []finding
	for _, dir := range directories {
		more, err := npmAudit(ctx, dir)
		if err != nil {
			return fmt.Errorf("%s: %w", dir, err)
		}
		found = append(found, more...)
	}
	return judge("npm", found, list)
}

// withLock returns the directories below root that contain a package-lock.json, except those of installed packages.
func withLock(root string) ([]string, error) {
	var found []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != root && (entry.Name() == "node_modules" || strings.HasPrefix(entry.Name(), ".")):
			return filepath.SkipDir
		case entry.Name() == "package-lock.json":
			found = append(found, filepath.Dir(path))
		}
		return nil
	})
	if err == nil && len(found) == 0 {
		err = errors.New("there is no package-lock.json here: run it at the top of the repository")
	}
	return found, err
}

// lockFile has the fields that we need from a package-lock.json.
type lockFile struct {
	LockfileVersion int
	Packages        map[string]struct {
		Version, License string
		Dev              bool
	}
}

func readLock(path string) (lockFile, error) {
	var lock lockFile
	content, err := os.ReadFile(path)
	if err != nil {
		return lock, err
	}
	if err := json.Unmarshal(content, &lock); err != nil {
		return lock, fmt.Errorf("%s: %w", path, err)
	}
	if lock.LockfileVersion != 3 || len(lock.Packages) == 0 {
		return lock, fmt.Errorf("%s is not a lock file of version 3", path)
	}
	return lock, nil
}

// packageName returns the name of the package at a path such as node_modules/a/node_modules/@b/c.
func packageName(place string) string {
	return place[strings.LastIndex("/"+place, "/node_modules/")+len("node_modules/"):]
}

// npmReport has the fields that we need from the report of npm audit --json.
type npmReport struct {
	Message            string
	Error              *struct{ Summary, Detail string }
	AuditReportVersion int
	Vulnerabilities    map[string]struct {
		Via          []json.RawMessage
		Nodes        []string
		FixAvailable json.RawMessage
	}
	Metadata struct {
		Vulnerabilities struct{ Total *int }
		Dependencies    struct{ Total int }
	}
}

// npmAudit asks the registry about every package of a lock file, including development dependencies.
func npmAudit(ctx context.Context, dir string) ([]finding, error) {
	lock, err := readLock(filepath.Join(dir, "package-lock.json"))
	if err != nil {
		return nil, err
	}
	// The machine's settings must not hide vulnerabilities: npm reports none when it is offline or omits some dependencies.
	cmd := exec.CommandContext(ctx, "npm", "audit", "--json", "--package-lock-only", "--audit=true", "--offline=false",
		"--include=prod", "--include=dev", "--include=optional", "--include=peer", "--audit-level=info")
	var stdout, stderr bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &stdout, &stderr
	ran := cmd.Run() // exit status 1 means vulnerabilities or a failure
	if exit, ok := errors.AsType[*exec.ExitError](ran); ran != nil && !ok {
		return nil, fmt.Errorf("npm audit: %w", ran)
	} else if ok && exit.ExitCode() != 1 {
		return nil, fmt.Errorf("npm audit: %w: %s", ran, lastLine(stderr.String()))
	}
	return readNPMReport(stdout.Bytes(), stderr.String(), lock)
}

func readNPMReport(stdout []byte, stderr string, lock lockFile) ([]finding, error) {
	var report npmReport
	if err := json.Unmarshal(stdout, &report); err != nil {
		return nil, fmt.Errorf("npm audit printed no report: %s", lastLine(stderr))
	}
	total := report.Metadata.Vulnerabilities.Total
	switch {
	case report.Error != nil:
		return nil, fmt.Errorf("npm audit: unexpected answer of the registry: %s", lastLine(report.Error.Summary+"\n"+report.Message))
	case report.Message != "" || report.AuditReportVersion != 2 || total == nil:
		return nil, fmt.Errorf("npm audit: unexpected answer of the registry: %s", lastLine(stderr+"\n"+report.Message))
	case report.Metadata.Dependencies.Total == 0:
		return nil, errors.New("npm audit checked no package")
	case *total != len(report.Vulnerabilities):
		return nil, fmt.Errorf("npm audit counts %d vulnerable packages, but names %d", *total, len(report.Vulnerabilities))
	}
	found := report.findings(lock)
	if *total > 0 && len(found) == 0 {
		return nil, errors.New("npm audit names vulnerable packages without an advisory")
	}
	slices.SortFunc(found, func(a, b finding) int { return strings.Compare(a.module+a.ids[0], b.module+b.ids[0]) })
	return found, nil
}

// findings lists every advisory of every package.
func (r *npmReport) findings(lock lockFile) (found []finding) {
	for name, v := range r.Vulnerabilities {
		for _, raw := range v.Via {
			var advisory struct{ Title, URL, Severity, Range string }
			if json.Unmarshal(raw, &advisory) != nil {
				continue // the name of a dependency, which has its own entry
			}
			f := finding{ids: []string{path.Base(advisory.URL)}, module: name, summary: advisory.Title}
			f.version, f.where = lock.use(v.Nodes)
			if f.fixed = "a version outside " + advisory.Range; string(v.FixAvailable) == "false" {
				f.fixed = ""
			}
			found = append(found, f)
		}
	}
	return found
}

// use returns the version of the package in these folders, and whether only development needs it.
func (l lockFile) use(folders []string) (version, where string) {
	where = "needed for development alone"
	for _, folder := range folders {
		p := l.Packages[folder]
		version = p.Version
		if !p.Dev {
			where = "bundled or run"
		}
	}
	return version, where
}

// lastLine returns the last line that is not blank.
func lastLine(said string) string {
	lines := strings.FieldsFunc(said, func(r rune) bool { return r == '\n' || r == '\r' })
	for _, line := range slices.Backward(lines) {
		if line = strings.TrimSpace(line); line != "" {
			return line
		}
	}
	return "no reason given"
}
