//go:build integration

package scripts_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/compose-spec/compose-go/v2/dotenv"

	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/internal/testenv/emulator"
	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
	"github.com/vaultsphere/vaultsphere/internal/testenv/executables"
)

const oldEnv = "PORT='1'\n"

// home creates a host's directory with an old .env.
func home(t *testing.T) string {
	t.Helper()
	directory := t.TempDir()
	file := filepath.Join(directory, ".env")
	if err := os.WriteFile(file, []byte(oldEnv), 0o600); err != nil {
		t.Fatal(err)
	}
	// No new file has this mode, so it identifies the old file.
	if err := os.Chmod(file, 0o640); err != nil {
		t.Fatal(err)
	}
	return directory
}

func fetch(t *testing.T, directory string, env []string, arguments ...string) (status int, said string) {
	t.Helper()
	return run(t, append(env, "HOME_DIRECTORY="+directory), exec.Command("./fetch-env.sh", arguments...))
}

// alone checks that the directory contains only .env, with this mode, and returns its content.
func alone(t *testing.T, directory string, mode os.FileMode) string {
	t.Helper()
	entries, err := os.ReadDir(directory)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 1 || entries[0].Name() != ".env" {
		t.Errorf("the directory contains %v", entries)
	}
	info, err := os.Stat(filepath.Join(directory, ".env"))
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode() != mode {
		t.Errorf(".env has mode %v", info.Mode())
	}
	content, err := os.ReadFile(filepath.Join(directory, ".env"))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func untouched(t *testing.T, directory string) {
	t.Helper()
	if content := alone(t, directory, 0o640); content != oldEnv {
		t.Errorf(".env is %q", content)
	}
}

// fetched returns the variables that Compose reads from the new .env.
func fetched(t *testing.T, directory string) map[string]string {
	t.Helper()
	// Compose expands variables in values from the environment.
	lookup := func(string) (string, bool) { return "from the environment", true }
	read, err := dotenv.ParseWithLookup(strings.NewReader(alone(t, directory, 0o600)), lookup)
	if err != nil {
		t.Fatal(err)
	}
	return read
}

// tables are required if the store is DynamoDB.
var tables = map[string]string{
	names.EnvUsersTable: names.UsersTable, names.EnvAccountsTable: names.AccountsTable,
	names.EnvPasswordsTable: names.PasswordsTable, names.EnvSessionsTable: names.SessionsTable,
	names.EnvVaultsTable: names.VaultsTable, names.EnvEventsTable: names.EventsTable,
}

// settings returns all required settings plus the given ones.
func settings(more map[string]string) map[string]string {
	all := map[string]string{
		names.EnvAWSRegion: emulator.Region, names.EnvPort: "5001", names.EnvStore: names.StoreDynamoDB,
		names.EnvSessionSecret: "c2VjcmV0=", names.SiteAddress: "vault.example.com",
	}
	maps.Copy(all, tables)
	maps.Copy(all, more)
	return all
}

// publish replaces the parameters of the deployment with these values, as SecureStrings.
func publish(t *testing.T, values map[string]string) {
	t.Helper()
	c := client(t, emulator.Region)
	pages := ssm.NewGetParametersByPathPaginator(c, &ssm.GetParametersByPathInput{Path: aws.String(names.ParameterPath), Recursive: aws.Bool(true)})
	// Pages are offsets into the current list, so delete nothing before reading the last one.
	var old []types.Parameter
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		old = append(old, page.Parameters...)
	}
	for _, p := range old {
		_, err := c.DeleteParameter(t.Context(), &ssm.DeleteParameterInput{Name: p.Name})
		// If an answer is lost, the client repeats the request, but the first one may have succeeded.
		if _, gone := errors.AsType[*types.ParameterNotFound](err); err != nil && !gone {
			t.Fatal(err)
		}
	}
	for name, value := range values {
		_, err := c.PutParameter(t.Context(), &ssm.PutParameterInput{
			Name: aws.String(names.ParameterPath + name), Value: aws.String(value), Type: types.ParameterTypeSecureString,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// page returns an answer of GetParametersByPath. Without a token, it is the last page.
func page(t *testing.T, values map[string]string, token string) string {
	t.Helper()
	answer := map[string]any{}
	if token != "" {
		answer["NextToken"] = token
	}
	parameters := []map[string]string{}
	for name, value := range values {
		parameters = append(parameters, map[string]string{"Name": names.ParameterPath + name, "Value": value, "Type": "SecureString"})
	}
	answer["Parameters"] = parameters
	text, err := json.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func said(t *testing.T, pages ...string) string {
	t.Helper()
	return answers(t, map[string][]string{"GetParametersByPath": pages})
}

var awkward = []string{
	"$HOME ${HOME} $$ $${x} \\$x \\\\$y", "it's", `'`, `''`, `\`, `\\`, `\'`, `\\'`, `a\`, `'\`, `"`, `\"`, `"quoted"`, `\n\t\0101\x41`, "# not a comment",
	"a #b", "a=b==", "=", " both ends ", "\ttab\t", "Zürich 🔑 \u0085\u00a0\u2028", "`id` $(id) !! * ~ ; & | < >", "%s{{.}}", "'$x", `"$x'\`, "export A=b",
}

func TestFetchEnvReadsAllPagesExactly(t *testing.T) {
	want := settings(nil)
	for i, value := range awkward {
		want[fmt.Sprintf("VALUE_%d", i)] = value
	}
	publish(t, want)
	// Without a locale, as in a systemd unit, Python uses UTF-8. The second case simulates a locale with another encoding.
	for _, locale := range [][]string{{"LC_ALL=", "LANG="}, {"LC_ALL=C", "PYTHONCOERCECLOCALE=0", "PYTHONUTF8=0"}} {
		directory := home(t)
		if status, said := fetch(t, directory, environment(t, locale...)); status != 0 || said != "" {
			t.Fatalf("exit %d: %s", status, said)
		}
		if read := fetched(t, directory); !maps.Equal(read, want) {
			for name, value := range want {
				if read[name] != value {
					t.Errorf("%s is %q, want %q", name, read[name], value)
				}
			}
			t.Errorf("there are %d variables, want %d", len(read), len(want))
		}
	}
}

// All mixes are in one answer, because every run of the script costs time.
func TestFetchEnvQuotesEveryMixOfMarks(t *testing.T) {
	want := settings(nil)
	marks := []string{`\`, `'`, `"`, `$`, `{a}`, " #"}
	mixes := []string{""}
	for range 3 {
		for _, mix := range slices.Clone(mixes) {
			for _, mark := range marks {
				mixes = append(mixes, mix+mark)
			}
		}
	}
	for i, mix := range mixes {
		want[fmt.Sprintf("VALUE_%d", i)] = mix
	}
	directory := home(t)
	if status, said := fetch(t, directory, environment(t, said(t, page(t, want, "")))); status != 0 || said != "" {
		t.Fatalf("exit %d: %s", status, said)
	}
	read := fetched(t, directory)
	for name, value := range want {
		if got, ok := read[name]; got != value || !ok {
			t.Errorf("%s is %q, want %q", name, got, value)
		}
	}
}

func TestFetchEnvRequiresAllSettings(t *testing.T) {
	always := []string{names.EnvAWSRegion, names.EnvPort, names.EnvStore, names.EnvSessionSecret, names.SiteAddress}
	script, err := os.ReadFile("fetch-env.sh")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(script, []byte("path=${PARAMETER_PATH:-"+names.ParameterPath+"}\n")) || !bytes.Contains(script, []byte("HOME_DIRECTORY:-"+names.HostDirectory+"}")) {
		t.Error("the script's path or directory differs from app/names")
	}
	// The script must not require a name that is not defined in app/names.
	for _, list := range regexp.MustCompile(`(?s)REQUIRED\w* = \[(.*?)\]`).FindAllSubmatch(script, -1) {
		for _, name := range regexp.MustCompile(`\w+`).FindAllString(string(list[1]), -1) {
			if _, ok := tables[name]; !ok && !slices.Contains(always, name) {
				t.Errorf("the script requires %s", name)
			}
		}
	}
	for _, name := range append(always, slices.Sorted(maps.Keys(tables))...) {
		t.Run(name, func(t *testing.T) {
			values := settings(nil)
			delete(values, name)
			directory := home(t)
			status, words := fetch(t, directory, environment(t, said(t, page(t, values, ""))))
			if want := "fetch-env.sh: error: missing: " + names.ParameterPath + name + "\n"; status != 1 || words != want {
				t.Errorf("exit %d: %s", status, words)
			}
			untouched(t, directory)
		})
	}
	t.Run("no tables with the embedded store", func(t *testing.T) {
		values := settings(map[string]string{names.EnvStore: "sqlite:"})
		maps.DeleteFunc(values, func(name, _ string) bool { _, ok := tables[name]; return ok })
		directory := home(t)
		if status, words := fetch(t, directory, environment(t, said(t, page(t, values, "")))); status != 0 || words != "" {
			t.Errorf("exit %d: %s", status, words)
		}
		if read := fetched(t, directory); !maps.Equal(read, values) {
			t.Errorf("%v", read)
		}
	})
}

func TestFetchEnvSkipsOtherParameters(t *testing.T) {
	want := settings(nil)
	publish(t, settings(map[string]string{names.Release: "sha256:0", "old-notes": "hunter2", "9LIVES": "hunter2", "deeper/SECRET": "hunter2"}))
	directory := home(t)
	status, words := fetch(t, directory, environment(t))
	lines := strings.Split(words, "\n")
	slices.Sort(lines)
	const reason = " is skipped: its name is not valid for an environment variable"
	if status != 0 || !slices.Equal(lines, []string{"", "fetch-env.sh: /password-manager/9LIVES" + reason, "fetch-env.sh: /password-manager/old-notes" + reason}) {
		t.Errorf("exit %d: %s", status, words)
	}
	if read := fetched(t, directory); !maps.Equal(read, want) {
		t.Errorf("%v", read)
	}
}

func TestFetchEnvKeepsTheOldFile(t *testing.T) {
	const (
		secret  = "hunter2"
		denied  = `{"__type":"AccessDeniedException","message":"User: x is not authorized to perform this"}`
		expired = `{"__type":"ExpiredTokenException","message":"The security token included in the request is expired"}`
		odd     = `{"__type":"InternalServerError","message":"it broke"}`
		failed  = "error: ssm:GetParametersByPath for " + names.ParameterPath + " failed: An error occurred (InternalServerError) when calling the GetParametersByPath operation: it broke\n"
	)
	with := func(name, value string) string { return page(t, settings(map[string]string{name: value}), "") }
	for _, c := range []struct {
		name      string
		unset     string // remove variables whose name contains this
		env       []string
		arguments []string
		status    int
		want      string // the output after "fetch-env.sh: ", without the usage
	}{
		{"newline", "", []string{said(t, with("NOTE", secret+"\nPORT=1"))}, nil, 1, "error: /password-manager/NOTE has a line break, which an environment file cannot hold\n"},
		{"carriage return", "", []string{said(t, with("NOTE", secret+"\r"))}, nil, 1, "error: /password-manager/NOTE has a line break, which an environment file cannot hold\n"},
		{"half a letter", "", []string{said(t, strings.Replace(with("NOTE", secret+"@"), "@", `\ud800`, 1))}, nil, 1, ""},
		{"no parameters", "", []string{said(t, page(t, nil, ""))}, nil, 1, "error: there are no parameters under /password-manager/: check the region, and deploy the platform first\n"},
		{"the second page fails", "", []string{said(t, page(t, settings(nil), "2"), odd)}, nil, 1, failed},
		{"may not read", "", []string{said(t, denied)}, nil, 1, "error: these credentials may not read /password-manager/: allow ssm:GetParametersByPath for it, and kms:Decrypt with its key\n"},
		{"expired", "", []string{said(t, expired)}, nil, 1, "error: AWS refuses these credentials: log in again\n"},
		{"SSM unreachable", "", []string{"AWS_ENDPOINT_URL=http://127.0.0.1:1"}, nil, 1, "error: AWS does not answer: check the network and the region\n"},
		{"no credentials", "_KEY", nil, nil, 1, "error: there are no AWS credentials: give the host its role, or set AWS_PROFILE\n"},
		{"no region", "_REGION=", nil, nil, 1, "error: no AWS region is chosen: set AWS_REGION, or give --region\n"},
		{"no aws", "", []string{"PATH=" + isolatedPath(t)}, nil, 1, "error: aws, the AWS command line, is missing: install it\n"},
		{"unknown argument", "", nil, []string{"--force"}, 2, "error: unknown argument: --force\n"},
		{"no directory", "", nil, []string{"--output", "/nowhere/.env"}, 1, "error: there is no directory /nowhere\n"},
		{"a directory", "", nil, []string{"--output", "/tmp"}, 1, "error: /tmp is a directory\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			env := environment(t, c.env...)
			env = slices.DeleteFunc(env, func(entry string) bool { return c.unset != "" && strings.Contains(entry, c.unset) })
			directory := home(t)
			status, words := fetch(t, directory, env, c.arguments...)
			if strings.Contains(words, secret) || strings.Contains(words, "Traceback") {
				t.Errorf("the output has a value or a traceback: %s", words)
			}
			words, _, _ = strings.Cut(words, "Usage: ")
			if status != c.status || c.want != "" && words != "fetch-env.sh: "+c.want {
				t.Errorf("exit %d: %s", status, words)
			}
			untouched(t, directory)
		})
	}
}

func TestFetchEnvKeepsTheOldFileWhenTheDiskIsFull(t *testing.T) {
	directory := home(t)
	// A limit on the file size fails a write like a full disk, but does not need a mount.
	cmd := exec.Command("bash", "-c", "ulimit -f 1; exec ./fetch-env.sh")
	status, words := run(t, environment(t, "HOME_DIRECTORY="+directory, said(t, page(t, settings(map[string]string{"LONG": strings.Repeat("x", 4096)}), ""))), cmd)
	if status != 1 || words != "fetch-env.sh: error: cannot write the new file: File too large\n" {
		t.Errorf("exit %d: %s", status, words)
	}
	untouched(t, directory)
}

// works checks that a run succeeds after an earlier one was killed.
func works(t *testing.T, directory string) {
	t.Helper()
	if status, words := fetch(t, directory, environment(t, said(t, page(t, settings(nil), "")))); status != 0 || words != "" {
		t.Errorf("the next run: exit %d: %s", status, words)
	}
	if read := fetched(t, directory); !maps.Equal(read, settings(nil)) {
		t.Errorf("the next run: %v", read)
	}
}

func TestFetchEnvKilledWhileItWaits(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGKILL} {
		t.Run(signal.String(), func(t *testing.T) {
			asked, answer := make(chan bool, 1), make(chan bool)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				asked <- true
				<-answer
				fmt.Fprint(w, page(t, settings(nil), ""))
			}))
			t.Cleanup(server.Close)
			directory := home(t)
			cmd := exec.Command("./fetch-env.sh")
			cmd.Env = environment(t, "HOME_DIRECTORY="+directory, "AWS_ENDPOINT_URL="+server.URL)
			// systemd and terminals signal the whole process group.
			cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			<-asked
			target := -cmd.Process.Pid
			if signal == syscall.SIGKILL {
				target = cmd.Process.Pid // the children continue to run
			}
			if err := syscall.Kill(target, signal); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Wait(); err == nil {
				t.Error("exit 0")
			}
			if content, err := os.ReadFile(filepath.Join(directory, ".env")); err != nil || string(content) != oldEnv {
				t.Errorf(".env is %q, %v", content, err)
			}
			if signal != syscall.SIGKILL {
				untouched(t, directory)
			}
			close(answer)
			works(t, directory)
		})
	}
}

func TestFetchEnvKilledBeforeItReplacesTheFile(t *testing.T) {
	directory := home(t)
	bin := t.TempDir()
	if err := executables.WriteFile(filepath.Join(bin, "mv"), []byte("#!/bin/sh\nkill -KILL $PPID\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	env := environment(t, said(t, page(t, settings(nil), "")))
	if status, words := fetch(t, directory, append(env, "PATH="+bin+":"+pathOf(env))); status != -1 {
		t.Errorf("exit %d: %s", status, words)
	}
	if content, err := os.ReadFile(filepath.Join(directory, ".env")); err != nil || string(content) != oldEnv {
		t.Errorf(".env is %q, %v", content, err)
	}
	if info, err := os.Stat(filepath.Join(directory, ".env.part")); err != nil || info.Mode() != 0o600 {
		t.Errorf("the partial file must be readable only by its owner: %v, %v", info, err)
	}
	works(t, directory)
}

func pathOf(env []string) (path string) {
	for _, entry := range env {
		if value, ok := strings.CutPrefix(entry, "PATH="); ok {
			path = value
		}
	}
	return path
}

func TestFetchEnvConcurrently(t *testing.T) {
	publish(t, settings(nil))
	directory, env := home(t), environment(t)
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			if status, words := fetch(t, directory, slices.Clone(env)); status != 0 || words != "" {
				t.Errorf("exit %d: %s", status, words)
			}
		})
	}
	wg.Wait()
	if read := fetched(t, directory); !maps.Equal(read, settings(nil)) {
		t.Errorf("%v", read)
	}
}

// Values must not be in arguments, which every user of the machine can read, or in the trace of "bash -x".
func TestFetchEnvDoesNotLeakValues(t *testing.T) {
	const value = "a-value-like-no-other"
	publish(t, settings(map[string]string{names.EnvSessionSecret: value}))
	program, err := awsProgram()
	if err != nil {
		t.Fatal(err)
	}
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Fatal(err)
	}
	path, log := watched(t, map[string]string{"aws": program, "python3": python, "grep": "/usr/bin/grep", "mv": "/usr/bin/mv", "sync": "/usr/bin/sync"})
	directory := home(t)
	status, words := run(t, environment(t, "HOME_DIRECTORY="+directory, "PATH="+path), exec.Command("bash", "-x", "./fetch-env.sh"))
	if status != 0 {
		t.Fatalf("exit %d: %s", status, words)
	}
	if fetched(t, directory)[names.EnvSessionSecret] != value {
		t.Error("the value is not in the file")
	}
	if strings.Contains(words, value) {
		t.Error("the trace of the shell has the value")
	}
	seen, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(seen, []byte("ssm\x00get-parameters-by-path\x00")) || !bytes.Contains(seen, []byte("/usr/bin/sync")) && !bytes.Contains(seen, []byte("sync\x00--\x00")) {
		t.Fatalf("the wrappers recorded too little: %s", seen)
	}
	if bytes.Contains(seen, []byte(value)) {
		t.Error("an argument or the environment has the value")
	}
}
