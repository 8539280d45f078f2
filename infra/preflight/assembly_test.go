//go:build integration

package preflight_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/vaultsphere/vaultsphere/infra/preflight"
)

func TestUnreadableAssemblyIsReported(t *testing.T) {
	w := newWorld(t)
	empty := t.TempDir()
	w.expect(empty, preflight.Options{}, empty+" is not a cloud assembly: synthesize the app into it first")

	none := assembly(t, nil)
	w.expect(none, preflight.Options{}, "the cloud assembly "+none+" has no stacks: synthesize the app into it again")

	for _, environment := range []string{"aws:us-east-1", "123456789012/us-east-1", "aws://123456789012", "aws:///us-east-1", "aws://123456789012/"} {
		odd := assemblyFor(t, environment, map[string]object{data: template(object{})})
		w.expect(odd, preflight.Options{}, `read cloud assembly: stack PasswordManager-Data: environment "`+environment+`" is not aws://ACCOUNT/REGION`)
	}

	broken := assembly(t, map[string]object{data: template(object{})})
	write(t, filepath.Join(broken, data+".template.json"), "{")
	if got := w.run(broken, preflight.Options{}); len(got) != 1 || !strings.Contains(got[0], data+".template.json: unexpected end of JSON") {
		t.Errorf("the preflight says %q", got)
	}

	w.cfg.Region = ""
	w.expect(assembly(t, map[string]object{data: template(object{})}), preflight.Options{}, "no AWS region is set: set AWS_REGION")
}

// An app with stages has nested assemblies.
func TestNestedAssemblyIsChecked(t *testing.T) {
	w := newWorld(t)
	w.put(port, "80", ssmtypes.ParameterTypeSecureString)
	outer := t.TempDir()
	inner := assembly(t, map[string]object{data: template(object{"Port": parameter(port, "5001")})})
	if err := os.Rename(inner, filepath.Join(outer, "stage")); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(outer, "manifest.json"), encode(t, object{"artifacts": object{
		"stage": object{"type": "cdk:cloud-assembly", "properties": object{"directoryName": "stage"}},
	}}))
	if got := w.run(outer, preflight.Options{}); len(got) != 1 || !strings.Contains(got[0], "already exists") {
		t.Errorf("the preflight says %q", got)
	}
}

func TestProblemsHaveAStableOrder(t *testing.T) {
	w := newWorld(t)
	w.delete(bootstrapVersion)
	stacks := map[string]object{}
	for _, name := range []string{"A", "B", "C", "D"} {
		stacks[name] = template(object{"One": parameter("/"+name+"/1", "x"), "Two": parameter("/"+name+"/2", "x")})
		w.put("/"+name+"/1", "x", ssmtypes.ParameterTypeString)
		w.put("/"+name+"/2", "x", ssmtypes.ParameterTypeString)
	}
	dir := assembly(t, stacks)
	first := w.run(dir, preflight.Options{})
	if len(first) != 9 || !strings.Contains(first[0], "bootstrapped") || !strings.Contains(first[8], "/D/2") {
		t.Fatalf("the preflight says %q", first)
	}
	for range 5 {
		w.expect(dir, preflight.Options{}, first...)
	}
}
