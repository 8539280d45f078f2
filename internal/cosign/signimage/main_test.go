package main

import (
	"bytes"
	"io"
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
		"nothing":            {nil, 2, "expected a key and one image"},
		"no key":             {[]string{image}, 2, "expected a key and one image"},
		"two images":         {[]string{"--key", "alias/x", image, image}, 2, "expected a key and one image"},
		"an unknown option":  {[]string{"--force"}, 2, "-force"},
		"a tag":              {[]string{"--key", "alias/x", "127.0.0.1:1/password-manager:latest"}, 2, "has no digest"},
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

// answerKMS starts a fake KMS that gives this answer, and hides real credentials.
func answerKMS(t *testing.T, status int, body string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(server.Close)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": server.URL, "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_MAX_ATTEMPTS": "1",
		"AWS_CONFIG_FILE": "/nowhere", "AWS_SHARED_CREDENTIALS_FILE": "/nowhere", "DOCKER_CONFIG": t.TempDir(),
	} {
		t.Setenv(name, value)
	}
}

func TestSignatureOfKMSIsPushed(t *testing.T) {
	answerKMS(t, http.StatusOK, `{"Signature":"c2lnbmVk"}`)
	var pushed []string
	registry := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch r.Method {
		case http.MethodPost:
			w.Header().Set("Location", r.URL.Path+"1")
			w.WriteHeader(http.StatusAccepted)
		case http.MethodPut:
			pushed = append(pushed, r.URL.Path+" "+string(body))
			w.WriteHeader(http.StatusCreated)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(registry.Close)
	at := strings.Replace(image, "127.0.0.1:1", strings.TrimPrefix(registry.URL, "http://"), 1)
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), []string{"--key", "alias/x", "--region", "eu-central-1", at}, &stdout, &stderr); code != 0 || stdout.Len()+stderr.Len() > 0 {
		t.Fatalf("exit %d: %s%s", code, &stdout, &stderr)
	}
	_, hex, _ := strings.Cut(image, "@sha256:")
	if len(pushed) != 3 || !strings.Contains(pushed[0], `"docker-manifest-digest":"sha256:`+hex+`"`) ||
		!strings.HasPrefix(pushed[2], "/v2/password-manager/manifests/sha256-"+hex+".sig ") || !strings.Contains(pushed[2], `"dev.cosignproject.cosign/signature":"c2lnbmVk"`) {
		t.Errorf("it pushed %q", pushed)
	}
}

func TestWithoutKMSNothingIsPushed(t *testing.T) {
	for name, c := range map[string]struct {
		status     int
		body, says string
	}{
		"no key": {http.StatusBadRequest, `{"__type":"NotFoundException","message":"Alias arn:aws:kms:x is not found."}`,
			"sign with alias/x: NotFoundException: Alias arn:aws:kms:x is not found."},
		"not allowed": {http.StatusBadRequest, `{"__type":"AccessDeniedException","message":"no"}`, "sign with alias/x: AccessDeniedException: no"},
		"no answer":   {http.StatusForbidden, "", "sign with alias/x: "},
		"no registry": {http.StatusOK, `{"Signature":"c2lnbmVk"}`, "push the payload: "},
	} {
		t.Run(name, func(t *testing.T) {
			answerKMS(t, c.status, c.body)
			var stdout, stderr bytes.Buffer
			code := run(t.Context(), []string{"--key", "alias/x", "--region", "eu-central-1", image}, &stdout, &stderr)
			if code != 1 || !strings.HasPrefix(stderr.String(), "signimage: error: "+c.says) || strings.Count(stderr.String(), "\n") != 1 {
				t.Errorf("exit %d: %s", code, &stderr)
			}
		})
	}
}
