//go:build system

package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/names"
)

const accountARN = "arn:aws:%s:eu-central-1:<AccountId>:%s"

func serviceTemplate(t *testing.T, deployment string) stackTemplate {
	return synth(t, deployment).templates["PasswordManager-Service"]
}

// idOf returns the logical id of the only resource of a type.
func idOf(t *testing.T, tpl stackTemplate, kind string) string {
	t.Helper()
	tpl.one(t, kind)
	for id := range tpl.of(kind) {
		return id
	}
	panic("unreachable")
}

func compareProperties(t *testing.T, properties map[string]any, want map[string]string) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if got := asJSON(t, properties[name]); got != want[name] {
			t.Errorf("%s is %s, want %s", name, got, want[name])
		}
	}
}

// serverContainer returns the only container of a task.
func serverContainer(t *testing.T, deployment string) map[string]any {
	t.Helper()
	containers := listOf(serviceTemplate(t, deployment).one(t, "AWS::ECS::TaskDefinition").Properties["ContainerDefinitions"])
	if len(containers) != 1 {
		t.Fatalf("%d containers, want one", len(containers))
	}
	return containers[0].(map[string]any)
}

func TestDeployKeepsServingTasks(t *testing.T) {
	compareProperties(t, serviceTemplate(t, "fargate-minimal").one(t, "AWS::ECS::Service").Properties, map[string]string{
		"DeploymentConfiguration":     `{"DeploymentCircuitBreaker":{"Enable":true,"Rollback":true},"MaximumPercent":200,"MinimumHealthyPercent":100}`,
		"AvailabilityZoneRebalancing": `"ENABLED"`,
		"DesiredCount":                `null`, // a deploy would reset auto scaling to it
		"EnableExecuteCommand":        `null`,
		"LaunchType":                  `"FARGATE"`,
	})
}

func TestTasksHaveNoPublicAddress(t *testing.T) {
	tpl := serviceTemplate(t, "fargate-minimal")
	network := tpl.one(t, "AWS::ECS::Service").Properties["NetworkConfiguration"].(map[string]any)["AwsvpcConfiguration"].(map[string]any)
	if network["AssignPublicIp"] != "DISABLED" {
		t.Errorf("AssignPublicIp is %v", network["AssignPublicIp"])
	}
	subnets := listOf(network["Subnets"])
	for _, s := range subnets {
		subnet := tpl.Resources[strings.Trim(asText(s), "<>")]
		if tags := asJSON(t, subnet.Properties["Tags"]); !strings.Contains(tags, `{"Key":"aws-cdk:subnet-type","Value":"Private"}`) {
			t.Errorf("the subnet of the tasks has the tags %s", tags)
		}
	}
	if len(subnets) != 2 {
		t.Errorf("tasks are in %d subnets, want 2", len(subnets))
	}
}

func TestTaskIsConfined(t *testing.T) {
	compareProperties(t, serviceTemplate(t, "fargate-minimal").one(t, "AWS::ECS::TaskDefinition").Properties, map[string]string{
		"Cpu": `"256"`, "Memory": `"512"`, "NetworkMode": `"awsvpc"`, "Volumes": `null`,
		"RuntimePlatform": `{"CpuArchitecture":"ARM64","OperatingSystemFamily":"LINUX"}`,
	})
	compareProperties(t, serverContainer(t, "fargate-minimal"), map[string]string{
		"ReadonlyRootFilesystem": `true`,
		"LinuxParameters":        `{"Capabilities":{"Drop":["ALL"]}}`,
		"Privileged":             `null`,
		"PortMappings":           `[{"ContainerPort":5001,"Protocol":"tcp"}]`,
		"HealthCheck":            `{"Command":["CMD","/vaultsphered","health"],"Interval":10,"Retries":3,"StartPeriod":10,"Timeout":5}`,
		"LogConfiguration": `{"LogDriver":"awslogs","Options":{"awslogs-group":"/password-manager/containers",` +
			`"awslogs-region":"eu-central-1","awslogs-stream-prefix":"fargate","mode":"non-blocking"}}`,
	})
}

func TestTaskRunsTheReleaseParameter(t *testing.T) {
	tpl := serviceTemplate(t, "fargate-minimal")
	const want = "<AccountId>.dkr.ecr.eu-central-1.<URLSuffix>/password-manager@<Release>"
	if got := asText(serverContainer(t, "fargate-minimal")["Image"]); got != want {
		t.Errorf("tasks run %s, want %s", got, want)
	}
	parameter := tpl.Parameters["Release"]
	if parameter["AllowedPattern"] != "sha256:[0-9a-f]{64}" || parameter["Default"] != nil {
		t.Errorf("the parameter of the release is %v", parameter)
	}
}

// A rollback needs the task definition of the previous release.
func TestTaskDefinitionsAreRetained(t *testing.T) {
	definition := serviceTemplate(t, "fargate-minimal").one(t, "AWS::ECS::TaskDefinition")
	if definition.UpdateReplacePolicy != "Retain" || definition.DeletionPolicy != "RetainExceptOnCreate" {
		t.Errorf("the policies are %s and %s", definition.UpdateReplacePolicy, definition.DeletionPolicy)
	}
}

// Tasks read the same SSM parameters as a host. The template only holds settings that depend on the load balancer.
func TestServerGetsItsSettingsFromParameters(t *testing.T) {
	container := serverContainer(t, "fargate-full")
	var got []string
	for _, s := range listOf(container["Secrets"]) {
		s := s.(map[string]any)
		got = append(got, s["Name"].(string)+" from "+asText(s["ValueFrom"]))
	}
	var want []string
	for _, name := range append([]string{names.EnvSessionSecret}, settingNames()...) {
		want = append(want, name+" from "+fmt.Sprintf(accountARN, "ssm", "parameter/password-manager/"+name))
	}
	compareLines(t, got, want)
	if got, want := asJSON(t, container["Environment"]), `[{"Name":"DRAIN_DELAY","Value":"10s"},{"Name":"DRAIN_TIMEOUT","Value":"40s"},`+
		`{"Name":"TRUSTED_PROXIES","Value":"10.99.0.0/20"}]`; got != want {
		t.Errorf("the environment is %s, want %s", got, want)
	}
}

func settingNames() []string {
	var all []string
	for _, s := range settings() {
		all = append(all, s.name)
	}
	return all
}

func TestServerHasTimeToDrain(t *testing.T) {
	container := serverContainer(t, "fargate-minimal")
	if got := container["StopTimeout"].(float64); got <= drainDelaySeconds+drainTimeoutSeconds || got > 120 { // Fargate's limit
		t.Errorf("the server is killed after %v s, but may take %d s", got, drainDelaySeconds+drainTimeoutSeconds)
	}
}

func TestExecutionRoleOnlyStartsTasks(t *testing.T) {
	tpl := serviceTemplate(t, "fargate-minimal")
	want := []string{
		`Allow sts:AssumeRole by {"Service":"ecs-tasks.amazonaws.com"}`,
		"Allow ecr:GetAuthorizationToken on *",
	}
	for _, action := range []string{"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"} {
		want = append(want, "Allow "+action+" on "+fmt.Sprintf(accountARN, "ecr", "repository/password-manager"))
	}
	for _, name := range append([]string{names.EnvSessionSecret}, settingNames()...) {
		want = append(want, "Allow ssm:GetParameters on "+fmt.Sprintf(accountARN, "ssm", "parameter/password-manager/"+name))
	}
	for _, action := range []string{"logs:CreateLogStream", "logs:PutLogEvents"} {
		want = append(want, "Allow "+action+" on "+fmt.Sprintf(accountARN, "logs", "log-group:/password-manager/containers:*"))
	}
	role := roleOf(t, tpl, "VaultSphere tasks: start")
	compareLines(t, tpl.permissions(t, role), want)
	if got := asText(tpl.one(t, "AWS::ECS::TaskDefinition").Properties["ExecutionRoleArn"]); got != "<"+role+".Arn>" {
		t.Errorf("the execution role is %s", got)
	}
}

func TestTaskRoleReachesOnlyTheTables(t *testing.T) {
	tpl := serviceTemplate(t, "fargate-minimal")
	want := []string{`Allow sts:AssumeRole by {"Service":"ecs-tasks.amazonaws.com"}`}
	for _, table := range tables {
		for _, action := range tableActions {
			want = append(want, "Allow "+action+" on "+fmt.Sprintf(accountARN, "dynamodb", "table/"+table))
		}
	}
	for _, table := range indexedTables {
		want = append(want, "Allow dynamodb:Query on "+fmt.Sprintf(accountARN, "dynamodb", "table/"+table+"/index/by-revision"))
	}
	for _, action := range []string{"Query", "UpdateItem"} {
		want = append(want, "Allow dynamodb:"+action+" on "+fmt.Sprintf(accountARN, "dynamodb", "table/PasswordManager-Events"))
	}
	role := roleOf(t, tpl, "VaultSphere tasks: the server")
	compareLines(t, tpl.permissions(t, role), want)
	if got := asText(tpl.one(t, "AWS::ECS::TaskDefinition").Properties["TaskRoleArn"]); got != "<"+role+".Arn>" {
		t.Errorf("the task role is %s", got)
	}
}

// The test compares every rule of every security group.
func TestOnlyTheLoadBalancerReachesTasks(t *testing.T) {
	tpl := serviceTemplate(t, "fargate-minimal")
	var got []string
	rule := func(group, direction string, r map[string]any) {
		peer := r["CidrIp"]
		for _, other := range []string{"SourceSecurityGroupId", "DestinationSecurityGroupId"} {
			if r[other] != nil {
				peer = description(tpl, r[other])
			}
		}
		got = append(got, fmt.Sprintf("%s %s %v: %v %v-%v", group, direction, peer, r["IpProtocol"], r["FromPort"], r["ToPort"]))
	}
	for _, r := range tpl.of("AWS::EC2::SecurityGroup") {
		group, _, _ := strings.Cut(r.Properties["GroupDescription"].(string), ":")
		for _, in := range listOf(r.Properties["SecurityGroupIngress"]) {
			rule(group, "from", in.(map[string]any))
		}
		for _, out := range listOf(r.Properties["SecurityGroupEgress"]) {
			rule(group, "to", out.(map[string]any))
		}
	}
	for _, r := range tpl.of("AWS::EC2::SecurityGroupIngress") {
		rule(description(tpl, r.Properties["GroupId"]), "from", r.Properties)
	}
	for _, r := range tpl.of("AWS::EC2::SecurityGroupEgress") {
		rule(description(tpl, r.Properties["GroupId"]), "to", r.Properties)
	}
	compareLines(t, got, []string{
		"VaultSphere load balancer from 0.0.0.0/0: tcp 80-80",
		"VaultSphere load balancer from 0.0.0.0/0: tcp 443-443",
		"VaultSphere load balancer to VaultSphere tasks: tcp 5001-5001",
		"VaultSphere tasks from VaultSphere load balancer: tcp 5001-5001",
		"VaultSphere tasks to 0.0.0.0/0: tcp 443-443",
	})
}

// description returns the first part of the description of the security group that a rule refers to.
func description(tpl stackTemplate, groupID any) string {
	id, _, _ := strings.Cut(strings.Trim(asText(groupID), "<>"), ".")
	owner, _, _ := strings.Cut(fmt.Sprint(tpl.Resources[id].Properties["GroupDescription"]), ":")
	return owner
}

func TestLoadBalancerServesHTTPSOnly(t *testing.T) {
	tpl := serviceTemplate(t, "fargate-minimal")
	listeners := map[float64]map[string]any{}
	for _, r := range tpl.of("AWS::ElasticLoadBalancingV2::Listener") {
		listeners[r.Properties["Port"].(float64)] = r.Properties
	}
	if len(listeners) != 2 {
		t.Fatalf("%d listeners, want those of ports 80 and 443", len(listeners))
	}
	compareProperties(t, listeners[80], map[string]string{
		"Protocol":       `"HTTP"`,
		"DefaultActions": `[{"RedirectConfig":{"Port":"443","Protocol":"HTTPS","StatusCode":"HTTP_301"},"Type":"redirect"}]`,
	})
	compareProperties(t, listeners[443], map[string]string{
		"Protocol":       `"HTTPS"`,
		"Certificates":   `[{"CertificateArn":"` + testCertificate + `"}]`,
		"SslPolicy":      `"ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"`,
		"DefaultActions": `[{"TargetGroupArn":{"Ref":"` + idOf(t, tpl, "AWS::ElasticLoadBalancingV2::TargetGroup") + `"},"Type":"forward"}]`,
	})
}

func TestLoadBalancerIsStrictAndLogs(t *testing.T) {
	tpl := serviceTemplate(t, "fargate-minimal")
	balancer := tpl.one(t, "AWS::ElasticLoadBalancingV2::LoadBalancer").Properties
	if balancer["Scheme"] != "internet-facing" {
		t.Errorf("the load balancer is %v", balancer["Scheme"])
	}
	attributes := map[string]any{}
	for _, a := range listOf(balancer["LoadBalancerAttributes"]) {
		a := a.(map[string]any)
		attributes[a["Key"].(string)] = a["Value"]
	}
	compareProperties(t, attributes, map[string]string{
		"routing.http.drop_invalid_header_fields.enabled": `"true"`,
		"routing.http.desync_mitigation_mode":             `"strictest"`,
		"routing.http2.enabled":                           `"true"`,
		"access_logs.s3.enabled":                          `"true"`,
		"access_logs.s3.bucket":                           `{"Ref":"` + idOf(t, tpl, "AWS::S3::Bucket") + `"}`,
	})
}

func TestAccessLogsArePrivateAndRetained(t *testing.T) {
	tpl := serviceTemplate(t, "fargate-minimal")
	bucket := tpl.one(t, "AWS::S3::Bucket")
	compareProperties(t, bucket.Properties, map[string]string{
		"BucketEncryption":               `{"ServerSideEncryptionConfiguration":[{"ServerSideEncryptionByDefault":{"SSEAlgorithm":"AES256"}}]}`,
		"PublicAccessBlockConfiguration": `{"BlockPublicAcls":true,"BlockPublicPolicy":true,"IgnorePublicAcls":true,"RestrictPublicBuckets":true}`,
		"OwnershipControls":              `{"Rules":[{"ObjectOwnership":"BucketOwnerEnforced"}]}`,
		"LifecycleConfiguration": `{"Rules":[{"AbortIncompleteMultipartUpload":{"DaysAfterInitiation":1},` +
			`"ExpirationInDays":90,"Status":"Enabled"}]}`,
	})
	if bucket.DeletionPolicy != "Retain" || bucket.UpdateReplacePolicy != "Retain" {
		t.Errorf("the bucket is not retained: %s, %s", bucket.DeletionPolicy, bucket.UpdateReplacePolicy)
	}
	policy := asJSON(t, tpl.one(t, "AWS::S3::BucketPolicy").Properties["PolicyDocument"])
	if !strings.Contains(policy, `{"Action":"s3:*","Condition":{"Bool":{"aws:SecureTransport":"false"}},"Effect":"Deny"`) {
		t.Errorf("the bucket can be read without TLS: %s", policy)
	}
}

func TestTargetsMustBeReady(t *testing.T) {
	targets := serviceTemplate(t, "fargate-minimal").one(t, "AWS::ElasticLoadBalancingV2::TargetGroup").Properties
	compareProperties(t, targets, map[string]string{
		"Protocol": `"HTTP"`, "Port": `5001`, "TargetType": `"ip"`,
		"HealthCheckPath": `"/ready"`, "Matcher": `{"HttpCode":"200"}`,
		"HealthCheckIntervalSeconds": `10`, "HealthCheckTimeoutSeconds": `5`,
		"HealthyThresholdCount": `2`, "UnhealthyThresholdCount": `3`,
		"TargetGroupAttributes": `[{"Key":"deregistration_delay.timeout_seconds","Value":"60"},{"Key":"stickiness.enabled","Value":"false"}]`,
	})
}

func TestServiceScalesOnCPUAndRequests(t *testing.T) {
	for deployment, bounds := range map[string]string{"fargate-minimal": "2-6", "fargate-full": "3-12"} {
		tpl := serviceTemplate(t, deployment)
		p := tpl.one(t, "AWS::ApplicationAutoScaling::ScalableTarget").Properties
		if got := fmt.Sprintf("%v-%v", p["MinCapacity"], p["MaxCapacity"]); got != bounds {
			t.Errorf("%s has %s tasks, want %s", deployment, got, bounds)
		}
		var got []string
		for _, r := range tpl.of("AWS::ApplicationAutoScaling::ScalingPolicy") {
			c := r.Properties["TargetTrackingScalingPolicyConfiguration"].(map[string]any)
			metric := c["PredefinedMetricSpecification"].(map[string]any)["PredefinedMetricType"]
			got = append(got, fmt.Sprintf("%v at %v, out %v s, in %v s", metric, c["TargetValue"], c["ScaleOutCooldown"], c["ScaleInCooldown"]))
		}
		compareLines(t, got, []string{
			"ECSServiceAverageCPUUtilization at 60, out 60 s, in 300 s",
			"ALBRequestCountPerTarget at 1000, out 60 s, in 300 s",
		})
	}
}

func TestServiceStackOutputs(t *testing.T) {
	tpl := serviceTemplate(t, "fargate-minimal")
	for name, want := range map[string]string{
		"DomainTarget": "<" + idOf(t, tpl, "AWS::ElasticLoadBalancingV2::LoadBalancer") + ".DNSName>",
		"ClusterName":  "<" + idOf(t, tpl, "AWS::ECS::Cluster") + ">",
		"ServiceName":  "<" + idOf(t, tpl, "AWS::ECS::Service") + ".Name>",
	} {
		if got := asText(tpl.Outputs[name].Value); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}

// A stack cannot change a value that another stack imports.
func TestServiceStackImportsNothing(t *testing.T) {
	for _, deployment := range []string{"fargate-minimal", "fargate-full", "fargate-cloudfront"} {
		for stack, template := range synth(t, deployment).raw {
			for _, word := range []string{"Fn::ImportValue", "Fn::GetStackOutput", `"Export"`} {
				if strings.Contains(template, word) {
					t.Errorf("%s: %s contains %s", deployment, stack, word)
				}
			}
		}
	}
}

func TestRateLimitBlocksAnAddress(t *testing.T) {
	tpl := serviceTemplate(t, "fargate-full")
	acl := tpl.one(t, "AWS::WAFv2::WebACL").Properties
	rule := listOf(acl["Rules"])[0].(map[string]any)
	compareProperties(t, rule, map[string]string{
		"Action":    `{"Block":{"CustomResponse":{"ResponseCode":429,"ResponseHeaders":[{"Name":"Retry-After","Value":"60"}]}}}`,
		"Statement": `{"RateBasedStatement":{"AggregateKeyType":"IP","EvaluationWindowSec":300,"Limit":2000}}`,
	})
	compareProperties(t, acl, map[string]string{"DefaultAction": `{"Allow":{}}`, "Scope": `"REGIONAL"`})
	if strings.Contains(asJSON(t, acl), `"SampledRequestsEnabled":true`) {
		t.Error("samples would show the session cookies of users")
	}
	balancer := idOf(t, tpl, "AWS::ElasticLoadBalancingV2::LoadBalancer")
	if got := asText(tpl.one(t, "AWS::WAFv2::WebACLAssociation").Properties["ResourceArn"]); got != "<"+balancer+">" {
		t.Errorf("the rule is for %s", got)
	}
	if n := len(serviceTemplate(t, "fargate-minimal").of("AWS::WAFv2::WebACL")); n != 0 {
		t.Errorf("%d web ACLs without the option", n)
	}
}
