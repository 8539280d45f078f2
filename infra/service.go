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

// The size of a task, the smallest there is: what a member costs is bcrypt at log-in, and more tasks share that.
const (
	taskCPU       = 256 // 1024 are one processor
	taskMemoryMiB = 512
)

// A deploy takes a task out of the load balancer, waits until its requests are done, and only then sends SIGTERM. A task
// that is stopped by hand gets SIGTERM first, and goes on being sent requests for some seconds: drainDelay serves those.
const (
	deregistrationSeconds = 60
	drainDelaySeconds     = 10
	drainTimeoutSeconds   = 40
	stopSeconds           = drainDelaySeconds + drainTimeoutSeconds + 10 // then comes SIGKILL
)

// A task has 15 processor seconds a minute. At cpuTargetPercent it spends 9 of them, which is 9 ms for each of
// requestsPerMinute: room for one log-in in ten requests, whose bcrypt takes 60 ms, and for 3 ms in each of the others.
const (
	cpuTargetPercent  = 60
	requestsPerMinute = 1000
)

// Scaling out is quick because users wait for it; scaling in is slow so that a pause between two bursts costs no restart.
const (
	scaleOutSeconds = 60
	scaleInSeconds  = 300
)

const (
	httpPort       = 80
	accessLogsDays = 90
)

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
	output(stack, "DomainTarget", "DNS name to point the domain of the certificate at", entrance)
	if c.siteAddress != "" {
		output(stack, "SiteUrl", "where users open the vault", jsii.String("https://"+c.siteAddress))
	}
	output(stack, "ClusterName", "the ECS cluster", cluster.ClusterName())
	output(stack, "ServiceName", "the ECS service", service.ServiceName())
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
		// AWS patches the platform under this name; a pinned one would have to be followed by hand.
		PlatformVersion:             awsecs.FargatePlatformVersion_LATEST,
		MinHealthyPercent:           jsii.Number(100),
		MaxHealthyPercent:           jsii.Number(200),
		CircuitBreaker:              &awsecs.DeploymentCircuitBreaker{Enable: jsii.Bool(true), Rollback: jsii.Bool(true)},
		AvailabilityZoneRebalancing: awsecs.AvailabilityZoneRebalancing_ENABLED,
		// No DesiredCount: each deploy would set the tasks back to it. A service begins with one, and goes to minTasks as soon
		// as the scaling is registered.
	})
	// Without either no task can start, and the circuit breaker counts that.
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
		// The CDK would add more to it than a task needs: ssm:DescribeParameters, say, and the history of parameters.
		ExecutionRole: starter.WithoutPolicyUpdates(nil),
		TaskRole:      newTaskRole(stack),
	})
	linux := awsecs.NewLinuxParameters(stack, jsii.String("Linux"), nil)
	linux.DropCapabilities(awsecs.Capability_ALL)
	logs := awslogs.LogGroup_FromLogGroupName(stack, jsii.String("Logs"), jsii.String(named(stack, names.LogGroup)))
	images := awsecr.Repository_FromRepositoryName(stack, jsii.String("Images"), jsii.String(names.Repository))
	// No option: which release runs changes with each push, and stands where the service is.
	digest := awscdk.NewCfnParameter(stack, jsii.String(release.Parameter), &awscdk.CfnParameterProps{
		Description:    jsii.String("digest of the image that the service runs; make deploy keeps it, make release changes it"),
		AllowedPattern: jsii.String(release.DigestPattern), ConstraintDescription: jsii.String("it is sha256: and 64 hexadecimal digits"),
	})
	definition.AddContainer(jsii.String("Server"), &awsecs.ContainerDefinitionOptions{
		ContainerName:          jsii.String("server"),
		Image:                  awsecs.ContainerImage_FromRegistry(images.RepositoryUriForDigest(digest.ValueAsString()), nil),
		ReadonlyRootFilesystem: jsii.Bool(true),
		LinuxParameters:        linux,
		PortMappings:           &[]*awsecs.PortMapping{{ContainerPort: jsii.Number(names.DefaultPort)}},
		Secrets:                parametersAsSecrets(stack),
		Environment: &map[string]*string{
			names.EnvTrustedProxies: jsii.String(c.vpcCIDR.String()), // the load balancer is all that the firewall lets in
			names.EnvDrainDelay:     seconds(drainDelaySeconds),
			names.EnvDrainTimeout:   seconds(drainTimeoutSeconds),
		},
		StopTimeout: awscdk.Duration_Seconds(jsii.Number(stopSeconds)),
		// It asks whether the process lives. Whether its store answers is the load balancer's question: a new task would not
		// mend the store.
		HealthCheck: &awsecs.HealthCheck{
			Command:     jsii.Strings("CMD", names.ServerProgram, "health"),
			Interval:    awscdk.Duration_Seconds(jsii.Number(10)),
			Timeout:     awscdk.Duration_Seconds(jsii.Number(5)),
			Retries:     jsii.Number(3),
			StartPeriod: awscdk.Duration_Seconds(jsii.Number(10)),
		},
		// The way to the logs is the NAT gateway, which is in one zone. Without it tasks serve on, unlogged.
		Logging: awsecs.LogDriver_AwsLogs(&awsecs.AwsLogDriverProps{
			LogGroup: logs, StreamPrefix: jsii.String("fargate"), Mode: awsecs.AwsLogDriverMode_NON_BLOCKING,
		}),
	})
	// A release that was replaced can be gone back to; one that CloudFormation takes back never served.
	definition.ApplyRemovalPolicy(awscdk.RemovalPolicy_RETAIN_ON_UPDATE_OR_DELETE)
	accept(definition, finding{"AwsSolutions-ECS2", "a network and two durations that this stack itself knows; all else is in SSM parameters"})
	return definition
}

// taskParameters are what a task gets from SSM: the settings of the data stack, and the key that no stack ever sees.
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
		// Those that are no secrets come the same way: ECS uses the ARN alone, while the CDK would make a parameter of the
		// template out of a plain one.
		secrets[name] = awsecs.Secret_FromSsmParameter(awsssm.StringParameter_FromSecureStringParameterAttributes(stack,
			jsii.String("Parameter"+name), &awsssm.SecureStringParameterAttributes{
				ParameterName: jsii.String(named(stack, names.ParameterPath) + name),
			}))
	}
	return &secrets
}

// newExecutionRole makes what ECS may do to start a task and to keep its logs.
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
		"ecr:GetAuthorizationToken knows no resources; the other star is the streams of one log group"})
	return role
}

// newTaskRole makes what the server itself may do.
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
	open := "a public web server: the whole Internet may reach 80 and 443, and no other port"
	if c.cloudFrontCertificateARN != "" {
		props.VpcSubnets.SubnetType = awsec2.SubnetType_PRIVATE_WITH_EGRESS
		props.InternetFacing = jsii.Bool(false)
		// CloudFront ends the header with the user's address. The load balancer would add CloudFront's.
		props.XffHeaderProcessingMode = awselasticloadbalancingv2.XffHeaderProcessingMode_PRESERVE
		open = "it has no public address: CloudFront alone has a way into the network"
	}
	balancer := awselasticloadbalancingv2.NewApplicationLoadBalancer(stack, jsii.String(inFrontOfTasks("Balancer", c)), props)
	balancer.LogAccessLogs(newAccessLogs(stack), nil)
	accept(firewall, finding{"AwsSolutions-EC23", open}, finding{"CKV_AWS_260", "port 80 redirects to HTTPS"})
	return balancer
}

// inFrontOfTasks is the id of a part that a load balancer without a public address replaces by another: no load balancer can be
// changed into such a one, and no group of targets can be behind both.
func inFrontOfTasks(id string, c config) string {
	if c.cloudFrontCertificateARN != "" {
		return "Private" + id
	}
	return id
}

// newAccessLogs makes the bucket of the load balancer's logs. It stays when the stack goes: who reached the vault is asked
// afterwards, and CloudFormation deletes no bucket that has something in it.
func newAccessLogs(stack awscdk.Stack) awss3.Bucket {
	bucket := awss3.NewBucket(stack, jsii.String("AccessLogs"), &awss3.BucketProps{
		Encryption:        awss3.BucketEncryption_S3_MANAGED, // a load balancer can write to no other
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
		finding{"AwsSolutions-S1", "it holds access logs itself, which only operators read"},
		finding{"CKV_AWS_18", "it holds access logs itself, which only operators read"},
		finding{"CKV_AWS_21", "each file is written once, under a name of its own"})
	return bucket
}

// newTargets makes the group of tasks that the load balancer finds ready.
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

// listen sends what comes over HTTPS to targets, and all else to HTTPS.
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
		// What is recorded today must not be read by a later computer, hence PQ. No browser that can run the page needs the old
		// ciphers of TLS 1.2, hence Res.
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

// seconds is n seconds as the server reads a duration.
func seconds(n int) *string { return jsii.String(strconv.Itoa(n) + "s") }
