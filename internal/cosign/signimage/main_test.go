package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
)

var image = "127.0.0.1:1/password-manager@" + digest.FromString("an image").String()

func TestUsage(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		code int
		says string
	}{
		"help":               {[]string{"--help"}, 0, "Usage: signimage "},
		"nothing":            {nil, 2, "a key and one image are needed"},
		"no key":             {[]string{image}, 2, "a key and one image are needed"},
		"two images":         {[]string{"--key", "alias/x", image, image}, 2, "a key and one image are needed"},
		"an unknown option":  {[]string{"--force"}, 2, "-force"},
		"a tag":              {[]string{"--key", "alias/x", "127.0.0.1:1/password-manager:latest"}, 2, "names no digest"},
		"no registry":        {[]string{"--key", "alias/x", "password-manager"}, 2, "invalid reference"},
		"a digest too short": {[]string{"--key", "alias/x", "127.0.0.1:1/password-manager@sha256:00"}, 2, "invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			code := run(t.Context(), c.args, &stdout, &stderr)
			said := stdout.String() + stderr.String()
			if code != c.code || !strings.Contains(said, c.says) || (code == 0) == (stdout.Len() == 0) {
				t.Errorf("exit %d: %s%s", code, &stdout, &stderr)
			}
		})
	}
}

func TestWithoutKMSNothingIsPushed(t *testing.T) {
	for name, c := range map[string]struct {
		body, says string
	}{
		"no key":       {`{"__type":"NotFoundException","message":"Alias arn:aws:kms:x is not found."}`, "sign with alias/x: NotFoundException: Alias arn:aws:kms:x is not found."},
		"not allowed":  {`{"__type":"AccessDeniedException","message":"no"}`, "sign with alias/x: AccessDeniedException: no"},
		"no answer":    {"", "sign with alias/x: "},
		"no signature": {`{"Signature":""}`, "push what was signed: "},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if c.body == "" {
					w.WriteHeader(http.StatusForbidden)
				} else if strings.Contains(c.body, "__type") {
					w.WriteHeader(http.StatusBadRequest)
				}
				_, _ = w.Write([]byte(c.body))
			}))
			defer server.Close()
			for name, value := range map[string]string{
				"AWS_ENDPOINT_URL": server.URL, "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_MAX_ATTEMPTS": "1",
				"AWS_CONFIG_FILE": "/nowhere", "AWS_SHARED_CREDENTIALS_FILE": "/nowhere", "DOCKER_CONFIG": t.TempDir(),
			} {
				t.Setenv(name, value)
			}
			var stdout, stderr bytes.Buffer
			code := run(t.Context(), []string{"--key", "alias/x", "--region", "eu-central-1", image}, &stdout, &stderr)
			if code != 1 || !strings.HasPrefix(stderr.String(), "signimage: error: "+c.says) || strings.Count(stderr.String(), "\n") != 1 {
				t.Errorf("exit %d: %s", code, &stderr)
			}
		})
	}
}
