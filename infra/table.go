package main

import (
	"cmp"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// option is one name of platform.json, or for a trial of the CDK's context: cdk diff -c name=value.
type option struct {
	name     string
	fallback string // the value that counts if none is set
	unset    string // what the documentation says in place of the fallback
	belongs  scope
	read     reader
	meaning  string
}

// scope tells which deployments take an option.
type scope int

const (
	each           scope = iota
	productionOnly       // only production; other deployments share its setting
)

// row is the option's row in docs/operations.md.
func (o option) row() string {
	return fmt.Sprintf("| `%s` | %s | %s |\n", o.name, cmp.Or(o.unset, o.fallback), o.meaning)
}

const (
	optTopology       = "topology"
	optRegion         = "region"
	optVPCCIDR        = "vpcCidr"
	optAlarmEmail     = "alarmEmail"
	optJenkins        = "jenkins"
	optOIDCIssuer     = "oidcIssuer"
	optOIDCAudience   = "oidcAudience"
	optOIDCSubject    = "oidcSubject"
	optOIDCBranches   = "oidcBranchSubject"
	optHostImage      = "hostImage"
	optHostZone       = "hostZone"
	optInstanceType   = "instanceType"
	optSSHCIDR        = "sshCidr"
	optSSHPublicKey   = "sshPublicKey"
	optSiteAddress    = "siteAddress"
	optCertificateARN = "certificateArn"
	optCloudFront     = "cloudFrontCertificateArn"
	optMinTasks       = "minTasks"
	optMaxTasks       = "maxTasks"
	optImageScanning  = "imageScanning"
	optBackups        = "backups"
	optBackupRegion   = "backupRegion"
	optMonthlyBudget  = "monthlyBudget"
	optRateLimit      = "rateLimit"
)

// options is the table of all options, each with the member of c that it sets. cliRegion is the region of the CLI, "" if none.
func (c *config) options(regions []string, cliRegion string) []option {
	return []option{
		{optTopology, string(onEC2), "", each, oneOf(&c.topology, onEC2, onFargate),
			"`ec2` for one host, `fargate` for tasks behind a load balancer"},
		{optRegion, cliRegion, "the CLI's region", each, awsRegion(&c.region, regions),
			"the AWS region of all stacks"},
		{optVPCCIDR, "10.20.0.0/16", "", each, privateNetwork(&c.vpcCIDR, 16, 24),
			"private IPv4 range of the network, between /16 and /24"},
		{optAlarmEmail, "", "nobody", each, matching(&c.alarmEmail, `[^@\s]+@[^@\s]+\.[^@\s]+`, "an e-mail address"),
			"e-mail address that is told of alarms; it gets a mail to confirm"},
		{optJenkins, string(jenkinsOnEC2), "", productionOnly, oneOf(&c.jenkins, jenkinsOnEC2, jenkinsWithOIDC, jenkinsNowhere),
			"how Jenkins gets the pipeline's role: `instance-profile`, `oidc`, or `none` for no such role"},
		{optOIDCIssuer, "", "none", productionOnly, issuer(&c.oidc.issuer),
			"with `oidc`: the issuer, an https URL"},
		{optOIDCAudience, "", "none", productionOnly, text(&c.oidc.audience),
			"with `oidc`: the audience (`aud`) of its tokens"},
		{optOIDCSubject, "", "none", productionOnly, text(&c.oidc.subject),
			"with `oidc`: the subject (`sub`) of the one job that deploys, main's: such as `https://jenkins.example.org/job/vaultsphere/job/main/`"},
		{optOIDCBranches, "", "no role for them", productionOnly, text(&c.oidc.branchSubject),
			"with `oidc`: the subjects of the branches' jobs, which get a [role that only compares](#what-a-branch-may-do): " +
				"all jobs of a project that has the name of main's, such as `https://jenkins.example.org/job/branches/job/vaultsphere/job/*`, or one other job's"},
		{optHostImage, "", "Amazon Linux 2023", each, matching(&c.hostImage, `ami-[0-9a-f]{8}([0-9a-f]{9})?`, "an image such as ami-0123456789abcdef0"),
			"`ec2`: image of the host, `ami-…`, where `make patch` shall not choose it"},
		{optHostZone, "1", "", each, number(&c.hostZone, 1, 2),
			"`ec2`: which of the network's two availability zones the host is in, 1 or 2; `make move` changes it"},
		{optInstanceType, "t4g.small", "", each, matching(&c.instanceType, `[a-z][a-z0-9-]*\.[a-z0-9-]+`, "a type such as t4g.small"),
			"`ec2`: type of the host, x86_64 or arm64"},
		{optSSHCIDR, "", "closed", each, network(&c.sshCIDR, 8, 32),
			"`ec2`: the one IPv4 range that may reach port 22; SSH through Session Manager needs none"},
		{optSSHPublicKey, "", "none", each, matching(&c.sshPublicKey, `(ssh-ed25519|ssh-rsa) [A-Za-z0-9+/]{40,}={0,2}( \S.*)?`, "one line as in id_ed25519.pub"),
			"`ec2`: OpenSSH public key of the pipeline, ed25519 or RSA"},
		{optSiteAddress, "", "the fixed address", each, matching(&c.siteAddress, `[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?`, "a domain or an IP address, without https://"),
			"domain or IP address of the vault. On `ec2` the proxy serves it over HTTPS; on `fargate` it is the certificate's domain"},
		{optCertificateARN, "", "none", each, certificate(&c.certificateARN),
			"`fargate`, required: ARN of the load balancer's ACM certificate"},
		{optCloudFront, "", "none", each, certificate(&c.cloudFrontCertificateARN),
			"`fargate`: ARN of a second ACM certificate for `siteAddress`, in us-east-1; CloudFront then stands before the " +
				"load balancer, which has no public address: [below](#cloudfront)"},
		{optMinTasks, "2", "", each, number(&c.minTasks, 1, 100),
			"`fargate`: tasks at least"},
		{optMaxTasks, "6", "", each, number(&c.maxTasks, 1, 100),
			"`fargate`: tasks at most"},
		{optImageScanning, string(scansBasic), "", productionOnly, oneOf(&c.imageScanning, scansBasic, scansEnhanced),
			"`basic`, or `enhanced`: Amazon Inspector looks into the images, which costs, and which changes " +
				"how ECR scans every repository of the account in the region: [below](#what-scans-the-images)"},
		{optBackups, string(backupsOff), "", each, oneOf(&c.backups, backupsOff, backupsGovernance, backupsCompliance),
			"`off`, or AWS Backup copies the tables once a day into a locked vault: `governance`, whose lock an " +
				"administrator can take off, or `compliance`, whose lock nobody can, ever: [below](#daily-copies-in-a-locked-vault)"},
		{optBackupRegion, "", "none", each, text(&c.backupRegion),
			"with `backups`: a second region that gets a copy of each"},
		{optMonthlyBudget, "", "none", each, number(&c.monthlyBudget, 1, 1_000_000),
			"US dollars a month that the account may cost; `alarmEmail` is told at 80 %, at 100 %, and when the month is likely to end above"},
		// The limits are those of WAF, but a page alone takes more than 10 requests.
		{optRateLimit, "", "none", each, number(&c.rateLimit, 100, 2_000_000_000),
			"`fargate`: requests of one address in 5 minutes, above which AWS WAF answers them with 429; 100 at least"},
	}
}

// reader checks a value and sets it. What it returns completes the sentence that the option's name begins.
type reader func(value string) (problem string)

func text(to *string) reader {
	return func(value string) string {
		*to = value
		return ""
	}
}

func oneOf[T ~string](to *T, allowed ...T) reader {
	return func(value string) string {
		if !slices.Contains(allowed, T(value)) {
			words := make([]string, len(allowed))
			for i, a := range allowed {
				words[i] = string(a)
			}
			return fmt.Sprintf("is %q, but must be one of %s", value, strings.Join(words, ", "))
		}
		*to = T(value)
		return ""
	}
}

// matching takes a value that the pattern matches from begin to end.
func matching(to *string, pattern, want string) reader {
	whole := regexp.MustCompile(`^(?:` + pattern + `)$`)
	return func(value string) string {
		if !whole.MatchString(value) {
			return fmt.Sprintf("is %q, but must be %s", value, want)
		}
		*to = value
		return ""
	}
}

func certificate(to *string) reader {
	return matching(to, `arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[A-Za-z0-9-]+`, "the ARN of an ACM certificate, arn:aws:acm:…")
}

func awsRegion(to *string, regions []string) reader {
	return func(value string) string {
		if !slices.Contains(regions, value) {
			return fmt.Sprintf("is %q, which is no AWS region", value)
		}
		*to = value
		return ""
	}
}

// network takes an IPv4 range whose prefix has between most and least bits.
func network(to *netip.Prefix, most, least int) reader {
	return func(value string) string {
		n, err := netip.ParsePrefix(value)
		switch {
		case err != nil || !n.Addr().Is4():
			return fmt.Sprintf("is %q, but must be an IPv4 range such as 203.0.113.0/24", value)
		case n != n.Masked():
			return fmt.Sprintf("is %q, but the range of that size begins at %s", value, n.Masked())
		case n.Bits() < most || n.Bits() > least:
			return fmt.Sprintf("is %q, but must be between /%d and /%d in size", value, most, least)
		}
		*to = n
		return ""
	}
}

func privateNetwork(to *netip.Prefix, most, least int) reader {
	return func(value string) string {
		var n netip.Prefix
		if problem := network(&n, most, least)(value); problem != "" {
			return problem
		}
		if !n.Addr().IsPrivate() {
			return fmt.Sprintf("is %q, but must be a private range (RFC 1918)", value)
		}
		*to = n
		return ""
	}
}

func number(to *int, lo, hi int) reader {
	return func(value string) string {
		n, err := strconv.Atoi(value)
		if err != nil || n < lo || n > hi {
			return fmt.Sprintf("is %q, but must be a whole number between %d and %d", value, lo, hi)
		}
		*to = n
		return ""
	}
}

// issuer takes the URL of an OpenID Connect provider, and sets it as IAM wants it: without a slash at the end.
func issuer(to *string) reader {
	return func(value string) string {
		u, err := url.Parse(value)
		if err != nil || u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
			return fmt.Sprintf("is %q, but must be a URL such as https://jenkins.example.org/oidc", value)
		}
		*to = strings.TrimSuffix(value, "/")
		return ""
	}
}
