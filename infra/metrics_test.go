//go:build system

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/names"
	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
)

// logFilter is a metric filter, as far as this repository writes them: { $.field OPERATOR value && … }.
type logFilter struct{ pattern, value string }

// logFilters are those of the data stack, by metric. There and nowhere else: a second one would count each line twice.
func logFilters(t *testing.T) map[string]logFilter {
	t.Helper()
	filters := map[string]logFilter{}
	for name, tpl := range synth(t, "ec2-minimal").templates {
		for _, f := range tpl.of("AWS::Logs::MetricFilter") {
			m := f.Properties["MetricTransformations"].([]any)[0].(map[string]any)
			if name != "PasswordManager-Data" || m["MetricNamespace"] != names.MetricsNamespace {
				t.Errorf("%s has a filter for %s/%s", name, m["MetricNamespace"], m["MetricName"])
			}
			filters[m["MetricName"].(string)] = logFilter{f.Properties["FilterPattern"].(string), m["MetricValue"].(string)}
		}
	}
	return filters
}

// matches says what value the filter takes from a line of the log, if it takes one.
func (f logFilter) matches(t *testing.T, line []byte) (float64, bool) {
	t.Helper()
	var event map[string]any
	if json.Unmarshal(line, &event) != nil {
		return 0, false
	}
	for _, term := range strings.Split(strings.Trim(f.pattern, "{ }"), " && ") {
		parts := strings.SplitN(term, " ", 3)
		have, there := event[strings.TrimPrefix(parts[0], "$.")]
		number, isNumber := have.(float64)
		var ok bool
		switch parts[1] + " " + parts[2] {
		case "= *":
			ok = there
		case ">= " + parts[2]:
			limit, err := strconv.ParseFloat(parts[2], 64)
			ok = err == nil && isNumber && number >= limit
		case "= " + parts[2]:
			ok = fmt.Sprintf("%q", have) == parts[2]
		default:
			t.Fatalf("this test does not know %q", term)
		}
		if !ok {
			return 0, false
		}
	}
	field, isField := strings.CutPrefix(f.value, "$.")
	if !isField {
		value, err := strconv.ParseFloat(f.value, 64)
		return value, err == nil
	}
	value, ok := event[field].(float64)
	return value, ok
}

// The server is real, and so are its lines: one request that is refused, one that fails because the store is not there, and
// health checks, which are nobody's requests even where they are logged.
func TestServersLogBecomesMetrics(t *testing.T) {
	log := serverLog(t)
	sums, counts := map[string]float64{}, map[string]int{}
	for name, f := range logFilters(t) {
		for line := range bytes.Lines(log) {
			if v, ok := f.matches(t, line); ok {
				sums[name] += v
				counts[name]++
			}
		}
	}
	if sums[metricRequests] != 2 || sums[metricServerErrors] != 1 {
		t.Errorf("counted %v requests and %v errors, want 2 and 1, in\n%s", sums[metricRequests], sums[metricServerErrors], log)
	}
	if counts[metricLatency] != 2 || sums[metricLatency] <= 0 || sums[metricLatency] > 60_000 {
		t.Errorf("latency is %v ms over %d requests in\n%s", sums[metricLatency], counts[metricLatency], log)
	}
}

func serverLog(t *testing.T) []byte {
	t.Helper()
	program := filepath.Join(t.TempDir(), "vaultsphered")
	if out, err := exec.Command("go", "build", "-o", program, "../app/cmd/vaultsphered").CombinedOutput(); err != nil {
		t.Fatalf("build the server: %s", out)
	}
	server := exec.Command(program)
	server.Env = []string{
		"LISTEN_ADDR=127.0.0.1:0", "METRICS_ADDR=off", "LOG_LEVEL=debug", "STORE=dynamodb", "AWS_REGION=eu-central-1",
		"AWS_ACCESS_KEY_ID=x", "AWS_SECRET_ACCESS_KEY=x", "DYNAMODB_ENDPOINT=http://127.0.0.1:9",
		"SESSION_SECRET=" + strings.Repeat("A", 42) + "8=",
	}
	var log bytes.Buffer
	server.Stderr = &log
	stdout, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer server.Process.Kill()
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("the server did not start: %v", err)
	}
	_, at, _ := strings.Cut(line, "serving ")
	at, _, _ = strings.Cut(at, ",")
	for _, r := range []struct {
		method, path string
		status       int
	}{
		{http.MethodGet, "/api/v1/vault", http.StatusUnauthorized},
		{http.MethodPost, "/api/v1/prelogin", http.StatusServiceUnavailable},
		{http.MethodGet, "/health", http.StatusOK},
		{http.MethodGet, "/ready", http.StatusServiceUnavailable},
	} {
		request, err := http.NewRequest(r.method, at+r.path, strings.NewReader(`{"username":"alice"}`))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != r.status {
			t.Fatalf("%s answers %d, want %d", r.path, answer.StatusCode, r.status)
		}
	}
	server.Process.Signal(syscall.SIGTERM)
	server.Wait()
	return log.Bytes()
}

// An alarm on a metric that nobody makes never rings.
func TestAlarmsReadMetricsThatSomebodyMakes(t *testing.T) {
	made := map[string]string{metricAnswers: "[]", metricImageAge: "[]"}
	for name := range logFilters(t) {
		made[name] = "[]"
	}
	var agent struct {
		Metrics struct {
			AggregationDimensions [][]string `json:"aggregation_dimensions"`
			MetricsCollected      map[string]struct{ Measurement []string }
		}
	}
	rendered := render("cloudwatch-agent.json", hostSettings{Namespace: names.MetricsNamespace})
	rendered = strings.ReplaceAll(rendered, "metrics_collected", "MetricsCollected")
	if err := json.Unmarshal([]byte(rendered), &agent); err != nil {
		t.Fatal(err)
	}
	for _, c := range agent.Metrics.MetricsCollected {
		for _, m := range c.Measurement {
			made[m] = fmt.Sprint(agent.Metrics.AggregationDimensions[0])
		}
	}
	for _, line := range alarmLines(hostTemplate(t, "ec2-minimal")) {
		for _, m := range regexp.MustCompile(names.MetricsNamespace+`/(\w+)(\[\w*)`).FindAllStringSubmatch(line, -1) {
			if dimensions := m[2] + "]"; made[m[1]] != dimensions {
				t.Errorf("nobody makes %s%s: %s", m[1], dimensions, line)
			}
		}
	}
}

func TestHostTellsWhetherTheSiteAnswersAndHowOldItIs(t *testing.T) {
	if want := "systemctl enable --now password-manager-watch.timer password-manager-image.timer\n"; !strings.Contains(userData(t, "ec2-minimal"), want) {
		t.Errorf("the first boot lacks %q", want)
	}
	files := hostFilesOf(t, "ec2-minimal")
	for _, want := range []string{
		"SITE_PARAMETER=/password-manager/SITE_ADDRESS\n", "METRICS_NAMESPACE=PasswordManager\n", "ANSWERS_METRIC=Answers\n",
		"IMAGE_AGE_METRIC=HostImageAge\n",
	} {
		if settings := files["/etc/password-manager.env"]["content"].(string); !strings.Contains(settings, want) {
			t.Errorf("the host's settings lack %q", want)
		}
	}
	const ask, tell, key = "ask-site", "tell-image-age", "tell-host-key"
	folder := t.TempDir()
	for _, name := range []string{ask, tell, key, "instance-metadata"} {
		if files["/usr/local/bin/"+name] == nil {
			t.Fatalf("the host has no %s", name)
		}
		must(t, os.WriteFile(filepath.Join(folder, name), []byte(files["/usr/local/bin/"+name]["content"].(string)), 0o755))
	}
	hostKey := filepath.Join(folder, "ssh_host_ed25519_key.pub")
	must(t, os.WriteFile(hostKey, []byte("ssh-ed25519 AAAA root@host\n"), 0o644))
	const number = "aws cloudwatch put-metric-data --namespace PasswordManager --metric-name "
	ten := time.Now().Add(-10*24*time.Hour - time.Minute).UTC().Format("2006-01-02T15:04:05.000Z")
	for _, c := range []struct {
		program, name, aws, curl string
		told                     string
		exit                     int
	}{
		{ask, "it answers", "echo vault.example.org", "exit 0", number + "Answers --value 1", 0},
		{ask, "it fails", "echo vault.example.org", "exit 22", number + "Answers --value 0", 0},
		{ask, "nobody knows where it is", "exit 254", "exit 0", "", 1},
		{tell, "an image of ten days", "echo " + ten, "echo ami-1", number + "HostImageAge --value 10", 0},
		{tell, "no metadata", "echo " + ten, "exit 7", "", 1},
		{tell, "EC2 does not answer", "exit 254", "echo ami-1", "", 1},
		{tell, "an image that is gone", "echo None", "echo ami-1", "", 1},
		{key, "the host's key", "exit 0", "echo i-1", "aws ec2 create-tags --resources i-1 --tags Key=SSHHostKey,Value=ssh-ed25519 AAAA", 0},
		{key, "no metadata", "exit 0", "exit 7", "", 1},
		{key, "EC2 refuses", "exit 254", "echo i-1", "", 1},
	} {
		t.Run(c.program+", "+c.name, func(t *testing.T) {
			dir := t.TempDir()
			stub := func(name, body string) {
				body = "#!/bin/sh\necho " + name + ` "$@" >>` + dir + "/calls\n" + body + "\n"
				if err := os.WriteFile(filepath.Join(dir, name), []byte(body), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			stub("aws", `case "$1" in ssm | ec2) `+c.aws+";; esac")
			stub("curl", c.curl)
			script := exec.Command(filepath.Join(folder, c.program))
			script.Env = []string{
				"PATH=" + dir + ":" + os.Getenv("PATH"), "AWS_REGION=eu-central-1", "SITE_PARAMETER=/password-manager/SITE_ADDRESS",
				"METRICS_NAMESPACE=PasswordManager", "ANSWERS_METRIC=Answers", "IMAGE_AGE_METRIC=HostImageAge",
				"HOST_KEY_TAG=SSHHostKey", "HOST_KEY_FILE=" + hostKey,
			}
			out, _ := script.CombinedOutput()
			if code := script.ProcessState.ExitCode(); code != c.exit {
				t.Errorf("exit %d, want %d: %s", code, c.exit, out)
			}
			calls, err := os.ReadFile(filepath.Join(dir, "calls"))
			if err != nil {
				t.Fatal(err)
			}
			if c.told != "" && !slices.Contains(strings.Split(string(calls), "\n"), c.told) {
				t.Errorf("missing %q in\n%s", c.told, calls)
			}
			if c.told == "" && strings.Contains(string(calls), number) {
				t.Errorf("a number was told that nobody measured:\n%s", calls)
			}
		})
	}
}
