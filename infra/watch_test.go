//go:build system

package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
)

var cdkHash = regexp.MustCompile(`[0-9A-F]{8}([0-9a-f]{16})?`)

// series names one metric of an alarm: its statistic, minutes and dimensions.
func series(m map[string]any, statistic any, period any) string {
	var dimensions []string
	all, _ := m["Dimensions"].([]any)
	for _, d := range all {
		d := d.(map[string]any)
		value := cdkHash.ReplaceAllString(asText(d["Value"]), "…")
		dimensions = append(dimensions, fmt.Sprintf("%s=%s", d["Name"], value))
	}
	return fmt.Sprintf("%s/%s[%s] %s %vm", m["Namespace"], m["MetricName"], strings.Join(dimensions, " "), statistic, period.(float64)/60)
}

// alarmLine formats the properties that decide when an alarm fires.
func alarmLine(a map[string]any) string {
	expression := ""
	if queries, ok := a["Metrics"].([]any); ok {
		for _, q := range queries {
			q := q.(map[string]any)
			if e, ok := q["Expression"]; ok {
				expression += e.(string)
			}
			if stat, ok := q["MetricStat"].(map[string]any); ok {
				expression += fmt.Sprintf("; %s: %s", q["Id"], series(stat["Metric"].(map[string]any), stat["Stat"], stat["Period"]))
			}
		}
	} else {
		statistic := a["Statistic"]
		if statistic == nil {
			statistic = a["ExtendedStatistic"]
		}
		expression = series(a, statistic, a["Period"])
	}
	operator := map[string]string{
		"GreaterThanThreshold": ">", "GreaterThanOrEqualToThreshold": ">=", "LessThanThreshold": "<",
	}[a["ComparisonOperator"].(string)]
	return fmt.Sprintf("%s: %s %s %v for %v, missing %s", a["AlarmName"], expression, operator, a["Threshold"], a["EvaluationPeriods"], a["TreatMissingData"])
}

func alarmLines(tpl stackTemplate) []string {
	var lines []string
	for _, a := range tpl.of("AWS::CloudWatch::Alarm") {
		lines = append(lines, alarmLine(a.Properties))
	}
	return lines
}

// tableAlarms returns the alarms that both stacks have.
func tableAlarms(stack string) []string {
	fill := "FILL(m0, 0)"
	throttled, failed := "", ""
	for i, m := range []struct{ table, read string }{{"Users", "GetItem"}, {"Accounts", "Query"}, {"Passwords", "Query"}, {"Sessions", "GetItem"}, {"Vaults", "GetItem"}} {
		table := "TableName=PasswordManager-" + m.table
		throttled += fmt.Sprintf("; m%d: AWS/DynamoDB/ReadThrottleEvents[%s] Sum 5m; m%d: AWS/DynamoDB/WriteThrottleEvents[%[2]s] Sum 5m",
			2*i, table, 2*i+1)
		failed += fmt.Sprintf("; m%d: AWS/DynamoDB/SystemErrors[Operation=%s %s] Sum 5m; "+
			"m%d: AWS/DynamoDB/SystemErrors[Operation=TransactWriteItems %[3]s] Sum 5m", 2*i, m.read, table, 2*i+1)
	}
	for i := 1; i < 10; i++ {
		fill += fmt.Sprintf(" + FILL(m%d, 0)", i)
	}
	return []string{
		stack + "-TablesThrottled: " + fill + throttled + " >= 10 for 1, missing notBreaching",
		stack + "-TablesFailing: " + fill + failed + " >= 5 for 1, missing notBreaching",
		stack + "-EventsLost: PasswordManager/EventsLost[] Sum 5m >= 1 for 1, missing notBreaching",
	}
}

const alarmTopic = `{"Ref":"WatchAlarmsF7209698"}`

const share = "IF(FILL(errors, 0) >= 5, 100 * FILL(errors, 0) / requests, 0)"

func TestHostAlarms(t *testing.T) {
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
		stack+"-HostImage: PasswordManager/HostImageAge[] Minimum 1440m > 45 for 1, missing breaching",
	))
}

func TestServiceAlarms(t *testing.T) {
	const (
		stack    = "PasswordManager-Service"
		balancer = "[LoadBalancer=<Balancer….LoadBalancerFullName>]"
		of       = " map[Fn::Split:[/ map[Ref:BalancerHttps…]]]]]" // the CDK derives the balancer from the listener's ARN
		targets  = "[LoadBalancer=map[Fn::Select:[1" + of + "/map[Fn::Select:[2" + of + "/map[Fn::Select:[3" + of +
			" TargetGroup=<Targets….TargetGroupFullName>]"
		service = "[ClusterName=<Cluster…> ServiceName=<Service….Name>]"
	)
	compareLines(t, alarmLines(serviceTemplate(t, "fargate-minimal")), append(tableAlarms(stack),
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

func TestAlarmsNotifyAndSayWhatToDoFirst(t *testing.T) {
	for _, tpl := range []stackTemplate{hostTemplate(t, "ec2-full"), serviceTemplate(t, "fargate-minimal")} {
		for _, a := range tpl.of("AWS::CloudWatch::Alarm") {
			name, meaning := a.Properties["AlarmName"], a.Properties["AlarmDescription"].(string)
			if !strings.Contains(meaning, "First: ") || len(meaning) > 1024 {
				t.Errorf("%s does not say what to do first in 1024 characters: %s", name, meaning)
			}
			for _, actions := range []string{"AlarmActions", "OKActions"} {
				if got := asJSON(t, a.Properties[actions]); !strings.Contains(got, alarmTopic) {
					t.Errorf("%s of %s do not reach the topic: %s", actions, name, got)
				}
			}
		}
	}
}

func TestHostRecoversAutomatically(t *testing.T) {
	got := map[string]string{}
	for _, a := range hostTemplate(t, "ec2-minimal").of("AWS::CloudWatch::Alarm") {
		name := a.Properties["AlarmName"].(string)
		if actions := asJSON(t, a.Properties["AlarmActions"]); strings.Contains(actions, "automate") {
			got[name] = actions
		}
		if actions := a.Properties["InsufficientDataActions"]; actions != nil {
			got[name] = "insufficient data: " + asJSON(t, actions)
		}
	}
	want := map[string]string{
		"PasswordManager-Host-HostHardware": `["arn:aws:automate:eu-central-1:ec2:recover",` + alarmTopic + "]",
		"PasswordManager-Host-HostSystem":   `["arn:aws:automate:eu-central-1:ec2:reboot",` + alarmTopic + "]",
		"PasswordManager-Host-HostMemory":   "insufficient data: [" + alarmTopic + "]",
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestTopicAcceptsOnlyItsStacksAlarms(t *testing.T) {
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

func TestAlarmsAreMailedOnlyIfConfigured(t *testing.T) {
	got := asJSON(t, hostTemplate(t, "ec2-full").one(t, "AWS::SNS::Subscription").Properties)
	if got != `{"Endpoint":"night@example.org","Protocol":"email","TopicArn":`+alarmTopic+`}` {
		t.Errorf("the subscription is %s", got)
	}
	if n := len(hostTemplate(t, "ec2-minimal").of("AWS::SNS::Subscription")); n != 0 {
		t.Errorf("%d subscriptions without an address", n)
	}
}

func TestDashboardShowsEveryAlarm(t *testing.T) {
	for name, tpl := range map[string]stackTemplate{
		"PasswordManager-Host": hostTemplate(t, "ec2-minimal"), "PasswordManager-Service": serviceTemplate(t, "fargate-minimal"),
	} {
		board := tpl.one(t, "AWS::CloudWatch::Dashboard").Properties
		if board["DashboardName"] != name {
			t.Errorf("the dashboard is called %v, want %s", board["DashboardName"], name)
		}
		var body struct {
			Widgets []struct {
				Y, Height  int
				Properties struct{ Alarms []string }
			}
		}
		if err := json.Unmarshal([]byte(asText(board["DashboardBody"])), &body); err != nil {
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
