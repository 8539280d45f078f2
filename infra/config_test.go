package main

import (
	"fmt"
	"maps"
	"os"
	"strings"
	"testing"
)

const (
	testImage       = "ami-0123456789abcdef0"
	testKey         = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGv0Kzv4rqk0mEXAMPLEKEYEXAMPLEKEYEXAMPLEKEYab pipeline"
	testCertificate = "arn:aws:acm:eu-central-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"
)

var someRegions = []string{"eu-central-1", "us-east-1"}

func TestDefaultsNeedOnlyARegion(t *testing.T) {
	c, err := parse(map[string]any{"@aws-cdk/core:flag": true, "aws:cdk:version": "x"}, someRegions, "eu-central-1")
	if err != nil {
		t.Fatal(err)
	}
	if c.topology != onEC2 || c.region != "eu-central-1" || c.vpcCIDR.String() != "10.20.0.0/16" || c.sshCIDR.IsValid() ||
		c.jenkins != jenkinsOnEC2 || c.instanceType != "t4g.small" || c.minTasks != 2 || c.maxTasks != 6 || c.imageScanning != scansBasic {
		t.Errorf("defaults: %+v", c)
	}
}

func TestBadOptionsAreNamed(t *testing.T) {
	fargate := map[string]any{optTopology: "fargate", optRelease: "0123456789ab", optCertificateARN: testCertificate}
	oidc := map[string]any{optJenkins: "oidc", optOIDCIssuer: "https://x.example.org", optOIDCAudience: "a", optOIDCSubject: "s"}
	with := func(m map[string]any, name string, value any) map[string]any {
		m = maps.Clone(m)
		m[name] = value
		return m
	}
	for _, c := range []struct {
		context map[string]any
		want    string
	}{
		{map[string]any{"toplogy": "ec2"}, "toplogy is no option: did you mean topology?"},
		{map[string]any{"sshcidr": "x"}, "sshcidr is no option: did you mean sshCidr?"},
		{map[string]any{"colour": "red"}, "colour is no option: docs/operations.md lists the options"},
		{map[string]any{optTopology: "lambda"}, `topology is "lambda", but must be one of ec2, fargate`},
		{map[string]any{optRegion: "mars-north-1"}, `region is "mars-north-1", which is no AWS region`},
		{map[string]any{optVPCCIDR: "10.0.0.0/8"}, `vpcCidr is "10.0.0.0/8", but must be between /16 and /24 in size`},
		{map[string]any{optVPCCIDR: "10.20.1.0/16"}, `vpcCidr is "10.20.1.0/16", but the range of that size begins at 10.20.0.0/16`},
		{map[string]any{optVPCCIDR: "8.8.0.0/16"}, `vpcCidr is "8.8.0.0/16", but must be a private range (RFC 1918)`},
		{map[string]any{optVPCCIDR: "fd00::/16"}, `vpcCidr is "fd00::/16", but must be an IPv4 range such as 203.0.113.0/24`},
		{map[string]any{optSSHCIDR: "0.0.0.0/0"}, `sshCidr is "0.0.0.0/0", but must be between /8 and /32 in size`},
		{map[string]any{optSSHCIDR: "me"}, `sshCidr is "me", but must be an IPv4 range such as 203.0.113.0/24`},
		{map[string]any{optSSHCIDR: []any{"203.0.113.0/24"}}, "sshCidr must be one text or number, not a list or an object"},
		{map[string]any{optSSHPublicKey: "-----BEGIN OPENSSH PRIVATE KEY-----"}, "but must be one line as in id_ed25519.pub"},
		{map[string]any{optHostImage: "al2023"}, `hostImage is "al2023", but must be an image such as ami-0123456789abcdef0`},
		{map[string]any{optInstanceType: "small"}, `instanceType is "small", but must be a type such as t4g.small`},
		{map[string]any{optSiteAddress: "https://vault.example.org"}, "but must be a domain or an IP address, without https://"},
		{map[string]any{optAlarmEmail: "night"}, `alarmEmail is "night", but must be an e-mail address`},
		{map[string]any{optImageScanning: "on"}, `imageScanning is "on", but must be one of basic, enhanced`},
		{map[string]any{optJenkins: "yes"}, `jenkins is "yes", but must be one of instance-profile, oidc, none`},
		{map[string]any{optJenkins: "oidc"}, "oidcIssuer is required with jenkins=oidc: -c oidcIssuer=…"},
		{with(oidc, optOIDCIssuer, "http://x.example.org"), `oidcIssuer is "http://x.example.org", but must be a URL such as`},
		{with(oidc, optOIDCSubject, "*"), "oidcSubject stands for everybody: name the deploying job"},
		{map[string]any{optTopology: "fargate"}, "certificateArn is required with topology fargate"},
		{with(fargate, optRelease, nil), "release is required with topology fargate"},
		{with(fargate, optRelease, "sha256:xyz"), `release is "sha256:xyz", but must be an image's tag or digest`},
		{with(fargate, optCertificateARN, "cert"), `certificateArn is "cert", but must be the ARN of an ACM certificate`},
		{with(fargate, optRegion, "us-east-1"), "certificateArn is of region eu-central-1, but the load balancer is in us-east-1"},
		{with(fargate, optMinTasks, "0"), `minTasks is "0", but must be a whole number between 1 and 100`},
		{with(fargate, optMinTasks, float64(7)), "minTasks is 7, more than maxTasks, which is 6"},
	} {
		_, err := parse(c.context, someRegions, "eu-central-1")
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want %q", c.context, err, c.want)
			continue
		}
		if strings.Contains(err.Error(), "\n") && len(c.context) == 1 && c.context[optJenkins] == nil && c.context[optTopology] == nil {
			t.Errorf("%v: one mistake, but more than one sentence: %q", c.context, err)
		}
	}
}

func TestNoRegionIsSaid(t *testing.T) {
	if _, err := parse(nil, someRegions, ""); err == nil || err.Error() != "region is not set: pass -c region=…, or set AWS_REGION" {
		t.Errorf("%v", err)
	}
}

func TestEmptyOptionIsOneThatIsNotSet(t *testing.T) {
	for _, o := range options {
		if _, err := parse(map[string]any{optRegion: "eu-central-1", o.name: ""}, someRegions, "eu-central-1"); err != nil {
			t.Errorf("%s: %v", o.name, err)
		}
	}
}

func TestOptionsAreDocumented(t *testing.T) {
	content, err := os.ReadFile("../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	for _, o := range options {
		fmt.Fprintf(&table, "| `%s` | %s | %s |\n", o.name, o.fallback, o.meaning)
	}
	if !strings.Contains(string(content), table.String()) {
		t.Errorf("docs/operations.md lacks this table of the options:\n%s", &table)
	}
}

func FuzzParse(f *testing.F) {
	for _, o := range options {
		f.Add(o.name, o.fallback)
	}
	f.Add(optVPCCIDR, "10.20.0.0/33")
	f.Add(optOIDCIssuer, "https://%zz")
	f.Fuzz(func(t *testing.T, name, value string) {
		c, err := parse(map[string]any{name: value}, someRegions, "eu-central-1")
		if err != nil {
			return
		}
		if c.topology != onEC2 || !c.vpcCIDR.Addr().IsPrivate() || c.sshCIDR.IsValid() && c.sshCIDR.Bits() < 8 || c.region == "" {
			t.Errorf("%q=%q was taken: %+v", name, value, c)
		}
	})
}
