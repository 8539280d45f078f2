//go:build integration

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/internal/testenv/emulator"
	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
)

// region is the region in docs/operations.md.
const region = "eu-central-1"

// engineer has a checkout and an account, and runs the commands of docs/operations.md.
type engineer struct {
	t   *testing.T
	dir string
	env []string
	// path is PATH in env.
	path string
	walk *walk
}

func newEngineer(t *testing.T) *engineer {
	emulator.Reset(t)
	// The checkout below consists of links, and npm does not install into a linked folder.
	if out, err := exec.Command("make", "-C", "..", "infra/node_modules/.package-lock.json").CombinedOutput(); err != nil {
		t.Fatalf("install the CDK CLI: %v: %s", err, out)
	}
	e := newTerminal(t)
	e.walk = newWalk(t, "From an empty account to a running platform")
	for _, name := range []string{"Makefile", "go.mod", "go.sum", "app", "infra"} {
		e.link(name)
	}
	// A real folder: scripts find the checkout beside their own folder.
	must(t, os.Mkdir(filepath.Join(e.dir, "scripts"), 0o755))
	entries, err := os.ReadDir("../scripts")
	must(t, err)
	for _, entry := range entries {
		e.link(filepath.Join("scripts", entry.Name()))
	}
	// Copies, because the CDK writes lookups beside its file.
	for _, name := range []string{"cdk.json", ".gitignore"} {
		content, err := os.ReadFile(filepath.Join("..", name))
		must(t, err)
		must(t, os.WriteFile(filepath.Join(e.dir, name), content, 0o644))
	}
	e.options(nil)
	for _, command := range []string{"init --quiet", "config user.name engineer", "config user.email engineer@example.org", "add .",
		"commit --quiet --message checkout"} {
		e.do("git", strings.Fields(command)...)
	}
	return e
}

// newTerminal returns an engineer in an empty folder, with the AWS CLI.
func newTerminal(t *testing.T) *engineer {
	t.Helper()
	e := &engineer{t: t, dir: t.TempDir(), env: emulator.Env(t)}
	program, err := exec.Command("../scripts/python-tool.sh", "path", "aws").Output()
	if err != nil {
		t.Fatalf("find the AWS CLI: %v: scripts/python-tool.sh install aws", err)
	}
	bin := t.TempDir()
	must(t, os.Symlink(strings.TrimSpace(string(program)), filepath.Join(bin, "aws")))
	e.path = bin + ":" + os.Getenv("PATH")
	e.env = append(e.env, "PATH="+e.path, "VERSION=test", "XDG_STATE_HOME="+t.TempDir(),
		"AWS_REGION="+region, "AWS_DEFAULT_REGION="+region, "GIT_CONFIG_GLOBAL=/dev/null")
	return e
}

// link adds a file or folder of this checkout to the engineer's.
func (e *engineer) link(name string) {
	e.t.Helper()
	path, err := filepath.Abs(filepath.Join("..", name))
	must(e.t, err)
	must(e.t, os.Symlink(path, filepath.Join(e.dir, name)))
}

// options writes platform.json.
func (e *engineer) options(values map[string]any) {
	e.t.Helper()
	content, err := json.MarshalIndent(values, "", "  ")
	must(e.t, err)
	if values == nil {
		content = []byte("{}")
	}
	must(e.t, os.WriteFile(filepath.Join(e.dir, optionsFile), append(content, '\n'), 0o644))
}

// with changes some options: while run executes, or permanently if run is nil.
func (e *engineer) with(changes map[string]any, run func()) {
	e.t.Helper()
	before, err := readOptions(filepath.Join(e.dir, optionsFile))
	must(e.t, err)
	after := maps.Clone(before)
	maps.Copy(after, changes)
	e.options(after)
	if run != nil {
		run()
		e.options(before)
	}
}

// at returns the engineer for a subtest.
func (e *engineer) at(t *testing.T) *engineer {
	inSubtest := *e
	inSubtest.t = t
	return &inSubtest
}

func (e *engineer) try(name string, args ...string) (output string, code int) {
	e.t.Helper()
	cmd := exec.CommandContext(e.t.Context(), name, args...)
	cmd.Dir, cmd.Env = e.dir, e.env
	out, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		e.t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

func (e *engineer) do(name string, args ...string) string {
	e.t.Helper()
	out, code := e.try(name, args...)
	if code != 0 {
		e.t.Fatalf("%s %s: exit %d: %s", name, strings.Join(args, " "), code, out)
	}
	return out
}

// read returns the standard output alone: on standard error, SDKs log warnings about connections.
func (e *engineer) read(name string, args ...string) string {
	e.t.Helper()
	cmd := exec.CommandContext(e.t.Context(), name, args...)
	cmd.Dir, cmd.Env = e.dir, e.env
	var problems bytes.Buffer
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil {
		e.t.Fatalf("%s %s: %v: %s", name, strings.Join(args, " "), err, &problems)
	}
	return string(out)
}

// aws runs an AWS CLI command and returns its text output with single spaces.
func (e *engineer) aws(command, query string) string {
	e.t.Helper()
	out := e.read("aws", append(strings.Fields(command), "--output", "text", "--query", query)...)
	var lines []string
	for line := range strings.Lines(out) {
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	return strings.Join(lines, "\n")
}

func (e *engineer) stacks() string {
	e.t.Helper()
	return e.aws("cloudformation describe-stacks", "sort(Stacks[?starts_with(StackName, 'PasswordManager-')].StackName)")
}

func (e *engineer) parameters() map[string]string { e.t.Helper(); return e.parametersOf("") }

// parametersOf returns the SSM parameters of a deployment.
func (e *engineer) parametersOf(d names.Deployment) map[string]string {
	e.t.Helper()
	path := d.Name(names.ParameterPath)
	var found []struct{ Name, Value string }
	out := e.do("aws", "ssm", "get-parameters-by-path", "--path", path, "--with-decryption",
		"--query", "Parameters[].{Name: Name, Value: Value}")
	if err := json.Unmarshal([]byte(out), &found); err != nil {
		e.t.Fatalf("%v: %s", err, out)
	}
	values := map[string]string{}
	for _, p := range found {
		values[strings.TrimPrefix(p.Name, path)] = p.Value
	}
	return values
}

func (e *engineer) events() string {
	e.t.Helper()
	var lines []string
	for _, stack := range strings.Fields(e.stacks()) {
		lines = append(lines, e.aws("cloudformation describe-stack-events --stack-name "+stack, "length(StackEvents)"))
	}
	return strings.Join(lines, " ")
}

// vault runs the server with only the settings in SSM, as a host does, and passes its URL to use.
func (e *engineer) vault(use func(url string)) { e.t.Helper(); e.vaultOf("", use) }

// vaultOf is vault for a deployment.
func (e *engineer) vaultOf(d names.Deployment, use func(url string)) {
	e.t.Helper()
	cmd := exec.CommandContext(e.t.Context(), filepath.Join(e.dir, "bin", "vaultsphered"))
	cmd.Dir = e.t.TempDir()
	cmd.Env = []string{"LISTEN_ADDR=127.0.0.1:0", "METRICS_ADDR=off", "DYNAMODB_ENDPOINT=" + emulator.Endpoint(e.t)}
	for name, value := range e.parametersOf(d) {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	var log strings.Builder
	cmd.Stderr = &log
	stdout, err := cmd.StdoutPipe()
	must(e.t, err)
	must(e.t, cmd.Start())
	defer func() {
		must(e.t, cmd.Process.Signal(os.Interrupt))
		if err := cmd.Wait(); err != nil {
			e.t.Errorf("the server: %v: %s", err, &log)
		}
	}()
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		e.t.Fatalf("the server did not start: %s", &log)
	}
	_, rest, _ := strings.Cut(line, "serving ")
	url, _, _ := strings.Cut(rest, ",")
	use(url)
}

// client runs vaultsphere as the only user of the vault.
func (e *engineer) client(url, stdin string, args ...string) string {
	e.t.Helper()
	cmd := exec.CommandContext(e.t.Context(), filepath.Join(e.dir, "bin", "vaultsphere"), append([]string{"--server", url}, args...)...)
	cmd.Dir, cmd.Env, cmd.Stdin = e.dir, e.env, strings.NewReader(stdin)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		e.t.Fatalf("vaultsphere %s: %v: %s", strings.Join(args, " "), err, &stderr)
	}
	return string(out)
}
