//go:build integration

package jenkins_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

const webhookSecret = "the-secret-of-the-test"

// fakeSonarQube serves one analysis, task AY1, which is finished at the second request and whose gate has the status.
func fakeSonarQube(t *testing.T, status string) *httptest.Server {
	t.Helper()
	var requests atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, _, _ := r.BasicAuth(); user != token {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		switch r.URL.Path + "?" + r.URL.RawQuery {
		case "/api/ce/task?id=AY1":
			if requests.Add(1) == 1 {
				fmt.Fprint(w, `{"task":{"status":"IN_PROGRESS"}}`)
			} else {
				fmt.Fprint(w, `{"task":{"status":"SUCCESS","analysisId":"an analysis"}}`)
			}
		case "/api/qualitygates/project_status?analysisId=an+analysis":
			fmt.Fprintf(w, `{"projectStatus":{"status":%q}}`, status)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func sign(body, secret string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	return hex.EncodeToString(mac.Sum(nil))
}

func TestGateNeedsASignedWebhook(t *testing.T) {
	t.Parallel()
	const own, other = `{"taskId":"AY1","status":"SUCCESS"}`, `{"taskId":"AY2","status":"SUCCESS"}`
	type hook struct{ body, signature string }
	good := hook{own, sign(own, webhookSecret)}
	for _, c := range []struct {
		name, status, result, want string
		hooks                      []hook
	}{
		{"signed and green", "OK", "SUCCESS", "gate\tOK", []hook{good}},
		{"signed and red", "ERROR", "FAILURE", "gate\tERROR", []hook{good}},
		{"after another analysis", "OK", "SUCCESS", "gate\tOK", []hook{{other, sign(other, webhookSecret)}, {"no JSON", ""}, good}},
		{"wrong secret", "OK", "FAILURE", "The incoming webhook didn't match the configured webhook secret", []hook{{own, sign(own, "guessed")}}},
		{"no signature", "OK", "FAILURE", "The incoming webhook didn't match the configured webhook secret", []hook{{own, ""}}},
		{"failed analysis", "OK", "FAILURE", "SonarQube analysis 'AY1' failed: FAILED", []hook{{
			`{"taskId":"AY1","status":"FAILED"}`, sign(`{"taskId":"AY1","status":"FAILED"}`, webhookSecret)}}},
		{"none", "OK", "ABORTED", "Timeout has been exceeded: no webhook", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b, port := newBuild(t), freePort(t)
			sonarqube := fakeSonarQube(t, c.status)
			write(t, filepath.Join(b.secrets, "SONAR_WEBHOOK_SECRET"), webhookSecret+"\n", 0o600)
			b.env = append(b.env, "SONAR_URL="+sonarqube.URL, "TASK=AY1")
			if c.hooks == nil {
				short := strings.Replace(read(t, jenkinsfile), "timeout(time: 10, unit: 'MINUTES') {", "timeout(time: 2, unit: 'SECONDS') {", 1)
				write(t, filepath.Join(b.workspace, "Jenkinsfile"), short, 0o644)
			}
			// The webhooks arrive before the pipeline waits for them.
			for i, h := range c.hooks {
				write(t, filepath.Join(b.record, fmt.Sprintf("hook-%d", i)), h.body, 0o644)
				b.env = append(b.env, fmt.Sprintf("SIGNATURE_%d=%s", i, h.signature))
			}
			b.env = append(b.env, "WEBHOOK=http://127.0.0.1:"+port+"/sonarqube-webhook/")
			o := b.run(t, "main", "--webhook", port)
			targets := checked
			if c.result == "SUCCESS" {
				targets = released
			}
			o.want(t, c.result, targets)
			if !o.has(c.want) && !strings.Contains(o.log, c.want) {
				t.Errorf("%q is missing in\n%s\n%s", c.want, strings.Join(o.lines, "\n"), o.log)
			}
			if strings.Contains(o.log, webhookSecret) {
				t.Error("the log shows the secret")
			}
		})
	}
}

func TestWebhookPortInUseIsReported(t *testing.T) {
	t.Parallel()
	b, taken := newBuild(t), httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(taken.Close)
	port := taken.URL[strings.LastIndex(taken.URL, ":")+1:]
	o := script(t, b.env, "--branch", "main", "--workspace", b.workspace, "--secrets", b.secrets, "--webhook", port)
	if want := "run-pipeline.sh: error: cannot listen on 127.0.0.1:" + port; o.status != 1 || !strings.HasPrefix(o.log, want) {
		t.Errorf("exit %d: %s", o.status, o.log)
	}
}
