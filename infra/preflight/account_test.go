//go:build integration

package preflight_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/vaultsphere/vaultsphere/infra/preflight"
	"github.com/vaultsphere/vaultsphere/internal/testenv/emulator"
)

func TestEmptyAccountPasses(t *testing.T) {
	w := newWorld(t)
	for _, environment := range []string{
		"aws://unknown-account/unknown-region",
		"aws://" + emulator.Account + "/" + emulator.Region,
	} {
		w.expect(assemblyFor(t, environment, map[string]object{
			data: template(object{"Users": table("PasswordManager-Users"), "Port": parameter("/password-manager/PORT", "5001")}),
			host: template(object{"Host": instance("ami-11111111")}),
		}), preflight.Options{})
	}
}

func TestMissingCredentialsAreReported(t *testing.T) {
	w := newWorld(t)
	dir := assembly(t, map[string]object{data: template(object{})})
	w.cfg.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{}, errors.New("the session\nhas expired")
	})
	w.expect(dir, preflight.Options{},
		"there are no usable AWS credentials: set AWS_PROFILE, or log in (the session has expired)")
	w.cfg.Credentials = nil
	w.expect(dir, preflight.Options{}, "there are no AWS credentials: set AWS_PROFILE, or log in")
}

func TestRejectedCredentialsAreReported(t *testing.T) {
	w := newWorld(t)
	w.fail("GetCallerIdentity", "ExpiredToken")
	w.expect(assembly(t, map[string]object{data: template(object{})}), preflight.Options{},
		"AWS rejected the credentials (ExpiredToken): log in again")
}

func TestUnreachableAWSIsReported(t *testing.T) {
	w := newWorld(t)
	w.cfg.BaseEndpoint = aws.String("http://127.0.0.1:1") // a port that was just closed could be in use again
	w.cfg.RetryMaxAttempts = 1
	got := w.run(assembly(t, map[string]object{data: template(object{})}), preflight.Options{})
	if len(got) != 1 || !strings.HasPrefix(got[0], "AWS does not answer in us-east-1: check the network and AWS_REGION (") {
		t.Errorf("the preflight says %q", got)
	}
}

func TestCredentialsOfAnotherAccountAreRefused(t *testing.T) {
	w := newWorld(t)
	w.delete(bootstrapVersion)
	w.expect(assemblyFor(t, "aws://210987654321/us-east-1", map[string]object{data: template(object{})}), preflight.Options{},
		"stack PasswordManager-Data is for account 210987654321, but the credentials belong to account 123456789012: "+
			"use credentials of account 210987654321")
}

func TestBootstrapMustBeCurrent(t *testing.T) {
	stacks := map[string]object{data: template(object{}), host: template(object{})}
	t.Run("missing", func(t *testing.T) {
		w := newWorld(t)
		w.delete(bootstrapVersion)
		w.expect(assembly(t, stacks), preflight.Options{},
			"account 123456789012 is not bootstrapped for the CDK in us-east-1: run 'AWS_REGION=us-east-1 make bootstrap'")
	})
	t.Run("missing in the region of the stack", func(t *testing.T) {
		w := newWorld(t)
		w.expect(assemblyFor(t, "aws://unknown-account/eu-central-1", stacks), preflight.Options{},
			"account 123456789012 is not bootstrapped for the CDK in eu-central-1: run 'AWS_REGION=eu-central-1 make bootstrap'")
	})
	t.Run("too old", func(t *testing.T) {
		w := newWorld(t)
		w.put(bootstrapVersion, "5", ssmtypes.ParameterTypeString)
		w.expect(assembly(t, stacks), preflight.Options{},
			"account 123456789012 is bootstrapped for the CDK in us-east-1 with version 5, but version 6 is needed: run 'AWS_REGION=us-east-1 make bootstrap'")
		w.put(bootstrapVersion, "6", ssmtypes.ParameterTypeString)
		w.expect(assembly(t, stacks), preflight.Options{})
	})
}
