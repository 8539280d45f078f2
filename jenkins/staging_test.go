//go:build integration

package jenkins_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// changes returns the targets after the tests that change something.
func (o outcome) changes() string {
	targets := slices.DeleteFunc(slices.Clone(o.targets), func(target string) bool { return strings.HasPrefix(target, "topology") })
	return strings.TrimPrefix(strings.Join(targets, " "), tested+" ")
}

// stagingOrders lists the targets by topology of staging and of production.
var stagingOrders = []struct{ staging, production, order string }{
	{"ec2", "ec2", "shared deploy:staging push audit-image release:staging deploy release"},
	{"fargate", "ec2", "shared push audit-image release:staging deploy release"},
	{"ec2", "fargate", "shared deploy:staging push audit-image release:staging release"},
	{"fargate", "fargate", "shared push audit-image release:staging release"},
}

// Staging is deployed and serves the release before production changes. Production gets the image that staging serves.
func TestStagingServesBeforeProductionChanges(t *testing.T) {
	t.Parallel()
	for _, c := range stagingOrders {
		t.Run(c.staging+" before "+c.production, func(t *testing.T) {
			t.Parallel()
			b := newBuild(t)
			b.env = append(b.env, "STAGING="+c.staging, "TOPOLOGY="+c.production)
			o := b.run(t, "main")
			if got := o.changes(); !o.has("result\tSUCCESS") || got != c.order {
				t.Errorf("ran make\n%s\nwant\n%s\n%s", got, c.order, o.log)
			}
			released := strings.Split(strings.TrimSpace(read(t, filepath.Join(b.record, "released"))), "\n")
			pushed := strings.TrimSpace(read(t, filepath.Join(b.workspace, "image.json")))
			if want := []string{pushed + " release:staging", pushed + " release"}; !slices.Equal(released, want) {
				t.Errorf("released %q, want %q", released, want)
			}
		})
	}
}

// Any failure in staging leaves production's platform and release unchanged.
func TestFailedStagingStopsProduction(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ staging, done, failing string }{
		{"ec2", "", "shared"},
		{"ec2", "shared", "deploy:staging"},
		{"ec2", "shared deploy:staging", "push"},
		{"ec2", "shared deploy:staging push audit-image", "release:staging"},
		{"fargate", "shared push audit-image", "release:staging"},
	} {
		t.Run(c.staging+": "+c.failing, func(t *testing.T) {
			t.Parallel()
			b := newBuild(t)
			b.env = append(b.env, "STAGING="+c.staging, "FAILING="+c.failing)
			o := b.run(t, "main")
			if got, want := o.changes(), strings.TrimSpace(c.done+" "+c.failing); !o.has("result\tFAILURE") || !o.has(mail("main", ": FAILURE")) || got != want {
				t.Errorf("ran make\n%s\nwant\n%s\n%s", got, want, o.log)
			}
		})
	}
}

// If a failed condition skipped its stage, a build could succeed without a release, or bypass staging.
func TestFailedConditionEndsThePipeline(t *testing.T) {
	t.Parallel()
	b := newBuild(t)
	b.env = append(b.env, "FAILING=topology:staging")
	b.run(t, "main").want(t, "FAILURE", tested+" topology:staging", always, clean, mail("main", ": FAILURE"))
}

func TestMonthlyPatchStartsWithStaging(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ env, result, targets string }{
		{"STAGING=none TOPOLOGY=ec2", "SUCCESS", "setup patch"},
		{"STAGING=ec2 TOPOLOGY=ec2", "SUCCESS", "setup patch:staging patch"},
		{"STAGING=ec2 TOPOLOGY=fargate", "SUCCESS", "setup patch:staging"},
		{"STAGING=ec2 TOPOLOGY=ec2 FAILING=patch:staging", "FAILURE", "setup patch:staging"},
	} {
		t.Run(c.env, func(t *testing.T) {
			t.Parallel()
			b := newBuild(t)
			b.env = append(b.env, strings.Fields(c.env)...)
			o := b.run(t, "main", "--jenkinsfile", "Jenkinsfile.patch")
			if got := o.changes(); !o.has("result\t"+c.result) || got != c.targets {
				t.Errorf("ran make %q, want %q: %s", got, c.targets, o.log)
			}
			if c.result == "FAILURE" && !o.has("mail\t"+mailTo+"\trelease » patch #2: FAILURE") {
				t.Error("no mail was sent")
			}
		})
	}
}
