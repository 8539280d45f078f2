//go:build integration

package emulator

import (
	"errors"
	"os/exec"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
	"github.com/vaultsphere/vaultsphere/internal/testenv/loopback"
)

func TestConfigReachesTheAccount(t *testing.T) {
	id, err := sts.NewFromConfig(Config(t)).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	if err != nil {
		t.Fatal(err)
	}
	if *id.Account != Account {
		t.Errorf("the account is %s, want %s", *id.Account, Account)
	}
	if first, second := Endpoint(t), Endpoint(t); first != second {
		t.Error("a second call started a second server")
	}
}

func TestResetEmptiesTheAccount(t *testing.T) {
	client := ssm.NewFromConfig(Config(t))
	name := aws.String("/emulator/test")
	_, err := client.PutParameter(t.Context(), &ssm.PutParameterInput{Name: name, Value: aws.String("x"), Type: types.ParameterTypeString})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.GetParameter(t.Context(), &ssm.GetParameterInput{Name: name}); err != nil {
		t.Fatal(err)
	}
	Reset(t)
	_, err = client.GetParameter(t.Context(), &ssm.GetParameterInput{Name: name})
	if _, ok := errors.AsType[*types.ParameterNotFound](err); !ok {
		t.Errorf("after Reset, reading the parameter returns %v, want ParameterNotFound", err)
	}
}

func TestEnvLimitsChildrenToTheAccount(t *testing.T) {
	t.Setenv("AWS_PROFILE", "production")
	t.Setenv("AWS_SESSION_TOKEN", "a real one")
	t.Setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1")
	cmd := exec.CommandContext(t.Context(), "../../../scripts/python-tool.sh", "run", "aws",
		"sts", "get-caller-identity", "--query", "Account", "--output", "text")
	cmd.Env = Env(t)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if got := strings.TrimSpace(string(out)); got != Account {
		t.Errorf("aws works in account %s, want %s", got, Account)
	}
}

func TestTakenPortIsNamed(t *testing.T) {
	loopback.RefusesTakenPort(t, "./aws-emulator.sh", "run")
}
