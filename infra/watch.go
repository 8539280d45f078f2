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

// Metrics in names.MetricsNamespace.
const (
	// From the server's log.
	metricRequests     = "Requests"
	metricServerErrors = "ServerErrors"
	metricLatency      = "Latency" // milliseconds

	metricEventsLost = "EventsLost" // of the audit trail

	metricAnswers  = "Answers"      // from host/check-site.sh: 1 or 0, once a minute
	metricImageAge = "HostImageAge" // from host/report-image-age.sh: days, once an hour

	// Names that the CloudWatch agent defines.
	metricMemory = "mem_used_percent"
	metricDisk   = "disk_used_percent"
)

// Thresholds of the alarms.
const (
	errorsAtLeast    = 5    // 5xx responses in five minutes
	errorsPercent    = 5    // of all responses
	slowMillis       = 2000 // 99th percentile; a login takes 0.1 s of bcrypt and may wait for a slot
	throttledAtLeast = 10   // in five minutes; the SDK's retries hide a few
	memoryPercent    = 85
	diskPercent      = 80
	imageDays        = 45 // Amazon Linux 2023 gets a new image about every two weeks, and a monthly job installs it
	cpuPercent       = 85
)

// requestLine matches the log line of a request. It leaves out health checks, which the server logs at level DEBUG.
const requestLine = `$.level = "INFO" && $.msg = "request"`

// countRequests derives metrics from the server's log. The filters are in the data stack with the log group: both topologies log
// there, and filters in each of their stacks would count every line twice.
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
	zero := jsii.Number(0)
	filter(metricRequests, requestLine, "1", zero, awscloudwatch.Unit_COUNT)
	filter(metricServerErrors, requestLine+" && $.status >= 500", "1", zero, awscloudwatch.Unit_COUNT)
	filter(metricEventsLost, `$.level = "ERROR" && $.msg = "event lost"`, "1", zero, awscloudwatch.Unit_COUNT)
	// The pattern must name the field of the value. Without a default value, minutes without requests do not count as fast ones.
	filter(metricLatency, requestLine+" && $.ms = *", "$.ms", nil, awscloudwatch.Unit_MILLISECONDS)
}

// watchHost makes the alarms and the dashboard of topology ec2. They are in the host's stack: if another stack imported the instance
// id, CloudFormation could never replace the host.
func watchHost(stack awscdk.Stack, c config, instance awsec2.Instance) {
	w, own := newWatch(stack, c), named(stack, names.MetricsNamespace)
	answers := metric(own, metricAnswers, "Maximum", 1, nil)
	w.alarm(alarm{
		id: "Down", metric: answers, when: below, threshold: 1, periods: 5, missing: awscloudwatch.TreatMissingData_BREACHING,
		meaning: "The vault has not answered at its public address for 5 minutes, or the host has stopped reporting. " +
			"First: open the address. Then check the host's status checks, and on the host 'docker ps' and the proxy's log. " +
			"Before the first release this alarm is expected.",
	})
	errors := metric(own, metricServerErrors, "Sum", 5, nil)
	requests := metric(own, metricRequests, "Sum", 5, nil)
	w.requests(errors, requests, metric(own, metricLatency, "p99", 5, nil), slowMillis)
	w.tables()

	of := map[string]*string{"InstanceId": instance.InstanceId()}
	status := func(id, name string, periods float64, action awscloudwatchactions.Ec2InstanceAction, meaning string) {
		// The periods differ: if both alarms fired in the same minute, their actions would conflict.
		w.alarm(alarm{
			id: id, metric: metric("AWS/EC2", name, "Maximum", 1, of), when: above, threshold: 0, periods: periods,
			missing: awscloudwatch.TreatMissingData_MISSING, meaning: meaning,
		}, awscloudwatchactions.NewEc2Action(action))
	}
	status("HostHardware", "StatusCheckFailed_System", 2, awscloudwatchactions.Ec2InstanceAction_RECOVER,
		"The host's hardware at AWS has failed, and EC2 is moving the host to other hardware. First: wait five minutes for the OK. "+
			"If it does not come, stop and start the instance, which also moves it; it keeps its disk and its address.")
	status("HostSystem", "StatusCheckFailed_Instance", 3, awscloudwatchactions.Ec2InstanceAction_REBOOT,
		"The host's operating system does not respond. EC2 is rebooting it, and it then serves the current release again. "+
			"First: wait five minutes for the OK. If it does not come, read the instance's system log in the EC2 console.")
	memory := metric(own, metricMemory, "Average", 5, of)
	disk := metric(own, metricDisk, "Maximum", 5, of)
	w.alarm(alarm{
		id: "HostMemory", metric: memory, when: above, threshold: memoryPercent, periods: 3,
		missing: awscloudwatch.TreatMissingData_MISSING,
		meaning: fmt.Sprintf("The host has used more than %d %% of its memory for 15 minutes. INSUFFICIENT_DATA means that the "+
			"CloudWatch agent has stopped reporting memory and disk. First: run 'docker stats' on the host, or 'systemctl status "+
			"amazon-cloudwatch-agent' if data is missing. If usage grew with a release, roll back.", memoryPercent),
	}).AddInsufficientDataAction(w.notify)
	w.alarm(alarm{
		id: "HostDisk", metric: disk, when: above, threshold: diskPercent, periods: 1,
		missing: awscloudwatch.TreatMissingData_MISSING,
		meaning: fmt.Sprintf("More than %d %% of the host's disk is in use; a full disk breaks the next rollout. First: run 'docker "+
			"system df' on the host, then 'docker image prune --all'. It keeps images in use, and a rollout pulls the others again.", diskPercent),
	})
	age := metric(own, metricImageAge, "Minimum", 24*60, nil)
	w.alarm(alarm{
		id: "HostImage", metric: age, when: above, threshold: imageDays, periods: 1, missing: awscloudwatch.TreatMissingData_BREACHING,
		meaning: fmt.Sprintf("The host's image is older than %d days and lacks patches, or the host has not reported its age for a "+
			"day. First: run 'make patch', which replaces the host by one with the newest image. If it finds no newer image, run "+
			"'systemctl status password-manager-image' on the host.", imageDays),
	})
	w.dashboard(
		graph("The vault answers at its address", fromZero(), []awscloudwatch.IMetric{label(answers, "1: yes, 0: no")}),
		graph("Host", percent(), []awscloudwatch.IMetric{
			label(metric("AWS/EC2", "CPUUtilization", "Average", 1, of), "CPU"), label(memory, "memory"), label(disk, "disk"),
		}),
	)
}

// watchService makes the alarms and the dashboard of topology fargate. It uses the load balancer's metrics, because the log lacks
// requests that reached no task.
func watchService(stack awscdk.Stack, c config, service awsecs.FargateService, balancer elb.ApplicationLoadBalancer,
	targets elb.ApplicationTargetGroup) {
	w := newWatch(stack, c)
	minutes := func(n float64, statistic string) *awscloudwatch.MetricOptions {
		return &awscloudwatch.MetricOptions{Period: awscdk.Duration_Minutes(jsii.Number(n)), Statistic: jsii.String(statistic)}
	}
	ready := targets.Metrics().HealthyHostCount(minutes(1, "Maximum"))
	unhealthy := targets.Metrics().UnhealthyHostCount(minutes(1, "Maximum"))
	unserved := balancer.Metrics().HttpCodeElb(elb.HttpCodeElb_ELB_5XX_COUNT, minutes(5, "Sum"))
	// Each running task sends one sample per minute (Amazon ECS Developer Guide, "Service RUNNING task count").
	running := service.MetricCpuUtilization(minutes(1, "SampleCount"))
	cpu, memory := service.MetricCpuUtilization(minutes(5, "Average")), service.MetricMemoryUtilization(minutes(5, "Average"))
	w.alarm(alarm{
		id: "Down", metric: ready, when: below, threshold: 1, periods: 3, missing: awscloudwatch.TreatMissingData_BREACHING,
		meaning: "No task has been ready for 3 minutes: the vault is down. First: read the service's events and why its last task " +
			"stopped, in the ECS console, then the newest errors on the dashboard. /ready fails while DynamoDB rejects writes.",
	})
	w.requests(targets.Metrics().HttpCodeTarget(elb.HttpCodeTarget_TARGET_5XX_COUNT, minutes(5, "Sum")),
		targets.Metrics().RequestCount(minutes(5, "Sum")), targets.Metrics().TargetResponseTime(minutes(5, "p99")), slowMillis/1000)
	w.alarm(alarm{
		id: "BalancerErrors", metric: unserved, when: atLeast, threshold: errorsAtLeast, periods: 1,
		meaning: fmt.Sprintf("The load balancer itself answered %d or more requests with 5xx in 5 minutes: no task was ready, or a task "+
			"closed the connection or took too long. First: check the number of ready tasks on the dashboard.", errorsAtLeast),
	})
	w.tables()
	w.alarm(alarm{
		id: "TasksMissing", metric: running, when: below, threshold: float64(c.minTasks), periods: 15,
		meaning: fmt.Sprintf("Fewer than %d tasks have been running for 15 minutes. First: read the service's events in the ECS console. "+
			"They say whether tasks cannot start (image, secret, capacity) or fail their health checks.", c.minTasks),
	})
	w.alarm(alarm{
		id: "TasksUnhealthy", metric: unhealthy, when: above, threshold: 0, periods: 5,
		meaning: "A task has failed the load balancer's health check for 5 minutes without being replaced. First: find the reason in " +
			"the target group's list of targets, then read the task's log.",
	})
	w.alarm(alarm{
		id: "TasksCPU", metric: cpu, when: above, threshold: cpuPercent, periods: 3,
		meaning: fmt.Sprintf("The tasks have used more than %d %% of their CPU for 15 minutes, although auto scaling adds tasks. First: "+
			"check on the dashboard whether requests grew. If so, raise maxTasks; otherwise roll back.", cpuPercent),
	})
	w.alarm(alarm{
		id: "TasksMemory", metric: memory, when: above, threshold: memoryPercent, periods: 3,
		meaning: fmt.Sprintf("The tasks have used more than %d %% of their memory for 15 minutes; at 100 %% they are killed. First: "+
			"check on the dashboard whether it began with a release. If so, roll back; otherwise raise taskMemoryMiB.", memoryPercent),
	})
	w.dashboard(
		graph("Tasks and load balancer", fromZero(), []awscloudwatch.IMetric{
			label(running, "tasks running"), label(ready, "ready"), label(unhealthy, "unhealthy"), label(unserved, "5xx from the load balancer"),
		}),
		graph("Tasks, average", percent(), []awscloudwatch.IMetric{label(cpu, "CPU"), label(memory, "memory")}),
	)
}

// watch collects the alarms of a compute stack, and notifies one topic.
type watch struct {
	scope  constructs.Construct
	stack  awscdk.Stack
	notify awscloudwatch.IAlarmAction
	alarms []interfaces.IAlarmRef
}

func newWatch(stack awscdk.Stack, c config) *watch {
	scope := constructs.NewConstruct(stack, jsii.String("Watch"))
	topic := awssns.NewTopic(scope, jsii.String("Alarms"), &awssns.TopicProps{
		DisplayName: jsii.String("VaultSphere"), EnforceSSL: jsii.Bool(true),
	})
	// EnforceSSL replaces the topic's default policy, which would let CloudWatch publish.
	topic.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid: jsii.String("Alarms"), Actions: jsii.Strings("sns:Publish"), Resources: &[]*string{topic.TopicArn()},
		Principals: &[]awsiam.IPrincipal{service("cloudwatch")},
		Conditions: &map[string]any{
			"StringEquals": map[string]any{"aws:SourceAccount": stack.Account()},
			"ArnLike":      map[string]any{"aws:SourceArn": arn(stack, "cloudwatch", "alarm:"+*stack.StackName()+"-*")},
		},
	}))
	accept(topic, finding{"CKV_AWS_26", "CloudWatch cannot publish to a topic that is encrypted with the AWS managed key, and a " +
		"customer managed key costs a dollar a month to protect names and numbers of alarms"})
	if c.alarmEmail != "" {
		awssns.NewSubscription(scope, jsii.String("Mail"), &awssns.SubscriptionProps{
			Topic: topic, Protocol: awssns.SubscriptionProtocol_EMAIL, Endpoint: jsii.String(c.alarmEmail),
		})
	}
	output(stack, "AlarmTopic", "ARN of the SNS topic of all alarms", topic.TopicArn())
	return &watch{scope: scope, stack: stack, notify: awscloudwatchactions.NewSnsAction(topic)}
}

// alarm fires when metric has crossed threshold for the given number of periods in a row. By default, missing data does not count as
// a breach.
type alarm struct {
	id        string
	metric    awscloudwatch.IMetric
	when      awscloudwatch.ComparisonOperator
	threshold float64
	periods   float64
	missing   awscloudwatch.TreatMissingData
	meaning   string // for an operator who was just woken: what happened, and what to do first
}

const (
	above   = awscloudwatch.ComparisonOperator_GREATER_THAN_THRESHOLD
	atLeast = awscloudwatch.ComparisonOperator_GREATER_THAN_OR_EQUAL_TO_THRESHOLD
	below   = awscloudwatch.ComparisonOperator_LESS_THAN_THRESHOLD
)

// alarm makes an alarm that notifies the topic when it starts and when it ends. Its name, which is the subject of the e-mail, begins
// with the name of the stack, so both topologies can exist side by side.
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
	made.AddAlarmAction(append(actions, w.notify)...)
	made.AddOkAction(w.notify)
	// The dashboard refers to the alarm by name: emulators of CloudFormation have no alarms.
	shown := awscloudwatch.Alarm_FromAlarmArn(w.scope, jsii.String("Shown"+a.id), arn(w.stack, "cloudwatch", "alarm:"+name))
	w.alarms = append(w.alarms, shown)
	return made
}

// requests makes the alarms on errors and latency. slow is in the unit of latency.
func (w *watch) requests(errors, requests, latency awscloudwatch.IMetric, slow float64) {
	// A percentage alone would fire on a single error at night, a count alone on one error in a thousand by day.
	share := awscloudwatch.NewMathExpression(&awscloudwatch.MathExpressionProps{
		Expression:   jsii.String(fmt.Sprintf("IF(FILL(errors, 0) >= %d, 100 * FILL(errors, 0) / requests, 0)", errorsAtLeast)),
		UsingMetrics: &map[string]awscloudwatch.IMetric{"errors": errors, "requests": requests},
		Label:        jsii.String("5xx responses, percent"), Period: awscdk.Duration_Minutes(jsii.Number(5)),
	})
	w.alarm(alarm{
		id: "ServerErrors", metric: share, when: above, threshold: errorsPercent, periods: 1,
		meaning: fmt.Sprintf("%d or more responses and over %d %% of all were 5xx in 5 minutes. First: read the newest errors on the "+
			"dashboard. If they began with a release, roll back. If the tables throttle or fail, handle that alarm first. If the "+
			"code is 'unavailable', more users log in than the CPU can hash passwords for.", errorsAtLeast, errorsPercent),
	})
	w.alarm(alarm{
		id: "Slow", metric: latency, when: above, threshold: slow, periods: 3,
		meaning: fmt.Sprintf("One request in a hundred has taken more than %d ms for 15 minutes. First: check CPU and tables on the "+
			"dashboard. If both are normal, find the slow route in the log ('ms' and 'route').", slowMillis),
	})
}

// tables makes the alarms on throttled and failed requests to the tables.
func (w *watch) tables() {
	w.alarm(alarm{
		id: "TablesThrottled", metric: sum("throttled", w.throttles()), when: atLeast, threshold: throttledAtLeast, periods: 1,
		meaning: fmt.Sprintf("DynamoDB throttled %d or more reads and writes in 5 minutes. First: see on the dashboard which table it is, "+
			"and whether one client sends far more than before. On-demand tables handle twice their previous peak, and grow within "+
			"half an hour.", throttledAtLeast),
	})
	w.alarm(alarm{
		id: "TablesFailing", metric: sum("failed", w.tableErrors()), when: atLeast, threshold: errorsAtLeast, periods: 1,
		meaning: fmt.Sprintf("DynamoDB failed %d or more requests with an internal error in 5 minutes. First: check the AWS Health "+
			"Dashboard for this region. There is nothing else to do: the vault recovers with DynamoDB.", errorsAtLeast),
	})
	w.alarm(alarm{
		id: "EventsLost", metric: metric(named(w.stack, names.MetricsNamespace), metricEventsLost, "Sum", 5, nil), when: atLeast, threshold: 1, periods: 1,
		meaning: "The audit trail lacks events, because they could not be stored. First: read the cause in the log ('event lost'). Lines " +
			"with 'audit' in the same log have the events.",
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

// tableErrors returns the error metrics of each table. They are counted by operation and an alarm takes at most ten metrics, so these
// are only the writes of every change and the reads of every request and sync.
func (w *watch) tableErrors() []awscloudwatch.IMetric {
	read := map[string]string{
		names.UsersTable: "GetItem", names.SessionsTable: "GetItem", names.AccountsTable: "Query", names.PasswordsTable: "Query",
		names.VaultsTable: "GetItem",
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

// sum adds metrics that AWS only sends if they are not zero.
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

// dashboard fits on one screen: alarms; requests and the servers; tables and machines; the newest errors.
func (w *watch) dashboard(serving, machines awscloudwatch.IWidget) {
	var consumed []awscloudwatch.IMetric
	for _, t := range everyTable() {
		consumed = append(consumed, w.tableMetric(t, "ConsumedReadCapacityUnits"), w.tableMetric(t, "ConsumedWriteCapacityUnits"))
	}
	serverMetric := func(name, statistic, text string) awscloudwatch.IMetric {
		return label(metric(named(w.stack, names.MetricsNamespace), name, statistic, 1, nil), text)
	}
	requests := []awscloudwatch.IMetric{serverMetric(metricRequests, "Sum", "all"), serverMetric(metricServerErrors, "Sum", "5xx")}
	latency := []awscloudwatch.IMetric{serverMetric(metricLatency, "p50", "p50"), serverMetric(metricLatency, "p99", "p99")}
	failures := slices.Concat(w.throttles(), []awscloudwatch.IMetric{sum("failed", w.tableErrors())})
	board := awscloudwatch.NewDashboard(w.scope, jsii.String("Dashboard"), &awscloudwatch.DashboardProps{
		DashboardName:   w.stack.StackName(),
		DefaultInterval: awscdk.Duration_Hours(jsii.Number(3)),
		Widgets: &[]*[]awscloudwatch.IWidget{
			{awscloudwatch.NewAlarmStatusWidget(&awscloudwatch.AlarmStatusWidgetProps{
				Title: jsii.String("Alarms"), Alarms: &w.alarms, Width: jsii.Number(24), Height: jsii.Number(3),
			})},
			{graph("Requests", fromZero(), requests), graph("Latency, ms", fromZero(), latency), serving},
			{graph("DynamoDB, units consumed", fromZero(), consumed), graph("DynamoDB, throttled and failed", fromZero(), failures), machines},
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
	// Linters and emulators do not support tags on dashboards, which are new in CloudFormation.
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
