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

	"github.com/vaultsphere/vaultsphere/app/names"
)

// option is a member of platform.json. To try a value out, it can also come from the CDK context: cdk diff -c name=value.
type option struct {
	name     string
	fallback string // default value
	unset    string // shown in the documentation in place of the default
	belongs  scope
	read     reader
	meaning  string
}

// scope is the set of deployments that accept an option.
type scope int

const (
	each           scope = iota
	productionOnly       // other deployments share the value
)

// row returns the option's row in docs/operations.md.
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
	optRegistration   = "registration"
	optAuditDays      = "auditDays"
)

// options is the table of all options, each with the member of c that it sets. cliRegion is the region of the AWS CLI, or "".
func (c *config) options(regions []string, cliRegion string) []option {
	return []option{
		{optTopology, string(onEC2), "", each, oneOf(&c.topology, onEC2, onFargate),
			"`ec2` for one host, `fargate` for tasks behind a load balancer"},
		{optRegion, cliRegion, "region of the AWS CLI", each, awsRegion(&c.region, regions),
			"AWS region of all stacks"},
		{optVPCCIDR, "10.20.0.0/16", "", each, privateNetwork(&c.vpcCIDR, 16, 24),
			"private IPv4 range of the VPC, between /16 and /24"},
		{optAlarmEmail, "", "none", each, matching(&c.alarmEmail, `[^@\s]+@[^@\s]+\.[^@\s]+`, "an e-mail address"),
			"e-mail address for alarms; AWS asks it to confirm the subscription"},
		{optJenkins, string(jenkinsOnEC2), "", productionOnly, oneOf(&c.jenkins, jenkinsOnEC2, jenkinsWithOIDC, jenkinsNowhere),
			"how Jenkins gets the pipeline's role: `instance-profile`, `oidc`, or `none` for no role"},
		{optOIDCIssuer, "", "none", productionOnly, issuer(&c.oidc.issuer),
			"with `oidc`: URL of the issuer, over HTTPS"},
		{optOIDCAudience, "", "none", productionOnly, text(&c.oidc.audience),
			"with `oidc`: audience (`aud`) of the tokens"},
		{optOIDCSubject, "", "none", productionOnly, text(&c.oidc.subject),
			"with `oidc`: subject (`sub`) of main's job, the only one that deploys, such as `https://jenkins.example.org/job/vaultsphere/job/main/`"},
		{optOIDCBranches, "", "no role for branches", productionOnly, text(&c.oidc.branchSubject),
			"with `oidc`: subjects of the branch jobs, which get a [role that can only compare](#what-a-branch-may-do): one job, or all jobs " +
				"of a project with the same name as main's, such as `https://jenkins.example.org/job/branches/job/vaultsphere/job/*`"},
		{optHostImage, "", "Amazon Linux 2023", each, matching(&c.hostImage, `ami-[0-9a-f]{8}([0-9a-f]{9})?`, "an image such as ami-0123456789abcdef0"),
			"`ec2`: image of the host, `ami-…`, in place of the image that `make patch` records"},
		{optHostZone, "1", "", each, number(&c.hostZone, 1, 2),
			"`ec2`: availability zone of the host, the first or the second of the VPC; `make move` changes it"},
		{optInstanceType, "t4g.small", "", each, matching(&c.instanceType, `[a-z][a-z0-9-]*\.[a-z0-9-]+`, "an instance type such as t4g.small"),
			"`ec2`: instance type of the host, x86_64 or arm64"},
		{optSSHCIDR, "", "closed", each, network(&c.sshCIDR, 8, 32),
			"`ec2`: IPv4 range that may reach port 22; SSH through Session Manager does not need it"},
		{optSSHPublicKey, "", "none", each, matching(&c.sshPublicKey, `(ssh-ed25519|ssh-rsa) [A-Za-z0-9+/]{40,}={0,2}( \S.*)?`, "one line such as that in id_ed25519.pub"),
			"`ec2`: OpenSSH public key of the pipeline, Ed25519 or RSA"},
		{optSiteAddress, "", "the elastic IP address", each, matching(&c.siteAddress, `[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?`, "a domain or an IP address, without https://"),
			"domain or IP address of the vault. On `ec2` the proxy gets a certificate for it; on `fargate` it is the domain of the certificate"},
		{optCertificateARN, "", "none", each, certificate(&c.certificateARN),
			"`fargate`, required: ARN of the load balancer's certificate in ACM"},
		{optCloudFront, "", "none", each, certificate(&c.cloudFrontCertificateARN),
			"`fargate`: ARN of a second ACM certificate for `siteAddress`, in us-east-1. It puts [CloudFront](#cloudfront) in front of the " +
				"load balancer, which then has no public address"},
		{optMinTasks, "2", "", each, number(&c.minTasks, 1, 100),
			"`fargate`: minimum number of tasks"},
		{optMaxTasks, "6", "", each, number(&c.maxTasks, 1, 100),
			"`fargate`: maximum number of tasks"},
		{optImageScanning, string(scansBasic), "", productionOnly, oneOf(&c.imageScanning, scansBasic, scansEnhanced),
			"`basic`, or `enhanced` for [scans by Amazon Inspector](#what-scans-the-images), which cost money and change how ECR scans every " +
				"repository of the account in the region"},
		{optBackups, string(backupsOff), "", each, oneOf(&c.backups, backupsOff, backupsGovernance, backupsCompliance),
			"`off`, or [daily backups in a locked vault](#daily-copies-in-a-locked-vault): an administrator can remove the lock of " +
				"`governance`, nobody that of `compliance`, ever"},
		{optBackupRegion, "", "none", each, text(&c.backupRegion),
			"with `backups`: second region for a copy of each backup"},
		{optMonthlyBudget, "", "none", each, number(&c.monthlyBudget, 1, 1_000_000),
			"monthly budget of the account in US dollars; `alarmEmail` gets a notification at 80 %, at 100 %, and if the forecast exceeds it"},
		// WAF allows 10 to 2,000,000,000, but loading the page takes more than 10 requests.
		{optRateLimit, "", "none", each, number(&c.rateLimit, 100, 2_000_000_000),
			"`fargate`: requests from one address in 5 minutes, at least 100; AWS WAF answers more with 429"},
		{optRegistration, names.RegistrationInvite, "", each, oneOf(&c.registration, names.RegistrationInvite, names.RegistrationOpen),
			"who may register: `invite` requires a link from an [administrator](#inviting-people), `open` allows anyone who reaches the server"},
		{optAuditDays, strconv.Itoa(names.DefaultAuditDays), "", each, number(&c.auditDays, 1, names.MaxAuditDays),
			"days that events of the [audit trail](#the-audit-trail) are kept"},
	}
}

// reader validates a value and sets the option. The problem continues a sentence that begins with the option's name.
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

// matching accepts a value if the pattern matches all of it.
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
			return fmt.Sprintf("is %q, which is not an AWS region", value)
		}
		*to = value
		return ""
	}
}

// network accepts an IPv4 range from /largest to /smallest.
func network(to *netip.Prefix, largest, smallest int) reader {
	return func(value string) string {
		n, err := netip.ParsePrefix(value)
		switch {
		case err != nil || !n.Addr().Is4():
			return fmt.Sprintf("is %q, but must be an IPv4 range such as 203.0.113.0/24", value)
		case n != n.Masked():
			return fmt.Sprintf("is %q, but a range of this size starts at %s", value, n.Masked())
		case n.Bits() < largest || n.Bits() > smallest:
			return fmt.Sprintf("is %q, but must be between /%d and /%d", value, largest, smallest)
		}
		*to = n
		return ""
	}
}

func privateNetwork(to *netip.Prefix, largest, smallest int) reader {
	return func(value string) string {
		var n netip.Prefix
		if problem := network(&n, largest, smallest)(value); problem != "" {
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

// issuer accepts the URL of an OpenID Connect provider. IAM wants it without a trailing slash.
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
