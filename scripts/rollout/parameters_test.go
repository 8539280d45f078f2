//go:build integration

package rollout_test

import (
	"errors"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/fernet/fernet-go"

	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/app/store/dynamo"
	"github.com/vaultsphere/vaultsphere/internal/testenv/dynamolocal"
	"github.com/vaultsphere/vaultsphere/internal/testenv/emulator"
)

// settingsFile is written by a host's user data.
const settingsFile = "/etc/password-manager.env"

// seedTables creates a deployment's tables in DynamoDB Local, because the emulator is too slow for the load. It also sets the settings
// that a team chooses.
func seedTables(t *testing.T, d names.Deployment) {
	t.Helper()
	endpoint := dynamolocal.Endpoint(t)
	must(t, dynamo.CreateTables(t.Context(), dynamo.Config{
		Endpoint: endpoint, Region: emulator.Region, Users: d.Name(names.UsersTable), Accounts: d.Name(names.AccountsTable),
		Passwords: d.Name(names.PasswordsTable), Sessions: d.Name(names.SessionsTable), Vaults: d.Name(names.VaultsTable), Events: d.Name(names.EventsTable),
	}))
	at, err := url.Parse(endpoint)
	must(t, err)
	for name, value := range map[string]string{
		// No public authority issues a certificate for this site, and the tables are on this machine.
		"SITE": "site", "AUTH_RATE": "1000000", "DYNAMODB_ENDPOINT": "http://" + net.JoinHostPort(address, at.Port()),
	} {
		putParameter(t, d.Name(names.ParameterPath)+name, value, types.ParameterTypeSecureString)
	}
}

// seed creates the parameters of a deployment.
func (d *deployer) seed(t *testing.T) {
	t.Helper()
	seedTables(t, "")
	var secret fernet.Key
	must(t, secret.Generate())
	for name, value := range map[string]string{
		names.EnvAWSRegion: emulator.Region, names.EnvPort: "5001", names.EnvStore: names.StoreDynamoDB,
		names.EnvUsersTable: names.UsersTable, names.EnvAccountsTable: names.AccountsTable,
		names.EnvPasswordsTable: names.PasswordsTable, names.EnvSessionsTable: names.SessionsTable,
		names.EnvVaultsTable: names.VaultsTable, names.EnvEventsTable: names.EventsTable, names.EnvRegistration: names.RegistrationOpen,
		names.SiteAddress: "localhost", names.EnvSessionSecret: secret.Encode(),
	} {
		d.put(t, name, value)
	}
}

func (d *deployer) put(t *testing.T, name, value string) {
	t.Helper()
	putParameter(t, names.ParameterPath+name, value, types.ParameterTypeSecureString)
}

func putParameter(t *testing.T, name, value string, kind types.ParameterType) {
	t.Helper()
	_, err := ssm.NewFromConfig(emulator.Config(t)).PutParameter(t.Context(), &ssm.PutParameterInput{
		Name: &name, Value: &value, Type: kind, Overwrite: aws.Bool(true),
	})
	must(t, err)
}

// settings writes the host's settings.
func (d *deployer) settings(t *testing.T, more ...string) {
	t.Helper()
	d.writeSettings(t, settingsFile, append([]string{"HOME_DIRECTORY=" + names.HostDirectory}, more...)...)
	program := output(t, filepath.Join(root, "scripts/python-tool.sh"), "path", "aws")
	must(t, errors.Join(os.MkdirAll("/etc/sudoers.d", 0o755),
		os.WriteFile("/etc/sudoers.d/path", []byte("Defaults secure_path="+filepath.Dir(program)+":"+os.Getenv("PATH")+"\n"), 0o440)))
}

// writeSettings writes the settings of a host, including addresses and credentials that AWS would provide. Later settings win.
func (h *host) writeSettings(t *testing.T, file string, more ...string) {
	t.Helper()
	var lines []string
	for _, entry := range slices.Concat(h.account(t), h.env, []string{"REPOSITORY=" + repository, "AWS_MAX_ATTEMPTS=1"}, more) {
		name, _, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, "AWS_") || slices.Contains([]string{
			"DOCKER_HOST", "DOCKER_CONFIG", "HOME_DIRECTORY", "REPOSITORY", "PARAMETER_PATH", "RELEASE_PARAMETER", "WATCH_SECONDS", "READY_TRIES",
			"READY_INTERVAL",
		}, name) {
			lines = slices.DeleteFunc(lines, func(line string) bool { return strings.HasPrefix(line, name+"=") })
			lines = append(lines, entry)
		}
	}
	must(t, os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o600))
}
