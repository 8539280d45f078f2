// Package scripts_test runs the scripts that act on AWS, with the AWS command line and an AWS on loopback.
package scripts_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/infra/emulator"
)

const (
	secretName  = names.ParameterPath + names.EnvSessionSecret
	otherRegion = "eu-central-1"
)

// awsProgram returns the AWS command line that the lock file pins.
var awsProgram = sync.OnceValues(func() (string, error) {
	out, err := exec.Command("./python-tool.sh", "path", "aws").Output()
	return strings.TrimSpace(string(out)), err
})

// environment is that of the emulator, with the AWS command line on PATH; later entries win.
func environment(t *testing.T, more ...string) []string {
	t.Helper()
	program, err := awsProgram()
	if err != nil {
		t.Fatalf("install the AWS command line: %v", err)
	}
	env := append(emulator.Env(t), "AWS_MAX_ATTEMPTS=1", "PATH="+filepath.Dir(program)+":"+os.Getenv("PATH"))
	return append(env, more...)
}

// seed runs the script and returns its exit status and what it says. It must not say anything on stdout.
func seed(t *testing.T, env []string, arguments ...string) (status int, said string) {
	t.Helper()
	return runSeed(t, env, exec.Command("./seed-secrets.sh", arguments...))
}

func runSeed(t *testing.T, env []string, cmd *exec.Cmd) (status int, said string) {
	var stdout, stderr bytes.Buffer
	cmd.Env, cmd.Stdout, cmd.Stderr = env, &stdout, &stderr
	err := cmd.Run()
	if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		t.Error(err)
	}
	if stdout.Len() > 0 {
		t.Errorf("stdout has %q", &stdout)
	}
	return cmd.ProcessState.ExitCode(), stderr.String()
}

func client(t *testing.T, region string) *ssm.Client {
	cfg := emulator.Config(t)
	cfg.Region = region
	return ssm.NewFromConfig(cfg)
}

func secret(t *testing.T, region string) string {
	t.Helper()
	answer, err := client(t, region).GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String(secretName), WithDecryption: aws.Bool(true)})
	if err != nil {
		t.Fatal(err)
	}
	if answer.Parameter.Type != types.ParameterTypeSecureString {
		t.Errorf("the parameter is a %s", answer.Parameter.Type)
	}
	return aws.ToString(answer.Parameter.Value)
}

// forget takes the secret away. The emulator's own reset would cost it seconds.
func forget(t *testing.T) {
	t.Helper()
	for _, region := range []string{emulator.Region, otherRegion} {
		_, err := client(t, region).DeleteParameter(t.Context(), &ssm.DeleteParameterInput{Name: aws.String(secretName)})
		if _, ok := errors.AsType[*types.ParameterNotFound](err); err != nil && !ok {
			t.Fatal(err)
		}
	}
}

const stays = "seed-secrets.sh: " + secretName + " exists already and stays as it is\n"

func TestSeedMakesAKeyOnce(t *testing.T) {
	forget(t)
	if status, said := seed(t, environment(t)); status != 0 || said != "" {
		t.Fatalf("exit %d: %s", status, said)
	}
	first := secret(t, emulator.Region)
	if _, err := vault.ParseKeyring(first); err != nil {
		t.Error(err)
	}
	// ParseKeyring takes other spellings as well; this is the one of the Fernet spec.
	if len(first) != 44 || strings.Trim(first, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "=" {
		t.Error("the key is not 44 characters of base64url with padding")
	}
	if status, said := seed(t, environment(t)); status != 0 || said != stays {
		t.Errorf("the second time: exit %d: %s", status, said)
	}
	if secret(t, emulator.Region) != first {
		t.Error("the second time changed the key")
	}
	if status, said := seed(t, environment(t), "--region", otherRegion); status != 0 || said != "" {
		t.Errorf("in another region: exit %d: %s", status, said)
	}
	if secret(t, otherRegion) == first {
		t.Error("two regions have the same key")
	}
}

func TestSeedAtOnce(t *testing.T) {
	forget(t)
	env := environment(t)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if status, said := seed(t, env); status != 0 || said != "" && said != stays {
				t.Errorf("exit %d: %s", status, said)
			}
		})
	}
	wg.Wait()
	if _, err := vault.ParseKeyring(secret(t, emulator.Region)); err != nil {
		t.Error(err)
	}
}

func TestSeedRefusesAPlainString(t *testing.T) {
	forget(t)
	_, err := client(t, emulator.Region).PutParameter(t.Context(), &ssm.PutParameterInput{
		Name: aws.String(secretName), Value: aws.String("hunter2"), Type: types.ParameterTypeString,
	})
	if err != nil {
		t.Fatal(err)
	}
	want := "seed-secrets.sh: error: " + secretName + " is a String, not a SecureString: " +
		"delete it with 'aws ssm delete-parameter --name " + secretName + " --region us-east-1' and run this again\n"
	if status, said := seed(t, environment(t)); status != 1 || said != want {
		t.Errorf("exit %d: %s", status, said)
	}
}

// The key must be in no argument, which every user of the machine can read, and in no log of a shell that traces.
func TestSeedKeepsTheKeyToItself(t *testing.T) {
	forget(t)
	env := environment(t)
	bin, log := t.TempDir(), filepath.Join(t.TempDir(), "log")
	program, err := awsProgram()
	if err != nil {
		t.Fatal(err)
	}
	// Each wrapper writes down what any other process can see of it, and becomes the program.
	for name, real := range map[string]string{"aws": program, "head": "/usr/bin/head", "base64": "/usr/bin/base64", "tr": "/usr/bin/tr"} {
		wrapper := fmt.Sprintf("#!/bin/sh\n/bin/cat /proc/$$/cmdline /proc/$$/environ >>%s\nexec %s \"$@\"\n", log, real)
		if err := os.WriteFile(filepath.Join(bin, name), []byte(wrapper), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	status, said := runSeed(t, append(env, "PATH="+bin+":"+os.Getenv("PATH")), exec.Command("bash", "-x", "./seed-secrets.sh"))
	if status != 0 {
		t.Fatalf("exit %d: %s", status, said)
	}
	key := secret(t, emulator.Region)
	if strings.Contains(said, key) {
		t.Error("the trace of the shell has the key")
	}
	seen, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(seen, []byte("ssm\x00put-parameter\x00--name\x00"+secretName)) {
		t.Fatalf("the wrapper saw no put-parameter: %s", seen)
	}
	if bytes.Contains(seen, []byte(key)) {
		t.Error("an argument or the environment has the key")
	}
}

// answers is an AWS that says the next of these for each call of GetParameters and of PutParameter.
func answers(t *testing.T, get, put []string) string {
	t.Helper()
	var mu sync.Mutex
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		next := &get
		if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".PutParameter") {
			next = &put
			if request, _ := io.ReadAll(r.Body); bytes.Contains(request, []byte("Overwrite")) {
				t.Error("the script would replace the key of another run")
			}
		}
		if len(*next) == 0 {
			t.Errorf("there is one call more than expected, of %s", r.Header.Get("X-Amz-Target"))
			return
		}
		said := (*next)[0]
		*next = (*next)[1:]
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		if strings.Contains(said, "__type") {
			w.WriteHeader(http.StatusBadRequest)
		}
		io.WriteString(w, said)
	}))
	t.Cleanup(server.Close)
	return "AWS_ENDPOINT_URL=" + server.URL
}

func TestSeedSaysWhatToDo(t *testing.T) {
	const (
		none    = `{"Parameters":[],"InvalidParameters":["` + secretName + `"]}`
		secured = `{"Parameters":[{"Name":"` + secretName + `","Type":"SecureString","Value":"kms:x"}],"InvalidParameters":[]}`
		denied  = `{"__type":"AccessDeniedException","message":"User: x is not authorized to perform this"}`
		exists  = `{"__type":"ParameterAlreadyExists","message":"The parameter already exists."}`
		expired = `{"__type":"ExpiredTokenException","message":"The security token included in the request is expired"}`
		odd     = `{"__type":"ParameterLimitExceeded","message":"too many"}`
	)
	bare := t.TempDir()
	shell, err := exec.LookPath("bash")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(shell, filepath.Join(bare, "bash")); err != nil {
		t.Fatal(err)
	}
	const denial = "error: these credentials may not call "
	for _, c := range []struct {
		name      string
		unset     string // what the names of variables to take away contain
		env       []string
		arguments []string
		status    int
		want      string // after "seed-secrets.sh: ", the whole of it but for usage
	}{
		{"somebody else was first", "", []string{answers(t, []string{none, secured}, []string{exists})}, nil, 0, strings.TrimPrefix(stays, "seed-secrets.sh: ")},
		{"may not read", "", []string{answers(t, []string{denied}, nil)}, nil, 1, denial + "ssm:GetParameters for " + secretName + ": allow it\n"},
		{"may not write", "", []string{answers(t, []string{none}, []string{denied})}, nil, 1, denial + "ssm:PutParameter for " + secretName + ": allow it\n"},
		{"expired", "", []string{answers(t, []string{expired}, nil)}, nil, 1, "error: AWS refuses these credentials: log in again\n"},
		{"something else", "", []string{answers(t, []string{none}, []string{odd})}, nil, 1, "error: ssm:PutParameter for " + secretName +
			" failed: An error occurred (ParameterLimitExceeded) when calling the PutParameter operation: too many\n"},
		{"no server", "", []string{"AWS_ENDPOINT_URL=http://127.0.0.1:1"}, nil, 1, "error: AWS does not answer: check the network and the region\n"},
		{"no credentials", "_KEY", nil, nil, 1, "error: there are no AWS credentials: set AWS_PROFILE, or log in\n"},
		{"no region", "_REGION=", nil, nil, 1, "error: no AWS region is chosen: set AWS_REGION, or give --region\n"},
		{"no program", "", []string{"PATH=" + bare}, nil, 1, "error: aws, the AWS command line, is missing: install it\n"},
		{"unknown argument", "", nil, []string{"--force"}, 2, "error: unknown argument: --force\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			env := environment(t, c.env...)
			env = slices.DeleteFunc(env, func(entry string) bool { return c.unset != "" && strings.Contains(entry, c.unset) })
			status, said := seed(t, env, c.arguments...)
			said, _, _ = strings.Cut(said, "Usage: ")
			if status != c.status || said != "seed-secrets.sh: "+c.want {
				t.Errorf("exit %d: %s", status, said)
			}
		})
	}
}
