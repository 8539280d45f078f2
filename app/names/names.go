// Package names holds every name that the application and the infrastructure must agree on: tables, indexes, attributes,
// parameter paths and ports.
package names

import "strings"

// Deployment is one of several platforms in one AWS account: the empty one is production.
type Deployment string

// Staging serves a release before production does.
const Staging Deployment = "staging"

// Name turns a name of production, such as PasswordManager-Users or /password-manager/, into that of this deployment.
func (d Deployment) Name(production string) string {
	if d == "" {
		return production
	}
	lower := string(d)
	return strings.NewReplacer("PasswordManager", "PasswordManager-"+strings.ToUpper(lower[:1])+lower[1:],
		"password-manager", "password-manager-"+lower).Replace(production)
}

// StackPrefix starts the names of production's stacks.
const StackPrefix = "PasswordManager-"

// DefaultPort is the TCP port of the server if PORT is not set.
const DefaultPort = 5001

// DefaultMetricsPort is the TCP port of the Prometheus endpoint, on loopback, if METRICS_ADDR is not set.
const DefaultMetricsPort = 9464

// PathReady answers 200 while the server accepts requests.
const PathReady = "/ready"

// ServerProgram is the path of the server inside the image.
const ServerProgram = "/vaultsphered"

// ParameterPath is the SSM path of all settings of a deployment.
const ParameterPath = "/password-manager/"

// Environment variables of the server. The SSM parameters under ParameterPath have the same names.
const (
	EnvAWSRegion      = "AWS_REGION"
	EnvPort           = "PORT"
	EnvStore          = "STORE"
	EnvSessionSecret  = "SESSION_SECRET"
	EnvUsersTable     = "DYNAMODB_USERS_TABLE"
	EnvAccountsTable  = "DYNAMODB_ACCOUNTS_TABLE"
	EnvPasswordsTable = "DYNAMODB_PASSWORDS_TABLE"
	EnvSessionsTable  = "DYNAMODB_SESSIONS_TABLE"
	EnvVaultsTable    = "DYNAMODB_VAULTS_TABLE"
	EnvEventsTable    = "DYNAMODB_EVENTS_TABLE"
	EnvAuditDays      = "AUDIT_DAYS"
	EnvRegistration   = "REGISTRATION"
)

// DefaultAuditDays is how many days events of the audit trail are kept if AUDIT_DAYS is not set.
const DefaultAuditDays = 400

// MaxAuditDays bounds AUDIT_DAYS.
const MaxAuditDays = 3660

// Values of EnvRegistration.
const (
	RegistrationInvite = "invite" // with a link from an administrator, except for the first user on this machine
	RegistrationOpen   = "open"   // anyone who can reach the server
)

// Environment variables of the server that depend on the proxy in front of it. They are not SSM parameters.
const (
	EnvTrustedProxies = "TRUSTED_PROXIES"
	EnvDrainDelay     = "DRAIN_DELAY"
	EnvDrainTimeout   = "DRAIN_TIMEOUT"
)

// Parameters under ParameterPath that the server does not read.
const (
	// SiteAddress is the domain or the bare IP address that the proxy serves.
	SiteAddress = "SITE_ADDRESS"
	// Release is the digest, sha256:…, of the image in service. A rollout writes it; a new host reads it.
	Release = "RELEASE"
	// HostImage, followed by a CPU architecture, is the image that a host boots from. A deploy reads it, and
	// scripts/replace-host.sh writes it.
	HostImage = "HOST_IMAGE_"
)

// HostAddress is the parameter with the fixed address of the platform's host. It lies deeper than the settings, so no server
// receives it.
const HostAddress = ParameterPath + "host/ADDRESS"

// CertificatesBucket holds the proxy's certificates, as CertificatesKey: a replacement host serves HTTPS with them immediately.
// Bucket names are unique worldwide.
func CertificatesBucket(account, region string) string {
	return "password-manager-certs-" + account + "-" + region
}

// CertificatesKey is the only object in CertificatesBucket.
const CertificatesKey = "certificates.tar"

// StoreDynamoDB is the value of STORE for the six DynamoDB tables.
const StoreDynamoDB = "dynamodb"

// Repository is the name of the ECR repository of the image.
const Repository = "password-manager"

// SigningKey is the alias of the KMS key that releases are signed with.
const SigningKey = "alias/password-manager-releases"

// Permissions boundaries that make bootstrap creates, with the region appended: RolesBoundary limits our roles, and
// DeploymentBoundary limits what CloudFormation can do for us: only make roles within RolesBoundary.
const (
	RolesBoundary      = "password-manager-roles-"
	DeploymentBoundary = "password-manager-deployment-"
)

// HostDirectory holds a host's scripts, settings and state.
const HostDirectory = "/opt/password-manager"

// HostKeyTag is the tag of a host's instance with its public SSH key.
const HostKeyTag = "SSHHostKey"

// LogGroup is the CloudWatch log group of the containers, on a host and on Fargate.
const LogGroup = "/password-manager/containers"

// MetricsNamespace is the CloudWatch namespace of all metrics that AWS does not collect itself.
const MetricsNamespace = "PasswordManager"

// Default names of the DynamoDB tables.
const (
	UsersTable     = "PasswordManager-Users"
	AccountsTable  = "PasswordManager-Accounts"
	PasswordsTable = "PasswordManager-Passwords"
	SessionsTable  = "PasswordManager-Sessions"
	VaultsTable    = "PasswordManager-Vaults"
	EventsTable    = "PasswordManager-Events"
)

// Key attributes of the DynamoDB tables.
const (
	// UsersKey is the partition key of the users table.
	UsersKey = "username"
	// RecordsPartitionKey and RecordsSortKey are the keys of the accounts table and the passwords table: the ID of the vault, and the record.
	RecordsPartitionKey = "vault_id"
	RecordsSortKey      = "record_id"
	// RevisionAttribute is the sort key (a number) of RevisionIndex.
	RevisionAttribute = "revision"
	// SessionsKey is the partition key of the sessions table: the SHA-256 of the session ID.
	SessionsKey = "session_hash"
	// VaultsPartitionKey and VaultsSortKey are the keys of the vaults table: the ID of the vault, or of a user, and the row.
	VaultsPartitionKey = "vault_id"
	VaultsSortKey      = "row_id"
	// EventsPartitionKey and EventsSortKey are the keys of the events table: the month, and the ID of the event, which begins with its time.
	EventsPartitionKey = "event_month"
	EventsSortKey      = "event_id"
	// TTLAttribute is the Unix time in seconds after which DynamoDB may delete a row, in all tables but users.
	TTLAttribute = "expires_at"
)

// RevisionIndex is a local secondary index of the accounts and passwords tables, for strongly consistent reads of a delta:
// partition key user_id, sort key revision, all attributes projected. The sessions table needs no index: the accounts table
// lists each user's sessions, also with strong consistency.
const RevisionIndex = "by-revision"
