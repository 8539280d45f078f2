package dynamo

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"
	"github.com/aws/aws-sdk-go-v2/credentials/endpointcreds"
)

const (
	// taskRoles is where a task of ECS finds the credentials of its role.
	taskRoles = "http://169.254.170.2"
	// renewal is how long before their end a task's credentials are fetched again.
	renewal = 5 * time.Minute
)

// unread are settings of other AWS programs that change where credentials come from or where DynamoDB is. The package that
// reads them links four more services, which cost every server 2 MB of memory.
var unread = []string{
	"AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CA_BUNDLE", "AWS_ENDPOINT_URL",
	"AWS_ENDPOINT_URL_DYNAMODB", "AWS_USE_FIPS_ENDPOINT",
}

// signer returns the credentials of the environment, else those of the task's role, else those of the host's.
func signer() (aws.CredentialsProvider, error) {
	for _, name := range unread {
		if os.Getenv(name) != "" {
			return nil, fmt.Errorf("%s is not supported: the server signs with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or with the role of its task or host", name)
		}
	}
	id, secret := os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY")
	switch role := os.Getenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"); {
	case id != "" && secret != "":
		return credentials.NewStaticCredentialsProvider(id, secret, os.Getenv("AWS_SESSION_TOKEN")), nil
	case id != "" || secret != "":
		return nil, errors.New("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY belong together, and one of them is empty")
	case role != "":
		return aws.NewCredentialsCache(endpointcreds.New(taskRoles+role), func(o *aws.CredentialsCacheOptions) { o.ExpiryWindow = renewal }), nil
	default:
		return aws.NewCredentialsCache(ec2rolecreds.New()), nil
	}
}
