//go:build integration

package scripts_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/emulator"
	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
)

const (
	secretName  = names.ParameterPath + names.EnvSessionSecret
	otherRegion = "eu-central-1"
)

func seed(t *testing.T, env []string, arguments ...string) (status int, said string) {
	t.Helper()
	return run(t, env, exec.Command("./seed-secrets.sh", arguments...))
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

// forget deletes the secret. Resetting the emulator would take seconds.
func forget(t *testing.T) {
	t.Helper()
	for _, region := range []string{emulator.Region, otherRegion} {
		_, err := client(t, region).DeleteParameter(t.Context(), &ssm.DeleteParameterInput{Name: aws.String(secretName)})
		if _, ok := errors.AsType[*types.ParameterNotFound](err); err != nil && !ok {
			t.Fatal(err)
		}
	}
}

const stays = "seed-secrets.sh: " + secretName + " already exists and stays as it is\n"

func TestSeedCreatesAKeyOnce(t *testing.T) {
	forget(t)
	if status, said := seed(t, environment(t)); status != 0 || said != "" {
		t.Fatalf("exit %d: %s", status, said)
	}
	first := secret(t, emulator.Region)
	if _, err := vault.ParseKeyring(first); err != nil {
		t.Error(err)
	}
	// ParseKeyring also accepts other spellings. The Fernet spec has only this one.
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

func TestSeedConcurrently(t *testing.T) {
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

func TestSeedRejectsAPlainString(t *testing.T) {
	forget(t)
	_, err := client(t, emulator.Region).PutParameter(t.Context(), &ssm.PutParameterInput{
		Name: aws.String(secretName), Value: aws.String("hunter2"), Type: types.ParameterTypeString,
	})
	if err != nil {
		t.Fatal(err)
	}
	want := "seed-secrets.sh: error: " + secretName + " is a String, not a SecureString: " +
		"delete it with 'aws ssm delete-parameter --name " + secretName + " --region us-east-1' and run this script again\n"
	if status, said := seed(t, environment(t)); status != 1 || said != want {
		t.Errorf("exit %d: %s", status, said)
	}
}

// The key must not be in arguments, which every user of the machine can read, or in the trace of "bash -x".
func TestSeedDoesNotLeakTheKey(t *testing.T) {
	forget(t)
	env := environment(t)
	program, err := awsProgram()
	if err != nil {
		t.Fatal(err)
	}
	path, log := watched(t, map[string]string{"aws": program, "head": "/usr/bin/head", "base64": "/usr/bin/base64", "tr": "/usr/bin/tr"})
	status, said := run(t, append(env, "PATH="+path), exec.Command("bash", "-x", "./seed-secrets.sh"))
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
		t.Fatalf("the wrapper recorded no put-parameter: %s", seen)
	}
	if bytes.Contains(seen, []byte(key)) {
		t.Error("an argument or the environment has the key")
	}
}

func TestSeedErrorsSayWhatToDo(t *testing.T) {
	const (
		none    = `{"Parameters":[],"InvalidParameters":["` + secretName + `"]}`
		secured = `{"Parameters":[{"Name":"` + secretName + `","Type":"SecureString","Value":"kms:x"}],"InvalidParameters":[]}`
		denied  = `{"__type":"AccessDeniedException","message":"User: x is not authorized to perform this"}`
		exists  = `{"__type":"ParameterAlreadyExists","message":"The parameter already exists."}`
		expired = `{"__type":"ExpiredTokenException","message":"The security token included in the request is expired"}`
		odd     = `{"__type":"ParameterLimitExceeded","message":"too many"}`
	)
	asked := func(get, put []string) string {
		return answers(t, map[string][]string{"GetParameters": get, "PutParameter": put})
	}
	const denial = "error: these credentials may not call "
	for _, c := range []struct {
		name      string
		unset     string // remove variables whose name contains this
		env       []string
		arguments []string
		status    int
		want      string // the output after "seed-secrets.sh: ", without the usage
	}{
		{"another run was first", "", []string{asked([]string{none, secured}, []string{exists})}, nil, 0, strings.TrimPrefix(stays, "seed-secrets.sh: ")},
		{"may not read", "", []string{asked([]string{denied}, nil)}, nil, 1, denial + "ssm:GetParameters for " + secretName + ": allow it\n"},
		{"may not write", "", []string{asked([]string{none}, []string{denied})}, nil, 1, denial + "ssm:PutParameter for " + secretName + ": allow it\n"},
		{"expired", "", []string{asked([]string{expired}, nil)}, nil, 1, "error: AWS refuses these credentials: log in again\n"},
		{"something else", "", []string{asked([]string{none}, []string{odd})}, nil, 1, "error: ssm:PutParameter for " + secretName +
			" failed: An error occurred (ParameterLimitExceeded) when calling the PutParameter operation: too many\n"},
		{"no server", "", []string{"AWS_ENDPOINT_URL=http://127.0.0.1:1"}, nil, 1, "error: AWS does not answer: check the network and the region\n"},
		{"no credentials", "_KEY", nil, nil, 1, "error: there are no AWS credentials: set AWS_PROFILE, or log in\n"},
		{"no region", "_REGION=", nil, nil, 1, "error: no AWS region is chosen: set AWS_REGION, or give --region\n"},
		{"no program", "", []string{"PATH=" + isolatedPath(t)}, nil, 1, "error: aws, the AWS command line, is missing: install it\n"},
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

// Every step keeps the older keys that may still be needed, so no one is logged out.
func TestSecretRotates(t *testing.T) {
	forget(t)
	if status, said := seed(t, environment(t), "--add"); status != 1 || !strings.Contains(said, "run this script without --add first") {
		t.Errorf("without a secret: exit %d: %s", status, said)
	}
	seed(t, environment(t))
	first := secret(t, emulator.Region)
	for _, step := range []string{"--use", "--drop"} {
		if status, said := seed(t, environment(t), step); status != 1 || said != "seed-secrets.sh: error: there is only one key: --add a new one first\n" {
			t.Errorf("%s: exit %d: %s", step, status, said)
		}
	}
	var second string
	for _, c := range []struct {
		step string
		want func() string
	}{
		{"--add", func() string { return first + "," + second }},
		{"--use", func() string { return second + "," + first }},
		{"--drop", func() string { return second }},
	} {
		status, said := seed(t, environment(t), c.step)
		now := secret(t, emulator.Region)
		if c.step == "--add" {
			_, second, _ = strings.Cut(now, ",")
		}
		if status != 0 || now != c.want() || strings.Contains(said, first) || strings.Contains(said, second) {
			t.Errorf("%s: exit %d: %s", c.step, status, said)
		}
		if _, err := vault.ParseKeyring(now); err != nil {
			t.Errorf("%s: %v", c.step, err)
		}
	}
	if second == "" || second == first {
		t.Error("there is no new key")
	}
}

func TestRotationRefusesUnreadableKeys(t *testing.T) {
	forget(t)
	spoiled := "a key with a space," + vault.NewKey()
	_, err := client(t, emulator.Region).PutParameter(t.Context(), &ssm.PutParameterInput{
		Name: aws.String(secretName), Value: &spoiled, Type: types.ParameterTypeSecureString,
	})
	if err != nil {
		t.Fatal(err)
	}
	status, said := seed(t, environment(t), "--use")
	if status != 1 || said != "seed-secrets.sh: error: key 1 is not a Fernet key: nothing was changed\n" || secret(t, emulator.Region) != spoiled {
		t.Errorf("exit %d: %s", status, said)
	}
	if status, _ := seed(t, environment(t), "--add", "--use"); status != 2 {
		t.Errorf("two steps at once: exit %d", status)
	}
}
