package main

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsssm"
	"github.com/aws/jsii-runtime-go"

	"github.com/vaultsphere/vaultsphere/app/names"
)

const (
	hostDiskGiB = 20
	// hostReadyMinutes is how long a new host may take to set itself up and serve the current release.
	hostReadyMinutes = 15
	// hostTag is the value of the host's Name tag. The pipeline's role identifies the host by it.
	hostTag = "password-manager"
)

// newHostStack makes the topology ec2: one host with a fixed address.
func newHostStack(app awscdk.App, c config) awscdk.Stack {
	stack := newStack(app, c, "Host", "VaultSphere: one EC2 host that serves the vault", false)
	vpc := newNetwork(stack, c, false)
	instance := newInstance(stack, c, vpc)
	address := awsec2.NewCfnEIP(stack, jsii.String("Address"), &awsec2.CfnEIPProps{
		Domain: jsii.String("vpc"), InstanceId: instance.InstanceId(),
	})
	site := jsii.String(c.siteAddress)
	if c.siteAddress == "" {
		site = address.Ref()
	}
	awsssm.NewStringParameter(stack, jsii.String("Setting"+names.SiteAddress), &awsssm.StringParameterProps{
		ParameterName: jsii.String(named(stack, names.ParameterPath) + names.SiteAddress),
		StringValue:   site,
		Description:   jsii.String("domain or IP address that the proxy serves"),
	})
	awsssm.NewStringParameter(stack, jsii.String("HostAddressParameter"), &awsssm.StringParameterProps{
		ParameterName: jsii.String(named(stack, names.HostAddress)),
		StringValue:   address.Ref(),
		Description:   jsii.String("elastic IP address; the host that has it serves users"),
	})
	watchHost(stack, c, instance)
	output(stack, "InstanceId", "instance ID of the host", instance.InstanceId())
	output(stack, "HostAddress", "elastic IP address of the host", address.Ref())
	output(stack, "SiteUrl", siteURLMeaning, awscdk.Fn_Join(jsii.String(""), &[]*string{jsii.String("https://"), site}))
	output(stack, "HostRole", "ARN of the host's role", instance.Role().RoleArn())
	return stack
}

func newInstance(stack awscdk.Stack, c config, vpc awsec2.Vpc) awsec2.Instance {
	kind := awsec2.NewInstanceType(jsii.String(c.instanceType))
	props := &awsec2.InstanceProps{
		Vpc:                     vpc,
		VpcSubnets:              &awsec2.SubnetSelection{Subnets: &[]awsec2.ISubnet{(*vpc.PublicSubnets())[c.hostZone-1]}},
		InstanceType:            kind,
		MachineImage:            hostImage(c, kind.Architecture()),
		Role:                    newHostRole(stack),
		SecurityGroup:           newHostSecurityGroup(stack, c, vpc),
		HttpTokens:              awsec2.HttpTokens_REQUIRED,
		HttpPutResponseHopLimit: jsii.Number(2), // containers need one hop more than the host to reach the role's credentials
		DetailedMonitoring:      jsii.Bool(true),
		EbsOptimized:            jsii.Bool(true),
		// The first boot needs the package mirrors before the elastic address is associated.
		AssociatePublicIpAddress:        jsii.Bool(true),
		PropagateTagsToVolumeOnCreation: jsii.Bool(true),
		BlockDevices: &[]*awsec2.BlockDevice{{
			DeviceName: jsii.String("/dev/xvda"),
			Volume: awsec2.BlockDeviceVolume_Ebs(jsii.Number(hostDiskGiB), &awsec2.EbsDeviceOptions{
				VolumeType: awsec2.EbsDeviceVolumeType_GP3, Encrypted: jsii.Bool(true), DeleteOnTermination: jsii.Bool(true),
			}),
		}},
		// User data only runs on the first boot, so a change needs a new host. The old one stays until the new one signals
		// that it is ready.
		UserDataCausesReplacement: jsii.Bool(true),
		ResourceSignalTimeout:     awscdk.Duration_Minutes(jsii.Number(hostReadyMinutes)),
	}
	if c.sshPublicKey != "" {
		props.KeyPair = awsec2.NewKeyPair(stack, jsii.String("Key"), &awsec2.KeyPairProps{
			PublicKeyMaterial: jsii.String(c.sshPublicKey),
		})
	}
	instance := awsec2.NewInstance(stack, jsii.String("Instance"), props)
	awscdk.Tags_Of(instance).Add(jsii.String("Name"), jsii.String(named(stack, hostTag)), nil)
	addUserData(stack, instance, kind.Architecture())
	accept(instance,
		finding{"AwsSolutions-EC29", "the host is disposable: a replacement sets itself up with all it needs"},
		finding{"CKV_AWS_88", "it is the public web server"})
	awscdk.Validations_Of(instance).Acknowledge(&awscdk.Acknowledgment{
		Id: jsii.String("CloudFormation-Validate::W9010"), Reason: jsii.String("the image is pinned on purpose"),
	})
	return instance
}

// hostImage returns the image that the option or our SSM parameter for that CPU names. AWS's own parameter would replace the host
// on the first deploy after AWS publishes a new image.
func hostImage(c config, architecture awsec2.InstanceArchitecture) awsec2.IMachineImage {
	if c.hostImage != "" {
		return awsec2.MachineImage_GenericLinux(&map[string]*string{c.region: jsii.String(c.hostImage)}, nil)
	}
	cpu := "X86_64"
	if architecture == awsec2.InstanceArchitecture_ARM_64 {
		cpu = "ARM64"
	}
	return awsec2.MachineImage_FromSsmParameter(jsii.String(c.deployment.Name(names.ParameterPath)+names.HostImage+cpu), nil)
}

func newHostSecurityGroup(stack awscdk.Stack, c config, vpc awsec2.Vpc) awsec2.SecurityGroup {
	group := awsec2.NewSecurityGroup(stack, jsii.String("Firewall"), &awsec2.SecurityGroupProps{
		Vpc:              vpc,
		Description:      jsii.String("VaultSphere host: HTTP and HTTPS in, HTTPS out"),
		AllowAllOutbound: jsii.Bool(false),
	})
	anywhere := awsec2.Peer_AnyIpv4()
	group.AddIngressRule(anywhere, awsec2.Port_Tcp(jsii.Number(httpPort)), jsii.String("redirect to HTTPS, ACME"), nil)
	group.AddIngressRule(anywhere, awsec2.Port_Tcp(jsii.Number(httpsPort)), jsii.String("HTTPS"), nil)
	group.AddIngressRule(anywhere, awsec2.Port_Udp(jsii.Number(httpsPort)), jsii.String("HTTP/3"), nil)
	if c.sshCIDR.IsValid() {
		group.AddIngressRule(awsec2.Peer_Ipv4(jsii.String(c.sshCIDR.String())), awsec2.Port_Tcp(jsii.Number(22)),
			jsii.String("SSH from the range in sshCidr"), nil)
	}
	group.AddEgressRule(anywhere, awsec2.Port_Tcp(jsii.Number(httpsPort)), jsii.String("AWS, ACME, packages and images"), nil)
	accept(group,
		finding{"AwsSolutions-EC23", publicWebServer},
		finding{"CKV_AWS_260", "port 80 redirects to HTTPS and answers ACME challenges"},
		finding{"CKV_AWS_24", "port 22 is closed, or open only to the range in sshCidr"})
	return group
}

// newHostRole makes the role of the host. It does not use the managed policy for Session Manager, which can read every parameter in
// the account.
func newHostRole(stack awscdk.Stack) awsiam.Role {
	role := awsiam.NewRole(stack, jsii.String("Role"), &awsiam.RoleProps{
		AssumedBy: service("ec2"), Description: jsii.String("VaultSphere host"),
	})
	everything := jsii.String("*")
	grant(role, pullStatements(stack)...)
	grant(role, tableStatements(stack)...)
	grant(role,
		allow("ReadSettings", []string{"ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath"},
			arn(stack, "ssm", "parameter"+strings.TrimSuffix(named(stack, names.ParameterPath), "/")), parameterARN(stack, "*")),
		allow("Certificates", []string{"s3:GetObject", "s3:PutObject"}, bucketARN(stack, certificatesBucket(stack)+"/"+names.CertificatesKey)),
		signingKeyStatement(stack, "ReadSigningKey", "kms:GetPublicKey"),
		allow("RecordRelease", []string{"ssm:PutParameter"}, parameterARN(stack, names.Release)),
		allow("Logs", []string{"logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"},
			arn(stack, "logs", "log-group:"+named(stack, names.LogGroup)+":*")),
		allowIf(map[string]any{"StringEquals": map[string]any{"cloudwatch:namespace": named(stack, names.MetricsNamespace)}},
			"Metrics", []string{"cloudwatch:PutMetricData"}, everything),
		// One tag, on instances with this name.
		allowIf(map[string]any{
			"StringEquals":              map[string]any{"aws:ResourceTag/Name": named(stack, hostTag)},
			"ForAllValues:StringEquals": map[string]any{"aws:TagKeys": []string{names.HostKeyTag}},
		}, "TagHostKey", []string{"ec2:CreateTags"}, arn(stack, "ec2", "instance/*")),
		// These actions do not support resources.
		allow("ImageAge", []string{"ec2:DescribeImages"}, everything),
		allow("SessionManager", []string{
			"ssm:UpdateInstanceInformation",
			"ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel",
			"ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel",
		}, everything),
	)
	const wildcards = "ecr:GetAuthorizationToken, cloudwatch:PutMetricData, ec2:DescribeImages and Session Manager's actions do not support " +
		"resources; the other wildcards match the parameters of one path, the streams of one log group, and instances that a condition " +
		"limits by name"
	accept(role.Node().FindChild(jsii.String("DefaultPolicy")), finding{"AwsSolutions-IAM5", wildcards}, finding{"CKV_AWS_111", wildcards})
	return role
}
