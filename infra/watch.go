package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatchactions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	elb "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	interfaces "github.com/aws/aws-cdk-go/awscdk/v2/interfaces/interfacesawscloudwatch"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/vaultsphere/vaultsphere/app/names"
)

// Metrics in names.MetricsNamespace. The first three come from the server's log, the fourth from host/ask-site.sh.
const (
	metricRequests     = "Requests"
	metricServerErrors = "ServerErrors"
	metricLatency      = "Latency"      // milliseconds
	metricAnswers      = "Answers"      // 1 or 0, once a minute
	metricImageAge     = "HostImageAge" // days, once an hour; from host/tell-image-age.sh

	metricMemory = "mem_used_percent"  // the CloudWatch agent's name
	metricDisk   = "disk_used_percent" // likewise
)

// Where an alarm begins.
const (
	errorsAtLeast    = 5    // 5xx in five minutes
	errorsPercent    = 5    // percent of all answers
	slowMillis       = 2000 // 99th percentile. A log-in spends 0.1 s on bcrypt, and may wait for a slot
	throttledAtLeast = 10   // in five minutes; the SDK's retries hide a few
	memoryPercent    = 85
	diskPercent      = 80
	imageDays        = 45 // Amazon Linux 2023 has a new one every two weeks or so, and the monthly job takes it
	cpuPercent       = 85
)

// requestLine matches the log line of a request. Health checks, which the server logs at level DEBUG if at all, are not
// requests of users.
const requestLine = `$.level = "INFO" && $.msg = "request"`

// countRequests makes metrics of the server's log. It belongs to the log group: both topologies write there, and a filter in
// the stack of each would count every line twice.
func countRequests(stack awscdk.Stack, logs awslogs.LogGroup) {
	filter := func(name, pattern, value string, fallback *float64, unit awscloudwatch.Unit) {
		logs.AddMetricFilter(jsii.String(name), &awslogs.MetricFilterOptions{
			FilterPattern:   awslogs.FilterPattern_Literal(jsii.String("{ " + pattern + " }")),
			MetricNamespace: jsii.String(named(stack, names.MetricsNamespace)),
			MetricName:      jsii.String(name),
			MetricValue:     jsii.String(value),
			DefaultValue:    fallback,
			Unit:            unit,
		})
	}
	none := jsii.Number(0)
	filter(metricRequests, requestLine, "1", none, awscloudwatch.Unit_COUNT)
	filter(metricServerErrors, requestLine+" && $.status >= 500", "1", none, awscloudwatch.Unit_COUNT)
	// A value is taken only from a field that the pattern names. There is no fallback: minutes without requests are not fast.
	filter(metricLatency, requestLine+" && $.ms = *", "$.ms", nil, awscloudwatch.Unit_MILLISECONDS)
}

// watchHost makes the alarms and the dashboard of topology ec2. They are in the host's own stack: as an import of another
// one, the instance's id could not change, and the host never be replaced.
func watchHost(stack awscdk.Stack, c config, instance awsec2.Instance) {
	w, own := newWatch(stack, c), named(stack, names.MetricsNamespace)
	answers := metric(own, metricAnswers, "Maximum", 1, nil)
	w.alarm(alarm{
		id: "Down", metric: answers, when: below, threshold: 1, periods: 5, missing: awscloudwatch.TreatMissingData_BREACHING,
		meaning: "For 5 minutes the vault has not answered at its public address, or the host has stopped telling. " +
			"First: open the address; then look whether the host's status checks fail, and on the host at 'docker ps' and the " +
			"proxy's log. Before the first release this alarm is right: nothing serves yet.",
	})
	errors := metric(own, metricServerErrors, "Sum", 5, nil)
	requests := metric(own, metricRequests, "Sum", 5, nil)
	w.requests(errors, requests, metric(own, metricLatency, "p99", 5, nil), slowMillis)
	w.tables()

	of := map[string]*string{"InstanceId": instance.InstanceId()}
	status := func(id, name string, periods float64, action awscloudwatchactions.Ec2InstanceAction, meaning string) {
		// Two that ring in the same minute would act against each other, so the counts of periods differ.
		w.alarm(alarm{
			id: id, metric: metric("AWS/EC2", name, "Maximum", 1, of), when: above, threshold: 0, periods: periods,
			missing: awscloudwatch.TreatMissingData_MISSING, meaning: meaning,
		}, awscloudwatchactions.NewEc2Action(action))
	}
	status("HostHardware", "StatusCheckFailed_System", 2, awscloudwatchactions.Ec2InstanceAction_RECOVER,
		"AWS's hardware under the host has failed; the host is being moved to other hardware by itself. First: wait five minutes "+
			"for the OK. If none comes, stop and start the instance, which moves it too; disk and address stay.")
	status("HostSystem", "StatusCheckFailed_Instance", 3, awscloudwatchactions.Ec2InstanceAction_REBOOT,
		"The host's operating system does not answer; it is being rebooted by itself and then serves the current release again. "+
			"First: wait five minutes for the OK. If none comes, read the instance's system log in the EC2 console.")
	memory := metric(own, metricMemory, "Average", 5, of)
	disk := metric(own, metricDisk, "Maximum", 5, of)
	w.alarm(alarm{
		id: "HostMemory", metric: memory, when: above, threshold: memoryPercent, periods: 3,
		missing: awscloudwatch.TreatMissingData_MISSING,
		meaning: fmt.Sprintf("More than %d %% of the host's memory has been in use for 15 minutes, or, as INSUFFICIENT_DATA, the "+
			"CloudWatch agent has stopped reporting memory and disk. First: 'docker stats' on the host; for the other 'systemctl "+
			"status amazon-cloudwatch-agent'. If the vault grew with a release, go back one.", memoryPercent),
	}).AddInsufficientDataAction(w.tell)
	w.alarm(alarm{
		id: "HostDisk", metric: disk, when: above, threshold: diskPercent, periods: 1,
		missing: awscloudwatch.TreatMissingData_MISSING,
		meaning: fmt.Sprintf("More than %d %% of the host's disk is in use; a full one stops the next rollout. First: 'docker system "+
			"df' on the host, then 'docker image prune --all', which keeps what runs; rollouts fetch the rest again.", diskPercent),
	})
	age := metric(own, metricImageAge, "Minimum", 24*60, nil)
	w.alarm(alarm{
		id: "HostImage", metric: age, when: above, threshold: imageDays, periods: 1, missing: awscloudwatch.TreatMissingData_BREACHING,
		meaning: fmt.Sprintf("The host's operating system is older than %d days, or the host has not told for a day: it lacks "+
			"patches. First: 'make patch', which replaces the host by one with the newest image. If it says that there is none newer, "+
			"look at 'systemctl status password-manager-image' on the host.", imageDays),
	})
	w.dashboard(
		graph("The vault answers at its address", fromZero(), []awscloudwatch.IMetric{label(answers, "1: it does")}),
		graph("Host", percent(), []awscloudwatch.IMetric{
			label(metric("AWS/EC2", "CPUUtilization", "Average", 1, of), "CPU"), label(memory, "memory"), label(disk, "disk"),
		}),
	)
}

// watchService is watchHost for topology fargate. The load balancer counts what users get; the log misses what no task got.
func watchService(stack awscdk.Stack, c config, service awsecs.FargateService, balancer elb.ApplicationLoadBalancer,
	targets elb.ApplicationTargetGroup) {
	w := newWatch(stack, c)
	minutes := func(n float64, statistic string) *awscloudwatch.MetricOptions {
		return &awscloudwatch.MetricOptions{Period: awscdk.Duration_Minutes(jsii.Number(n)), Statistic: jsii.String(statistic)}
	}
	ready := targets.Metrics().HealthyHostCount(minutes(1, "Maximum"))
	unhealthy := targets.Metrics().UnhealthyHostCount(minutes(1, "Maximum"))
	unserved := balancer.Metrics().HttpCodeElb(elb.HttpCodeElb_ELB_5XX_COUNT, minutes(5, "Sum"))
	// Each task that runs sends one sample a minute: Amazon ECS developer guide, "Service RUNNING task count".
	running := service.MetricCpuUtilization(minutes(1, "SampleCount"))
	cpu, memory := service.MetricCpuUtilization(minutes(5, "Average")), service.MetricMemoryUtilization(minutes(5, "Average"))
	w.alarm(alarm{
		id: "Down", metric: ready, when: below, threshold: 1, periods: 3, missing: awscloudwatch.TreatMissingData_BREACHING,
		meaning: "For 3 minutes no task has been ready: the vault is down. First: the service's events and the reason why its last " +
			"task stopped, in the ECS console; then the newest errors on the dashboard. /ready fails while DynamoDB takes no writes.",
	})
	w.requests(targets.Metrics().HttpCodeTarget(elb.HttpCodeTarget_TARGET_5XX_COUNT, minutes(5, "Sum")),
		targets.Metrics().RequestCount(minutes(5, "Sum")), targets.Metrics().TargetResponseTime(minutes(5, "p99")), slowMillis/1000)
	w.alarm(alarm{
		id: "BalancerErrors", metric: unserved, when: atLeast, threshold: errorsAtLeast, periods: 1,
		meaning: fmt.Sprintf("The load balancer itself answered %d or more requests in 5 minutes with 5xx: no task was ready, or one "+
			"broke the connection or took too long. First: the count of ready tasks on the dashboard.", errorsAtLeast),
	})
	w.tables()
	w.alarm(alarm{
		id: "TasksMissing", metric: running, when: below, threshold: float64(c.minTasks), periods: 15,
		meaning: fmt.Sprintf("For 15 minutes fewer than %d tasks have been running. First: the service's events in the ECS console: "+
			"they say whether a task cannot start (image, secret, capacity) or fails its health checks.", c.minTasks),
	})
	w.alarm(alarm{
		id: "TasksUnhealthy", metric: unhealthy, when: above, threshold: 0, periods: 5,
		meaning: "A task has failed the load balancer's health check for 5 minutes and has not been replaced. First: the reason in " +
			"the target group's list of targets, then that task's log.",
	})
	w.alarm(alarm{
		id: "TasksCPU", metric: cpu, when: above, threshold: cpuPercent, periods: 3,
		meaning: fmt.Sprintf("The tasks have used more than %d %% of their CPU for 15 minutes although auto scaling adds tasks. First: "+
			"see on the dashboard whether requests grew; if so raise maxTasks, if not go back a release.", cpuPercent),
	})
	w.alarm(alarm{
		id: "TasksMemory", metric: memory, when: above, threshold: memoryPercent, periods: 3,
		meaning: fmt.Sprintf("The tasks have used more than %d %% of their memory for 15 minutes; at 100 they are killed. First: see "+
			"on the dashboard whether it came with a release; if so go back, if not give the task more memory.", memoryPercent),
	})
	w.dashboard(
		graph("Tasks and load balancer", fromZero(), []awscloudwatch.IMetric{
			label(running, "tasks running"), label(ready, "ready"), label(unhealthy, "unhealthy"), label(unserved, "5xx of its own"),
		}),
		graph("Tasks, average", percent(), []awscloudwatch.IMetric{label(cpu, "CPU"), label(memory, "memory")}),
	)
}

// watch is what one compute stack is watched by.
type watch struct {
	scope  constructs.Construct
	stack  awscdk.Stack
	tell   awscloudwatch.IAlarmAction
	alarms []interfaces.IAlarmRef
}

func newWatch(stack awscdk.Stack, c config) *watch {
	scope := constructs.NewConstruct(stack, jsii.String("Watch"))
	topic := awssns.NewTopic(scope, jsii.String("Alarms"), &awssns.TopicProps{
		DisplayName: jsii.String("VaultSphere"), EnforceSSL: jsii.Bool(true),
	})
	// With EnforceSSL a topic has a policy of its own in place of the default one, and it is that one which lets alarms in.
	topic.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid: jsii.String("Alarms"), Actions: jsii.Strings("sns:Publish"), Resources: &[]*string{topic.TopicArn()},
		Principals: &[]awsiam.IPrincipal{service("cloudwatch")},
		Conditions: &map[string]any{
			"StringEquals": map[string]any{"aws:SourceAccount": stack.Account()},
			"ArnLike":      map[string]any{"aws:SourceArn": arn(stack, "cloudwatch", "alarm:"+*stack.StackName()+"-*")},
		},
	}))
	accept(topic, finding{"CKV_AWS_26", "CloudWatch cannot publish to a topic that is encrypted with the AWS managed key; one of " +
		"its own costs a dollar a month, for the names and numbers of alarms"})
	if c.alarmEmail != "" {
		awssns.NewSubscription(scope, jsii.String("Mail"), &awssns.SubscriptionProps{
			Topic: topic, Protocol: awssns.SubscriptionProtocol_EMAIL, Endpoint: jsii.String(c.alarmEmail),
		})
	}
	output(stack, "AlarmTopic", "SNS topic that every alarm is told on", topic.TopicArn())
	return &watch{scope: scope, stack: stack, tell: awscloudwatchactions.NewSnsAction(topic)}
}

// alarm rings when metric has been beyond threshold for so many of its periods in a row. Missing data is no problem unless it
// says otherwise.
type alarm struct {
	id        string
	metric    awscloudwatch.IMetric
	when      awscloudwatch.ComparisonOperator
	threshold float64
	periods   float64
	missing   awscloudwatch.TreatMissingData
	meaning   string // for somebody who has just been woken: what it is, and what to do first
}

const (
	above   = awscloudwatch.ComparisonOperator_GREATER_THAN_THRESHOLD
	atLeast = awscloudwatch.ComparisonOperator_GREATER_THAN_OR_EQUAL_TO_THRESHOLD
	below   = awscloudwatch.ComparisonOperator_LESS_THAN_THRESHOLD
)

// alarm makes an alarm that tells the topic when it begins and when it ends. Its name, which stands in the subject of the
// mail, begins with the stack's, so that both topologies can be there at once.
func (w *watch) alarm(a alarm, actions ...awscloudwatch.IAlarmAction) awscloudwatch.Alarm {
	if a.missing == "" {
		a.missing = awscloudwatch.TreatMissingData_NOT_BREACHING
	}
	name := *w.stack.StackName() + "-" + a.id
	made := awscloudwatch.NewAlarm(w.scope, jsii.String(a.id), &awscloudwatch.AlarmProps{
		AlarmName:          jsii.String(name),
		AlarmDescription:   jsii.String(a.meaning),
		Metric:             a.metric,
		ComparisonOperator: a.when,
		Threshold:          jsii.Number(a.threshold),
		EvaluationPeriods:  jsii.Number(a.periods),
		TreatMissingData:   a.missing,
	})
	made.AddAlarmAction(append(actions, w.tell)...)
	made.AddOkAction(w.tell)
	// The dashboard knows it by name: it needs no alarm to be there, and emulators of CloudFormation have none.
	shown := awscloudwatch.Alarm_FromAlarmArn(w.scope, jsii.String("Shown"+a.id), arn(w.stack, "cloudwatch", "alarm:"+name))
	w.alarms = append(w.alarms, shown)
	return made
}

// requests watches what users get. slow is in the unit of latency.
func (w *watch) requests(errors, requests, latency awscloudwatch.IMetric, slow float64) {
	// A share alone would ring for one error at night, a count alone for one in a thousand by day.
	share := awscloudwatch.NewMathExpression(&awscloudwatch.MathExpressionProps{
		Expression:   jsii.String(fmt.Sprintf("IF(FILL(errors, 0) >= %d, 100 * FILL(errors, 0) / requests, 0)", errorsAtLeast)),
		UsingMetrics: &map[string]awscloudwatch.IMetric{"errors": errors, "requests": requests},
		Label:        jsii.String("answers 5xx, percent"), Period: awscdk.Duration_Minutes(jsii.Number(5)),
	})
	w.alarm(alarm{
		id: "ServerErrors", metric: share, when: above, threshold: errorsPercent, periods: 1,
		meaning: fmt.Sprintf("In 5 minutes, %d or more answers and over %d %% of all were 5xx. First: the newest errors on the "+
			"dashboard. Did it begin with a release, go back one; do the tables throttle or fail, that alarm comes first; is it "+
			"'unavailable', more people log in than the CPU can hash for.", errorsAtLeast, errorsPercent),
	})
	w.alarm(alarm{
		id: "Slow", metric: latency, when: above, threshold: slow, periods: 3,
		meaning: fmt.Sprintf("For 15 minutes one request in a hundred has taken more than %d ms. First: CPU and the tables on the "+
			"dashboard; with both quiet, see which route is slow in the log ('ms' and 'route').", slowMillis),
	})
}

// tables watches what the tables do to the server.
func (w *watch) tables() {
	w.alarm(alarm{
		id: "TablesThrottled", metric: sum("throttled", w.throttles()), when: atLeast, threshold: throttledAtLeast, periods: 1,
		meaning: fmt.Sprintf("DynamoDB refused %d or more reads and writes in 5 minutes as too many at once. First: see on the "+
			"dashboard which table, and whether one client sends far more than before; tables on demand take twice the last peak, "+
			"and grow within half an hour.", throttledAtLeast),
	})
	w.alarm(alarm{
		id: "TablesFailing", metric: sum("failed", w.tableErrors()), when: atLeast, threshold: errorsAtLeast, periods: 1,
		meaning: fmt.Sprintf("DynamoDB answered %d or more requests in 5 minutes with an error of its own. First: the AWS Health "+
			"Dashboard for this region. There is nothing to do here: the vault serves again when DynamoDB does.", errorsAtLeast),
	})
}

func (w *watch) tableMetric(table, name string) awscloudwatch.IMetric {
	return label(metric("AWS/DynamoDB", name, "Sum", 5, map[string]*string{"TableName": jsii.String(named(w.stack, table))}),
		strings.TrimPrefix(table, names.StackPrefix)+" "+name)
}

func (w *watch) throttles() []awscloudwatch.IMetric {
	var all []awscloudwatch.IMetric
	for _, t := range tables {
		all = append(all, w.tableMetric(t, "ReadThrottleEvents"), w.tableMetric(t, "WriteThrottleEvents"))
	}
	return all
}

// tableErrors are counted for each operation, and an alarm takes ten metrics at most: these are the writes of every change,
// and the reads of every request and every sync.
func (w *watch) tableErrors() []awscloudwatch.IMetric {
	read := map[string]string{
		names.UsersTable: "GetItem", names.SessionsTable: "GetItem", names.AccountsTable: "Query", names.PasswordsTable: "Query",
	}
	var all []awscloudwatch.IMetric
	for _, t := range tables {
		for _, operation := range []string{read[t], "TransactWriteItems"} {
			all = append(all, metric("AWS/DynamoDB", "SystemErrors", "Sum", 5,
				map[string]*string{"TableName": jsii.String(named(w.stack, t)), "Operation": jsii.String(operation)}))
		}
	}
	return all
}

// sum adds metrics that AWS sends only when they are not zero.
func sum(label string, metrics []awscloudwatch.IMetric) awscloudwatch.IMetric {
	using := map[string]awscloudwatch.IMetric{}
	terms := make([]string, len(metrics))
	for i, m := range metrics {
		id := fmt.Sprintf("m%d", i)
		using[id], terms[i] = m, "FILL("+id+", 0)"
	}
	return awscloudwatch.NewMathExpression(&awscloudwatch.MathExpressionProps{
		Expression: jsii.String(strings.Join(terms, " + ")), UsingMetrics: &using, Label: jsii.String(label),
		Period: awscdk.Duration_Minutes(jsii.Number(5)),
	})
}

func metric(namespace, name, statistic string, minutes float64, dimensions map[string]*string) awscloudwatch.Metric {
	props := &awscloudwatch.MetricProps{
		Namespace: jsii.String(namespace), MetricName: jsii.String(name), Statistic: jsii.String(statistic),
		Period: awscdk.Duration_Minutes(jsii.Number(minutes)),
	}
	if dimensions != nil {
		props.DimensionsMap = &dimensions
	}
	return awscloudwatch.NewMetric(props)
}

func label(m awscloudwatch.Metric, text string) awscloudwatch.IMetric {
	return m.With(&awscloudwatch.MetricOptions{Label: jsii.String(text)})
}

// dashboard is one screen: what rings; what users get, and what serves them; the tables, and the machines; the newest errors.
func (w *watch) dashboard(serving, machines awscloudwatch.IWidget) {
	var consumed []awscloudwatch.IMetric
	for _, t := range tables {
		consumed = append(consumed, w.tableMetric(t, "ConsumedReadCapacityUnits"), w.tableMetric(t, "ConsumedWriteCapacityUnits"))
	}
	own := func(name, statistic, text string) awscloudwatch.IMetric {
		return label(metric(named(w.stack, names.MetricsNamespace), name, statistic, 1, nil), text)
	}
	requests := []awscloudwatch.IMetric{own(metricRequests, "Sum", "all"), own(metricServerErrors, "Sum", "5xx")}
	latency := []awscloudwatch.IMetric{own(metricLatency, "p50", "p50"), own(metricLatency, "p99", "p99")}
	refused := slices.Concat(w.throttles(), []awscloudwatch.IMetric{sum("failed", w.tableErrors())})
	board := awscloudwatch.NewDashboard(w.scope, jsii.String("Dashboard"), &awscloudwatch.DashboardProps{
		DashboardName:   w.stack.StackName(),
		DefaultInterval: awscdk.Duration_Hours(jsii.Number(3)),
		Widgets: &[]*[]awscloudwatch.IWidget{
			{awscloudwatch.NewAlarmStatusWidget(&awscloudwatch.AlarmStatusWidgetProps{
				Title: jsii.String("Alarms"), Alarms: &w.alarms, Width: jsii.Number(24), Height: jsii.Number(3),
			})},
			{graph("Requests", fromZero(), requests), graph("Latency, ms", fromZero(), latency), serving},
			{graph("DynamoDB, units consumed", fromZero(), consumed), graph("DynamoDB, refused and failed", fromZero(), refused), machines},
			{awscloudwatch.NewLogQueryWidget(&awscloudwatch.LogQueryWidgetProps{
				Title: jsii.String("Newest errors"), LogGroupNames: jsii.Strings(named(w.stack, names.LogGroup)),
				Width: jsii.Number(24), Height: jsii.Number(6),
				QueryLines: jsii.Strings(
					"fields @timestamp, msg, route, status, code, cause, request_id",
					`filter level = "ERROR" or (msg = "request" and status >= 500)`,
					"sort @timestamp desc", "limit 50"),
			})},
		},
	})
	// CloudFormation has known tags of dashboards for a short time only; linters and emulators do not yet.
	awscdk.Tags_Of(board).Remove(jsii.String("Application"), nil)
}

func graph(title string, axis *awscloudwatch.YAxisProps, metrics []awscloudwatch.IMetric) awscloudwatch.IWidget {
	return awscloudwatch.NewGraphWidget(&awscloudwatch.GraphWidgetProps{
		Title: jsii.String(title), Left: &metrics, LeftYAxis: axis, Width: jsii.Number(8), Height: jsii.Number(5),
	})
}

func percent() *awscloudwatch.YAxisProps {
	return &awscloudwatch.YAxisProps{Min: jsii.Number(0), Max: jsii.Number(100), Label: jsii.String("%"), ShowUnits: jsii.Bool(false)}
}

func fromZero() *awscloudwatch.YAxisProps {
	return &awscloudwatch.YAxisProps{Min: jsii.Number(0), ShowUnits: jsii.Bool(false)}
}
