package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/jsii-runtime-go"
)

const (
	httpPort  = 80
	httpsPort = 443

	publicWebServer = "it is a public web server: ports 80 and 443 are open to the Internet, and no others"
	siteURLMeaning  = "URL of the vault"
)

// newNetwork makes a VPC in two availability zones. Without private subnets it has no NAT gateway, the most expensive part of a small
// network. Gateway endpoints keep the traffic to DynamoDB and to S3 (image layers) inside AWS.
func newNetwork(stack awscdk.Stack, c config, privateSubnets bool) awsec2.Vpc {
	subnets := []*awsec2.SubnetConfiguration{{
		Name: jsii.String("Public"), SubnetType: awsec2.SubnetType_PUBLIC, MapPublicIpOnLaunch: jsii.Bool(false),
	}}
	natGateways := 0
	if privateSubnets {
		// One is enough: running tasks reach the tables through the endpoint below. Only starting a task and logging need the
		// NAT gateway, and a task keeps serving without its log.
		natGateways = 1
		subnets = append(subnets, &awsec2.SubnetConfiguration{
			Name: jsii.String("Private"), SubnetType: awsec2.SubnetType_PRIVATE_WITH_EGRESS,
		})
	}
	vpc := awsec2.NewVpc(stack, jsii.String("Network"), &awsec2.VpcProps{
		IpAddresses:         awsec2.IpAddresses_Cidr(jsii.String(c.vpcCIDR.String())),
		MaxAzs:              jsii.Number(2),
		NatGateways:         jsii.Number(natGateways),
		SubnetConfiguration: &subnets,
		// CloudFormation cannot empty the default security group. The CDK does it with a Lambda function, which needs permissions.
		RestrictDefaultSecurityGroup: jsii.Bool(false),
	})
	toTables := vpc.AddGatewayEndpoint(jsii.String("DynamoDB"), &awsec2.GatewayVpcEndpointOptions{
		Service: awsec2.GatewayVpcEndpointAwsService_DYNAMODB(),
	})
	for _, s := range tableStatements(stack, awsiam.NewAnyPrincipal()) {
		toTables.AddToPolicy(s)
	}
	vpc.AddGatewayEndpoint(jsii.String("S3"), &awsec2.GatewayVpcEndpointOptions{Service: awsec2.GatewayVpcEndpointAwsService_S3()})
	flows := awslogs.NewLogGroup(stack, jsii.String("FlowLogs"), &awslogs.LogGroupProps{
		Retention: logRetention, RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
	accept(flows, finding{"CKV_AWS_158", "encrypted with the service's key; it holds addresses and byte counts"})
	vpc.AddFlowLog(jsii.String("Flows"), &awsec2.FlowLogOptions{
		Destination: awsec2.FlowLogDestination_ToCloudWatchLogs(flows, nil),
	})
	return vpc
}
