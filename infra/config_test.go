package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

const (
	testImage       = "ami-0123456789abcdef0"
	testKey         = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGv0Kzv4rqk0mEXAMPLEKEYEXAMPLEKEYEXAMPLEKEYab pipeline"
	testCertificate = "arn:aws:acm:eu-central-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"
	// testCloudFrontCertificate is in the region that CloudFront needs.
	testCloudFrontCertificate = "arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"
)

var someRegions = []string{"eu-central-1", "us-east-1"}

func TestDefaultsNeedOnlyARegion(t *testing.T) {
	c, err := parse("", nil, map[string]any{"@aws-cdk/core:flag": true, "aws:cdk:version": "x"}, someRegions, "eu-central-1")
	if err != nil {
		t.Fatal(err)
	}
	if c.topology != onEC2 || c.region != "eu-central-1" || c.vpcCIDR.String() != "10.20.0.0/16" || c.sshCIDR.IsValid() ||
		c.jenkins != jenkinsOnEC2 || c.instanceType != "t4g.small" || c.minTasks != 2 || c.maxTasks != 6 || c.imageScanning != scansBasic ||
		c.backups != backupsOff || c.backupRegion != "" {
		t.Errorf("defaults: %+v", c)
	}
}

func TestBadOptionsAreNamed(t *testing.T) {
	fargate := map[string]any{optTopology: "fargate", optCertificateARN: testCertificate}
	oidc := map[string]any{optJenkins: "oidc", optOIDCIssuer: "https://x.example.org", optOIDCAudience: "a", optOIDCSubject: "s"}
	with := func(m map[string]any, name string, value any) map[string]any {
		m = maps.Clone(m)
		m[name] = value
		return m
	}
	jobs := with(oidc, optOIDCSubject, "https://x.example.org/job/vault/job/main/")
	otherWildcard := func(subject string) string {
		return fmt.Sprintf("oidcBranchSubject is %q, but a wildcard must be the whole name of a job in a project vault of https://x.example.org, "+
			"…/job/vault/job/*: otherwise jobs of other projects could assume the role", subject)
	}
	site := with(fargate, optSiteAddress, "vault.example.org")
	for _, c := range []struct {
		context map[string]any
		want    string
	}{
		{map[string]any{"sshcidr": "x"}, "sshcidr is not an option: docs/operations.md lists the options"},
		{map[string]any{"colour": "red"}, "colour is not an option: docs/operations.md lists the options"},
		{map[string]any{optTopology: "lambda"}, `topology is "lambda", but must be one of ec2, fargate`},
		{map[string]any{optRegion: "mars-north-1"}, `region is "mars-north-1", which is not an AWS region`},
		{map[string]any{optVPCCIDR: "10.0.0.0/8"}, `vpcCidr is "10.0.0.0/8", but must be between /16 and /24`},
		{map[string]any{optVPCCIDR: "10.20.1.0/16"}, `vpcCidr is "10.20.1.0/16", but a range of this size starts at 10.20.0.0/16`},
		{map[string]any{optVPCCIDR: "8.8.0.0/16"}, `vpcCidr is "8.8.0.0/16", but must be a private range (RFC 1918)`},
		{map[string]any{optVPCCIDR: "fd00::/16"}, `vpcCidr is "fd00::/16", but must be an IPv4 range such as 203.0.113.0/24`},
		{map[string]any{optSSHCIDR: "0.0.0.0/0"}, `sshCidr is "0.0.0.0/0", but must be between /8 and /32`},
		{map[string]any{optSSHCIDR: "me"}, `sshCidr is "me", but must be an IPv4 range such as 203.0.113.0/24`},
		{map[string]any{optSSHCIDR: []any{"203.0.113.0/24"}}, "sshCidr must be a string or a number, not a list or an object"},
		{map[string]any{optSSHPublicKey: "-----BEGIN OPENSSH PRIVATE KEY-----"}, "but must be one line such as that in id_ed25519.pub"},
		{map[string]any{optHostImage: "al2023"}, `hostImage is "al2023", but must be an image such as ami-0123456789abcdef0`},
		{map[string]any{optInstanceType: "small"}, `instanceType is "small", but must be an instance type such as t4g.small`},
		{map[string]any{optSiteAddress: "https://vault.example.org"}, "but must be a domain or an IP address, without https://"},
		{map[string]any{optAlarmEmail: "night"}, `alarmEmail is "night", but must be an e-mail address`},
		{map[string]any{optImageScanning: "on"}, `imageScanning is "on", but must be one of basic, enhanced`},
		{map[string]any{optBackups: "yes"}, `backups is "yes", but must be one of off, governance, compliance`},
		{map[string]any{optBackupRegion: "us-east-1"}, "backupRegion is set, but backups is off, so there is nothing to copy: set backups to governance or compliance"},
		{map[string]any{optBackups: "governance", optBackupRegion: "eu-central-1"}, `backupRegion is "eu-central-1", which is the region of the tables: choose another one`},
		{map[string]any{optBackups: "governance", optBackupRegion: "mars-north-1"}, `backupRegion is "mars-north-1", which is not an AWS region`},
		{map[string]any{optJenkins: "yes"}, `jenkins is "yes", but must be one of instance-profile, oidc, none`},
		{map[string]any{optJenkins: "oidc"}, "oidcIssuer is required with jenkins=oidc: set it in platform.json"},
		{with(oidc, optOIDCIssuer, "http://x.example.org"), `oidcIssuer is "http://x.example.org", but must be a URL such as`},
		{with(oidc, optOIDCSubject, "*"), `oidcSubject is "*", but must name main's job, without wildcards: otherwise a branch could assume the role`},
		{with(oidc, optOIDCSubject, "https://jenkins.example.org/job/vault/job/ma?n*"),
			`oidcSubject is "https://jenkins.example.org/job/vault/job/ma?n*", but must name main's job, without wildcards: otherwise a branch could assume the role`},
		// IAM replaces a variable by a value from the token, so any token would match.
		{with(oidc, optOIDCSubject, "${x.example.org:sub}"), `oidcSubject is "${x.example.org:sub}", but must name main's job, without wildcards`},
		{with(oidc, optOIDCAudience, "${x.example.org:aud}"), `oidcAudience is "${x.example.org:aud}", but must be one audience, without a dollar sign`},
		{with(oidc, optOIDCBranches, "s"), `oidcBranchSubject is "s", which is main's job`},
		{with(oidc, optOIDCBranches, "*"), `oidcBranchSubject is "*", but must name one job without wildcards, because oidcSubject does not name a job in a project, …/job/PROJECT/job/main/`},
		{with(jobs, optOIDCBranches, "*"), otherWildcard("*")},
		{with(jobs, optOIDCBranches, "https://x.example.org/job/*"), otherWildcard("https://x.example.org/job/*")},
		{with(jobs, optOIDCBranches, "https://x.example.org/job/vault*"), otherWildcard("https://x.example.org/job/vault*")},
		{with(jobs, optOIDCBranches, "https://x.example.org/job/vault/job/?"), otherWildcard("https://x.example.org/job/vault/job/?")},
		{with(jobs, optOIDCBranches, "https://x.example.org/job/other/job/*"), otherWildcard("https://x.example.org/job/other/job/*")},
		{with(jobs, optOIDCBranches, "https://x.example.org/job/branches/job/*"), otherWildcard("https://x.example.org/job/branches/job/*")},
		{with(jobs, optOIDCBranches, "https://x.example.org/job/*/job/vault/job/*"), otherWildcard("https://x.example.org/job/*/job/vault/job/*")},
		{with(jobs, optOIDCBranches, "https://*/job/vault/job/*"), otherWildcard("https://*/job/vault/job/*")},
		{with(jobs, optOIDCBranches, "https://y.example.org/job/vault/job/*"), otherWildcard("https://y.example.org/job/vault/job/*")},
		{with(jobs, optOIDCBranches, "${x.example.org:sub}"), otherWildcard("${x.example.org:sub}")},
		{with(with(oidc, optOIDCSubject, "https://x.example.org/job/vault/"), optOIDCBranches, "https://x.example.org/job/*"),
			`oidcBranchSubject is "https://x.example.org/job/*", but must name one job without wildcards, because oidcSubject does not name a job in a project`},
		{map[string]any{optTopology: "fargate"}, "certificateArn is required with topology fargate"},
		{with(fargate, "release", "0123456789ab"), "release is not an option: make release deploys the image that make push pushed, and make deploy keeps the current one"},
		{with(fargate, optCertificateARN, "cert"), `certificateArn is "cert", but must be the ARN of an ACM certificate`},
		{with(fargate, optRegion, "us-east-1"), "certificateArn is in region eu-central-1, but the load balancer is in us-east-1"},
		{map[string]any{optRateLimit: "1000"}, "rateLimit needs topology fargate: it is a rule on the load balancer, which topology ec2 does not have"},
		{map[string]any{optCloudFront: testCertificate}, "cloudFrontCertificateArn needs topology fargate: CloudFront is in front of the load balancer, which topology ec2 does not have"},
		{with(fargate, optCloudFront, "arn:aws:iam::123456789012:user/x"), `cloudFrontCertificateArn is "arn:aws:iam::123456789012:user/x", but must be the ARN of an ACM certificate, arn:aws:acm:…`},
		{with(site, optCloudFront, testCertificate),
			"cloudFrontCertificateArn is in region eu-central-1, but CloudFront needs a certificate in us-east-1: request one there"},
		{with(fargate, optCloudFront, testCloudFrontCertificate),
			"siteAddress is required with cloudFrontCertificateArn: CloudFront serves a domain, not an IP address"},
		{with(with(fargate, optSiteAddress, "203.0.113.7"), optCloudFront, testCloudFrontCertificate), "siteAddress is required with cloudFrontCertificateArn"},
		{with(with(site, optCloudFront, testCloudFrontCertificate), optRateLimit, "2000"),
			"rateLimit cannot count users behind CloudFront, because the load balancer sees only CloudFront's addresses: remove it or cloudFrontCertificateArn"},
		{with(fargate, optRateLimit, float64(10)), `rateLimit is "10", but must be a whole number between 100 and 2000000000`},
		{map[string]any{optMonthlyBudget: "50"}, "alarmEmail is required with monthlyBudget, which sends its notifications there: set it in platform.json"},
		{map[string]any{optMonthlyBudget: "49.90", optAlarmEmail: "night@example.org"}, `monthlyBudget is "49.90", but must be a whole number between 1 and 1000000`},
		{with(fargate, optMinTasks, "0"), `minTasks is "0", but must be a whole number between 1 and 100`},
		{with(fargate, optMinTasks, float64(7)), "minTasks is 7, more than maxTasks, which is 6"},
	} {
		_, err := parse("", nil, c.context, someRegions, "eu-central-1")
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want %q", c.context, err, c.want)
			continue
		}
		// The same option in the file gets the same message, with the name of the file.
		_, inFile := parse("", c.context, nil, someRegions, "eu-central-1")
		if inFile == nil || strings.ReplaceAll(inFile.Error(), optionsFile+": ", "") != err.Error() ||
			!strings.Contains(inFile.Error(), optionsFile) {
			t.Errorf("%v in the file: %v, want %q with the file's name", c.context, inFile, err)
		}
		if strings.Contains(err.Error(), "\n") && len(c.context) == 1 && c.context[optJenkins] == nil && c.context[optTopology] == nil {
			t.Errorf("%v: more than one sentence for one mistake: %q", c.context, err)
		}
	}
}

func TestBranchSubjectMatchesMainsProjectOrOneJob(t *testing.T) {
	for main, branches := range map[string]string{
		"https://x.example.org/job/vault/job/main/":              "https://x.example.org/job/vault/job/*",
		"https://x.example.org/jenkins/job/team/job/vault/job/m": "https://x.example.org/jenkins/job/team/job/vault/job/*",
		"https://x.example.org/job/release/job/vault/job/main/":  "https://x.example.org/job/branches/job/vault/job/*",
		"main": "branches",
	} {
		options := map[string]any{optJenkins: "oidc", optOIDCIssuer: "https://x.example.org", optOIDCAudience: "a", optOIDCSubject: main, optOIDCBranches: branches}
		if c, err := parse("", options, nil, someRegions, "eu-central-1"); err != nil || c.oidc.branchSubject != branches {
			t.Errorf("main is %s, branches are %s: %q, %v", main, branches, c.oidc.branchSubject, err)
		}
	}
}

func TestMissingRegionIsAnError(t *testing.T) {
	_, err := parse("", nil, nil, someRegions, "")
	if err == nil || err.Error() != "region is not set: set it in platform.json, or AWS_REGION in the environment" {
		t.Errorf("%v", err)
	}
}

func TestEmptyOptionCountsAsUnset(t *testing.T) {
	for _, o := range new(config).options(nil, "") {
		if _, err := parse("", map[string]any{optRegion: "eu-central-1", o.name: ""}, nil, someRegions, "eu-central-1"); err != nil {
			t.Errorf("%s: %v", o.name, err)
		}
	}
}

func TestReasonsNotToDeploy(t *testing.T) {
	key := map[string]any{optSSHPublicKey: testKey}
	for _, c := range []struct {
		name          string
		file, context map[string]any
		want          []string
	}{
		{"a key", key, nil, nil},
		{"a range for SSH", map[string]any{optSSHCIDR: "203.0.113.0/24"}, nil, nil},
		{"neither", nil, nil, []string{"platform.json sets neither sshPublicKey nor sshCidr, so no release could reach the host"}},
		{"another topology", map[string]any{optTopology: "fargate", optCertificateARN: testCertificate}, nil, nil},
		{"the same twice", key, key, nil},
		{"the same as a number", map[string]any{optSSHPublicKey: testKey, optMinTasks: 3.0}, map[string]any{optMinTasks: "3"}, nil},
		{"an option of the command line", key, map[string]any{optSiteAddress: "vault.example.org"}, []string{
			`siteAddress is "vault.example.org" on the command line or in cdk.json, but platform.json does not set it: change it in the file`}},
		{"an option that overrides the file", map[string]any{optSSHPublicKey: testKey, optAlarmEmail: "a@example.org"}, map[string]any{
			optAlarmEmail: "b@example.org"}, []string{`alarmEmail is "b@example.org" on the command line or in cdk.json, but platform.json has "a@example.org"`}},
		{"the key unset", key, map[string]any{optSSHPublicKey: ""}, []string{
			`sshPublicKey is "" on the command line`, "platform.json sets neither"}},
	} {
		got, err := parse("", c.file, c.context, someRegions, "eu-central-1")
		if err != nil || len(got.refusals) != len(c.want) {
			t.Errorf("%s: %v, %q", c.name, err, got.refusals)
			continue
		}
		for i, want := range c.want {
			if !strings.HasPrefix(got.refusals[i], want) {
				t.Errorf("%s: %q, want %q", c.name, got.refusals[i], want)
			}
		}
	}
}

func TestOptionsFileIsStrictJSON(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]string{
		"":                               "line 1: invalid JSON: unexpected EOF",
		"{":                              "line 1: invalid JSON: unexpected EOF",
		"{\n\"topology\": ec2}":          "line 2: invalid JSON: topology: invalid character 'e' looking for beginning of value",
		"{\"topology\": \"ec2\",\n}":     "line 2: invalid JSON: invalid character '}' looking for beginning of object key string",
		"[]":                             "must be a JSON object",
		"null":                           "must be a JSON object",
		`{"minTasks": 1, "minTasks": 2}`: "minTasks is set twice",
		"{} {}":                          "has content after the JSON object",
		"{}\n}":                          "has content after the JSON object",
		"# no comments\n{}":              "line 1: invalid JSON: invalid character '#'",
	} {
		values, err := decodeOptions([]byte(content))
		if err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v, %v, want %q", content, values, err, want)
		}
	}
	values, err := decodeOptions([]byte("{\"siteAddress\": \"vault.example.org\",\n \"minTasks\": 3}\n"))
	if err != nil || !maps.Equal(values, map[string]any{"siteAddress": "vault.example.org", "minTasks": 3.0}) {
		t.Errorf("%v, %v", values, err)
	}
	missing := filepath.Join(t.TempDir(), optionsFile)
	if _, err := readOptions(missing); err == nil || !strings.HasPrefix(err.Error(), missing+" is missing: ") {
		t.Errorf("a missing file: %v", err)
	}
}

// FuzzOptionsFile checks that the decoder accepts what encoding/json accepts, except duplicate names.
func FuzzOptionsFile(f *testing.F) {
	f.Add([]byte(`{"topology": "ec2", "minTasks": 2}`))
	f.Add([]byte(`{"a": {"a": []}, "b": null}`))
	f.Add([]byte(`{"a": 1, "\u0061": 2}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		values, err := decodeOptions(content)
		var plain map[string]any
		plainErr := json.Unmarshal(content, &plain)
		if err == nil && (plainErr != nil || !reflect.DeepEqual(values, plain)) {
			t.Errorf("%q: got %v, encoding/json has %v, %v", content, values, plain, plainErr)
		}
		if err != nil && plainErr == nil && plain != nil && !strings.Contains(err.Error(), "is set twice") {
			t.Errorf("%q: %v", content, err)
		}
	})
}

func TestOptionsAreDocumented(t *testing.T) {
	content, err := os.ReadFile("../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	for _, o := range new(config).options(nil, "") {
		table.WriteString(o.row())
	}
	if !strings.Contains(string(content), table.String()) {
		t.Errorf("docs/operations.md lacks this table of options:\n%s", &table)
	}
}

func FuzzParse(f *testing.F) {
	for _, o := range new(config).options(nil, "") {
		f.Add(o.name, o.fallback)
	}
	f.Add(optVPCCIDR, "10.20.0.0/33")
	f.Add(optOIDCIssuer, "https://%zz")
	f.Fuzz(func(t *testing.T, name, value string) {
		c, err := parse("", nil, map[string]any{name: value}, someRegions, "eu-central-1")
		if err != nil {
			return
		}
		if c.topology != onEC2 || !c.vpcCIDR.Addr().IsPrivate() || c.sshCIDR.IsValid() && c.sshCIDR.Bits() < 8 || c.region == "" {
			t.Errorf("%q=%q was accepted: %+v", name, value, c)
		}
	})
}
