//go:build system || integration

package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/vaultsphere/vaultsphere/app/names"
)

// deployments are the options of the golden templates: each topology with as few and with as many options as possible.
var deployments = map[string]map[string]any{
	"ec2-minimal": {optRegion: "eu-central-1", optHostImage: testImage},
	"ec2-full": {
		optTopology: "ec2", optRegion: "us-east-1", optHostImage: testImage, optInstanceType: "m7i.large",
		optVPCCIDR: "172.16.0.0/20", optSSHCIDR: "203.0.113.0/24", optSSHPublicKey: testKey, optSiteAddress: "vault.example.org",
		optAlarmEmail: "night@example.org", optJenkins: "oidc", optOIDCIssuer: "https://jenkins.example.org/oidc",
		optOIDCAudience: "sts.amazonaws.com", optOIDCSubject: "https://jenkins.example.org/job/password-manager/job/main/",
		optOIDCBranches:  "https://jenkins.example.org/job/password-manager/job/*",
		optImageScanning: "enhanced", optBackups: "compliance", optBackupRegion: "us-west-2", optMonthlyBudget: "40",
	},
	"fargate-minimal": {
		optTopology: "fargate", optRegion: "eu-central-1", optCertificateARN: testCertificate,
	},
	"fargate-full": {
		optTopology: "fargate", optRegion: "eu-central-1", optCertificateARN: testCertificate,
		optMinTasks: "3", optMaxTasks: "12", optVPCCIDR: "10.99.0.0/20",
		optAlarmEmail: "night@example.org", optJenkins: "none", optSiteAddress: "vault.example.org", optBackups: "governance",
		optMonthlyBudget: "120", optRateLimit: "2000",
	},
	"fargate-cloudfront": {
		optTopology: "fargate", optRegion: "eu-central-1", optCertificateARN: testCertificate, optJenkins: "none",
		optSiteAddress: "vault.example.org", optCloudFront: testCloudFrontCertificate,
	},
}

// assembly is a synthesized deployment.
type assembly struct {
	app       awscdk.App
	dir       string
	templates map[string]stackTemplate // by stack
	raw       map[string]string
}

type stackTemplate struct {
	Parameters map[string]map[string]any
	Resources  map[string]resource
	Outputs    map[string]struct{ Value any }
}

type resource struct {
	Type                string
	Properties          map[string]any
	DeletionPolicy      string
	UpdateReplacePolicy string
	Metadata            map[string]any
	CreationPolicy      map[string]any
}

// assemblies is the folder of synthesized deployments, which tests share.
var assemblies string

func TestMain(m *testing.M) {
	var err error
	if assemblies, err = os.MkdirTemp("", "assemblies"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(assemblies)
	os.Exit(code)
}

var synthesized sync.Map

// synth synthesizes a deployment once for all tests.
func synth(t *testing.T, deployment string) *assembly {
	t.Helper()
	once, _ := synthesized.LoadOrStore(deployment, sync.OnceValue(func() *assembly {
		return newAssembly(t, deployments[deployment], nil)
	}))
	a := once.(func() *assembly)()
	if a == nil {
		t.Fatalf("%s was not synthesized", deployment)
	}
	return a
}

// newAssembly synthesizes a deployment with the feature flags of cdk.json. extend may change the app first.
func newAssembly(t *testing.T, context map[string]any, extend func(awscdk.App)) *assembly {
	t.Helper()
	dir, err := os.MkdirTemp(assemblies, "")
	if err != nil {
		t.Fatal(err)
	}
	all := featureFlags(t)
	maps.Copy(all, context)
	deployment, _ := all["deployment"].(string) // only in tests, in place of DEPLOYMENT
	delete(all, "deployment")
	app := awscdk.NewApp(&awscdk.AppProps{Outdir: jsii.String(dir), Context: &all, AnalyticsReporting: jsii.Bool(false)})
	c, err := configure(app, names.Deployment(deployment), nil, "")
	if err == nil {
		build(app, c)
	}
	if err != nil {
		t.Fatal(err)
	}
	if extend != nil {
		extend(app)
	}
	synthOrFail(t, app, dir)
	a := &assembly{app: app, dir: dir, templates: map[string]stackTemplate{}, raw: map[string]string{}}
	files, err := filepath.Glob(filepath.Join(dir, "*.template.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no templates in %s: %v", dir, err)
	}
	for _, f := range files {
		stack := strings.TrimSuffix(filepath.Base(f), ".template.json")
		content, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var parsed stackTemplate
		if err := json.Unmarshal(content, &parsed); err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		a.templates[stack], a.raw[stack] = parsed, string(content)
	}
	return a
}

// synthOrFail reports the findings of the CDK's validation; Synth only counts them.
func synthOrFail(t *testing.T, app awscdk.App, dir string) {
	t.Helper()
	report := filepath.Join(dir, "validation-report.json")
	defer func() {
		if v := recover(); v != nil {
			content, err := os.ReadFile(report)
			t.Fatalf("synth: %v\n%s%v", v, content, err)
		}
	}()
	app.Synth(nil)
	content, err := os.ReadFile(report)
	if err != nil {
		t.Fatalf("the CDK did not validate: %v", err)
	}
	var parsed struct{ PluginReports []struct{ Violations []any } }
	if err := json.Unmarshal(content, &parsed); err != nil {
		t.Fatalf("%s: %v", report, err)
	}
	for _, plugin := range parsed.PluginReports {
		for _, v := range plugin.Violations {
			t.Errorf("synth: %s", asJSON(t, v))
		}
	}
}

func featureFlags(t *testing.T) map[string]any {
	t.Helper()
	content, err := os.ReadFile("../cdk.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Context map[string]any }
	if err := json.Unmarshal(content, &file); err != nil {
		t.Fatal(err)
	}
	return file.Context
}

// of returns the resources of a type, by logical id.
func (tpl stackTemplate) of(kind string) map[string]resource {
	found := map[string]resource{}
	for id, r := range tpl.Resources {
		if r.Type == kind {
			found[id] = r
		}
	}
	return found
}

// permissions lists the trust policy of a role, then its permissions, one line per action and resource. References to other resources
// appear as <logical id>.
func (tpl stackTemplate) permissions(t *testing.T, role string) []string {
	t.Helper()
	r, ok := tpl.Resources[role]
	if !ok || r.Type != "AWS::IAM::Role" {
		t.Fatalf("no role %s", role)
	}
	if r.Properties["ManagedPolicyArns"] != nil {
		t.Errorf("role %s has managed policies: %v", role, r.Properties["ManagedPolicyArns"])
	}
	var lines []string
	documents := []any{r.Properties["AssumeRolePolicyDocument"]}
	for _, inline := range listOf(r.Properties["Policies"]) {
		documents = append(documents, inline.(map[string]any)["PolicyDocument"])
	}
	// The CDK moves what exceeds the size limit of an inline policy into a managed one.
	for _, p := range tpl.Resources {
		if p.Type != "AWS::IAM::Policy" && p.Type != "AWS::IAM::ManagedPolicy" {
			continue
		}
		for _, ref := range listOf(p.Properties["Roles"]) {
			if asText(ref) == "<"+role+">" {
				documents = append(documents, p.Properties["PolicyDocument"])
			}
		}
	}
	for _, d := range documents {
		for _, s := range listOf(d.(map[string]any)["Statement"]) {
			lines = append(lines, statementLines(t, s.(map[string]any))...)
		}
	}
	return lines
}

func statementLines(t *testing.T, s map[string]any) []string {
	var lines []string
	var condition string
	if s["Condition"] != nil {
		condition = " if " + asJSON(t, s["Condition"])
	}
	for _, action := range listOf(s["Action"]) {
		if s["Principal"] != nil {
			lines = append(lines, fmt.Sprintf("%s %v by %s%s", s["Effect"], action, asJSON(t, s["Principal"]), condition))
			continue
		}
		for _, r := range listOf(s["Resource"]) {
			lines = append(lines, fmt.Sprintf("%s %v on %s%s", s["Effect"], action, asText(r), condition))
		}
	}
	return lines
}

// listOf returns the list, or a single value as a list of one.
func listOf(v any) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		return v
	}
	return []any{v}
}

// asText formats a value of a template as one string: joins evaluated, references in angle brackets.
func asText(v any) string {
	m, ok := v.(map[string]any)
	if !ok {
		return fmt.Sprint(v)
	}
	if ref, ok := m["Ref"].(string); ok {
		return "<" + strings.TrimPrefix(ref, "AWS::") + ">"
	}
	if sub, ok := m["Fn::Sub"].(string); ok {
		return sub
	}
	if get, ok := m["Fn::GetAtt"].([]any); ok {
		return fmt.Sprintf("<%v.%v>", get[0], get[1])
	}
	if join, ok := m["Fn::Join"].([]any); ok {
		var parts []string
		for _, p := range join[1].([]any) {
			parts = append(parts, asText(p))
		}
		return strings.Join(parts, join[0].(string))
	}
	return fmt.Sprint(v)
}

// one returns the only resource of a type.
func (tpl stackTemplate) one(t *testing.T, kind string) resource {
	t.Helper()
	found := tpl.of(kind)
	if len(found) != 1 {
		t.Fatalf("%d resources of type %s, want one", len(found), kind)
	}
	for _, r := range found {
		return r
	}
	panic("unreachable")
}

// asJSON formats a value of a template as one line with sorted keys.
func asJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
