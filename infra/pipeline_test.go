//go:build system

package main

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/infra/preflight"
)

func pipelineTemplate(t *testing.T, deployment string) stackTemplate {
	return synth(t, deployment).templates["PasswordManager-Pipeline"]
}

func TestPipelineRoleIsMinimal(t *testing.T) {
	tpl := pipelineTemplate(t, "ec2-minimal")
	const (
		at       = ":eu-central-1:<AccountId>:"
		repo     = "arn:aws:ecr" + at + "repository/password-manager"
		sealed   = `{"Fn::Join":["",["arn:aws:ssm:eu-central-1:",{"Ref":"AWS::AccountId"},":parameter/`
		secret   = `/SESSION_SECRET"]]}`
		cluster  = `{"Fn::Join":["",["arn:aws:ecs:eu-central-1:",{"Ref":"AWS::AccountId"},":cluster/PasswordManager-`
		document = `"BoolIfExists":{"ssm:SessionDocumentAccessCheck":"true"}`
		own      = ` if {"StringLike":{"ssm:resourceTag/aws:ssmmessages:session-id":"${aws:userid}*"}}`
		sessions = "arn:aws:ssm" + at + "session/*"
	)
	want := []string{
		`Allow sts:AssumeRole by {"Service":"ec2.amazonaws.com"}`,
		"Allow ecr:GetAuthorizationToken on *",
		"Deny kms:Decrypt on arn:aws:kms" + at + "key/*" +
			` if {"StringEquals":{"kms:EncryptionContext:PARAMETER_ARN":[` + sealed + "password-manager" + secret + "," +
			sealed + "password-manager-staging" + secret + `]}}`,
		"Allow cloudformation:DescribeStackResources on *",
		"Allow logs:DescribeLogGroups on arn:aws:logs" + at + "log-group:*",
		"Allow ssm:StartSession on arn:aws:ec2" + at + "instance/* if {" + document +
			`,"StringEquals":{"ssm:resourceTag/Name":["password-manager","password-manager-staging"]}}`,
		"Allow ssm:StartSession on arn:aws:ssm:eu-central-1::document/AWS-StartSSHSession if {" + document + "}",
		"Allow ssmmessages:OpenDataChannel on " + sessions,
		"Allow ssm:ResumeSession on " + sessions + own,
		"Allow ssm:TerminateSession on " + sessions + own,
		"Allow ec2:DescribeInstances on *",
		"Allow ec2:DescribeImages on *",
		"Allow ec2:DescribeInstanceTypeOfferings on *",
		"Allow ec2:DescribeSubnets on *",
		"Allow ssm:GetParameter on arn:aws:ssm:eu-central-1::parameter/aws/service/ami-amazon-linux-latest/*",
		"Allow ecr:GetRegistryScanningConfiguration on *",
		"Allow backup:ListBackupVaults on *",
		"Allow kms:GetPublicKey on arn:aws:kms" + at + "key/*" + ifSigningKey,
		"Allow kms:Sign on arn:aws:kms" + at + "key/*" + ifSigningKey,
		"Allow ecs:DescribeTaskDefinition on *",
		"Allow ecs:ListTaskDefinitions on *",
		`Allow ecs:ListTasks on * if {"ArnLike":{"ecs:cluster":[` + cluster + `Service-*"]]},` + cluster + `Staging-Service-*"]]}]}}`,
	}
	for _, action := range []string{
		"BatchCheckLayerAvailability", "BatchGetImage", "CompleteLayerUpload", "DescribeImages", "DescribeRepositories",
		"GetDownloadUrlForLayer", "InitiateLayerUpload", "PutImage", "UploadLayerPart",
	} {
		want = append(want, "Allow ecr:"+action+" on "+repo)
	}
	for _, role := range []string{"deploy", "file-publishing", "image-publishing", "lookup"} {
		want = append(want, fmt.Sprintf("Allow sts:AssumeRole on arn:${AWS::Partition}:iam::${AWS::AccountId}:role/"+
			"cdk-pwmanager-%s-role-${AWS::AccountId}-${AWS::Region}", role))
	}
	for _, action := range []string{"GetPolicy", "GetRole"} {
		want = append(want, "Allow iam:"+action+" on arn:${AWS::Partition}:iam::${AWS::AccountId}:policy/password-manager-roles-${AWS::Region}",
			"Allow iam:"+action+" on arn:${AWS::Partition}:iam::${AWS::AccountId}:role/cdk-pwmanager-cfn-exec-role-${AWS::AccountId}-${AWS::Region}")
	}
	for _, action := range []string{"GetParameter", "GetParameters"} {
		want = append(want,
			"Allow ssm:"+action+" on arn:aws:ssm"+at+"parameter/cdk-bootstrap/pwmanager/version",
			"Allow ssm:"+action+" on arn:aws:ssm"+at+"parameter/password-manager/*",
			"Allow ssm:"+action+" on arn:aws:ssm"+at+"parameter/password-manager-staging/*")
	}
	for _, action := range []string{"DescribeStacks", "GetTemplate", "ListStackResources"} {
		want = append(want, "Allow cloudformation:"+action+" on arn:aws:cloudformation"+at+"stack/PasswordManager-*")
	}
	want = append(want, "Allow dynamodb:DescribeTable on arn:aws:dynamodb"+at+"table/PasswordManager-*")
	for _, path := range []string{"password-manager", "password-manager-staging"} {
		parameters := " on arn:aws:ssm" + at + "parameter/" + path
		want = append(want,
			"Allow ssm:GetParameters"+parameters+"/SESSION_SECRET",
			"Allow ssm:PutParameter"+parameters+"/SESSION_SECRET",
			"Deny ssm:PutParameter"+parameters+`/SESSION_SECRET if {"StringEquals":{"ssm:Overwrite":"true"}}`,
			"Allow ssm:PutParameter"+parameters+"/HOST_IMAGE_*",
			"Allow s3:ListBucket on arn:aws:s3:::"+path+"-certs-<AccountId>-eu-central-1",
			"Allow ssm:GetParameterHistory"+parameters+"/RELEASE",
			"Allow ssm:PutParameter"+parameters+"/RELEASE")
	}
	for _, service := range []string{"PasswordManager-Service-*", "PasswordManager-Staging-Service-*"} {
		want = append(want, "Allow ecs:DescribeServices on arn:aws:ecs"+at+"service/"+service,
			"Allow ecs:UpdateService on arn:aws:ecs"+at+"service/"+service, "Allow ecs:DescribeTasks on arn:aws:ecs"+at+"task/"+service)
	}
	want = append(want, "Allow sts:AssumeRole on <"+roleOf(t, tpl, "VaultSphere branches")+".Arn>")
	compareLines(t, tpl.permissions(t, roleOf(t, tpl, "VaultSphere pipeline")), want)
}

// A branch's build runs any code that its author wrote: it gets no data, no parameters, no other role, and no write access.
func TestBranchRoleReadsOnlyTemplates(t *testing.T) {
	issuer := `{"Federated":{"Fn::GetAtt":["Issuer","Arn"]}}`
	for deployment, want := range map[string][]string{
		"ec2-minimal": {
			`Allow sts:AssumeRole by {"AWS":{"Fn::GetAtt":["JenkinsB8F709CC","Arn"]}}`,
			"Allow cloudformation:DescribeStacks on arn:aws:cloudformation:eu-central-1:<AccountId>:stack/PasswordManager-*",
			"Allow cloudformation:GetTemplate on arn:aws:cloudformation:eu-central-1:<AccountId>:stack/PasswordManager-*",
		},
		"ec2-full": {
			"Allow sts:AssumeRoleWithWebIdentity by " + issuer + ` if {"StringEquals":{"jenkins.example.org/oidc:aud":"sts.amazonaws.com"},` +
				`"StringLike":{"jenkins.example.org/oidc:sub":"https://jenkins.example.org/job/password-manager/job/*"}}`,
			"Allow cloudformation:DescribeStacks on arn:aws:cloudformation:us-east-1:<AccountId>:stack/PasswordManager-*",
			"Allow cloudformation:DescribeStacks on arn:aws:cloudformation:us-west-2:<AccountId>:stack/PasswordManager-*",
			"Allow cloudformation:GetTemplate on arn:aws:cloudformation:us-east-1:<AccountId>:stack/PasswordManager-*",
			"Allow cloudformation:GetTemplate on arn:aws:cloudformation:us-west-2:<AccountId>:stack/PasswordManager-*",
		},
	} {
		tpl := pipelineTemplate(t, deployment)
		role := roleOf(t, tpl, "VaultSphere branches")
		compareLines(t, tpl.permissions(t, role), want)
		if got := asText(tpl.Outputs["BranchRole"].Value); got != "<"+role+".Arn>" {
			t.Errorf("%s: output BranchRole is %s", deployment, got)
		}
	}
}

func TestNoBranchRoleWithoutASubject(t *testing.T) {
	options := maps.Clone(deployments["ec2-full"])
	delete(options, optOIDCBranches)
	tpl := newAssembly(t, options, nil).templates["PasswordManager-Pipeline"]
	if roles := tpl.of("AWS::IAM::Role"); len(roles) != 1 || tpl.Outputs["BranchRole"].Value != nil {
		t.Errorf("%d roles, output BranchRole %v", len(roles), tpl.Outputs["BranchRole"].Value)
	}
}

func TestJenkinsGetsTheRoleFromItsMachine(t *testing.T) {
	tpl := pipelineTemplate(t, "ec2-minimal")
	role := roleOf(t, tpl, "VaultSphere pipeline")
	if got := asText(tpl.Outputs["JenkinsRole"].Value); got != "<"+role+".Arn>" {
		t.Errorf("output JenkinsRole is %s", got)
	}
	if got := asJSON(t, tpl.one(t, "AWS::IAM::InstanceProfile").Properties["Roles"]); got != `[{"Ref":"`+role+`"}]` {
		t.Errorf("the instance profile has the roles %s", got)
	}
	for id := range tpl.of("AWS::IAM::InstanceProfile") {
		if got := asText(tpl.Outputs["JenkinsInstanceProfile"].Value); got != "<"+id+">" {
			t.Errorf("output JenkinsInstanceProfile is %s", got)
		}
	}
}

func TestJenkinsGetsTheRoleForOneJobsToken(t *testing.T) {
	tpl := pipelineTemplate(t, "ec2-full")
	issuer := tpl.one(t, "AWS::IAM::OIDCProvider").Properties
	if got := asJSON(t, []any{issuer["Url"], issuer["ClientIdList"]}); got != `["https://jenkins.example.org/oidc",["sts.amazonaws.com"]]` {
		t.Errorf("the issuer is %s", got)
	}
	trust := tpl.permissions(t, roleOf(t, tpl, "VaultSphere pipeline"))[0]
	want := `Allow sts:AssumeRoleWithWebIdentity by {"Federated":{"Fn::GetAtt":["Issuer","Arn"]}} if ` +
		`{"StringEquals":{"jenkins.example.org/oidc:aud":"sts.amazonaws.com",` +
		`"jenkins.example.org/oidc:sub":"https://jenkins.example.org/job/password-manager/job/main/"}}`
	if trust != want {
		t.Errorf("trust is\n%s, want\n%s", trust, want)
	}
	if n := len(tpl.of("AWS::IAM::InstanceProfile")); n != 0 {
		t.Errorf("%d instance profiles, which any machine could use", n)
	}
	if n := len(tpl.of("AWS::Lambda::Function")); n != 0 {
		t.Errorf("%d Lambda functions", n)
	}
}

func TestNoPipelineStackWithoutJenkins(t *testing.T) {
	if _, ok := synth(t, "fargate-full").templates["PasswordManager-Pipeline"]; ok {
		t.Error("there is a pipeline stack")
	}
}

// A missing permission would break every deploy from Jenkins, but none from an engineer's machine.
func TestPipelineMayRunThePreflight(t *testing.T) {
	tpl := pipelineTemplate(t, "ec2-minimal")
	allowed := strings.Join(tpl.permissions(t, roleOf(t, tpl, "VaultSphere pipeline")), "\n")
	for _, action := range preflight.Actions {
		if !strings.Contains(allowed, "Allow "+action+" on ") {
			t.Errorf("the pipeline's role lacks %s", action)
		}
	}
}
