//go:build integration

package main

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/internal/testenv/emulator"
)

// answer is the expected output of an AWS CLI command.
type answer struct{ command, query, want string }

func (e *engineer) compare(answers []answer) {
	e.t.Helper()
	for _, a := range answers {
		if got := e.aws(a.command, a.query); !regexp.MustCompile(`^(?:` + a.want + `)$`).MatchString(got) {
			e.t.Errorf("aws %s --query %s\n got %q\nwant %q", a.command, a.query, got, a.want)
		}
	}
}

// notEmulated are types that the emulator silently ignores; other tests check them in the templates. The emulator also ignores some
// properties: encryption, recovery and time to live of tables, metadata options of hosts.
var notEmulated = []string{
	"AWS::Backup::BackupPlan", "AWS::Backup::BackupSelection", "AWS::Backup::BackupVault",
	"AWS::ApplicationAutoScaling::ScalableTarget", "AWS::ApplicationAutoScaling::ScalingPolicy", "AWS::Budgets::Budget", "AWS::CloudWatch::Alarm",
	"AWS::EC2::SecurityGroupEgress", "AWS::ECR::RegistryScanningConfiguration", "AWS::IAM::OIDCProvider", "AWS::EC2::KeyPair",
	"AWS::Logs::MetricFilter", "AWS::S3::BucketPolicy", "AWS::SNS::Subscription", "AWS::SNS::TopicPolicy",
	"AWS::WAFv2::WebACL", "AWS::WAFv2::WebACLAssociation",
}

// checked are the types that checkHostResources and checkServiceResources look up.
var checked = []string{
	"AWS::CloudWatch::Dashboard", "AWS::DynamoDB::Table", "AWS::EC2::EIP", "AWS::EC2::FlowLog", "AWS::EC2::Instance",
	"AWS::EC2::InternetGateway", "AWS::EC2::NatGateway", "AWS::EC2::Route", "AWS::EC2::RouteTable", "AWS::EC2::SecurityGroup",
	"AWS::EC2::SecurityGroupIngress", "AWS::EC2::Subnet", "AWS::EC2::SubnetRouteTableAssociation", "AWS::EC2::VPC",
	"AWS::EC2::VPCEndpoint", "AWS::EC2::VPCGatewayAttachment", "AWS::ECR::Repository", "AWS::ECS::Cluster", "AWS::ECS::Service",
	"AWS::ECS::TaskDefinition", "AWS::ElasticLoadBalancingV2::Listener", "AWS::ElasticLoadBalancingV2::LoadBalancer",
	"AWS::ElasticLoadBalancingV2::TargetGroup", "AWS::IAM::InstanceProfile", "AWS::IAM::Policy", "AWS::IAM::Role",
	"AWS::KMS::Alias", "AWS::KMS::Key", "AWS::Logs::LogGroup", "AWS::S3::Bucket", "AWS::SNS::Topic", "AWS::SSM::Parameter",
}

// notDeployed are types that come with options which TestFromAnEmptyAccountAndBack does not set.
var notDeployed = []string{
	"AWS::CloudFront::CachePolicy", "AWS::CloudFront::Distribution", "AWS::CloudFront::VpcOrigin",
	"AWS::IAM::ManagedPolicy", // overflow of a long inline policy
}

// A new type must go into one of the lists above.
func TestEveryResourceTypeIsListed(t *testing.T) {
	for deployment := range deployments {
		for stack, tpl := range synth(t, deployment).templates {
			for id, r := range tpl.Resources {
				if !slices.Contains(slices.Concat(checked, notEmulated, notDeployed), r.Type) {
					t.Errorf("%s: %s of %s has type %s, which is in no list", deployment, id, stack, r.Type)
				}
			}
		}
	}
}

func checkHostResources(e *engineer) {
	for _, t := range []struct{ name, keys, index string }{
		{names.UsersTable, "username HASH", ""},
		{names.AccountsTable, "vault_id HASH\nrecord_id RANGE", "by-revision .* ALL"},
		{names.PasswordsTable, "vault_id HASH\nrecord_id RANGE", "by-revision .* ALL"},
		{names.SessionsTable, "session_hash HASH", ""},
		{names.VaultsTable, "vault_id HASH\nrow_id RANGE", ""},
		{names.EventsTable, "event_month HASH\nevent_id RANGE", ""},
	} {
		table := "dynamodb describe-table --table-name " + t.name
		e.compare([]answer{
			{table, "Table.[TableStatus, BillingModeSummary.BillingMode, DeletionProtectionEnabled]", "ACTIVE PAY_PER_REQUEST True"},
			{table, "Table.KeySchema[].[AttributeName, KeyType]", t.keys},
			{table, "Table.LocalSecondaryIndexes[].[IndexName, IndexStatus, Projection.ProjectionType]", t.index},
		})
	}
	ofHost := " --filters Name=instance-state-name,Values=running"
	instance := "ec2 describe-instances" + ofHost
	ids := "Reservations[].Instances[]."
	vpc := e.aws("ec2 describe-vpcs --filters Name=cidr,Values=10.20.0.0/16", "Vpcs[].VpcId")
	inVPC := " --filters Name=vpc-id,Values=" + vpc
	e.compare([]answer{
		{"ecr describe-repositories --repository-names password-manager", "repositories[].[repositoryName, imageTagMutability, imageTagMutabilityExclusionFilters[0].filter]",
			"password-manager IMMUTABLE_WITH_EXCLUSION latest"},
		{"s3api list-buckets", "Buckets[?contains(Name, '-certs-')].Name", names.CertificatesBucket(emulator.Account, region)},
		{"kms describe-key --key-id " + names.SigningKey, "KeyMetadata.[KeySpec, KeyUsage, SigningAlgorithms[0]]", "ECC_NIST_P256 SIGN_VERIFY ECDSA_SHA_256"},
		{"logs describe-log-groups --log-group-name-prefix " + names.LogGroup, "logGroups[].[logGroupName, retentionInDays]",
			"/password-manager/containers 90"},
		{"logs describe-log-groups --log-group-name-prefix PasswordManager-Host-FlowLogs", "logGroups[].retentionInDays", "90"},
		{instance, ids + "[InstanceType, State.Name]", "t4g.small running"},
		{instance, ids + "Tags[?Key=='Name'].Value[]", "password-manager"},
		{instance, ids + "IamInstanceProfile.Arn", ".*:instance-profile/.*"},
		{"ec2 describe-volumes", "Volumes[].[Size, VolumeType, Encrypted]", "20 gp3 True"},
		{"ec2 describe-addresses", "Addresses[].[InstanceId, Domain]", e.aws(instance, ids+"InstanceId") + " vpc"},
		{"ec2 describe-subnets" + inVPC, "length(Subnets)", "2"},
		{"ec2 describe-internet-gateways --filters Name=attachment.vpc-id,Values=" + vpc, "length(InternetGateways)", "1"},
		{"ec2 describe-route-tables" + inVPC, "sort(RouteTables[].Routes[?DestinationCidrBlock=='0.0.0.0/0'][].GatewayId)[0]", "igw-.*"},
		{"ec2 describe-vpc-endpoints" + inVPC, "sort(VpcEndpoints[].ServiceName)",
			`com\.amazonaws\.` + region + `\.dynamodb com\.amazonaws\.` + region + `\.s3`},
		{"ec2 describe-flow-logs", "FlowLogs[].[ResourceId, LogDestinationType]", vpc + " cloud-watch-logs"},
		{"ec2 describe-security-groups --filters Name=vpc-id,Values=" + vpc + " Name=description,Values=VaultSphere*",
			"SecurityGroups[].IpPermissions[].[IpProtocol, FromPort, IpRanges[0].CidrIp]",
			`tcp 80 0\.0\.0\.0/0\ntcp 443 0\.0\.0\.0/0\nudp 443 0\.0\.0\.0/0`},
		{"sns list-topics", "length(Topics)", "1"},
		{"cloudwatch list-dashboards", "DashboardEntries[].DashboardName", "PasswordManager-Host"},
	})
	for role, action := range map[string]string{"VaultSphere host": "dynamodb:ConditionCheckItem", "VaultSphere pipeline": "ecr:PutImage"} {
		name := e.aws("iam list-roles", "Roles[?starts_with(Description || '', '"+role+"')].RoleName")
		if name == "" || name == "None" {
			e.t.Errorf("role %q is missing", role)
			continue
		}
		policy := e.aws("iam list-role-policies --role-name "+name, "PolicyNames[0]")
		if document := e.do("aws", "iam", "get-role-policy", "--role-name", name, "--policy-name", policy); !strings.Contains(document, action) {
			e.t.Errorf("role %s lacks %s: %s", name, action, document)
		}
	}
	if got := e.aws("iam list-instance-profiles", "length(InstanceProfiles)"); got != "2" {
		e.t.Errorf("%s instance profiles, want the host's and the pipeline's", got)
	}
	parameters := e.parameters()
	for _, s := range settings() {
		want := s.value(config{region: region, registration: names.RegistrationInvite, auditDays: names.DefaultAuditDays})
		if parameters[s.name] != want {
			e.t.Errorf("%s is %q, want %q", s.name, parameters[s.name], want)
		}
	}
	if parameters[names.SiteAddress] != site {
		e.t.Errorf("%s is %q", names.SiteAddress, parameters[names.SiteAddress])
	}
	if got := e.aws("ssm describe-parameters --parameter-filters Key=Name,Values="+names.ParameterPath+names.EnvSessionSecret,
		"Parameters[].Type"); got != "SecureString" {
		e.t.Errorf("the secret has type %q", got)
	}
}

func checkServiceResources(e *engineer) {
	cluster := e.aws("ecs list-clusters", "clusterArns[0]")
	service := e.aws("ecs list-services --cluster "+cluster, "serviceArns[0]")
	task := e.aws("ecs describe-services --cluster "+cluster+" --services "+service, "services[0].taskDefinition")
	balancer := e.aws("elbv2 describe-load-balancers", "LoadBalancers[0].LoadBalancerArn")
	vpc := e.aws("elbv2 describe-load-balancers", "LoadBalancers[0].VpcId")
	group := e.aws("elbv2 describe-target-groups", "TargetGroups[0].TargetGroupArn")
	inVPC := " --filters Name=vpc-id,Values=" + vpc
	e.compare([]answer{
		{"ecs describe-task-definition --task-definition " + task, "taskDefinition.containerDefinitions[].[name, readonlyRootFilesystem]", "server True"},
		{"ecs describe-task-definition --task-definition " + task, "taskDefinition.containerDefinitions[].image",
			`123456789012\.dkr\.ecr\.` + region + `\.amazonaws\.com/password-manager@` + e.parameters()[names.Release]},
		{"ecs describe-task-definition --task-definition " + task, "sort(taskDefinition.containerDefinitions[0].secrets[].name)",
			strings.Join(slices.Sorted(maps.Keys(map[string]bool{
				names.EnvAWSRegion: true, names.EnvPort: true, names.EnvStore: true, names.EnvSessionSecret: true, names.EnvUsersTable: true,
				names.EnvAccountsTable: true, names.EnvPasswordsTable: true, names.EnvSessionsTable: true,
				names.EnvVaultsTable: true, names.EnvEventsTable: true, names.EnvAuditDays: true, names.EnvRegistration: true,
			})), " ")},
		{"elbv2 describe-load-balancers", "LoadBalancers[].[Scheme, Type, length(AvailabilityZones)]", "internet-facing application 2"},
		{"elbv2 describe-listeners --load-balancer-arn " + balancer, "sort_by(Listeners, &Port)[].[Port, Protocol, DefaultActions[0].Type]",
			"80 HTTP redirect\n443 HTTPS forward"},
		{"elbv2 describe-target-groups", "TargetGroups[].[HealthCheckPath, Port, TargetType]", "/ready 80 ip|/ready 5001 ip"},
		{"elbv2 describe-target-health --target-group-arn " + group, "length(TargetHealthDescriptions)", "[0-9]+"},
		{"ec2 describe-subnets" + inVPC, "length(Subnets)", "4"},
		{"ec2 describe-nat-gateways", "NatGateways[].[VpcId, State]", vpc + " available"},
		{"s3api list-buckets", "length(Buckets[?starts_with(Name, 'passwordmanager-service-')])", "1"},
		{"cloudwatch list-dashboards", "length(DashboardEntries)", "2"},
		{"sns list-topics", "length(Topics)", "2"},
	})
}
