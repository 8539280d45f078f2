package dynamo

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// role imitates the agents of ECS and EKS, and the metadata service of a host that supports only version 2. Its credentials
// last six hours, and their IDs are numbered.
type role struct {
	asked []string // URLs and tokens of requests for credentials
}

func (e *role) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	const session, list = "host token", "/latest/meta-data/iam/security-credentials/"
	switch {
	case r.Method == http.MethodPut && r.URL.Path == "/latest/api/token":
		w.Header().Set("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", r.Header.Get("X-Aws-Ec2-Metadata-Token-Ttl-Seconds"))
		_, _ = fmt.Fprint(w, session)
		return
	case strings.HasPrefix(r.URL.Path, list) && r.Header.Get("X-Aws-Ec2-Metadata-Token") != session:
		w.WriteHeader(http.StatusUnauthorized)
		return
	case r.URL.Path == list:
		_, _ = fmt.Fprint(w, "vault")
		return
	}
	e.asked = append(e.asked, "http://"+r.Host+r.URL.RequestURI()+" "+r.Header.Get("Authorization"))
	_, _ = fmt.Fprintf(w, `{"Code":"Success","AccessKeyId":"id %d","SecretAccessKey":"secret","Token":"token","Expiration":%q}`,
		len(e.asked), time.Now().Add(6*time.Hour).UTC().Format(time.RFC3339))
}

// Do answers for the agent and the metadata service without a network.
func (e *role) Do(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Host = r.URL.Host
	answer := httptest.NewRecorder()
	e.ServeHTTP(answer, r)
	return answer.Result(), nil
}

// Outside AWS, the environment names the endpoints, and the SDK's default client reaches them.
func TestRolesAreFetchedOverHTTP(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("from a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		env  func(url string)
		want string
	}{
		"a host": {func(url string) { t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", url) }, "/latest/meta-data/iam/security-credentials/vault "},
		"a task": {func(url string) { t.Setenv(envTaskURL, url+"/role?x=1"); t.Setenv(envToken, "a token") }, "/role?x=1 a token"},
		"a task with a token in a file": {func(url string) {
			t.Setenv(envTaskURL, url+"/role")
			t.Setenv(envToken, "not this")
			t.Setenv(envTokenFile, file)
		}, "/role from a file"},
	} {
		clearAWS(t)
		service := &role{}
		server := httptest.NewServer(service)
		c.env(server.URL)
		from, err := signer(nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := from.Retrieve(t.Context())
		server.Close()
		if err != nil || got.AccessKeyID != "id 1" || got.SecretAccessKey != "secret" || got.SessionToken != "token" {
			t.Errorf("%s: %v, %v", name, got.AccessKeyID, err)
		}
		if len(service.asked) != 1 || service.asked[0] != server.URL+c.want {
			t.Errorf("%s: asked %q, want %q", name, service.asked, server.URL+c.want)
		}
	}
}

func TestRolesAreRenewedBeforeTheyExpire(t *testing.T) {
	token := filepath.Join(t.TempDir(), "token")
	for name, c := range map[string]struct {
		env, value string
		life       time.Duration // the SDK caches those of a host for an hour
		url        string
	}{
		"a host":           {"AWS_EC2_METADATA_DISABLED", "", time.Hour, "http://169.254.169.254/latest/meta-data/iam/security-credentials/vault "},
		"a task of ECS":    {envTaskPath, "/v2/credentials/x", 6 * time.Hour, "http://169.254.170.2/v2/credentials/x "},
		"a pod of EKS":     {envTaskURL, "http://169.254.170.23/v1/credentials", 6 * time.Hour, "http://169.254.170.23/v1/credentials "},
		"a pod over IPv6":  {envTaskURL, "http://[fd00:ec2::23]/v1/credentials", 6 * time.Hour, "http://[fd00:ec2::23]/v1/credentials "},
		"another over TLS": {envTaskURL, "https://agent.example.org/role", 6 * time.Hour, "http://agent.example.org/role "},
	} {
		t.Run(name, func(t *testing.T) {
			clearAWS(t)
			t.Setenv(c.env, c.value)
			t.Setenv(envTokenFile, token)
			synctest.Test(t, func(t *testing.T) {
				service := &role{}
				from, err := signer(service)
				if err != nil {
					t.Fatal(err)
				}
				holds := func(when string, id string) {
					t.Helper()
					if err := os.WriteFile(token, []byte(id), 0o600); err != nil {
						t.Fatal(err)
					}
					if got, err := from.Retrieve(t.Context()); err != nil || got.AccessKeyID != id {
						t.Errorf("%s: %q, %v, want %q", when, got.AccessKeyID, err, id)
					}
				}
				holds("at first", "id 1")
				<-time.After(c.life - 5*time.Minute - time.Second) // by the clock of the test bubble
				holds("before the renewal", "id 1")
				<-time.After(2 * time.Second)
				holds("five minutes before the end", "id 2")
				want := []string{c.url, c.url}
				if strings.HasPrefix(c.env, "AWS_CONTAINER") {
					want = []string{c.url + "id 1", c.url + "id 2"}
				}
				if fmt.Sprint(service.asked) != fmt.Sprint(want) {
					t.Errorf("asked %q, want %q", service.asked, want)
				}
			})
		})
	}
}

func TestTaskTokenGoesOnlyToAgents(t *testing.T) {
	clearAWS(t)
	for _, bad := range []string{"http://example.org/", "http://169.254.170.3/", "ftp://127.0.0.1/", "127.0.0.1", "http://[::1", "https:///x"} {
		t.Setenv(envTaskURL, bad)
		if _, err := signer(nil); err == nil || !strings.Contains(err.Error(), envTaskURL) {
			t.Errorf("%s: %v", bad, err)
		}
	}
	t.Setenv(envTaskURL, "http://localhost:1/")
	t.Setenv(envTokenFile, filepath.Join(t.TempDir(), "none"))
	from, err := signer(nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := from.Retrieve(t.Context()); err == nil || !strings.Contains(err.Error(), envTokenFile) {
		t.Errorf("without the token's file: %v", err)
	}
}
