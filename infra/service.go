package main

import (
	"strconv"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapplicationautoscaling"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecr"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsssm"
	"github.com/aws/jsii-runtime-go"

	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/infra/release"
)

// The smallest task that Fargate offers. The main cost of a user is bcrypt at login, and more tasks share it.
const (
	taskCPU       = 256 // 1024 units are one vCPU
	taskMemoryMiB = 512
)

// A deploy removes a task from the load balancer, waits for its requests to finish, and only then sends SIGTERM. A task that is stopped
// by hand gets SIGTERM first and keeps receiving requests for some seconds; drainDelaySeconds covers those.
const (
	deregistrationSeconds = 60
	drainDelaySeconds     = 10
	drainTimeoutSeconds   = 40
	stopSeconds           = drainDelaySeconds + drainTimeoutSeconds + 10 // then SIGKILL
)

// A task has 15 CPU seconds per minute and uses 9 of them at cpuTargetPercent. That is 9 ms for each of requestsPerMinute: enough if one
// request in ten is a login, whose bcrypt takes 60 ms, and each of the others takes 3 ms.
const (
	cpuTargetPercent  = 60
	requestsPerMinute = 1000
)

// Scaling out is fast because users wait for it. Scaling in is slow so that a pause between two bursts stops no tasks.
const (
	scaleOutSeconds = 60
	scaleInSeconds  = 300
)

const accessLogsDays = 90

// newServiceStack makes the topology fargate: tasks in private subnets behind a load balancer.
func newServiceStack(app awscdk.App, c config) awscdk.Stack {
	stack := newStack(app, c, "Service", "VaultSphere: Fargate service behind a load balancer", false)
	vpc := newNetwork(stack, c, true)
	cluster := awsecs.NewCluster(stack, jsii.String("Cluster"), &awsecs.ClusterProps{
		Vpc: vpc, ContainerInsightsV2: awsecs.ContainerInsights_ENHANCED,
	})
	service := newFargateService(stack, c, cluster)
	targets := newTargets(stack, c, service)
	balancer := newLoadBalancer(stack, c, vpc)
	listen(balancer, c.certificateARN, targets)
	if c.rateLimit > 0 {
		limitRate(stack, c, balancer)
	}
	scale(service, c, targets)
	watchService(stack, c, service, balancer, targets)
	entrance := balancer.LoadBalancerDnsName()
	if c.cloudFrontCertificateARN != "" {
		entrance = newDistribution(stack, c, balancer).DistributionDomainName()
	}
	output(stack, "DomainTarget", "DNS name that the vault's domain must point at", entrance)
	if c.siteAddress != "" {
		output(stack, "SiteUrl", siteURLMeaning, jsii.String("https://"+c.siteAddress))
	}
	output(stack, "ClusterName", "name of the ECS cluster", cluster.ClusterName())
	output(stack, "ServiceName", "name of the ECS service", service.ServiceName())
	return stack
}

func newFargateService(stack awscdk.Stack, c config, cluster awsecs.Cluster) awsecs.FargateService {
	firewall := awsec2.NewSecurityGroup(stack, jsii.String("TaskFirewall"), &awsec2.SecurityGroupProps{
		Vpc:              cluster.Vpc(),
		Description:      jsii.String("VaultSphere tasks: requests of the load balancer in, HTTPS out"),
		AllowAllOutbound: jsii.Bool(false),
	})
	firewall.AddEgressRule(awsec2.Peer_AnyIpv4(), awsec2.Port_Tcp(jsii.Number(httpsPort)), jsii.String("AWS"), nil)
	subnets := &awsec2.SubnetSelection{SubnetType: awsec2.SubnetType_PRIVATE_WITH_EGRESS}
	starter := newExecutionRole(stack)
	service := awsecs.NewFargateService(stack, jsii.String("Service"), &awsecs.FargateServiceProps{
		Cluster:        cluster,
		TaskDefinition: newTaskDefinition(stack, c, starter),
		AssignPublicIp: jsii.Bool(false),
		VpcSubnets:     subnets,
		SecurityGroups: &[]awsec2.ISecurityGroup{firewall},
		// AWS keeps this version patched. A pinned version would need updates by hand.
		PlatformVersion:             awsecs.FargatePlatformVersion_LATEST,
		MinHealthyPercent:           jsii.Number(100),
		MaxHealthyPercent:           jsii.Number(200),
		CircuitBreaker:              &awsecs.DeploymentCircuitBreaker{Enable: jsii.Bool(true), Rollback: jsii.Bool(true)},
		AvailabilityZoneRebalancing: awsecs.AvailabilityZoneRebalancing_ENABLED,
		// No DesiredCount: each deploy would reset the number of tasks to it. A new service starts with one task and scales to
		// minTasks as soon as auto scaling is registered.
	})
	// No task can start without these two, and the circuit breaker would count the failures.
	service.Node().AddDependency(starter, cluster.Vpc().SelectSubnets(subnets).InternetConnectivityEstablished)
	return service
}

func newTaskDefinition(stack awscdk.Stack, c config, starter awsiam.Role) awsecs.FargateTaskDefinition {
	definition := awsecs.NewFargateTaskDefinition(stack, jsii.String("Task"), &awsecs.FargateTaskDefinitionProps{
		Cpu:            jsii.Number(taskCPU),
		MemoryLimitMiB: jsii.Number(taskMemoryMiB),
		RuntimePlatform: &awsecs.RuntimePlatform{
			CpuArchitecture:       awsecs.CpuArchitecture_ARM64(),
			OperatingSystemFamily: awsecs.OperatingSystemFamily_LINUX(),
		},
		// The CDK would add permissions that a task does not need, such as ssm:DescribeParameters.
		ExecutionRole: starter.WithoutPolicyUpdates(nil),
		TaskRole:      newTaskRole(stack),
	})
	linux := awsecs.NewLinuxParameters(stack, jsii.String("Linux"), nil)
	linux.DropCapabilities(awsecs.Capability_ALL)
	logs := awslogs.LogGroup_FromLogGroupName(stack, jsii.String("Logs"), jsii.String(named(stack, names.LogGroup)))
	images := awsecr.Repository_FromRepositoryName(stack, jsii.String("Images"), jsii.String(names.Repository))
	// Not an option in platform.json: the release changes with each push, so its digest is a parameter of the stack.
	digest := awscdk.NewCfnParameter(stack, jsii.String(release.Parameter), &awscdk.CfnParameterProps{
		Description:    jsii.String("digest of the image that the service runs; make deploy keeps it, make release changes it"),
		AllowedPattern: jsii.String(release.DigestPattern), ConstraintDescription: jsii.String("must be sha256: and 64 hexadecimal digits"),
	})
	definition.AddContainer(jsii.String("Server"), &awsecs.ContainerDefinitionOptions{
		ContainerName:          jsii.String("server"),
		Image:                  awsecs.ContainerImage_FromRegistry(images.RepositoryUriForDigest(digest.ValueAsString()), nil),
		ReadonlyRootFilesystem: jsii.Bool(true),
		LinuxParameters:        linux,
		PortMappings:           &[]*awsecs.PortMapping{{ContainerPort: jsii.Number(names.DefaultPort)}},
		Secrets:                parametersAsSecrets(stack),
		Environment: &map[string]*string{
			names.EnvTrustedProxies: jsii.String(c.vpcCIDR.String()), // the security group admits only the load balancer
			names.EnvDrainDelay:     seconds(drainDelaySeconds),
			names.EnvDrainTimeout:   seconds(drainTimeoutSeconds),
		},
		StopTimeout: awscdk.Duration_Seconds(jsii.Number(stopSeconds)),
		// Liveness only. The load balancer checks whether the store responds, since replacing the task would not fix the store.
		HealthCheck: &awsecs.HealthCheck{
			Command:     jsii.Strings("CMD", names.ServerProgram, "health"),
			Interval:    awscdk.Duration_Seconds(jsii.Number(10)),
			Timeout:     awscdk.Duration_Seconds(jsii.Number(5)),
			Retries:     jsii.Number(3),
			StartPeriod: awscdk.Duration_Seconds(jsii.Number(10)),
		},
		// Logs go through the NAT gateway, which is in one zone. If it fails, tasks keep serving without a log.
		Logging: awsecs.LogDriver_AwsLogs(&awsecs.AwsLogDriverProps{
			LogGroup: logs, StreamPrefix: jsii.String("fargate"), Mode: awsecs.AwsLogDriverMode_NON_BLOCKING,
		}),
	})
	// A rollback needs the task definitions of earlier releases. Those of failed deploys stay too, but never served.
	definition.ApplyRemovalPolicy(awscdk.RemovalPolicy_RETAIN_ON_UPDATE_OR_DELETE)
	accept(definition, finding{"AwsSolutions-ECS2", "only a network range and two durations, which this stack defines; all else comes from SSM parameters"})
	return definition
}

// taskParameters returns the SSM parameters of a task: the settings of the data stack, and the secret, which is in no stack.
func taskParameters() []string {
	parameters := []string{names.EnvSessionSecret}
	for _, s := range settings() {
		parameters = append(parameters, s.name)
	}
	return parameters
}

func parametersAsSecrets(stack awscdk.Stack) *map[string]awsecs.Secret {
	secrets := map[string]awsecs.Secret{}
	for _, name := range taskParameters() {
		// Plain settings also pass as secure strings: ECS only uses the ARN, while the CDK would turn a plain one into a parameter
		// of the template.
		secrets[name] = awsecs.Secret_FromSsmParameter(awsssm.StringParameter_FromSecureStringParameterAttributes(stack,
			jsii.String("Parameter"+name), &awsssm.SecureStringParameterAttributes{
				ParameterName: jsii.String(named(stack, names.ParameterPath) + name),
			}))
	}
	return &secrets
}

// newExecutionRole makes the role with which ECS starts a task and writes its log.
func newExecutionRole(stack awscdk.Stack) awsiam.Role {
	role := awsiam.NewRole(stack, jsii.String("ExecutionRole"), &awsiam.RoleProps{
		AssumedBy: service("ecs-tasks"), Description: jsii.String("VaultSphere tasks: start"),
	})
	var parameters []*string
	for _, name := range taskParameters() {
		parameters = append(parameters, parameterARN(stack, name))
	}
	grant(role, pullStatements(stack)...)
	grant(role,
		allow("ReadSettings", []string{"ssm:GetParameters"}, parameters...),
		allow("Logs", []string{"logs:CreateLogStream", "logs:PutLogEvents"}, arn(stack, "logs", "log-group:"+named(stack, names.LogGroup)+":*")),
	)
	accept(role.Node().FindChild(jsii.String("DefaultPolicy")), finding{"AwsSolutions-IAM5",
		"ecr:GetAuthorizationToken does not support resources; the other wildcard matches the streams of one log group"})
	return role
}

// newTaskRole makes the role of the server.
func newTaskRole(stack awscdk.Stack) awsiam.Role {
	role := awsiam.NewRole(stack, jsii.String("TaskRole"), &awsiam.RoleProps{
		AssumedBy: service("ecs-tasks"), Description: jsii.String("VaultSphere tasks: the server"),
	})
	grant(role, tableStatements(stack)...)
	return role
}

func newLoadBalancer(stack awscdk.Stack, c config, vpc awsec2.Vpc) awselasticloadbalancingv2.ApplicationLoadBalancer {
	firewall := awsec2.NewSecurityGroup(stack, jsii.String("BalancerFirewall"), &awsec2.SecurityGroupProps{
		Vpc:              vpc,
		Description:      jsii.String("VaultSphere load balancer: HTTP and HTTPS in, requests to tasks out"),
		AllowAllOutbound: jsii.Bool(false),
	})
	props := &awselasticloadbalancingv2.ApplicationLoadBalancerProps{
		Vpc:                     vpc,
		VpcSubnets:              &awsec2.SubnetSelection{SubnetType: awsec2.SubnetType_PUBLIC},
		InternetFacing:          jsii.Bool(true),
		SecurityGroup:           firewall,
		DropInvalidHeaderFields: jsii.Bool(true),
		DesyncMitigationMode:    awselasticloadbalancingv2.DesyncMitigationMode_STRICTEST,
		Http2Enabled:            jsii.Bool(true),
	}
	open := publicWebServer
	if c.cloudFrontCertificateARN != "" {
		props.VpcSubnets.SubnetType = awsec2.SubnetType_PRIVATE_WITH_EGRESS
		props.InternetFacing = jsii.Bool(false)
		// The header from CloudFront ends with the user's address. The load balancer would append CloudFront's.
		props.XffHeaderProcessingMode = awselasticloadbalancingv2.XffHeaderProcessingMode_PRESERVE
		open = "it has no public address, and only CloudFront can reach the network"
	}
	balancer := awselasticloadbalancingv2.NewApplicationLoadBalancer(stack, jsii.String(inFrontOfTasks("Balancer", c)), props)
	balancer.LogAccessLogs(newAccessLogs(stack), nil)
	accept(firewall, finding{"AwsSolutions-EC23", open}, finding{"CKV_AWS_260", "port 80 redirects to HTTPS"})
	return balancer
}

// inFrontOfTasks returns the construct id of the load balancer or of its targets. It differs behind CloudFront, because a public load
// balancer cannot become internal, and a target group cannot belong to two load balancers.
func inFrontOfTasks(id string, c config) string {
	if c.cloudFrontCertificateARN != "" {
		return "Private" + id
	}
	return id
}

// newAccessLogs makes the bucket of the load balancer's access logs. It is retained when the stack is deleted: an investigation needs
// the logs later, and CloudFormation cannot delete a bucket with content.
func newAccessLogs(stack awscdk.Stack) awss3.Bucket {
	bucket := awss3.NewBucket(stack, jsii.String("AccessLogs"), &awss3.BucketProps{
		Encryption:        awss3.BucketEncryption_S3_MANAGED, // the only kind that a load balancer can write to
		BlockPublicAccess: awss3.BlockPublicAccess_BLOCK_ALL(),
		ObjectOwnership:   awss3.ObjectOwnership_BUCKET_OWNER_ENFORCED,
		EnforceSSL:        jsii.Bool(true),
		RemovalPolicy:     awscdk.RemovalPolicy_RETAIN,
		LifecycleRules: &[]*awss3.LifecycleRule{{
			Expiration:                          awscdk.Duration_Days(jsii.Number(accessLogsDays)),
			AbortIncompleteMultipartUploadAfter: awscdk.Duration_Days(jsii.Number(1)),
		}},
	})
	accept(bucket,
		finding{"AwsSolutions-S1", "it holds access logs itself, and only operators read them"},
		finding{"CKV_AWS_18", "it holds access logs itself, and only operators read them"},
		finding{"CKV_AWS_21", "each object has a unique name and is written once"})
	return bucket
}

// newTargets makes the target group of the tasks, with their readiness check.
func newTargets(stack awscdk.Stack, c config, service awsecs.FargateService) awselasticloadbalancingv2.ApplicationTargetGroup {
	return awselasticloadbalancingv2.NewApplicationTargetGroup(stack, jsii.String(inFrontOfTasks("Targets", c)),
		&awselasticloadbalancingv2.ApplicationTargetGroupProps{
			Vpc:                 service.Cluster().Vpc(),
			Port:                jsii.Number(names.DefaultPort),
			Protocol:            awselasticloadbalancingv2.ApplicationProtocol_HTTP,
			Targets:             &[]awselasticloadbalancingv2.IApplicationLoadBalancerTarget{service},
			DeregistrationDelay: awscdk.Duration_Seconds(jsii.Number(deregistrationSeconds)),
			HealthCheck: &awselasticloadbalancingv2.HealthCheck{
				Path:                    jsii.String(names.PathReady),
				HealthyHttpCodes:        jsii.String("200"),
				Interval:                awscdk.Duration_Seconds(jsii.Number(10)),
				Timeout:                 awscdk.Duration_Seconds(jsii.Number(5)),
				HealthyThresholdCount:   jsii.Number(2),
				UnhealthyThresholdCount: jsii.Number(3),
			},
		})
}

// listen forwards HTTPS requests to the targets and redirects HTTP to HTTPS.
func listen(balancer awselasticloadbalancingv2.ApplicationLoadBalancer, certificateARN string,
	targets awselasticloadbalancingv2.ApplicationTargetGroup) {
	balancer.AddListener(jsii.String("Http"), &awselasticloadbalancingv2.BaseApplicationListenerProps{
		Port:     jsii.Number(httpPort),
		Protocol: awselasticloadbalancingv2.ApplicationProtocol_HTTP,
		DefaultAction: awselasticloadbalancingv2.ListenerAction_Redirect(&awselasticloadbalancingv2.RedirectOptions{
			Protocol: jsii.String("HTTPS"), Port: jsii.String(strconv.Itoa(httpsPort)), Permanent: jsii.Bool(true),
		}),
	})
	balancer.AddListener(jsii.String("Https"), &awselasticloadbalancingv2.BaseApplicationListenerProps{
		Port:     jsii.Number(httpsPort),
		Protocol: awselasticloadbalancingv2.ApplicationProtocol_HTTPS,
		Certificates: &[]awselasticloadbalancingv2.IListenerCertificate{
			awselasticloadbalancingv2.ListenerCertificate_FromArn(jsii.String(certificateARN)),
		},
		// PQ: traffic recorded today must stay unreadable to a future quantum computer. RES: no browser that can run the page
		// needs the old ciphers of TLS 1.2.
		SslPolicy:           awselasticloadbalancingv2.SslPolicy_TLS13_12_RES_PQ,
		DefaultTargetGroups: &[]awselasticloadbalancingv2.IApplicationTargetGroup{targets},
	})
}

func scale(service awsecs.FargateService, c config, targets awselasticloadbalancingv2.ApplicationTargetGroup) {
	tasks := service.AutoScaleTaskCount(&awsapplicationautoscaling.EnableScalingProps{
		MinCapacity: jsii.Number(c.minTasks), MaxCapacity: jsii.Number(c.maxTasks),
	})
	out, in := awscdk.Duration_Seconds(jsii.Number(scaleOutSeconds)), awscdk.Duration_Seconds(jsii.Number(scaleInSeconds))
	tasks.ScaleOnCpuUtilization(jsii.String("Cpu"), &awsecs.CpuUtilizationScalingProps{
		TargetUtilizationPercent: jsii.Number(cpuTargetPercent), ScaleOutCooldown: out, ScaleInCooldown: in,
	})
	tasks.ScaleOnRequestCount(jsii.String("Requests"), &awsecs.RequestCountScalingProps{
		RequestsPerTarget: jsii.Number(requestsPerMinute), TargetGroup: targets, ScaleOutCooldown: out, ScaleInCooldown: in,
	})
}

// seconds formats a duration for the server.
func seconds(n int) *string { return jsii.String(strconv.Itoa(n) + "s") }
