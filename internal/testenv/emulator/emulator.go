// Package emulator gives tests an AWS account on loopback.
//
// Its CloudFormation skips unknown resource types and drops properties of known ones, so tests must check resources through the API
// of each service, not through the stack. A stack that is created by a change set has no outputs and cannot be protected against
// deletion, and the defaults of parameters do not count as previous values: deploy with
// "cdk deploy --method direct --no-previous-parameters".
package emulator

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"

	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
	"github.com/vaultsphere/vaultsphere/internal/testenv/loopback"
)

// Tests deploy to this account and region.
const (
	Account = "123456789012"
	Region  = "us-east-1"
)

// The emulator accepts any credentials. These are invalid elsewhere.
const accessKey, secretKey = "testing", "testing"

var started = sync.OnceValues(func() (*loopback.Server, error) { return loopback.Start("aws-emulator") })

// Endpoint returns the address of an emulator that all tests of this binary share. The first call starts it, which takes a second.
// Its host is an IP address, so S3 clients put the bucket's name into the path.
func Endpoint(t testing.TB) string {
	t.Helper()
	server, err := started()
	if err != nil {
		t.Fatalf("%v\ninstall it: internal/testenv/emulator/aws-emulator.sh install", err)
	}
	return server.URL
}

// Reset empties the account for all tests of this binary. Tests that call it must not run in parallel.
func Reset(t testing.TB) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, Endpoint(t)+"/moto-api/reset", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Fatalf("reset the AWS emulator: %s", res.Status)
	}
}

// Config returns a configuration for clients of aws-sdk-go-v2.
func Config(t testing.TB) aws.Config {
	t.Helper()
	return aws.Config{
		Region:       Region,
		BaseEndpoint: aws.String(Endpoint(t)),
		Credentials:  credentials.NewStaticCredentialsProvider(accessKey, secretKey, ""),
		HTTPClient:   client{awshttp.NewBuildableClient()},
	}
}

// client sends request bodies that are only an io.ReadCloser. The SDK closes a body as soon as the answer begins. After that, its
// io.WriterTo returns io.EOF where Read would end, and net/http, if it still looks for the end of the body, drops the connection in
// the middle of the answer. The SDK then sends the request again, and what it creates or deletes has changed already.
type client struct{ aws.HTTPClient }

// Do implements aws.HTTPClient.
func (c client) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil && r.Body != http.NoBody {
		r = r.WithContext(r.Context()) // a copy: the SDK keeps using its own request
		r.Body = struct{ io.ReadCloser }{r.Body}
	}
	return c.HTTPClient.Do(r)
}

// Proxy is like Config with a proxy in front of the account. change receives each request, its body and the answer, and returns the
// answer for the client.
func Proxy(t testing.TB, change func(r *http.Request, body string, status int, content string) (int, string)) aws.Config {
	t.Helper()
	config := Config(t)
	account := *config.BaseEndpoint
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		forward, err := http.NewRequestWithContext(r.Context(), r.Method, account+r.URL.Path, bytes.NewReader(body)) //nolint:gosec // the emulator is on loopback
		if err != nil {
			t.Error(err)
			return
		}
		forward.Header = r.Header
		res, err := http.DefaultClient.Do(forward) //nolint:gosec // as above
		if err != nil {
			t.Error(err)
			return
		}
		defer res.Body.Close()
		content, _ := io.ReadAll(res.Body)
		status, text := change(r, string(body), res.StatusCode, string(content))
		w.Header().Set("Content-Type", res.Header.Get("Content-Type"))
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	}))
	t.Cleanup(proxy.Close)
	config.BaseEndpoint = aws.String(proxy.URL)
	return config
}

// Env returns the environment for a child process that works in the account: this process's environment, without variables that
// could lead to a real account.
func Env(t testing.TB) []string {
	t.Helper()
	var env []string
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "AWS_") && !strings.HasPrefix(entry, "CDK_") {
			env = append(env, entry)
		}
	}
	nowhere := t.TempDir()
	return append(env,
		"AWS_ENDPOINT_URL="+Endpoint(t),
		"AWS_ACCESS_KEY_ID="+accessKey,
		"AWS_SECRET_ACCESS_KEY="+secretKey,
		"AWS_REGION="+Region,
		// Version 1 of the AWS command line only knows this name.
		"AWS_DEFAULT_REGION="+Region,
		"AWS_CONFIG_FILE="+filepath.Join(nowhere, "config"),
		"AWS_SHARED_CREDENTIALS_FILE="+filepath.Join(nowhere, "credentials"),
		"AWS_EC2_METADATA_DISABLED=true",
		// In CDK_HOME, the CDK caches the account of an access key.
		"CDK_HOME="+nowhere,
		// The emulator creates no outputs when a change set is executed.
		"CDK_METHOD=direct",
		"CDK_NOTICES=false",
		// The CDK passes CloudFormation the URL of a template in S3. The emulator only looks for the bucket in the path if the host
		// is localhost.
		"AWS_ENDPOINT_URL_S3_FOR_CLOUDFORMATION="+strings.Replace(Endpoint(t), "127.0.0.1", "localhost", 1),
	)
}

// Action returns the API call of a request with this body, in IAM's notation, such as ssm:GetParameters.
func Action(r *http.Request, body string) string {
	// AWS4-HMAC-SHA256 Credential=KEY/DAY/REGION/SERVICE/aws4_request, …
	var service string
	if scope := strings.Split(r.Header.Get("Authorization"), "/"); len(scope) > 3 {
		service = scope[3]
	}
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		_, name, _ := strings.Cut(target, ".")
		return service + ":" + name
	}
	switch { // calls whose name is not in the request
	case r.URL.Query().Get("list-type") == "2":
		return service + ":ListBucket"
	case r.Method == http.MethodGet && strings.TrimSuffix(r.URL.Path, "/") == "/backup-vaults":
		return service + ":ListBackupVaults"
	}
	form, err := url.ParseQuery(body)
	if err != nil {
		return service + ":"
	}
	return service + ":" + form.Get("Action")
}
