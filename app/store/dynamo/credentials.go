package dynamo

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"
	"github.com/aws/aws-sdk-go-v2/credentials/endpointcreds"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
)

const (
	// taskRoles serves the role credentials of an ECS task.
	taskRoles = "http://169.254.170.2"
	// renewal is how long before expiry a role's credentials are renewed.
	renewal = 5 * time.Minute
)

// Addresses of the ECS and EKS agents (AWS SDKs and Tools Reference Guide, "Container credential provider").
var agents = []string{"169.254.170.2", "169.254.170.23", "fd00:ec2::23"}

const (
	envTaskPath  = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
	envTaskURL   = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
	envToken     = "AWS_CONTAINER_AUTHORIZATION_TOKEN"
	envTokenFile = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"
)

// unread lists settings of other AWS programs that change the source of credentials or the endpoint of DynamoDB. The SDK
// package that reads them links four more services, which would cost every server 2 MB of memory.
var unread = []string{
	"AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CA_BUNDLE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB", "AWS_USE_FIPS_ENDPOINT",
}

// signer returns the credentials from the environment, else those of the task's role, else those of the host's role. It
// fetches role credentials with client; nil means the SDK's default client.
func signer(client aws.HTTPClient) (aws.CredentialsProvider, error) {
	for _, name := range unread {
		if os.Getenv(name) != "" {
			return nil, fmt.Errorf("%s is not supported: the server signs with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or with the role of its task or host", name)
		}
	}
	id, secret := os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY")
	switch {
	case id != "" && secret != "":
		return credentials.NewStaticCredentialsProvider(id, secret, os.Getenv("AWS_SESSION_TOKEN")), nil
	case id != "" || secret != "":
		return nil, errors.New("set both AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or neither")
	}
	endpoint, err := taskEndpoint()
	if err != nil {
		return nil, err
	}
	var role aws.CredentialsProvider
	if endpoint != "" {
		role = endpointcreds.New(endpoint, func(o *endpointcreds.Options) {
			o.HTTPClient = client
			o.AuthorizationTokenProvider = endpointcreds.TokenProviderFunc(taskToken)
		})
	} else {
		role = ec2rolecreds.New(func(o *ec2rolecreds.Options) { o.Client = imds.New(imds.Options{HTTPClient: client}) })
	}
	return aws.NewCredentialsCache(role, func(o *aws.CredentialsCacheOptions) { o.ExpiryWindow = renewal }), nil
}

// taskEndpoint returns the URL of the task role's credentials; empty outside a task. It accepts plain HTTP only for this
// machine and the agents, because the request carries the token.
func taskEndpoint() (string, error) {
	if path := os.Getenv(envTaskPath); path != "" {
		return taskRoles + path, nil
	}
	full := os.Getenv(envTaskURL)
	if full == "" {
		return "", nil
	}
	u, err := url.Parse(full)
	if err != nil || u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || !isAgent(u.Hostname())) {
		return "", fmt.Errorf("%s must be an https:// URL, or an http:// URL of this machine or of the agent of ECS or EKS", envTaskURL)
	}
	return full, nil
}

func isAgent(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && (ip.IsLoopback() || slices.Contains(agents, ip.String()))
}

// taskToken reads the token again for each fetch, because EKS replaces the file.
func taskToken() (string, error) {
	name := os.Getenv(envTokenFile)
	if name == "" {
		return os.Getenv(envToken), nil
	}
	token, err := os.ReadFile(name) // #nosec G304 G703 -- set by the operator
	if err != nil {
		return "", fmt.Errorf("%s: %w", envTokenFile, err)
	}
	return string(token), nil
}
