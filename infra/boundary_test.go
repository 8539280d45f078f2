//go:build system

package main

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/vaultsphere/vaultsphere/app/names"
)

const someAccount = "123456789012"

// permission is one action on one resource that a policy allows or denies.
type permission struct {
	effect, action, resource string
	condition                map[string]any
}

// permissionsOf reads a policy. name resolves a reference to another resource of the template to its ARN.
func permissionsOf(document any, name func(string) string) []permission {
	var all []permission
	for _, s := range listOf(document.(map[string]any)["Statement"]) {
		s := s.(map[string]any)
		condition, _ := s["Condition"].(map[string]any)
		for _, action := range listOf(s["Action"]) {
			for _, resource := range listOf(s["Resource"]) {
				all = append(all, permission{s["Effect"].(string), action.(string), name(asText(resource)), condition})
			}
		}
	}
	return all
}

// boundary returns one of the policies that make bootstrap creates.
func boundary(t *testing.T, id, region string) (stackTemplate, []permission) {
	t.Helper()
	content, err := os.ReadFile("boundary.json")
	must(t, err)
	var tpl stackTemplate
	must(t, json.Unmarshal(content, &tpl))
	filled := func(text string) string {
		return strings.NewReplacer("${AWS::Partition}", "aws", "${AWS::AccountId}", someAccount, "${AWS::Region}", region, "${Qualifier}", qualifier(t)).Replace(text)
	}
	return tpl, permissionsOf(tpl.Resources[id].Properties["PolicyDocument"], filled)
}

func qualifier(t *testing.T) string {
	t.Helper()
	return featureFlags(t)["@aws-cdk/core:bootstrapQualifier"].(string)
}

// covers reports whether wide allows everything that narrow allows. Only a wildcard in wide matches a wildcard in narrow.
func (wide permission) covers(narrow permission) bool {
	matches := func(pattern, text string) bool {
		return regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, ".*") + "$").MatchString(text)
	}
	if wide.effect != "Allow" || !matches(wide.action, narrow.action) || !matches(wide.resource, narrow.resource) {
		return false
	}
	for operator, keys := range wide.condition {
		of, _ := narrow.condition[operator].(map[string]any)
		for key, values := range keys.(map[string]any) {
			if of[key] == nil {
				return false
			}
			for _, value := range listOf(of[key]) {
				if !slices.ContainsFunc(listOf(values), func(v any) bool { return matches(inAccount(asText(v)), inAccount(asText(value))) }) {
					return false
				}
			}
		}
	}
	return true
}

// inAccount replaces the placeholders of an ARN in a template.
func inAccount(arn string) string {
	return strings.NewReplacer("<AccountId>", someAccount, "${AWS::AccountId}", someAccount, "${AWS::Partition}", "aws").Replace(arn)
}

// rolePermissions returns the permissions of all roles in a stack.
func rolePermissions(t *testing.T, stack string, tpl stackTemplate, region string) []permission {
	t.Helper()
	name := func(text string) string {
		id, attribute, _ := strings.Cut(strings.Trim(text, "<>"), ".")
		switch r := tpl.Resources[id]; {
		case r.Type == "AWS::Logs::LogGroup" && attribute == "Arn":
			return "arn:aws:logs:" + region + ":" + someAccount + ":log-group:" + stack + "-" + id + "-1A2B:*"
		case r.Type == "AWS::Backup::BackupVault":
			return "arn:aws:backup:" + region + ":" + someAccount + ":backup-vault:" + asText(r.Properties["BackupVaultName"])
		case r.Type == "AWS::IAM::Role" && attribute == "Arn":
			return "arn:aws:iam::" + someAccount + ":role/" + stack + "-" + id + "-1A2B"
		case r.Type != "":
			t.Errorf("%s: this test does not know the ARN %s of a %s", stack, text, r.Type)
		}
		return strings.ReplaceAll(inAccount(text), "${AWS::Region}", region)
	}
	var all []permission
	for _, r := range tpl.Resources {
		if r.Type == "AWS::IAM::Policy" || r.Type == "AWS::IAM::ManagedPolicy" {
			all = append(all, permissionsOf(r.Properties["PolicyDocument"], name)...)
		}
	}
	return all
}

// eachStack calls visit for each stack of production and of staging.
func eachStack(t *testing.T, visit func(stack string, tpl stackTemplate, region string)) {
	t.Helper()
	for deployment, options := range deployments {
		for stack, tpl := range synth(t, deployment).templates {
			visit(stack, tpl, options[optRegion].(string))
		}
	}
	for _, production := range []string{"ec2-full", "fargate-full"} {
		for stack, tpl := range staging(t, production).templates {
			visit(stack, tpl, deployments[production][optRegion].(string))
		}
	}
}

func TestEveryRoleHasTheBoundary(t *testing.T) {
	seen := 0
	eachStack(t, func(stack string, tpl stackTemplate, region string) {
		for id, r := range tpl.of("AWS::IAM::Role") {
			seen++
			if got, want := asText(r.Properties["PermissionsBoundary"]), "arn:aws:iam::<AccountId>:policy/"+names.RolesBoundary+region; got != want {
				t.Errorf("%s: role %s has the boundary %s, want %s", stack, id, got, want)
			}
			if r.Properties["Policies"] != nil || r.Properties["ManagedPolicyArns"] != nil {
				t.Errorf("%s: role %s has permissions that this test does not check", stack, id)
			}
		}
		if users := len(tpl.of("AWS::IAM::User")); users > 0 {
			t.Errorf("%s has %d users, which the bootstrap does not allow", stack, users)
		}
	})
	if seen < 10 {
		t.Errorf("found only %d roles", seen)
	}
}

// A permission takes effect only if the boundary allows it too: add it to boundary.json as well, and bootstrap again.
func TestBoundaryCoversEveryRole(t *testing.T) {
	used := map[string]bool{}
	eachStack(t, func(stack string, tpl stackTemplate, region string) {
		_, bounds := boundary(t, "Roles", region)
		for _, r := range rolePermissions(t, stack, tpl, region) {
			if r.effect == "Deny" {
				continue
			}
			covering := slices.IndexFunc(bounds, func(b permission) bool { return b.covers(r) })
			if covering < 0 {
				t.Errorf("%s: the boundary blocks %s on %s if %v", stack, r.action, r.resource, r.condition)
				continue
			}
			used[bounds[covering].action] = true
		}
	})
	_, bounds := boundary(t, "Roles", "eu-central-1")
	for _, b := range bounds {
		// Roles use AWS managed keys through a service, without a policy that names the key.
		if !used[b.action] && b.condition["StringLike"] == nil {
			t.Errorf("the boundary allows %s, which no role needs", b.action)
		}
	}
}

// CloudFormation may change neither of the two boundaries, and may remove a boundary from no role.
func TestDeploymentCannotEscapeTheBoundary(t *testing.T) {
	tpl, permissions := boundary(t, "Deployment", "eu-central-1")
	const ours = " on arn:aws:iam::" + someAccount + ":"
	var got, want []string
	for _, r := range permissions {
		line := r.effect + " " + r.action + " on " + r.resource
		if r.condition != nil {
			line += " if " + asJSON(t, r.condition)
		}
		got = append(got, line)
	}
	within := ` if {"StringEquals":{"iam:PermissionsBoundary":{"Fn::Sub":"arn:${AWS::Partition}:iam::${AWS::AccountId}:policy/password-manager-roles-${AWS::Region}"}}}`
	for action, what := range map[string]string{
		"AttachRolePolicy CreateRole PutRolePermissionsBoundary PutRolePolicy":                                                                       ours + "role/PasswordManager-*" + within,
		"DeleteRole DeleteRolePolicy DetachRolePolicy PassRole TagRole UntagRole UpdateAssumeRolePolicy UpdateRole UpdateRoleDescription":            ours + "role/PasswordManager-*",
		"AddRoleToInstanceProfile CreateInstanceProfile DeleteInstanceProfile RemoveRoleFromInstanceProfile TagInstanceProfile UntagInstanceProfile": ours + "instance-profile/PasswordManager-*",
		"CreatePolicy CreatePolicyVersion DeletePolicy DeletePolicyVersion SetDefaultPolicyVersion TagPolicy UntagPolicy":                            ours + "policy/PasswordManager-*",
		"AddClientIDToOpenIDConnectProvider CreateOpenIDConnectProvider DeleteOpenIDConnectProvider RemoveClientIDFromOpenIDConnectProvider " +
			"TagOpenIDConnectProvider UntagOpenIDConnectProvider UpdateOpenIDConnectProviderThumbprint": ours + "oidc-provider/*",
		"CreateServiceLinkedRole": ours + "role/aws-service-role/*",
		"Get* List*":              " on *",
	} {
		for name := range strings.FieldsSeq(action) {
			want = append(want, "Allow iam:"+name+what)
		}
	}
	compareLines(t, got, want)
	for _, s := range listOf(tpl.Resources["Deployment"].Properties["PolicyDocument"].(map[string]any)["Statement"]) {
		if not := s.(map[string]any)["NotAction"]; not != nil && asJSON(t, not) != `["account:*","iam:*","organizations:*","sts:*"]` {
			t.Errorf("a statement allows everything except %v", not)
		}
	}
}

// IAM does not count white space towards the size of a managed policy.
func TestBoundariesFitIntoAPolicy(t *testing.T) {
	const limit = 6144
	tpl, _ := boundary(t, "Roles", "ap-southeast-1")
	for id, r := range tpl.Resources {
		filled := strings.NewReplacer("${AWS::Partition}", "aws-us-gov", "${AWS::AccountId}", someAccount, "${AWS::Region}", "ap-southeast-1",
			"${Qualifier}", qualifier(t)).Replace(asJSON(t, r.Properties["PolicyDocument"]))
		filled = regexp.MustCompile(`\{"Fn::Sub":("[^"]*")\}`).ReplaceAllString(filled, "$1")
		size := len(strings.Map(func(c rune) rune {
			if unicode.IsSpace(c) {
				return -1
			}
			return c
		}, filled))
		if size > limit {
			t.Errorf("boundary %s has %d characters, %d more than IAM allows", id, size, size-limit)
		}
	}
}

// Go cannot share these names with boundary.json, cdk.json and the Makefile.
func TestNamesOfBoundariesAgree(t *testing.T) {
	makefile, err := os.ReadFile("../Makefile")
	must(t, err)
	tpl, _ := boundary(t, "Roles", "eu-central-1")
	of := func(id string) string { return asText(tpl.Resources[id].Properties["ManagedPolicyName"]) }
	context := asJSON(t, featureFlags(t)["@aws-cdk/core:permissionsBoundary"])
	if of("Roles") != names.RolesBoundary+"${AWS::Region}" || context != `{"name":"`+of("Roles")+`"}` {
		t.Errorf("the roles' boundary is %s, cdk.json has %s", of("Roles"), context)
	}
	if of("Deployment") != names.DeploymentBoundary+"${AWS::Region}" ||
		!strings.Contains(string(makefile), `--custom-permissions-boundary "`+names.DeploymentBoundary+`$$AWS_REGION"`) {
		t.Errorf("the boundary of CloudFormation's role is %s", of("Deployment"))
	}
}
