//go:build integration

package preflight_test

import (
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/infra/preflight"
)

func TestUnusableStackStatesAreRefused(t *testing.T) {
	w := newWorld(t)
	resources := template(object{"Port": parameter(port, "5001")})
	w.deploy(data, resources)
	dir := assembly(t, map[string]object{data: resources})
	const inState = "stack PasswordManager-Data is in state "
	const name = " --stack-name PasswordManager-Data --region us-east-1'"
	for state, want := range map[string]string{
		"CREATE_COMPLETE":          "",
		"UPDATE_COMPLETE":          "",
		"UPDATE_ROLLBACK_COMPLETE": "",
		"IMPORT_COMPLETE":          "",
		"UPDATE_IN_PROGRESS":       inState + "UPDATE_IN_PROGRESS, so another deploy is changing it: wait until that has finished",
		"DELETE_IN_PROGRESS":       inState + "DELETE_IN_PROGRESS, so another deploy is changing it: wait until that has finished",
		"DELETE_FAILED":            inState + "DELETE_FAILED: find the reason in its events, and delete it with 'aws cloudformation delete-stack" + name,
		"ROLLBACK_FAILED":          inState + "ROLLBACK_FAILED: find the reason in its events, and delete it with 'aws cloudformation delete-stack" + name,
		"UPDATE_ROLLBACK_FAILED":   inState + "UPDATE_ROLLBACK_FAILED: find the reason in its events, and continue with 'aws cloudformation continue-update-rollback" + name,
		"CREATE_FAILED":            inState + "CREATE_FAILED: roll it back with 'aws cloudformation rollback-stack" + name,
		"UPDATE_FAILED":            inState + "UPDATE_FAILED: roll it back with 'aws cloudformation rollback-stack" + name,
		"IMPORT_ROLLBACK_FAILED":   inState + "IMPORT_ROLLBACK_FAILED: find the reason in its events, and repair it first",
	} {
		t.Run(state, func(t *testing.T) {
			w.inState(state)
			if want == "" {
				w.expect(dir, preflight.Options{})
			} else {
				w.expect(dir, preflight.Options{}, want)
			}
		})
	}
	// The CDK recreates such a stack, so its leftovers block the deploy.
	for _, state := range []string{"ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS", "DELETE_COMPLETE"} {
		t.Run(state, func(t *testing.T) {
			w.inState(state)
			if got := w.run(dir, preflight.Options{}); len(got) != 1 || !strings.Contains(got[0], "already exists outside stack") {
				t.Errorf("the preflight says %q", got)
			}
		})
	}
}

func TestResourcesOfALargeStackAreListed(t *testing.T) {
	w := newWorld(t)
	resources := template(object{"Port": parameter(port, "5001")})
	w.deploy(data, resources)
	w.answers["ListStackResources"] = func(request string, status int, body string) (int, string) {
		if strings.Contains(request, "NextToken=two") {
			return status, body
		}
		return status, "<ListStackResourcesResponse><ListStackResourcesResult><StackResourceSummaries/><NextToken>two</NextToken>" +
			"</ListStackResourcesResult></ListStackResourcesResponse>"
	}
	w.expect(assembly(t, map[string]object{data: resources}), preflight.Options{})
}

func TestRetainedResourceBelongsToNoStack(t *testing.T) {
	w := newWorld(t)
	resources := template(object{"Port": parameter(port, "5001")})
	w.deploy(data, resources)
	w.answers["ListStackResources"] = func(_ string, status int, body string) (int, string) {
		return status, strings.ReplaceAll(body, "CREATE_COMPLETE", "DELETE_SKIPPED")
	}
	if got := w.run(assembly(t, map[string]object{data: resources}), preflight.Options{}); len(got) != 1 || !strings.Contains(got[0], "already exists outside stack") {
		t.Errorf("the preflight says %q", got)
	}
}

func TestStackOfAnotherToolIsRefused(t *testing.T) {
	w := newWorld(t)
	resources := template(object{"Port": parameter(port, "5001")})
	w.deploy(data, resources)
	w.answers["GetTemplate"] = func(_ string, status int, _ string) (int, string) {
		return status, "<GetTemplateResponse><GetTemplateResult><TemplateBody>Resources:\n  Port: {}</TemplateBody></GetTemplateResult></GetTemplateResponse>"
	}
	got := w.run(assembly(t, map[string]object{data: resources}), preflight.Options{})
	if len(got) != 1 || !strings.HasPrefix(got[0], "stack PasswordManager-Data has a template that the CDK did not write") {
		t.Errorf("the preflight says %q", got)
	}
}

func TestMissingPermissionsAreNamed(t *testing.T) {
	resources := object{"Users": table("PasswordManager-Users"), "Images": repository("password-manager"), "Log": logGroup("/password-manager/vault"),
		"Certificates": bucket("certificates"), "Key": signingKey(), "Alias": alias("alias/password-manager")}
	for _, action := range preflight.Actions {
		_, call, _ := strings.Cut(action, ":")
		t.Run(call, func(t *testing.T) {
			w := newWorld(t)
			stacks := map[string]object{data: template(resources), host: template(object{"Port": parameter(port, "1")})}
			w.deploy(data, template(resources))
			w.deploy(host, template(object{"Port": parameter(port, "1")}))
			switch call {
			case "GetPolicy":
				stacks[host] = template(object{"Role": boundedRole("password-manager-roles-us-east-1")})
			case "ListBackupVaults":
				stacks[host] = template(object{"Copies": backupVault("PasswordManager")})
			case "DescribeStackResources":
				stacks[host] = template(object{"Users": table("PasswordManager-Users")})
			case "GetRegistryScanningConfiguration":
				stacks[host] = template(enhancedScanning)
			case "DescribeServices", "DescribeTaskDefinition":
				w.deployRelease("sha256:" + strings.Repeat("0", 64))
				stacks[service] = releaseTemplate()
			case "DescribeImages":
				stacks[host] = taskTemplate("123456789012.dkr.ecr.us-east-1.amazonaws.com/password-manager:x")
			}
			w.deny(call)
			dir := assembly(t, stacks)
			w.expect(dir, preflight.Options{Seeding: true},
				"arn:aws:sts::123456789012:user/moto lacks the permission "+action+", which the preflight needs: add it")
		})
	}
}
