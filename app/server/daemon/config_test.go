package daemon_test

import (
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/app/server/daemon"
	"github.com/vaultsphere/vaultsphere/app/store/dynamo"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

func TestDefaults(t *testing.T) {
	t.Parallel()
	c, err := daemon.ConfigFromEnv([]string{"PATH=/bin", "PORT=", "VAULTSPHERE_SERVER=http://localhost:5001"})
	if err != nil {
		t.Fatal(err)
	}
	if c.ListenAddr != "127.0.0.1:5001" || c.Registration != names.RegistrationInvite || c.MetricsAddr != "127.0.0.1:9464" || c.SQLitePath != "data/vault.db" || c.DataDir != "data" ||
		c.AuthRate != 60 || c.UserRate != 6000 || c.RecordMiB != 96 || c.MaxItems != 50_000 || c.MaxSessions != 50 || c.MaxVaults != 50 || c.AuditDays != 400 || c.AttachmentMiB != 1024 || c.DrainTimeout != 20*time.Second || c.DrainDelay != 0 || c.LogLevel != slog.LevelInfo || len(c.TrustedProxies) != 0 ||
		c.BreachAddress != "https://api.pwnedpasswords.com" {
		t.Errorf("%+v", c)
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	c, err := daemon.ConfigFromEnv([]string{
		"PORT=8080", "REGISTRATION=open", "STORE=sqlite:/srv/v.db", "METRICS_ADDR=off", "TRUSTED_PROXIES=10.0.0.0/8, 192.0.2.1,2001:db8::/32",
		"AUTH_RATE=5", "USER_RATE=61", "RECORD_MIB=7", "MAX_ITEMS=8", "MAX_SESSIONS=9", "MAX_VAULTS=10", "AUDIT_DAYS=30", "ATTACHMENT_MIB=0", "DRAIN_DELAY=3s", "DRAIN_TIMEOUT=1m", "LOG_LEVEL=debug", "BREACH_ADDRESS=off",
	})
	if err != nil {
		t.Fatal(err)
	}
	if c.ListenAddr != "127.0.0.1:8080" || c.Registration != names.RegistrationOpen || c.MetricsAddr != "" || c.SQLitePath != "/srv/v.db" || len(c.TrustedProxies) != 3 || c.TrustedProxies[1].Bits() != 32 ||
		c.AuthRate != 5 || c.UserRate != 61 || c.RecordMiB != 7 || c.MaxItems != 8 || c.MaxSessions != 9 || c.MaxVaults != 10 || c.AuditDays != 30 || c.AttachmentMiB != 0 || c.DrainDelay != 3*time.Second || c.DrainTimeout != time.Minute || c.LogLevel != slog.LevelDebug || c.BreachAddress != "" {
		t.Errorf("%+v", c)
	}
	if c.HashCost != 10 {
		t.Errorf("stored hashes cost %d", c.HashCost)
	}
	c, err = daemon.ConfigFromEnv([]string{"STORE=dynamodb", "SESSION_SECRET=" + vault.NewKey(), "AWS_REGION=eu-west-1", "DYNAMODB_USERS_TABLE=U"})
	want := dynamo.Config{
		Region: "eu-west-1", Users: "U", Accounts: "PasswordManager-Accounts", Passwords: "PasswordManager-Passwords", Sessions: "PasswordManager-Sessions",
		Vaults: "PasswordManager-Vaults", Events: "PasswordManager-Events",
	}
	if err != nil || c.DynamoDB != want || c.SQLitePath != "" {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestListenAddr(t *testing.T) {
	t.Parallel()
	for setting, want := range map[string]string{
		"127.0.0.1:80": "127.0.0.1:80", "192.0.2.1:": "192.0.2.1:8080", "[::1]:": "[::1]:8080", ":": ":8080", "0.0.0.0:": "0.0.0.0:8080", ":0": ":0",
	} {
		c, err := daemon.ConfigFromEnv([]string{"PORT=8080", "LISTEN_ADDR=" + setting})
		if err != nil || c.ListenAddr != want {
			t.Errorf("LISTEN_ADDR=%s listens on %s, %v; want %s", setting, c.ListenAddr, err, want)
		}
	}
}

// A published port reaches the server only if it listens on all addresses of the container.
func TestImageListensOnAllAddresses(t *testing.T) {
	t.Parallel()
	dockerfile, err := os.ReadFile("../../../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	var environ []string
	for line := range strings.Lines(string(dockerfile)) {
		if setting, ok := strings.CutPrefix(strings.TrimSpace(line), "ENV "); ok {
			environ = append(environ, strings.Fields(setting)...)
		}
	}
	c, err := daemon.ConfigFromEnv(append(environ, "PORT=8080"))
	if err != nil || c.ListenAddr != ":8080" || c.DataDir != "/data" || c.Registration != names.RegistrationInvite {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestAllBadSettingsAreNamed(t *testing.T) {
	t.Parallel()
	for _, setting := range []string{
		"PORT=http", "PORT=70000", "PORT=-1", "LISTEN_ADDR=localhost", "LISTEN_ADDR=localhost:http", "METRICS_ADDR=on", "METRICS_ADDR=:", "REGISTRATION=closed", "STORE=postgres", "STORE=sqlite",
		"STORE=dynamodb", // the error names SESSION_SECRET
		"SESSION_SECRET=hunter2", "TRUSTED_PROXIES=proxy", "AUTH_RATE=0", "AUTH_RATE=1e3", "USER_RATE=0", "USER_RATE=fast", "RECORD_MIB=0", "RECORD_MIB=193", "MAX_ITEMS=0", "MAX_SESSIONS=0", "MAX_VAULTS=0", "AUDIT_DAYS=0", "AUDIT_DAYS=3661", "AUDIT_DAYS=1y", "ATTACHMENT_MIB=-1", "ATTACHMENT_MIB=1GiB", "DRAIN_DELAY=3", "DRAIN_TIMEOUT=-1s",
		"BREACH_ADDRESS=api.pwnedpasswords.com", "BREACH_ADDRESS=https://a.example/range", "BREACH_ADDRESS=https://a.example;script-src",
		"BREACH_ADDRESS=ftp://a.example", "BREACH_ADDRESS=https://*", "LOG_LEVEL=loud", "VAULTSPHERE_PORT=1", "VAULTSPHERE_=",
	} {
		name, value, _ := strings.Cut(setting, "=")
		if setting == "STORE=dynamodb" {
			name = "SESSION_SECRET"
		}
		_, err := daemon.ConfigFromEnv([]string{setting})
		if err == nil || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", setting, err)
		}
		_, both := daemon.ConfigFromEnv([]string{setting, "VAULTSPHERE_OTHER=" + value})
		if both == nil || !strings.Contains(both.Error(), name) || !strings.Contains(both.Error(), "VAULTSPHERE_OTHER") {
			t.Errorf("%s and another: %v", setting, both)
		}
	}
}

// A user's rows share one partition key, and DynamoDB limits the rows under one key to 10 GB.
func TestAttachmentsFitIntoDynamoDB(t *testing.T) {
	t.Parallel()
	onDynamoDB := []string{"STORE=dynamodb", "SESSION_SECRET=" + vault.NewKey(), "ATTACHMENT_MIB=4097"}
	if _, err := daemon.ConfigFromEnv(onDynamoDB); err == nil || !strings.Contains(err.Error(), "ATTACHMENT_MIB") {
		t.Errorf("8193 MiB on DynamoDB: %v", err)
	}
	if _, err := daemon.ConfigFromEnv(onDynamoDB[2:]); err != nil {
		t.Errorf("8193 MiB on the embedded store: %v", err)
	}
}

func TestUsageListsEverySetting(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"PORT", "LISTEN_ADDR", "STORE", "DATA_DIR", "SESSION_SECRET", "AWS_REGION", "DYNAMODB_USERS_TABLE", "DYNAMODB_ENDPOINT", "TRUSTED_PROXIES",
		"REGISTRATION", "AUTH_RATE", "USER_RATE", "RECORD_MIB", "MAX_ITEMS", "MAX_SESSIONS", "MAX_VAULTS", "AUDIT_DAYS", "ATTACHMENT_MIB", "METRICS_ADDR", "DRAIN_DELAY", "DRAIN_TIMEOUT", "LOG_LEVEL",
	} {
		if !strings.Contains(daemon.Usage, "\n  "+name) {
			t.Errorf("%s is not in the usage", name)
		}
	}
}
