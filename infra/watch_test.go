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

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	elb "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/jsii-runtime-go"

	"github.com/vaultsphere/vaultsphere/app/names"
)

// watchedService is a service as plain as AWS lets it be, with everything that watches it.
func watchedService(t *testing.T) stackTemplate {
	t.Helper()
	flags, dir := featureFlags(t), t.TempDir()
	app := awscdk.NewApp(&awscdk.AppProps{Context: &flags, Outdir: jsii.String(dir), AnalyticsReporting: jsii.Bool(false)})
	c, err := parse(deployments["fargate-minimal"], someRegions, "")
	if err != nil {
		t.Fatal(err)
	}
	stack := newStack(app, c, "Service", "watched", false)
	vpc := newNetwork(stack, c, true)
	task := awsecs.NewFargateTaskDefinition(stack, jsii.String("Task"), nil)
	task.AddContainer(jsii.String("vault"), &awsecs.ContainerDefinitionOptions{
		Image:        awsecs.ContainerImage_FromRegistry(jsii.String("vault"), nil),
		PortMappings: &[]*awsecs.PortMapping{{ContainerPort: jsii.Number(names.DefaultPort)}},
	})
	service := awsecs.NewFargateService(stack, jsii.String("Service"), &awsecs.FargateServiceProps{
		Cluster:        awsecs.NewCluster(stack, jsii.String("Cluster"), &awsecs.ClusterProps{Vpc: vpc}),
		TaskDefinition: task, MinHealthyPercent: jsii.Number(100), CircuitBreaker: &awsecs.DeploymentCircuitBreaker{},
	})
	balancer := elb.NewApplicationLoadBalancer(stack, jsii.String("Balancer"), &elb.ApplicationLoadBalancerProps{Vpc: vpc})
	targets := balancer.AddListener(jsii.String("HTTP"), &elb.BaseApplicationListenerProps{Port: jsii.Number(80)}).
		AddTargets(jsii.String("Tasks"), &elb.AddApplicationTargetsProps{
			Port: jsii.Number(names.DefaultPort), Protocol: elb.ApplicationProtocol_HTTP, Targets: &[]elb.IApplicationLoadBalancerTarget{service},
		})
	watchService(stack, c, service, balancer, targets)
	synthOrFail(t, app, dir)
	content, err := os.ReadFile(filepath.Join(dir, "PasswordManager-Service.template.json"))
	if err != nil {
		t.Fatal(err)
	}
	var tpl stackTemplate
	if err := json.Unmarshal(content, &tpl); err != nil {
		t.Fatal(err)
	}
	return tpl
}

var cdkHash = regexp.MustCompile(`[0-9A-F]{8}([0-9a-f]{16})?`)

// series names one metric of an alarm: its statistic, minutes and dimensions.
func series(m map[string]any, statistic any, period any) string {
	var dimensions []string
	all, _ := m["Dimensions"].([]any)
	for _, d := range all {
		d := d.(map[string]any)
		value := cdkHash.ReplaceAllString(written(d["Value"]), "…")
		dimensions = append(dimensions, fmt.Sprintf("%s=%s", d["Name"], value))
	}
	return fmt.Sprintf("%s/%s[%s] %s %vm", m["Namespace"], m["MetricName"], strings.Join(dimensions, " "), statistic, period.(float64)/60)
}

// alarmLine is all of an alarm that decides when it rings.
func alarmLine(a map[string]any) string {
	what := ""
	if queries, ok := a["Metrics"].([]any); ok {
		for _, q := range queries {
			q := q.(map[string]any)
			if e, ok := q["Expression"]; ok {
				what += e.(string)
			}
			if stat, ok := q["MetricStat"].(map[string]any); ok {
				what += fmt.Sprintf("; %s: %s", q["Id"], series(stat["Metric"].(map[string]any), stat["Stat"], stat["Period"]))
			}
		}
	} else {
		statistic := a["Statistic"]
		if statistic == nil {
			statistic = a["ExtendedStatistic"]
		}
		what = series(a, statistic, a["Period"])
	}
	operator := map[string]string{
		"GreaterThanThreshold": ">", "GreaterThanOrEqualToThreshold": ">=", "LessThanThreshold": "<",
	}[a["ComparisonOperator"].(string)]
	return fmt.Sprintf("%s: %s %s %v for %v, missing %s", a["AlarmName"], what, operator, a["Threshold"], a["EvaluationPeriods"], a["TreatMissingData"])
}

func alarmLines(tpl stackTemplate) []string {
	var lines []string
	for _, a := range tpl.of("AWS::CloudWatch::Alarm") {
		lines = append(lines, alarmLine(a.Properties))
	}
	return lines
}

// tableAlarms are the same in both stacks.
func tableAlarms(stack string) []string {
	fill := "FILL(m0, 0)"
	throttled, failed := "", ""
	for i, m := range []struct{ table, read string }{{"Users", "GetItem"}, {"Accounts", "Query"}, {"Passwords", "Query"}, {"Sessions", "GetItem"}} {
		table := "TableName=PasswordManager-" + m.table
		throttled += fmt.Sprintf("; m%d: AWS/DynamoDB/ReadThrottleEvents[%s] Sum 5m; m%d: AWS/DynamoDB/WriteThrottleEvents[%[2]s] Sum 5m",
			2*i, table, 2*i+1)
		failed += fmt.Sprintf("; m%d: AWS/DynamoDB/SystemErrors[Operation=%s %s] Sum 5m; "+
			"m%d: AWS/DynamoDB/SystemErrors[Operation=TransactWriteItems %[3]s] Sum 5m", 2*i, m.read, table, 2*i+1)
	}
	for i := 1; i < 8; i++ {
		fill += fmt.Sprintf(" + FILL(m%d, 0)", i)
	}
	return []string{
		stack + "-TablesThrottled: " + fill + throttled + " >= 10 for 1, missing notBreaching",
		stack + "-TablesFailing: " + fill + failed + " >= 5 for 1, missing notBreaching",
	}
}

const alarmTopic = `{"Ref":"WatchAlarmsF7209698"}`

const share = "IF(FILL(errors, 0) >= 5, 100 * FILL(errors, 0) / requests, 0)"

func TestHostAlarmsRingWhen(t *testing.T) {
	const (
		stack = "PasswordManager-Host"
		host  = "[InstanceId=<Instance…>]"
	)
	compareLines(t, alarmLines(hostTemplate(t, "ec2-minimal")), append(tableAlarms(stack),
		stack+"-Down: PasswordManager/Answers[] Maximum 1m < 1 for 5, missing breaching",
		stack+"-ServerErrors: "+share+"; errors: PasswordManager/ServerErrors[] Sum 5m; requests: PasswordManager/Requests[] Sum 5m > 5 for 1, missing notBreaching",
		stack+"-Slow: PasswordManager/Latency[] p99 5m > 2000 for 3, missing notBreaching",
		stack+"-HostHardware: AWS/EC2/StatusCheckFailed_System"+host+" Maximum 1m > 0 for 2, missing missing",
		stack+"-HostSystem: AWS/EC2/StatusCheckFailed_Instance"+host+" Maximum 1m > 0 for 3, missing missing",
		stack+"-HostMemory: PasswordManager/mem_used_percent"+host+" Average 5m > 85 for 3, missing missing",
		stack+"-HostDisk: PasswordManager/disk_used_percent"+host+" Maximum 5m > 80 for 1, missing missing",
	))
}

func TestServiceAlarmsRingWhen(t *testing.T) {
	const (
		stack    = "PasswordManager-Service"
		balancer = "[LoadBalancer=<Balancer….LoadBalancerFullName>]"
		of       = " map[Fn::Split:[/ map[Ref:BalancerHTTP…]]]]]" // a target group knows its balancer by the listener's ARN
		targets  = "[LoadBalancer=map[Fn::Select:[1" + of + "/map[Fn::Select:[2" + of + "/map[Fn::Select:[3" + of +
			" TargetGroup=<BalancerHTTPTasksGroup….TargetGroupFullName>]"
		service = "[ClusterName=<Cluster…> ServiceName=<Service….Name>]"
	)
	compareLines(t, alarmLines(watchedService(t)), append(tableAlarms(stack),
		stack+"-Down: AWS/ApplicationELB/HealthyHostCount"+targets+" Maximum 1m < 1 for 3, missing breaching",
		stack+"-ServerErrors: "+share+"; errors: AWS/ApplicationELB/HTTPCode_Target_5XX_Count"+targets+" Sum 5m; "+
			"requests: AWS/ApplicationELB/RequestCount"+targets+" Sum 5m > 5 for 1, missing notBreaching",
		stack+"-BalancerErrors: AWS/ApplicationELB/HTTPCode_ELB_5XX_Count"+balancer+" Sum 5m >= 5 for 1, missing notBreaching",
		stack+"-Slow: AWS/ApplicationELB/TargetResponseTime"+targets+" p99 5m > 2 for 3, missing notBreaching",
		stack+"-TasksMissing: AWS/ECS/CPUUtilization"+service+" SampleCount 1m < 2 for 15, missing notBreaching",
		stack+"-TasksUnhealthy: AWS/ApplicationELB/UnHealthyHostCount"+targets+" Maximum 1m > 0 for 5, missing notBreaching",
		stack+"-TasksCPU: AWS/ECS/CPUUtilization"+service+" Average 5m > 85 for 3, missing notBreaching",
		stack+"-TasksMemory: AWS/ECS/MemoryUtilization"+service+" Average 5m > 85 for 3, missing notBreaching",
	))
}

func TestAlarmsTellWhenTheyBeginAndEndAndWhatToDoFirst(t *testing.T) {
	for _, tpl := range []stackTemplate{hostTemplate(t, "ec2-full"), watchedService(t)} {
		for _, a := range tpl.of("AWS::CloudWatch::Alarm") {
			name, meaning := a.Properties["AlarmName"], a.Properties["AlarmDescription"].(string)
			if !strings.Contains(meaning, "First: ") || len(meaning) > 1024 {
				t.Errorf("%s does not say what to do first, in 1024 characters: %s", name, meaning)
			}
			for _, actions := range []string{"AlarmActions", "OKActions"} {
				if got := asJSON(t, a.Properties[actions]); !strings.Contains(got, alarmTopic) {
					t.Errorf("%s of %s do not reach the topic: %s", actions, name, got)
				}
			}
		}
	}
}

func TestHostHelpsItself(t *testing.T) {
	got := map[string]string{}
	for _, a := range hostTemplate(t, "ec2-minimal").of("AWS::CloudWatch::Alarm") {
		name := a.Properties["AlarmName"].(string)
		if actions := asJSON(t, a.Properties["AlarmActions"]); strings.Contains(actions, "automate") {
			got[name] = actions
		}
		if silence := a.Properties["InsufficientDataActions"]; silence != nil {
			got[name] = "silence: " + asJSON(t, silence)
		}
	}
	want := map[string]string{
		"PasswordManager-Host-HostHardware": `["arn:aws:automate:eu-central-1:ec2:recover",` + alarmTopic + "]",
		"PasswordManager-Host-HostSystem":   `["arn:aws:automate:eu-central-1:ec2:reboot",` + alarmTopic + "]",
		"PasswordManager-Host-HostMemory":   "silence: [" + alarmTopic + "]",
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestTopicTakesTheAlarmsOfItsStackOverTLSOnly(t *testing.T) {
	tpl := hostTemplate(t, "ec2-minimal")
	var lines []string
	for _, s := range tpl.one(t, "AWS::SNS::TopicPolicy").Properties["PolicyDocument"].(map[string]any)["Statement"].([]any) {
		lines = append(lines, statementLines(t, s.(map[string]any))...)
	}
	compareLines(t, lines, []string{
		`Deny sns:Publish by "*" if {"Bool":{"aws:SecureTransport":"false"}}`,
		`Allow sns:Publish by {"Service":"cloudwatch.amazonaws.com"} if {"ArnLike":{"aws:SourceArn":{"Fn::Join":["",[` +
			`"arn:aws:cloudwatch:eu-central-1:",{"Ref":"AWS::AccountId"},":alarm:PasswordManager-Host-*"]]}},` +
			`"StringEquals":{"aws:SourceAccount":{"Ref":"AWS::AccountId"}}}`,
	})
	if got := asJSON(t, tpl.Outputs["AlarmTopic"].Value); got != alarmTopic {
		t.Errorf("output AlarmTopic is %s", got)
	}
}

func TestAlarmsAreMailedToTheAddressOrToNobody(t *testing.T) {
	got := asJSON(t, hostTemplate(t, "ec2-full").one(t, "AWS::SNS::Subscription").Properties)
	if got != `{"Endpoint":"night@example.org","Protocol":"email","TopicArn":`+alarmTopic+`}` {
		t.Errorf("the subscription is %s", got)
	}
	if n := len(hostTemplate(t, "ec2-minimal").of("AWS::SNS::Subscription")); n != 0 {
		t.Errorf("%d subscriptions without an address", n)
	}
}

func TestDashboardIsTheStacksAndShowsEveryAlarm(t *testing.T) {
	for name, tpl := range map[string]stackTemplate{
		"PasswordManager-Host": hostTemplate(t, "ec2-minimal"), "PasswordManager-Service": watchedService(t),
	} {
		board := tpl.one(t, "AWS::CloudWatch::Dashboard").Properties
		if board["DashboardName"] != name {
			t.Errorf("its name is %v, which two topologies would share", board["DashboardName"])
		}
		var body struct {
			Widgets []struct {
				Y, Height  int
				Properties struct{ Alarms []string }
			}
		}
		if err := json.Unmarshal([]byte(written(board["DashboardBody"])), &body); err != nil {
			t.Fatal(err)
		}
		var want []string
		for _, a := range tpl.of("AWS::CloudWatch::Alarm") {
			want = append(want, "arn:aws:cloudwatch:eu-central-1:<AccountId>:alarm:"+a.Properties["AlarmName"].(string))
		}
		compareLines(t, body.Widgets[0].Properties.Alarms, want)
		if last := body.Widgets[len(body.Widgets)-1]; last.Y+last.Height > 20 {
			t.Errorf("%s is %d high, more than a screen", name, last.Y+last.Height)
		}
	}
}

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
	made := map[string]string{metricAnswers: "[]"}
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

func TestHostTellsWhetherTheSiteAnswers(t *testing.T) {
	firstBoot := userData(t, "ec2-minimal")
	for _, want := range []string{
		"SITE_PARAMETER=/password-manager/SITE_ADDRESS\n", "METRICS_NAMESPACE=PasswordManager\n", "ANSWERS_METRIC=Answers\n",
		"systemctl enable --now password-manager-watch.timer\n", "cat >/usr/local/bin/ask-site ",
	} {
		if !strings.Contains(firstBoot, want) {
			t.Errorf("the first boot lacks %q", want)
		}
	}
	for _, c := range []struct {
		name, aws, curl string
		told            string
		exit            int
	}{
		{"it answers", "echo vault.example.org", "exit 0", "1", 0},
		{"it fails", "echo vault.example.org", "exit 22", "0", 0},
		{"nobody knows where it is", "exit 254", "exit 0", "", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			stub := func(name, body string) {
				body = "#!/bin/sh\necho " + name + ` "$@" >>` + dir + "/calls\n" + body + "\n"
				if err := os.WriteFile(filepath.Join(dir, name), []byte(body), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			stub("aws", `case "$1" in ssm) `+c.aws+";; esac")
			stub("curl", c.curl)
			script := exec.Command("bash", "host/ask-site.sh")
			script.Env = []string{
				"PATH=" + dir + ":" + os.Getenv("PATH"), "AWS_REGION=eu-central-1", "SITE_PARAMETER=/password-manager/SITE_ADDRESS",
				"METRICS_NAMESPACE=PasswordManager", "ANSWERS_METRIC=Answers",
			}
			out, _ := script.CombinedOutput()
			if code := script.ProcessState.ExitCode(); code != c.exit {
				t.Errorf("exit %d, want %d: %s", code, c.exit, out)
			}
			calls, err := os.ReadFile(filepath.Join(dir, "calls"))
			if err != nil {
				t.Fatal(err)
			}
			told := "aws cloudwatch put-metric-data --namespace PasswordManager --metric-name Answers --value "
			if want := told + c.told; c.told != "" && !slices.Contains(strings.Split(string(calls), "\n"), want) {
				t.Errorf("missing %q in\n%s", want, calls)
			}
			if c.told == "" && strings.Contains(string(calls), told) {
				t.Errorf("a number was told that nobody measured:\n%s", calls)
			}
		})
	}
}
