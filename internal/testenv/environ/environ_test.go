package environ_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/internal/testenv/environ"
)

const self = "github.com/vaultsphere/vaultsphere/internal/testenv/environ"

// foreign lists variables that "make test" may inherit from Jenkins, make, or a developer.
var foreign = []string{
	"ARGS=-c siteAddress=vault.example.org", "STACKS=PasswordManager-Data", "REPLACE_HOST=yes", "FORCE=yes", "IMAGE=elsewhere/vault",
	"IMAGE_OUTPUT=--push", "PACKAGES=./none", "VERSION=9.9.9", "DATA_DIR=/nowhere", "BRANCH_NAME=feature/x", "TOPOLOGY=fargate",
	"AWS_REGION=eu-central-1", "AWS_DEFAULT_REGION=eu-central-1", "AWS_PROFILE=production", "AWS_ROLE_ARN=arn:aws:iam::1:role/x",
	"AWS_WEB_IDENTITY_TOKEN_FILE=/nowhere", "AWS_CA_BUNDLE=/nowhere", "CDK_DEFAULT_REGION=eu-central-1", "CDK_OUTDIR=/nowhere",
	"CDK_CONTEXT_JSON={\"topology\":\"fargate\"}", "CDK_ARGS=-c topology=fargate", "JSII_RUNTIME=/nowhere", "JSII_DEBUG=1",
	"SONAR_TOKEN=secret", "SONAR_HOST_URL=http://127.0.0.1:1", "SONAR_NETWORK=host", "DOCKER_CONFIG=/nowhere",
	"DOCKER_CONTEXT=production", "DOCKER_BUILDKIT=0", "DOCKER_DEFAULT_PLATFORM=linux/s390x", "BUILDX_BUILDER=a-person's",
	"COMPOSE_FILE=/nowhere", "COMPOSE_PROJECT_NAME=other", "MAKEFLAGS=n", "MAKELEVEL=1", "MFLAGS=-n", "GOFLAGS=-mod=vendor",
	"GOOS=plan9", "GOARCH=386", "CGO_ENABLED=maybe", "GIT_DIR=/nowhere", "GIT_COMMIT=0", "JOB_NAME=x", "BUILD_NUMBER=1",
	"WORKSPACE=/nowhere", "KNOWN_HOSTS=/nowhere", "DEPLOY_HOST=i-0", "PORT=1", "STORE=paper", "LC_ALL=tr_TR.UTF-8", "BASH_ENV=/nowhere",
	"CI=true",
}

func TestOnlyTheMachinesVariablesRemain(t *testing.T) {
	t.Parallel()
	machine := []string{"PATH=/bin:/usr/bin", "HOME=/home/x", "GOPROXY=direct", "SSL_CERT_FILE=/ca.pem", "https_proxy=http://proxy"}
	got := environ.Clean(slices.Concat(foreign, machine))
	want := append(slices.Clone(machine), "LANG=C.UTF-8", "TESTENV_ENVIRON=clean")
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

const child = "VAULTSPHERE_TEST_CHILD"

func TestBinaryAndItsChildrenAreClean(t *testing.T) {
	if os.Getenv(child) != "" {
		for _, entry := range os.Environ() {
			t.Log("has " + entry)
		}
		return
	}
	t.Parallel()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	run := func(environment []string, command ...string) string {
		command = append(command, program, "-test.v", "-test.run", "^"+t.Name()+"$")
		cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
		cmd.Env = environment
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return string(out)
	}
	// A child of a test gets the variables that the test sets.
	if out := run(append(os.Environ(), child+"=1", "STORE=paper")); !strings.Contains(out, "has STORE=paper") {
		t.Errorf("a variable for a child did not reach it: %s", out)
	}
	// So does a child whose whole environment the test has built, because its parent is the same binary.
	if out := run([]string{child + "=1", "STORE=paper"}); !strings.Contains(out, "has STORE=paper") {
		t.Errorf("a variable for a child did not reach it: %s", out)
	}
	// If a shell starts the child, the environment needs the marker.
	shell := []string{"sh", "-c", `"$@"; exit $?`, "sh"}
	if out := run([]string{"PATH=" + os.Getenv("PATH"), child + "=1", "STORE=paper", environ.Child}, shell...); !strings.Contains(out, "has STORE=paper") {
		t.Errorf("a variable for a grandchild did not reach it: %s", out)
	}
	// Without the marker, the variables of a developer or of Jenkins do not reach a test.
	if out := run(environ.Outside(append(slices.Clone(foreign), child+"=1")...), shell...); strings.Contains(out, "STORE=paper") || !strings.Contains(out, "has PATH=") {
		t.Errorf("a developer's variable reached a test: %s", out)
	}
}

// Variables only matter to tests that start programs. Each file must import the package, because build tags may exclude the other
// files.
func TestEveryTestThatStartsAProgramIsClean(t *testing.T) {
	t.Parallel()
	found := 0
	err := filepath.WalkDir("../../..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := entry.Name(); entry.IsDir() && (name == "node_modules" || name == ".git" || name == "cdk.out") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		var imports []string
		for _, spec := range file.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			imports = append(imports, name)
		}
		if !slices.Contains(imports, "os/exec") {
			return nil
		}
		found++
		if !slices.Contains(imports, self) {
			t.Errorf("%s starts programs in an arbitrary environment: import _ %q", path, self)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if found < 10 {
		t.Errorf("found only %d files that start programs", found)
	}
}
