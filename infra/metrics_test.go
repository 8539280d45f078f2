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
	"github.com/vaultsphere/vaultsphere/internal/testenv/executables"
)

// logFilter is a metric filter, in the subset of the syntax that this repository uses: { $.field OPERATOR value && … }.
type logFilter struct{ pattern, value string }

// logFilters returns the metric filters by metric. Only the data stack may have any: filters elsewhere would count each line twice.
func logFilters(t *testing.T) map[string]logFilter {
	t.Helper()
	filters := map[string]logFilter{}
	for name, tpl := range synth(t, "ec2-minimal").templates {
		for _, f := range tpl.of("AWS::Logs::MetricFilter") {
			m := f.Properties["MetricTransformations"].([]any)[0].(map[string]any)
			if name != dataStack || m["MetricNamespace"] != names.MetricsNamespace {
				t.Errorf("%s has a filter for %s/%s", name, m["MetricNamespace"], m["MetricName"])
			}
			filters[m["MetricName"].(string)] = logFilter{f.Properties["FilterPattern"].(string), m["MetricValue"].(string)}
		}
	}
	return filters
}

// matches returns the value that the filter extracts from a log line, if the line matches.
func (f logFilter) matches(t *testing.T, line []byte) (float64, bool) {
	t.Helper()
	var event map[string]any
	if json.Unmarshal(line, &event) != nil {
		return 0, false
	}
	for _, term := range strings.Split(strings.Trim(f.pattern, "{ }"), " && ") {
		parts := strings.SplitN(term, " ", 3)
		have, exists := event[strings.TrimPrefix(parts[0], "$.")]
		number, isNumber := have.(float64)
		var ok bool
		switch parts[1] + " " + parts[2] {
		case "= *":
			ok = exists
		case ">= " + parts[2]:
			limit, err := strconv.ParseFloat(parts[2], 64)
			ok = err == nil && isNumber && number >= limit
		case "= " + parts[2]:
			ok = fmt.Sprintf("%q", have) == parts[2]
		default:
			t.Fatalf("this test does not support the term %q", term)
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

// The log comes from a real server: a rejected request, a request that fails without a store, and health checks, which do not count as
// requests even if they are logged.
func TestServerLogBecomesMetrics(t *testing.T) {
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
		t.Errorf("latency is %v ms for %d requests in\n%s", sums[metricLatency], counts[metricLatency], log)
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
	_, url, _ := strings.Cut(line, "serving ")
	url, _, _ = strings.Cut(url, ",")
	for _, r := range []struct {
		method, path string
		status       int
	}{
		{http.MethodGet, "/api/v1/account", http.StatusUnauthorized},
		{http.MethodPost, "/api/v1/prelogin", http.StatusServiceUnavailable},
		{http.MethodGet, "/health", http.StatusOK},
		{http.MethodGet, "/ready", http.StatusServiceUnavailable},
	} {
		request, err := http.NewRequest(r.method, url+r.path, strings.NewReader(`{"username":"alice"}`))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != r.status {
			t.Fatalf("%s returns %d, want %d", r.path, response.StatusCode, r.status)
		}
	}
	server.Process.Signal(syscall.SIGTERM)
	server.Wait()
	return log.Bytes()
}

// An alarm on a metric without data never fires.
func TestAlarmsUseExistingMetrics(t *testing.T) {
	dimensionsOf := map[string]string{metricAnswers: "[]", metricImageAge: "[]"}
	for name := range logFilters(t) {
		dimensionsOf[name] = "[]"
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
			dimensionsOf[m] = fmt.Sprint(agent.Metrics.AggregationDimensions[0])
		}
	}
	for _, line := range alarmLines(hostTemplate(t, "ec2-minimal")) {
		for _, m := range regexp.MustCompile(names.MetricsNamespace+`/(\w+)(\[\w*)`).FindAllStringSubmatch(line, -1) {
			if dimensions := m[2] + "]"; dimensionsOf[m[1]] != dimensions {
				t.Errorf("nothing publishes %s%s: %s", m[1], dimensions, line)
			}
		}
	}
}

func TestHostReportsAvailabilityImageAgeAndKey(t *testing.T) {
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
	const site, age, key = "check-site", "report-image-age", "tag-host-key"
	folder := t.TempDir()
	for _, name := range []string{site, age, key, "instance-metadata"} {
		if files["/usr/local/bin/"+name] == nil {
			t.Fatalf("the host lacks %s", name)
		}
		must(t, executables.WriteFile(filepath.Join(folder, name), []byte(files["/usr/local/bin/"+name]["content"].(string)), 0o755))
	}
	hostKey := filepath.Join(folder, "ssh_host_ed25519_key.pub")
	must(t, os.WriteFile(hostKey, []byte("ssh-ed25519 AAAA root@host\n"), 0o644))
	const putMetric = "aws cloudwatch put-metric-data --namespace PasswordManager --metric-name "
	tenDaysAgo := time.Now().Add(-10*24*time.Hour - time.Minute).UTC().Format("2006-01-02T15:04:05.000Z")
	for _, c := range []struct {
		program, name, aws, curl string
		wantCall                 string
		exit                     int
	}{
		{site, "the site answers", "echo vault.example.org", "exit 0", putMetric + "Answers --value 1", 0},
		{site, "the site fails", "echo vault.example.org", "exit 22", putMetric + "Answers --value 0", 0},
		{site, "no address", "exit 254", "exit 0", "", 1},
		{age, "an image of ten days", "echo " + tenDaysAgo, "echo ami-1", putMetric + "HostImageAge --value 10", 0},
		{age, "no metadata", "echo " + tenDaysAgo, "exit 7", "", 1},
		{age, "EC2 fails", "exit 254", "echo ami-1", "", 1},
		{age, "a deleted image", "echo None", "echo ami-1", "", 1},
		{key, "the host's key", "exit 0", "echo i-1", "aws ec2 create-tags --resources i-1 --tags Key=SSHHostKey,Value=ssh-ed25519 AAAA", 0},
		{key, "no metadata", "exit 0", "exit 7", "", 1},
		{key, "EC2 fails", "exit 254", "echo i-1", "", 1},
	} {
		t.Run(c.program+", "+c.name, func(t *testing.T) {
			dir := t.TempDir()
			stub := func(name, body string) {
				body = "#!/bin/sh\necho " + name + ` "$@" >>` + dir + "/calls\n" + body + "\n"
				if err := executables.WriteFile(filepath.Join(dir, name), []byte(body), 0o755); err != nil {
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
			if c.wantCall != "" && !slices.Contains(strings.Split(string(calls), "\n"), c.wantCall) {
				t.Errorf("missing %q in\n%s", c.wantCall, calls)
			}
			if c.wantCall == "" && strings.Contains(string(calls), putMetric) {
				t.Errorf("reported a value that was not measured:\n%s", calls)
			}
		})
	}
}
