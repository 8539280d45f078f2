// Package daemon runs the server: it reads the settings, opens the store and the listeners, and shuts down without dropping a
// request.
package daemon

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/app/store/dynamo"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// Config holds the validated settings from the environment.
type Config struct {
	ListenAddr     string
	MetricsAddr    string // empty: no metrics
	MetricsDefault bool   // the address is the default, so a server runs without metrics if it is in use
	DataDir        string
	SQLitePath     string // empty: the store is DynamoDB
	DynamoDB       dynamo.Config
	SessionSecret  string // empty: created in DataDir on first start
	TrustedProxies []netip.Prefix
	Registration   string // names.RegistrationInvite or names.RegistrationOpen
	AuthRate       int
	UserRate       int
	BreachAddress  string // origin; empty: the page does not look up breached passwords
	AttachmentMiB  int    // quota of each user's sealed attachments
	RecordMiB      int    // quota of each user's records
	MaxItems       int    // of each user
	MaxSessions    int    // of each user
	MaxVaults      int    // shared ones that each user may create
	AuditDays      int    // that events of the audit trail are kept
	DrainDelay     time.Duration
	DrainTimeout   time.Duration
	LogLevel       slog.Level
	HashCost       int    // of bcrypt; not from the environment
	Version        string // of the program, not from the environment
}

const (
	storeSQLite = "sqlite:"
	off         = "off"

	envListenAddr       = "LISTEN_ADDR"
	envMetricsAddr      = "METRICS_ADDR"
	envDataDir          = "DATA_DIR"
	envDynamoDBEndpoint = "DYNAMODB_ENDPOINT"
	envAuthRate         = "AUTH_RATE"
	envUserRate         = "USER_RATE"
	envBreachAddress    = "BREACH_ADDRESS"
	envAttachmentMiB    = "ATTACHMENT_MIB"
	envRecordMiB        = "RECORD_MIB"
	envMaxItems         = "MAX_ITEMS"
	envMaxSessions      = "MAX_SESSIONS"
	envMaxVaults        = "MAX_VAULTS"
	envLogLevel         = "LOG_LEVEL"

	// DynamoDB stores at most 10 GB under one partition key of a table with a local index (DynamoDB Developer Guide, "Item
	// collection size limit"), and a user's attachments and details share one key. Deleted attachments may take as much again for a while.
	maxDynamoAttachmentMiB = 4 << 10

	// reserved is the prefix of this product's variables. The server has none, so setting one is a mistake; the command
	// line's is allowed, because one shell may use both programs.
	reserved = "VAULTSPHERE_"
)

const commandLineServer = "VAULTSPHERE_SERVER"

// Usage lists the settings, for --help.
const Usage = `Settings, from the environment:
  PORT                     TCP port (5001)
  LISTEN_ADDR              address and port to listen on; PORT if it has no port; ":" is all addresses (127.0.0.1:)
  REGISTRATION             "invite": a new user needs a link from an administrator or from "vaultsphered invite",
                           except the first one, who becomes an administrator, if the server listens on loopback
                           without a proxy; "open": anyone may register (invite)
  STORE                    "sqlite:" for a file in DATA_DIR, "sqlite:/path/vault.db", or "dynamodb" (sqlite:)
  DATA_DIR                 directory of the embedded store and of the session key (data)
  SESSION_SECRET           Fernet keys, separated by commas: the first seals, all open
                           (created on first start in DATA_DIR/session.key; required with dynamodb)
  AWS_REGION               region of the DynamoDB tables
  DYNAMODB_USERS_TABLE, DYNAMODB_ACCOUNTS_TABLE, DYNAMODB_PASSWORDS_TABLE, DYNAMODB_SESSIONS_TABLE
                           names of the tables (PasswordManager-Users …)
  DYNAMODB_ENDPOINT        another endpoint, for a local DynamoDB
  TRUSTED_PROXIES          networks, separated by commas, whose X-Forwarded-For and X-Forwarded-Proto are trusted (none)
  AUTH_RATE                login requests per minute from one address (60)
  USER_RATE                requests per minute of one user (6000)
  BREACH_ADDRESS           where the page looks up breached passwords when its user asks: a service with the range API
                           of Have I Been Pwned, or "off" (https://api.pwnedpasswords.com)
  ATTACHMENT_MIB           quota of each user's sealed attachments, in MiB; 0 for none (1024)
  RECORD_MIB               quota of each user's sealed records, in MiB (96)
  MAX_ITEMS                maximum items of each user (50000)
  MAX_SESSIONS             maximum sessions of each user; one more ends the least recently used (50)
  MAX_VAULTS               maximum shared vaults that each user creates (50)
  AUDIT_DAYS               days that events of the audit trail are kept (400)
  METRICS_ADDR             address of the Prometheus endpoint, or "off" (127.0.0.1:9464)
  DRAIN_DELAY              how long to keep serving after SIGTERM, with /ready at 503 for the proxy to notice (0s)
  DRAIN_TIMEOUT            how long requests may then take to finish (20s)
  LOG_LEVEL                debug, info, warn or error (info)
`

// ConfigFromEnv reads the settings from environ, in the form of os.Environ. Its error lists all problems together.
func ConfigFromEnv(environ []string) (Config, error) { return configFrom(environ, true) }

// StoreFromEnv is ConfigFromEnv for a command that needs only the store and no session keys.
func StoreFromEnv(environ []string) (Config, error) { return configFrom(environ, false) }

func configFrom(environ []string, serves bool) (Config, error) {
	e := settings{values: map[string]string{}}
	for _, kv := range environ {
		name, value, _ := strings.Cut(kv, "=")
		e.values[name] = value
		if strings.HasPrefix(name, reserved) && name != commandLineServer {
			e.bad(name, "is not a setting of this program")
		}
	}
	c := Config{
		DataDir:        e.text(envDataDir, "data"),
		SessionSecret:  e.text(names.EnvSessionSecret, ""),
		TrustedProxies: e.prefixes(names.EnvTrustedProxies),
		AuthRate:       e.number(envAuthRate, 60, 1, 1_000_000),
		UserRate:       e.number(envUserRate, 6000, 60, 1_000_000),
		BreachAddress:  e.origin(envBreachAddress, "https://api.pwnedpasswords.com"),
		AttachmentMiB:  e.number(envAttachmentMiB, 1<<10, 0, 1<<20),
		RecordMiB:      e.number(envRecordMiB, 96, 1, 192),
		MaxItems:       e.number(envMaxItems, 50_000, 1, 1_000_000),
		MaxSessions:    e.number(envMaxSessions, 50, 1, 1000),
		MaxVaults:      e.number(envMaxVaults, 50, 1, 10_000),
		AuditDays:      e.number(names.EnvAuditDays, names.DefaultAuditDays, 1, names.MaxAuditDays),
		DrainDelay:     e.duration(names.EnvDrainDelay, 0),
		DrainTimeout:   e.duration(names.EnvDrainTimeout, 20*time.Second),
		HashCost:       vault.HashCost,
	}
	port := e.number(names.EnvPort, names.DefaultPort, 0, 65535)
	c.ListenAddr = e.address(envListenAddr, "127.0.0.1:")
	if addr, noPort := strings.CutSuffix(c.ListenAddr, ":"); noPort {
		c.ListenAddr = addr + ":" + strconv.Itoa(port)
	}
	if c.Registration = e.text(names.EnvRegistration, names.RegistrationInvite); c.Registration != names.RegistrationInvite &&
		c.Registration != names.RegistrationOpen {
		e.bad(names.EnvRegistration, `must be "invite" or "open"`)
	}
	c.MetricsDefault = e.values[envMetricsAddr] == ""
	c.MetricsAddr = e.address(envMetricsAddr, net.JoinHostPort("127.0.0.1", strconv.Itoa(names.DefaultMetricsPort)))
	if err := c.LogLevel.UnmarshalText([]byte(e.text(envLogLevel, "info"))); err != nil {
		e.bad(envLogLevel, "must be debug, info, warn or error")
	}
	e.store(&c, serves)
	if c.SessionSecret != "" {
		if _, err := vault.ParseKeyring(c.SessionSecret); err != nil {
			e.bad(names.EnvSessionSecret, err.Error())
		}
	}
	return c, errors.Join(e.errs...)
}

type settings struct {
	values map[string]string
	errs   []error
}

func (e *settings) bad(name, problem string) {
	e.errs = append(e.errs, fmt.Errorf("%s %s", name, problem))
}

// text treats an empty variable as unset, because Compose cannot omit a variable.
func (e *settings) text(name, otherwise string) string {
	if v := e.values[name]; v != "" {
		return v
	}
	return otherwise
}

func (e *settings) number(name string, otherwise, lo, hi int) int {
	n, err := strconv.Atoi(e.text(name, strconv.Itoa(otherwise)))
	if err != nil || n < lo || n > hi {
		e.bad(name, fmt.Sprintf("must be a number between %d and %d", lo, hi))
		return otherwise
	}
	return n
}

func (e *settings) duration(name string, otherwise time.Duration) time.Duration {
	d, err := time.ParseDuration(e.text(name, otherwise.String()))
	if err != nil || d < 0 {
		e.bad(name, `must be a duration such as "20s"`)
		return otherwise
	}
	return d
}

func (e *settings) address(name, otherwise string) string {
	v := e.text(name, otherwise)
	if name == envMetricsAddr && v == off {
		return ""
	}
	_, port, err := net.SplitHostPort(v)
	if name == envListenAddr && err == nil && port == "" {
		return v
	}
	if n, numErr := strconv.Atoi(port); err != nil || numErr != nil || n < 0 || n > 65535 {
		e.bad(name, `must be an address and a port such as "127.0.0.1:5001"`)
	}
	return v
}

// origin accepts only scheme, host and port: the value becomes part of the page's content security policy.
func (e *settings) origin(name, otherwise string) string {
	v := strings.TrimSuffix(e.text(name, otherwise), "/")
	if v == off {
		return ""
	}
	u, err := url.Parse(v)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || v != u.Scheme+"://"+u.Host || strings.ContainsAny(v, "'\"; ,*") {
		e.bad(name, `must be a scheme and a host such as "https://api.pwnedpasswords.com", or "off"`)
	}
	return v
}

func (e *settings) prefixes(name string) []netip.Prefix {
	var out []netip.Prefix
	for word := range strings.FieldsFuncSeq(e.text(name, ""), func(r rune) bool { return r == ',' || r == ' ' }) {
		p, err := netip.ParsePrefix(word)
		if err != nil {
			a, addrErr := netip.ParseAddr(word)
			if addrErr != nil {
				e.bad(name, `must be networks such as "172.16.0.0/12", separated by commas`)
				return nil
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		out = append(out, p.Masked())
	}
	return out
}

func (e *settings) store(c *Config, serves bool) {
	choice := e.text(names.EnvStore, storeSQLite)
	path, embedded := strings.CutPrefix(choice, storeSQLite)
	switch {
	case embedded && path == "":
		c.SQLitePath = filepath.Join(c.DataDir, "vault.db")
	case embedded:
		c.SQLitePath = path
	case choice == names.StoreDynamoDB:
		c.DynamoDB = dynamo.Config{
			Region: e.text(names.EnvAWSRegion, ""), Endpoint: e.text(envDynamoDBEndpoint, ""),
			Users:     e.text(names.EnvUsersTable, names.UsersTable),
			Accounts:  e.text(names.EnvAccountsTable, names.AccountsTable),
			Passwords: e.text(names.EnvPasswordsTable, names.PasswordsTable),
			Sessions:  e.text(names.EnvSessionsTable, names.SessionsTable),
			Vaults:    e.text(names.EnvVaultsTable, names.VaultsTable),
			Events:    e.text(names.EnvEventsTable, names.EventsTable),
		}
		if c.AttachmentMiB > maxDynamoAttachmentMiB {
			e.bad(envAttachmentMiB, fmt.Sprintf("must be at most %d with STORE=dynamodb", maxDynamoAttachmentMiB))
		}
		if serves && c.SessionSecret == "" {
			// Replicas with separate keys would reject each other's sessions.
			e.bad(names.EnvSessionSecret, "is required with STORE=dynamodb: every replica needs the same keys")
		}
	default:
		e.bad(names.EnvStore, `must be "sqlite:", "sqlite:/path/vault.db" or "dynamodb"`)
	}
}
