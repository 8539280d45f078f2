//go:build integration

package main

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/names"
)

// deployStaging creates a second platform in the account and destroys its host. Neither affects production.
func deployStaging(e *engineer) {
	stacks, events, parameters := e.stacks(), e.events(), e.parameters()
	if out, code := e.try("make", "deploy", "DEPLOYMENT=test"); code == 0 || !strings.Contains(out, `infra: error: DEPLOYMENT is "test", but must be staging, or unset for production`) {
		e.t.Errorf("a deployment with another name: exit %d: %s", code, out)
	}
	if out, code := e.try("make", "deploy", "DEPLOYMENT=staging"); code == 0 || !strings.Contains(out, "infra: error: platform.staging.json is missing") {
		e.t.Errorf("staging without options: exit %d: %s", code, out)
	}
	e.walk = newWalk(e.t, "Staging beside production")
	e.with(map[string]any{"topology": "ec2"}, func() {
		if out := e.follow("jq "); !strings.Contains(out, "make deploy: platform.staging.json is not committed") {
			e.t.Errorf("no reminder to commit staging's options: %s", out)
		}
	})
	if got, want := e.stacks(), stacks+" PasswordManager-Staging-Data PasswordManager-Staging-Host"; got != want {
		e.t.Errorf("stacks are %q, want %q", got, want)
	}
	secrets := [2]string{e.parameters()[names.EnvSessionSecret], e.parametersOf(names.Staging)[names.EnvSessionSecret]}
	if !maps.Equal(e.parameters(), parameters) || secrets[1] == "" || secrets[0] == secrets[1] {
		e.t.Error("production's parameters changed, or staging lacks its own secret")
	}
	var outputs map[string]map[string]string
	content, err := os.ReadFile(filepath.Join(e.dir, "cdk-outputs.staging.json"))
	must(e.t, err)
	must(e.t, json.Unmarshal(content, &outputs))
	if host := outputs["PasswordManager-Staging-Host"]["InstanceId"]; host == "" || !strings.Contains(e.hosts("InstanceId"), host) {
		e.t.Errorf("cdk-outputs.staging.json has no running host: %s", content)
	}
	e.vaultOf(names.Staging, func(url string) {
		must(e.t, os.RemoveAll(filepath.Join(e.dir, "state")))
		if out, code := e.try(filepath.Join(e.dir, "bin", "vaultsphere"), "--server", url, "login", "anna", "--password-file", "password"); code == 0 {
			e.t.Errorf("a user of production can log in to staging: %s", out)
		}
	})
	e.findStored()
	e.do("make", "destroy", "FORCE=yes", "DEPLOYMENT=staging")
	if got, want := e.stacks(), stacks+" PasswordManager-Staging-Data"; got != want {
		e.t.Errorf("stacks are %q, want %q", got, want)
	}
	if now := strings.TrimSuffix(e.events(), " "+e.aws("cloudformation describe-stack-events --stack-name PasswordManager-Staging-Data", "length(StackEvents)")); now != events {
		e.t.Errorf("production's stacks had %s events, and now have %s", events, now)
	}
}

// restartTasks runs the documented command that restarts the tasks after the secret changed.
func restartTasks(e *engineer) {
	e.walk = newWalk(e.t, "Rotating SESSION_SECRET")
	e.walk.blocks = e.walk.blocks[1:]
	if out := e.follow("aws ecs update-service"); !strings.Contains(out, `"serviceName": "PasswordManager-Service-`) {
		e.t.Errorf("the command does not restart the service: %s", out)
	}
}
