//go:build integration

package rollout_test

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/internal/testenv/engine"
	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
)

// project is the Compose file as Compose reads it with some settings, which works without an engine.
type project struct {
	Services map[string]struct {
		Image           string
		Environment     map[string]string
		StopGracePeriod string `json:"stop_grace_period"`
		Networks        map[string]any
	}
	Networks map[string]struct {
		EnableIPv6 bool              `json:"enable_ipv6"`
		DriverOpts map[string]string `json:"driver_opts"`
	}
}

func compose(t *testing.T, settings ...string) project {
	t.Helper()
	cmd := exec.Command(engine.Program(t, "docker-compose"), "--profile", "*", "config", "--format", "json")
	cmd.Dir, cmd.Env = root, append(os.Environ(), settings...)
	out, err := cmd.Output()
	must(t, err)
	var p project
	must(t, json.Unmarshal(out, &p))
	return p
}

// caddy is the Caddyfile as Caddy reads it in the environment of the Compose file.
type caddy struct {
	Apps struct {
		TLS struct {
			Automation struct {
				Policies []struct {
					Subjects []string
					Issuers  []struct{ Module, Profile, CA string }
				}
			}
		}
		HTTP struct {
			GracePeriod time.Duration `json:"grace_period"`
			Servers     map[string]struct {
				TrustedProxies json.RawMessage `json:"trusted_proxies"`
				Policies       []struct {
					DefaultSNI string `json:"default_sni"`
				} `json:"tls_connection_policies"`
			}
		}
	}
}

func adapt(t *testing.T, environment map[string]string) (c caddy, text string) {
	t.Helper()
	cmd := exec.Command(engine.Program(t, "caddy"), "adapt", "--config", filepath.Join(root, "Caddyfile"))
	cmd.Env = []string{"HOME=" + t.TempDir()}
	for name, value := range environment {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	out, err := cmd.Output()
	must(t, err)
	must(t, json.Unmarshal(out, &c))
	return c, string(out)
}

func TestSiteAddressChoosesTheCertificate(t *testing.T) {
	const public = "acme shortlived https://acme-v02.api.letsencrypt.org/directory"
	for address, want := range map[string]string{"": "internal", "vault.example.org": public, "203.0.113.7": public, "2001:db8::7": public} {
		environment := compose(t, "SITE_ADDRESS="+address).Services["proxy"].Environment
		if address == "" {
			address = "localhost"
		}
		c, text := adapt(t, environment)
		policies := c.Apps.TLS.Automation.Policies
		if len(policies) != 1 || !slices.Equal(policies[0].Subjects, []string{address}) || len(policies[0].Issuers) != 1 {
			t.Errorf("%s: certificates by %v", address, policies)
			continue
		}
		if issuer := policies[0].Issuers[0]; strings.TrimSpace(issuer.Module+" "+issuer.Profile+" "+issuer.CA) != want {
			t.Errorf("%s: the certificate is from %v, want %s", address, issuer, want)
		}
		for _, server := range c.Apps.HTTP.Servers {
			if server.TrustedProxies != nil {
				t.Errorf("%s: X-Forwarded-For is believed from %s", address, server.TrustedProxies)
			}
			for _, policy := range server.Policies {
				if policy.DefaultSNI != address {
					t.Errorf("%s: a client that names no site gets %q", address, policy.DefaultSNI)
				}
			}
		}
		if !strings.Contains(text, `"uri":"`+names.PathReady+`"`) || !strings.Contains(text, `"host":["`+address+`"]`) {
			t.Errorf("%s: %s", address, text)
		}
	}
}

// The Compose file, the Caddyfile and the script must agree with the server's code.
func TestFilesAgree(t *testing.T) {
	p := compose(t)
	port := strconv.Itoa(names.DefaultPort)
	if got, want := p.Services["proxy"].Image, caddyImage(t); got != want {
		t.Errorf("the proxy is %s, but the tests use %s", got, want)
	}
	for _, slot := range []string{"vault-blue", "vault-green"} {
		s := p.Services[slot]
		if got := s.Environment[names.EnvPort]; got != port {
			t.Errorf("%s listens on %s, not on %s", slot, got, port)
		}
		drain := duration(t, s.Environment[names.EnvDrainDelay]) + duration(t, s.Environment[names.EnvDrainTimeout])
		if grace := duration(t, s.StopGracePeriod); grace <= drain {
			t.Errorf("%s is killed after %s, while it may drain for %s", slot, grace, drain)
		}
	}
	c, text := adapt(t, p.Services["proxy"].Environment)
	if grace := duration(t, p.Services["proxy"].StopGracePeriod); grace <= c.Apps.HTTP.GracePeriod {
		t.Errorf("the proxy is killed after %s, while it may drain for %s", grace, c.Apps.HTTP.GracePeriod)
	}
	if want := `"upstreams":[{"dial":"vault-blue:` + port + `"},{"dial":"vault-green:` + port + `"}]`; !strings.Contains(text, want) {
		t.Errorf("the proxy has other slots: %s", text)
	}
	script, err := os.ReadFile(filepath.Join(root, "scripts/rollout.sh"))
	must(t, err)
	for _, want := range []string{"\nport=" + port + "\n", ":$port" + names.PathReady + `"`} {
		if !strings.Contains(string(script), want) {
			t.Errorf("rollout.sh has no %q", want)
		}
	}
}

// Permission to write settings must not be permission to choose the program. Only the rollout, for which the signature was verified,
// chooses the images, the proxy's configuration and the project.
func TestSettingsDoNotChooseTheImage(t *testing.T) {
	script, err := os.ReadFile(filepath.Join(root, "scripts/rollout.sh"))
	must(t, err)
	function := regexp.MustCompile(`(?ms)^compose\(\) \{$.*?^\}$`).FindString(string(script))
	if function == "" {
		t.Fatal("rollout.sh has no function compose")
	}
	home := t.TempDir()
	must(t, os.WriteFile(filepath.Join(home, "compose.env"), []byte("BLUE_IMAGE='good'\nGREEN_IMAGE='good'\nCADDYFILE='/good'\nENV_FILE='"+home+"/.env'\n"), 0o600))
	must(t, os.WriteFile(filepath.Join(home, ".env"), []byte("SITE_ADDRESS='vault.example.org'\nBLUE_IMAGE='evil'\nGREEN_IMAGE='evil'\nCADDYFILE='/evil'\n"+
		"ENV_FILE='/evil'\nCOMPOSE_PROJECT_NAME='evil'\nCOMPOSE_FILE='/evil'\nCOMPOSE_PATH_SEPARATOR=','\n"), 0o600))
	cmd := exec.Command("bash", "-c", function+`
docker() { shift; "$program" "$@"; }
env_file=(--env-file "$state/.env")
compose --profile '*' config --format json`)
	cmd.Env = append(os.Environ(), "program="+engine.Program(t, "docker-compose"), "files="+root, "state="+home)
	out, err := cmd.Output()
	must(t, err)
	var p struct {
		Name     string
		Services map[string]struct {
			Image       string
			Environment map[string]string
			Volumes     []struct{ Source string }
		}
	}
	must(t, json.Unmarshal(out, &p))
	if p.Name != "vaultsphere" {
		t.Errorf("the project is %s", p.Name)
	}
	for _, slot := range []string{"vault-blue", "vault-green"} {
		if got := p.Services[slot]; got.Image != "good" || got.Environment[names.SiteAddress] != "vault.example.org" {
			t.Errorf("%s runs %s with %v", slot, got.Image, got.Environment)
		}
	}
	if volumes := p.Services["proxy"].Volumes; len(volumes) == 0 || volumes[0].Source != "/good" {
		t.Errorf("the proxy is configured by %v", volumes)
	}
}

// The firewall identifies the proxy's network by the name of its bridge, and only filters IPv4.
func TestOnlyTheProxyCannotReachTheRole(t *testing.T) {
	p := compose(t)
	script, err := os.ReadFile(filepath.Join(root, "infra/host/close-metadata.sh"))
	must(t, err)
	if rule := "--in-interface " + p.Networks["internet"].DriverOpts["com.docker.network.bridge.name"] + " "; !strings.Contains(string(script), rule) {
		t.Errorf("close-metadata has no %q", rule)
	}
	for name, network := range p.Networks {
		if network.EnableIPv6 {
			t.Errorf("%s has IPv6", name)
		}
	}
	for service, want := range map[string]string{"proxy": "front internet", "vault-blue": "front slots", "vault-green": "front slots"} {
		if got := strings.Join(slices.Sorted(maps.Keys(p.Services[service].Networks)), " "); got != want {
			t.Errorf("%s is on %s, want %s", service, got, want)
		}
	}
}

func duration(t *testing.T, text string) time.Duration {
	t.Helper()
	d, err := time.ParseDuration(text)
	must(t, err)
	return d
}
