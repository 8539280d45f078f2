//go:build integration

package jenkins_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// withoutQuestions are the targets of a run that change something, after those of every build.
func (o outcome) withoutQuestions() string {
	targets := slices.DeleteFunc(slices.Clone(o.targets), func(target string) bool { return strings.HasPrefix(target, "topology") })
	return strings.TrimPrefix(strings.Join(targets, " "), tested+" ")
}

// Each row is the order for the topology of staging and of production.
var stagingOrders = []struct{ staging, production, order string }{
	{"ec2", "ec2", "shared deploy:staging push audit-image release:staging deploy release"},
	{"fargate", "ec2", "shared push audit-image release:staging deploy release"},
	{"ec2", "fargate", "shared deploy:staging push audit-image release:staging release"},
	{"fargate", "fargate", "shared push audit-image release:staging release"},
}

// Staging's stacks are deployed, and serve the release, before production's are touched. Production gets what staging serves.
func TestStagingServesBeforeProductionIsTouched(t *testing.T) {
	t.Parallel()
	for _, c := range stagingOrders {
		t.Run(c.staging+" before "+c.production, func(t *testing.T) {
			t.Parallel()
			b := newBuild(t)
			b.env = append(b.env, "STAGING="+c.staging, "TOPOLOGY="+c.production)
			o := b.run(t, "main")
			if got := o.withoutQuestions(); !o.has("result\tSUCCESS") || got != c.order {
				t.Errorf("make was asked for\n%s\nwant\n%s\n%s", got, c.order, o.log)
			}
			released := strings.Split(strings.TrimSpace(read(t, filepath.Join(b.record, "released"))), "\n")
			pushed := strings.TrimSpace(read(t, filepath.Join(b.workspace, "image.json")))
			if want := []string{pushed + " release:staging", pushed + " release"}; !slices.Equal(released, want) {
				t.Errorf("released was %q, want %q", released, want)
			}
		})
	}
}

// Whatever fails in staging, production has neither its platform nor its release changed.
func TestStagingThatFailsStopsProduction(t *testing.T) {
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
			if got, want := o.withoutQuestions(), strings.TrimSpace(c.done+" "+c.failing); !o.has("result\tFAILURE") || !o.has(mail("main", ": FAILURE")) || got != want {
				t.Errorf("make was asked for\n%s\nwant\n%s\n%s", got, want, o.log)
			}
		})
	}
}

// A stage that is skipped because nobody knows whether it is meant would make a build green that has released nothing, or pass
// staging by.
func TestAConditionThatFailsEndsThePipeline(t *testing.T) {
	t.Parallel()
	b := newBuild(t)
	b.env = append(b.env, "FAILING=topology:staging")
	b.run(t, "main").want(t, "FAILURE", tested+" topology:staging", always, clean, mail("main", ": FAILURE"))
}

func TestTheMonthlyPatchIsStagingsFirst(t *testing.T) {
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
			if got := o.withoutQuestions(); !o.has("result\t"+c.result) || got != c.targets {
				t.Errorf("make was asked for %q, want %q: %s", got, c.targets, o.log)
			}
			if c.result == "FAILURE" && !o.has("mail\t"+mailTo+"\trelease » patch #2: FAILURE") {
				t.Error("nobody is told")
			}
		})
	}
}
