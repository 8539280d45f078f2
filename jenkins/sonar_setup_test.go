//go:build integration

package jenkins_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
)

// gate_test.go tests a successful setup with a real SonarQube.
func TestFailedSonarSetupLosesNothing(t *testing.T) {
	t.Parallel()
	need(t, "curl", "jq", "openssl")
	serving := func(status string) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/api/system/status":
				fmt.Fprintf(w, `{"status": %q}`, status)
			case "/api/authentication/validate":
				fmt.Fprint(w, `{"valid": false}`)
			default:
				w.WriteHeader(http.StatusForbidden)
				fmt.Fprint(w, `{"errors": [{"msg": "Insufficient privileges"}]}`)
			}
		}))
		t.Cleanup(s.Close)
		return s.URL
	}
	const hook = "http://jenkins:8080/sonarqube-webhook/"
	for name, c := range map[string]struct {
		url, webhook, want string
		prepare            func(secrets string) error
		files              string // in the folder, afterwards
	}{
		"no SonarQube":    {"http://127.0.0.1:1", hook, "SonarQube does not answer at http://127.0.0.1:1: ", nil, ""},
		"not started":     {serving("STARTING"), hook, "is not up: STARTING", nil, ""},
		"another program": {serving(""), hook, "is not up", nil, ""},
		"no URL":          {"localhost:9000", hook, "SONAR_HOST_URL is localhost:9000, but must be an http or https URL", nil, ""},
		"no webhook":      {serving("UP"), "jenkins", "--webhook is jenkins, but must be an http or https URL with a path", nil, ""},
		"another password": {serving("UP"), hook, "the password of admin is neither the one in ", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "SONAR_ADMIN_PASSWORD"), []byte("the old one\n"), 0o600)
		}, "SONAR_ADMIN_PASSWORD SONAR_WEBHOOK_SECRET"},
		// Root can read every file, but not a folder in its place.
		"an unreadable password": {serving("UP"), hook, "cannot read ", func(dir string) error {
			return os.Mkdir(filepath.Join(dir, "SONAR_ADMIN_PASSWORD"), 0o700)
		}, "SONAR_ADMIN_PASSWORD"},
		"an unreadable secret": {serving("UP"), hook, "cannot read ", func(dir string) error {
			return os.Mkdir(filepath.Join(dir, "SONAR_WEBHOOK_SECRET"), 0o700)
		}, "SONAR_WEBHOOK_SECRET"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			secrets := t.TempDir()
			if c.prepare != nil {
				if err := c.prepare(secrets); err != nil {
					t.Fatal(err)
				}
			}
			cmd := exec.CommandContext(t.Context(), "../scripts/sonar-setup.sh", "--secrets", secrets, "--webhook", c.webhook)
			cmd.Env = append(os.Environ(), "SONAR_HOST_URL="+c.url)
			out, _ := cmd.CombinedOutput()
			if cmd.ProcessState.ExitCode() != 1 || strings.Count(string(out), "sonar-setup.sh: error: ") != 1 || !strings.Contains(string(out), c.want) {
				t.Errorf("exit %d, want %q: %s", cmd.ProcessState.ExitCode(), c.want, out)
			}
			entries, err := os.ReadDir(secrets)
			if err != nil {
				t.Fatal(err)
			}
			var files []string
			for _, e := range entries {
				files = append(files, e.Name())
				if added, _ := os.ReadDir(filepath.Join(secrets, e.Name())); len(added) > 0 {
					t.Errorf("the setup wrote into %s", e.Name())
				}
			}
			if got := strings.Join(files, " "); got != c.files {
				t.Errorf("the folder has %q, want %q", got, c.files)
			}
			if content, err := os.ReadFile(filepath.Join(secrets, "SONAR_ADMIN_PASSWORD")); name == "another password" && string(content) != "the old one\n" {
				t.Errorf("the password changed to %q: %v", content, err)
			}
		})
	}
}
