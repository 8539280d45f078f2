package jenkins_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
)

// renovate holds the parts of renovate.json that decide which pins it finds.
type renovate struct {
	EnabledManagers []string        `json:"enabledManagers"`
	CustomManagers  []customManager `json:"customManagers"`
	PipCompile      struct {
		ManagerFilePatterns []string `json:"managerFilePatterns"`
	} `json:"pip-compile"`
	PackageRules []struct {
		MatchFileNames []string `json:"matchFileNames"`
	} `json:"packageRules"`
}

type customManager struct {
	CustomType          string   `json:"customType"`
	ManagerFilePatterns []string `json:"managerFilePatterns"`
	MatchStrings        []string `json:"matchStrings"`
	DatasourceTemplate  string   `json:"datasourceTemplate"`
	DepNameTemplate     string   `json:"depNameTemplate"`
}

// builtIn lists the managers' default patterns of file names, from Renovate's documentation, and the lines whose pins they update.
var builtIn = map[string]struct{ file, line string }{
	"gomod":          {`(^|/)go\.mod$`, `.`},
	"npm":            {`(^|/)package\.json$`, `.`},
	"maven":          {`(^|/)pom\.xml$`, `.`},
	"jenkins":        {`(^|/)plugins\.(txt|ya?ml)$`, `.`},
	"dockerfile":     {`(^|/|\.)([Dd]ocker|[Cc]ontainer)file$`, `^(ARG \w+_IMAGE=|FROM )`},
	"docker-compose": {`(^|/)(?:docker-)?compose[^/]*\.ya?ml$`, `^\s*image:`},
}

// manual lists pins that Renovate cannot update, with the reason.
var manual = map[string]string{
	"VULNDB_VERSION": "Renovate updates versions without a tag only in go.mod",
}

// pins match exact versions of downloads.
var pins = []*regexp.Regexp{
	regexp.MustCompile(`(?i)\w*version\w*\s*[:?]?=+\s*["']?v?\d+\.\d+\.\d+`),
	regexp.MustCompile(`(?i)image\S*[:=-]\s*[a-z0-9./-]+:v?\d+(\.\d+)+`),
	regexp.MustCompile(`^\s*\w+=["']?v?\d+\.\d+\.\d+[\w.-]*["']?$`),
	regexp.MustCompile(`go (install|run) \S+@v\d`),
	regexp.MustCompile(`\b[a-z]\w*(\.\w+)+:[a-z][a-z0-9.-]*:\d+(\.\d+)+`), // Maven's coordinates
}

func tracked(t *testing.T) []string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "git", "-C", "..", "ls-files", "-z").Output()
	if err != nil {
		t.Fatalf("git: %v", err)
	}
	return strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
}

// pattern parses a regular expression between slashes.
func pattern(t *testing.T, text string) *regexp.Regexp {
	t.Helper()
	inner, ok := strings.CutPrefix(text, "/")
	if !ok || !strings.HasSuffix(inner, "/") {
		t.Fatalf("%q is not a regular expression between slashes", text)
	}
	return regexp.MustCompile(strings.TrimSuffix(inner, "/"))
}

func TestRenovateFindsEveryPin(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("../renovate.json")
	if err != nil {
		t.Fatal(err)
	}
	var config renovate
	if err := json.Unmarshal(content, &config); err != nil {
		t.Fatal(err)
	}
	files := tracked(t)
	found := map[string]map[int]bool{} // lines with a version that a manager finds, by file
	take := func(file string, line int) {
		if found[file] == nil {
			found[file] = map[int]bool{}
		}
		found[file][line] = true
	}
	text := func(file string) []byte {
		content, err := os.ReadFile(filepath.Join("..", file))
		if err != nil {
			t.Fatal(err)
		}
		return content
	}
	for name, manager := range builtIn {
		if !slices.Contains(config.EnabledManagers, name) {
			t.Errorf("renovate.json does not enable %s", name)
			continue
		}
		ofManager, withPin, exists := regexp.MustCompile(manager.file), regexp.MustCompile(manager.line), false
		for _, file := range files {
			if !ofManager.MatchString(file) {
				continue
			}
			exists = true
			for i, line := range strings.Split(string(text(file)), "\n") {
				if withPin.MatchString(line) {
					take(file, i)
				}
			}
		}
		if !exists {
			t.Errorf("renovate.json enables %s, but there is no file for it", name)
		}
	}
	var matched []string
	for _, manager := range config.CustomManagers {
		for _, match := range manager.MatchStrings {
			expression := regexp.MustCompile(match)
			value := expression.SubexpIndex("currentValue")
			if manager.CustomType != "regex" || value < 0 || manager.DatasourceTemplate == "" ||
				manager.DepNameTemplate == "" && expression.SubexpIndex("depName") < 0 {
				t.Errorf("%q lacks a group or a template", match)
				continue
			}
			before := len(matched)
			for _, file := range files {
				if !slices.ContainsFunc(manager.ManagerFilePatterns, func(p string) bool { return pattern(t, p).MatchString(file) }) {
					continue
				}
				content := text(file)
				for _, at := range expression.FindAllSubmatchIndex(content, -1) {
					take(file, bytes.Count(content[:at[2*value]], []byte("\n")))
					matched = append(matched, file)
				}
			}
			if len(matched) == before {
				t.Errorf("%q of renovate.json finds nothing", match)
			}
		}
	}
	locks := 0
	for _, file := range files {
		if slices.ContainsFunc(config.PipCompile.ManagerFilePatterns, func(p string) bool { return pattern(t, p).MatchString(file) }) {
			locks++
		} else if strings.HasSuffix(file, ".in") && strings.HasPrefix(file, "scripts/python/") {
			locks-- // each has a lock file
		}
		if skipped.MatchString(file) {
			continue
		}
		for i, line := range strings.Split(string(text(file)), "\n") {
			if !slices.ContainsFunc(pins, func(p *regexp.Regexp) bool { return p.MatchString(line) }) || found[file][i] {
				continue
			}
			name, _, _ := strings.Cut(strings.TrimSpace(line), " ")
			if manual[name] == "" {
				t.Errorf("%s:%d: renovate.json does not find the version in %q", file, i+1, line)
			}
		}
	}
	if locks != 0 {
		t.Errorf("renovate.json finds %+d lock files of scripts/python more than there are", locks)
	}
	for _, rule := range config.PackageRules {
		for _, file := range rule.MatchFileNames {
			if !slices.Contains(files, file) {
				t.Errorf("renovate.json has a rule for %s, which does not exist", file)
			}
		}
	}
	// The most important pins, in case the patterns above miss them.
	for file, want := range map[string]string{
		"Dockerfile": "ARG GO_IMAGE=", "jenkins/Dockerfile": "ARG JENKINS_IMAGE=", "docker-compose.yml": "image: public.ecr.aws/docker/library/caddy:",
		"jenkins/docker-compose.yml": "image: sonarqube:", "go.mod": "toolchain go", "infra/userdata.go": "composeVersion =",
		"jenkins/session-manager-plugin/go.mod": "github.com/aws/session-manager-plugin v", "Makefile": "GOLANGCI_VERSION",
	} {
		i := slices.IndexFunc(strings.Split(string(text(file)), "\n"), func(line string) bool { return strings.Contains(line, want) })
		if i < 0 || !found[file][i] {
			t.Errorf("renovate.json does not find %s in %s", want, file)
		}
	}
}

// skipped matches files whose versions are examples, results or managed elsewhere.
var skipped = regexp.MustCompile(`(^|/)testdata/|_test\.go$|\.(md|sum|png|kdbx|1pux|ttf|woff2?|svg)$|package-lock\.json$|(^|/)node_modules/|^scripts/python/|^renovate\.json$|\.test\.(mjs|ts)$`)
