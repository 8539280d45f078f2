// Package names holds every name that the application and the infrastructure must agree on:
// tables, indexes, attributes, parameter paths and ports.
package names

import "strings"

// Deployment is one platform of those that stand beside each other in one account: the empty one is production.
type Deployment string

// Staging is where a release is served before production gets it.
const Staging Deployment = "staging"

// Name is what production's name, such as PasswordManager-Users or /password-manager/, is in this deployment.
func (d Deployment) Name(production string) string {
	if d == "" {
		return production
	}
	lower := string(d)
	return strings.NewReplacer("PasswordManager", "PasswordManager-"+strings.ToUpper(lower[:1])+lower[1:],
		"password-manager", "password-manager-"+lower).Replace(production)
}

// StackPrefix is what the names of production's stacks begin with.
const StackPrefix = "PasswordManager-"

// DefaultPort is the TCP port the server listens on when PORT is not set.
const DefaultPort = 5001

// DefaultMetricsPort is the TCP port of the Prometheus endpoint, on loopback, when METRICS_ADDR is not set.
const DefaultMetricsPort = 9464

// PathReady is the path that answers 200 while requests may be sent here.
const PathReady = "/ready"

// ServerProgram is the path of the server inside the image.
const ServerProgram = "/vaultsphered"

// ParameterPath is the SSM path under which every setting of a deployment lies.
const ParameterPath = "/password-manager/"

// Environment variables of the server. Under ParameterPath the same words name the SSM parameters.
const (
	EnvAWSRegion      = "AWS_REGION"
	EnvPort           = "PORT"
	EnvStore          = "STORE"
	EnvSessionSecret  = "SESSION_SECRET"
	EnvUsersTable     = "DYNAMODB_USERS_TABLE"
	EnvAccountsTable  = "DYNAMODB_ACCOUNTS_TABLE"
	EnvPasswordsTable = "DYNAMODB_PASSWORDS_TABLE"
	EnvSessionsTable  = "DYNAMODB_SESSIONS_TABLE"
)

// Environment variables of the server that depend on the proxy before it. They are no SSM parameters.
const (
	EnvTrustedProxies = "TRUSTED_PROXIES"
	EnvDrainDelay     = "DRAIN_DELAY"
	EnvDrainTimeout   = "DRAIN_TIMEOUT"
)

// Parameters under ParameterPath that the server does not read.
const (
	// SiteAddress is the domain or the bare IP address that the proxy serves.
	SiteAddress = "SITE_ADDRESS"
	// Release is the digest, sha256:…, of the image that serves. A rollout writes it; a host that has just been made reads it.
	Release = "RELEASE"
	// HostImage, and a CPU's name behind it, is the image that a host boots from. A deploy reads it, and scripts/replace-host.sh
	// writes it.
	HostImage = "HOST_IMAGE_"
)

// HostAddress is the name of the parameter that holds the fixed address of the platform's host. It lies deeper than the
// settings, so that no server gets it.
const HostAddress = ParameterPath + "host/ADDRESS"

// CertificatesBucket is the name of the bucket that holds the proxy's certificates, as CertificatesKey: a host that replaces
// another serves HTTPS with them at once. Names of buckets are taken worldwide.
func CertificatesBucket(account, region string) string {
	return "password-manager-certs-" + account + "-" + region
}

// CertificatesKey is the one object in CertificatesBucket.
const CertificatesKey = "certificates.tar"

// StoreDynamoDB is the value of STORE that keeps everything in the four DynamoDB tables.
const StoreDynamoDB = "dynamodb"

// Repository is the name of the ECR repository of the image.
const Repository = "password-manager"

// SigningKey is the alias of the KMS key that releases are signed with.
const SigningKey = "alias/password-manager-releases"

// The boundaries that make bootstrap sets, with the region behind their names: RolesBoundary is the most that a role of ours can do,
// and DeploymentBoundary the most that CloudFormation can do for us, which is to make roles within RolesBoundary only.
const (
	RolesBoundary      = "password-manager-roles-"
	DeploymentBoundary = "password-manager-deployment-"
)

// HostDirectory is where a host keeps its scripts, its settings and its state.
const HostDirectory = "/opt/password-manager"

// HostKeyTag is the tag of a host's instance that holds its public SSH key.
const HostKeyTag = "SSHHostKey"

// LogGroup is the CloudWatch log group of the containers, of a host and of Fargate alike.
const LogGroup = "/password-manager/containers"

// MetricsNamespace is the CloudWatch namespace of everything that is not measured by AWS itself.
const MetricsNamespace = "PasswordManager"

// Default names of the DynamoDB tables.
const (
	UsersTable     = "PasswordManager-Users"
	AccountsTable  = "PasswordManager-Accounts"
	PasswordsTable = "PasswordManager-Passwords"
	SessionsTable  = "PasswordManager-Sessions"
)

// Key attributes of the DynamoDB tables.
const (
	// UsersKey is the partition key of the users table.
	UsersKey = "username"
	// RecordsPartitionKey and RecordsSortKey are the keys of the accounts table (account id) and the
	// passwords table (account id # version).
	RecordsPartitionKey = "user_id"
	RecordsSortKey      = "record_id"
	// RevisionAttribute is the sort key (a number) of RevisionIndex.
	RevisionAttribute = "revision"
	// SessionsKey is the partition key of the sessions table: the SHA-256 of the session id.
	SessionsKey = "session_hash"
	// TTLAttribute holds the Unix time in seconds after which DynamoDB may delete an item, in all tables but users.
	TTLAttribute = "expires_at"
)

// RevisionIndex is a local secondary index of the accounts and passwords tables, so that a delta can be read with strong
// consistency: partition key user_id, sort key revision, all attributes projected. The sessions table needs none: which
// sessions a user has stands in the accounts table, where it can be read with strong consistency as well.
const RevisionIndex = "by-revision"
