package dynamo

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"
	"github.com/aws/aws-sdk-go-v2/credentials/endpointcreds"
)

// clearAWS clears the AWS settings of the machine that runs the tests.
func clearAWS(t *testing.T) {
	for _, name := range append([]string{
		"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_DEFAULT_REGION", "AWS_EC2_METADATA_DISABLED", "AWS_EC2_METADATA_SERVICE_ENDPOINT", envTaskPath, envTaskURL, envToken, envTokenFile,
	}, unread...) {
		t.Setenv(name, "")
	}
}

func TestCredentialsOfEnvironmentTaskAndHost(t *testing.T) {
	clearAWS(t)
	isFrom := func(source aws.CredentialsProvider) {
		t.Helper()
		got, err := signer(nil)
		if err != nil || !aws.IsCredentialsProvider(got, source) {
			t.Errorf("%T, %v, want %T", got, err, source)
		}
	}
	isFrom(&ec2rolecreds.Provider{})
	t.Setenv(envTaskPath, "/v2/credentials/x")
	isFrom(&endpointcreds.Provider{})
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIA")
	if _, err := signer(nil); err == nil || !strings.Contains(err.Error(), "or neither") {
		t.Errorf("half a key pair: %v", err)
	}
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	t.Setenv("AWS_SESSION_TOKEN", "token")
	isFrom(credentials.StaticCredentialsProvider{})
	from, err := signer(nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := from.Retrieve(t.Context()); err != nil || got.AccessKeyID != "AKIA" || got.SecretAccessKey != "secret" || got.SessionToken != "token" {
		t.Errorf("%v", err)
	}
}

func TestUnsupportedAWSSettingsAreRejected(t *testing.T) {
	clearAWS(t)
	for _, name := range unread {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, "x")
			if _, err := Open(t.Context(), Config{Region: "eu-central-1"}); err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("%v", err)
			}
			s, err := Open(t.Context(), Config{Region: "eu-central-1", Endpoint: "http://127.0.0.1:9"})
			if err != nil {
				t.Fatalf("a local DynamoDB: %v", err)
			}
			_ = s.Close()
		})
	}
}

func TestRegionIsRequired(t *testing.T) {
	clearAWS(t)
	if _, err := Open(t.Context(), Config{}); err == nil || !strings.Contains(err.Error(), "no region") {
		t.Errorf("%v", err)
	}
	t.Setenv("AWS_DEFAULT_REGION", "eu-central-1")
	s, err := Open(t.Context(), Config{})
	if err != nil {
		t.Fatal(err)
	}
	_ = s.Close()
}
