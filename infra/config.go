package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/names"
)

// config is all that the options say, checked.
type config struct {
	topology       topology
	region         string
	vpcCIDR        netip.Prefix
	alarmEmail     string // empty: nobody is subscribed
	jenkins        jenkinsAccess
	oidc           oidc
	hostImage      string // empty: what the SSM parameter says
	hostZone       int    // 1 or 2
	deployment     names.Deployment
	instanceType   string
	sshCIDR        netip.Prefix // not valid: port 22 is closed
	sshPublicKey   string       // empty: no key
	siteAddress    string       // empty: the elastic IP address
	certificateARN string
	// cloudFrontCertificateARN is empty where the load balancer itself is on the Internet.
	cloudFrontCertificateARN string

	minTasks      int
	maxTasks      int
	imageScanning imageScanning
	backups       backups
	backupRegion  string // empty: no second copy
	monthlyBudget int    // 0: nobody watches
	rateLimit     int    // 0: none
	// refusals say why this may be looked at, but not deployed.
	refusals []string
}

type topology string

const (
	onEC2     topology = "ec2"
	onFargate topology = "fargate"
)

// jenkinsAccess is how Jenkins comes by the pipeline's role.
type jenkinsAccess string

const (
	jenkinsOnEC2    jenkinsAccess = "instance-profile"
	jenkinsWithOIDC jenkinsAccess = "oidc"
	jenkinsNowhere  jenkinsAccess = "none"
)

// imageScanning is how ECR looks for vulnerabilities in images.
type imageScanning string

const (
	scansBasic    imageScanning = "basic"
	scansEnhanced imageScanning = "enhanced"
)

// backups is whether AWS Backup copies the tables, and who may take the lock off the copies.
type backups string

const (
	backupsOff        backups = "off"
	backupsGovernance backups = "governance"
	backupsCompliance backups = "compliance"
)

type oidc struct{ issuer, audience, subject string }

// option is one name of platform.json, or for a trial of the CDK's context: cdk diff -c name=value.
type option struct{ name, fallback, meaning string }

const (
	optTopology       = "topology"
	optRegion         = "region"
	optVPCCIDR        = "vpcCidr"
	optAlarmEmail     = "alarmEmail"
	optJenkins        = "jenkins"
	optOIDCIssuer     = "oidcIssuer"
	optOIDCAudience   = "oidcAudience"
	optOIDCSubject    = "oidcSubject"
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

// options is every option there is. docs/operations.md has the same table, and a test compares them.
var options = []option{
	{optTopology, string(onEC2), "`ec2` for one host, `fargate` for tasks behind a load balancer"},
	{optRegion, "the CLI's region", "the AWS region of all stacks"},
	{optVPCCIDR, "10.20.0.0/16", "private IPv4 range of the network, between /16 and /24"},
	{optAlarmEmail, "nobody", "e-mail address that is told of alarms; it gets a mail to confirm"},
	{optJenkins, string(jenkinsOnEC2), "how Jenkins gets the pipeline's role: `instance-profile`, `oidc`, or `none` for no such role"},
	{optOIDCIssuer, "none", "with `oidc`: the issuer, an https URL"},
	{optOIDCAudience, "none", "with `oidc`: the audience (`aud`) of its tokens"},
	{optOIDCSubject, "none", "with `oidc`: the subject (`sub`) of the one job that deploys, main's: such as `https://jenkins.example.org/job/vaultsphere/job/main/`"},
	{optHostImage, "Amazon Linux 2023", "`ec2`: image of the host, `ami-…`, where `make patch` shall not choose it"},
	{optHostZone, "1", "`ec2`: which of the network's two availability zones the host is in, 1 or 2; `make move` changes it"},
	{optInstanceType, "t4g.small", "`ec2`: type of the host, x86_64 or arm64"},
	{optSSHCIDR, "closed", "`ec2`: the one IPv4 range that may reach port 22; SSH through Session Manager needs none"},
	{optSSHPublicKey, "none", "`ec2`: OpenSSH public key of the pipeline, ed25519 or RSA"},
	{optSiteAddress, "the fixed address", "domain or IP address of the vault. On `ec2` the proxy serves it over HTTPS; on `fargate` it is the certificate's domain"},
	{optCertificateARN, "none", "`fargate`, required: ARN of the load balancer's ACM certificate"},
	{optCloudFront, "none", "`fargate`: ARN of a second ACM certificate for `siteAddress`, in us-east-1; CloudFront then stands before the " +
		"load balancer, which has no public address: [below](#cloudfront)"},
	{optMinTasks, "2", "`fargate`: tasks at least"},
	{optMaxTasks, "6", "`fargate`: tasks at most"},
	{optImageScanning, string(scansBasic), "`basic`, or `enhanced`: Amazon Inspector looks into the images, which costs, and which changes " +
		"how ECR scans every repository of the account in the region: [below](#what-scans-the-images)"},
	{optBackups, string(backupsOff), "`off`, or AWS Backup copies the tables once a day into a locked vault: `governance`, whose lock an " +
		"administrator can take off, or `compliance`, whose lock nobody can, ever: [below](#daily-copies-in-a-locked-vault)"},
	{optBackupRegion, "none", "with `backups`: a second region that gets a copy of each"},
	{optMonthlyBudget, "none", "US dollars a month that the account may cost; `alarmEmail` is told at 80 %, at 100 %, and when the month is likely to end above"},
	{optRateLimit, "none", "`fargate`: requests of one address in 5 minutes, above which AWS WAF answers them with 429; 100 at least"},
}

// parse checks the options of the file, and those of the context, which come before them. regions are all that AWS has;
// cliRegion is the one the CLI found, "" if none. All problems are told at once.
func parse(deployment names.Deployment, file, context map[string]any, regions []string, cliRegion string) (config, error) {
	p := parser{file: optionsFileOf(deployment), values: map[string]string{}, inFile: map[string]bool{}}
	for _, name := range slices.Sorted(maps.Keys(file)) {
		p.inFile[name] = true
		p.take(name, file[name])
	}
	written := maps.Clone(p.values)
	for _, name := range slices.Sorted(maps.Keys(context)) {
		// Those with a colon or an at sign are the CDK's own: feature flags and look-ups.
		if strings.ContainsAny(name, ":@") || name == "cli-telemetry" { // which cdk.json turns off
			continue
		}
		p.inFile[name] = false
		p.take(name, context[name])
	}
	c := config{
		deployment:               deployment,
		topology:                 choice(&p, optTopology, onEC2, onEC2, onFargate),
		jenkins:                  choice(&p, optJenkins, jenkinsOnEC2, jenkinsOnEC2, jenkinsWithOIDC, jenkinsNowhere),
		region:                   p.region(regions, cliRegion),
		vpcCIDR:                  p.network(optVPCCIDR, 16, 24),
		sshCIDR:                  p.network(optSSHCIDR, 8, 32),
		alarmEmail:               p.match(optAlarmEmail, `[^@\s]+@[^@\s]+\.[^@\s]+`, "an e-mail address"),
		hostZone:                 p.number(optHostZone, 1, 1, 2),
		hostImage:                p.match(optHostImage, `ami-[0-9a-f]{8}([0-9a-f]{9})?`, "an image such as ami-0123456789abcdef0"),
		instanceType:             cmp.Or(p.match(optInstanceType, `[a-z][a-z0-9-]*\.[a-z0-9-]+`, "a type such as t4g.small"), "t4g.small"),
		sshPublicKey:             p.match(optSSHPublicKey, `(ssh-ed25519|ssh-rsa) [A-Za-z0-9+/]{40,}={0,2}( \S.*)?`, "one line as in id_ed25519.pub"),
		siteAddress:              p.match(optSiteAddress, `[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?`, "a domain or an IP address, without https://"),
		certificateARN:           p.certificate(optCertificateARN),
		cloudFrontCertificateARN: p.certificate(optCloudFront),
		oidc: oidc{
			issuer:   p.issuer(),
			audience: p.values[optOIDCAudience],
			subject:  p.values[optOIDCSubject],
		},
		minTasks:      p.number(optMinTasks, 2, 1, 100),
		maxTasks:      p.number(optMaxTasks, 6, 1, 100),
		imageScanning: choice(&p, optImageScanning, scansBasic, scansBasic, scansEnhanced),
		backups:       choice(&p, optBackups, backupsOff, backupsOff, backupsGovernance, backupsCompliance),
		backupRegion:  p.values[optBackupRegion],
		monthlyBudget: p.number(optMonthlyBudget, 0, 1, 1_000_000),
		rateLimit:     p.number(optRateLimit, 0, 100, 2_000_000_000), // WAF's own limits, but that a page alone takes more than 10
	}
	p.together(c)
	p.secondRegion(c, regions)
	c.refusals = refusals(c, written, p.values)
	return c, errors.Join(p.errs...)
}

// refusals are the reasons not to deploy what may be synthesized. written are the options of the file alone.
func refusals(c config, written, values map[string]string) []string {
	var all []string
	for _, o := range options {
		if v := values[o.name]; v != written[o.name] {
			says := "does not set it"
			if written[o.name] != "" {
				says = fmt.Sprintf("has %q", written[o.name])
			}
			all = append(all, fmt.Sprintf("%s is %q on the command line or in cdk.json, but %s %s: change it there, or the next "+
				"deploy undoes this one (make diff takes it for a trial)", o.name, v, optionsFileOf(c.deployment), says))
		}
	}
	if c.topology == onEC2 && c.sshPublicKey == "" && !c.sshCIDR.IsValid() {
		all = append(all, fmt.Sprintf("%s has neither %s nor %s, so nobody could bring a release to the host: set %s to the "+
			"pipeline's public key", optionsFileOf(c.deployment), optSSHPublicKey, optSSHCIDR, optSSHPublicKey))
	}
	return all
}

// together checks what two options say of each other.
func (p *parser) together(c config) {
	if c.topology == onFargate {
		p.service(c)
	} else {
		if c.rateLimit > 0 {
			p.bad(optRateLimit, "needs topology fargate: it is a rule of the load balancer, which one host has not")
		}
		if c.cloudFrontCertificateARN != "" {
			p.bad(optCloudFront, "needs topology fargate: CloudFront stands before the load balancer, which one host has not")
		}
	}
	if c.deployment != "" {
		p.shared(c.deployment)
	}
	if c.monthlyBudget > 0 && c.alarmEmail == "" && p.values[optAlarmEmail] == "" {
		p.require(optAlarmEmail, "with monthlyBudget, which tells it what the account costs")
	}
	for _, o := range []struct{ name, value string }{
		{optOIDCIssuer, c.oidc.issuer}, {optOIDCAudience, c.oidc.audience}, {optOIDCSubject, c.oidc.subject},
	} {
		if c.jenkins == jenkinsWithOIDC && o.value == "" && p.values[o.name] == "" {
			p.require(o.name, "with jenkins=oidc")
		}
	}
	// With a wildcard, a job of the same beginning could take the role: that of a branch whose name somebody chose for it.
	if strings.ContainsAny(c.oidc.subject, "*?") {
		p.bad(optOIDCSubject, fmt.Sprintf("is %q, but must name one job, main's, without wildcards: a branch must not take the role", c.oidc.subject))
	}
}

// service checks what topology fargate needs.
func (p *parser) service(c config) {
	if c.certificateARN == "" {
		p.require(optCertificateARN, "with topology fargate: the load balancer serves HTTPS only; request a certificate in AWS "+
			"Certificate Manager and set its ARN")
	} else if parts := strings.Split(c.certificateARN, ":"); parts[3] != c.region {
		p.bad(optCertificateARN, fmt.Sprintf("is of region %s, but the load balancer is in %s: request a certificate there",
			parts[3], c.region))
	}
	if c.cloudFrontCertificateARN != "" {
		p.cloudFront(c)
	}
	if c.minTasks > c.maxTasks {
		p.bad(optMinTasks, fmt.Sprintf("is %d, more than %s, which is %d", c.minTasks, optMaxTasks, c.maxTasks))
	}
}

// cloudFrontRegion is where CloudFront looks for its certificates, whatever region the platform is in.
const cloudFrontRegion = "us-east-1"

// cloudFront checks what CloudFront needs.
func (p *parser) cloudFront(c config) {
	if region := strings.Split(c.cloudFrontCertificateARN, ":")[3]; region != cloudFrontRegion {
		p.bad(optCloudFront, fmt.Sprintf("is of region %s, but CloudFront takes certificates of %s only: request one there", region, cloudFrontRegion))
	}
	if _, err := netip.ParseAddr(c.siteAddress); err == nil || c.siteAddress == "" {
		p.require(optSiteAddress, "with "+optCloudFront+": CloudFront has to know the domain, and takes no IP address")
	}
	if c.rateLimit > 0 {
		p.bad(optRateLimit, "cannot count users behind CloudFront, whose addresses the load balancer sees: remove it or "+optCloudFront)
	}
}

// shared refuses the options that deployment takes from production.
func (p *parser) shared(deployment names.Deployment) {
	for _, name := range []string{optJenkins, optOIDCIssuer, optOIDCAudience, optOIDCSubject, optImageScanning} {
		if p.values[name] != "" {
			p.bad(name, fmt.Sprintf("is production's, which %s shares: set it in %s", deployment, optionsFile))
		}
	}
}

// secondRegion checks where the copies of the copies go.
func (p *parser) secondRegion(c config, regions []string) {
	switch {
	case c.backupRegion == "":
	case !slices.Contains(regions, c.backupRegion):
		p.bad(optBackupRegion, fmt.Sprintf("is %q, which is no AWS region", c.backupRegion))
	case c.backupRegion == c.region:
		p.bad(optBackupRegion, fmt.Sprintf("is %q, where the tables are: name another region", c.backupRegion))
	case c.backups == backupsOff:
		p.bad(optBackupRegion, fmt.Sprintf("is set, but %[1]s is %[2]s, so there is nothing to copy: set %[1]s to %[3]s or %[4]s",
			optBackups, backupsOff, backupsGovernance, backupsCompliance))
	}
}

type parser struct {
	file   string
	values map[string]string
	inFile map[string]bool // whether the value came from the file
	errs   []error
}

func (p *parser) bad(name, problem string) {
	from := ""
	if p.inFile[name] {
		from = p.file + ": "
	}
	p.errs = append(p.errs, fmt.Errorf("%s%s %s", from, name, problem))
}

func (p *parser) require(name, why string) {
	p.bad(name, "is required "+why+": set it in "+p.file)
}

// take keeps one value.
func (p *parser) take(name string, value any) {
	if !slices.ContainsFunc(options, func(o option) bool { return o.name == name }) {
		p.bad(name, "is no option"+suggestion(name))
		return
	}
	switch v := value.(type) {
	case nil:
	case string:
		p.values[name] = strings.TrimSpace(v)
	case bool, float64:
		p.values[name] = fmt.Sprint(v)
	default:
		p.bad(name, "must be one text or number, not a list or an object")
	}
}

// suggestion names the option that was probably meant.
func suggestion(name string) string {
	if name == "release" {
		return ": make release runs what make push has pushed, and make deploy keeps what runs"
	}
	for _, o := range options {
		a, b := strings.ToLower(o.name), strings.ToLower(name)
		if a == b || strings.HasPrefix(a, b) || strings.HasPrefix(b, a) || sortedLetters(a) == sortedLetters(b) || oneLetterOff(a, b) {
			return ": did you mean " + o.name + "?"
		}
	}
	return ": docs/operations.md lists the options"
}

func sortedLetters(s string) string {
	b := []byte(s)
	slices.Sort(b)
	return string(b)
}

// oneLetterOff tells whether one letter was forgotten, added or mistyped.
func oneLetterOff(a, b string) bool {
	if len(a) < len(b) {
		a, b = b, a
	}
	if len(a)-len(b) > 1 {
		return false
	}
	i := 0
	for i < len(b) && a[i] == b[i] {
		i++
	}
	if len(a) == len(b) {
		return i == len(b) || a[i+1:] == b[i+1:]
	}
	return a[i+1:] == b[i:]
}

func choice[T ~string](p *parser, name string, fallback T, allowed ...T) T {
	v, ok := p.values[name]
	if !ok || v == "" {
		return fallback
	}
	if !slices.Contains(allowed, T(v)) {
		words := make([]string, len(allowed))
		for i, a := range allowed {
			words[i] = string(a)
		}
		p.bad(name, fmt.Sprintf("is %q, but must be one of %s", v, strings.Join(words, ", ")))
		return fallback
	}
	return T(v)
}

// match returns the value if pattern matches all of it, and "" if it is not set.
func (p *parser) match(name, pattern, want string) string {
	v := p.values[name]
	if v != "" && !regexp.MustCompile(`^(?:`+pattern+`)$`).MatchString(v) {
		p.bad(name, fmt.Sprintf("is %q, but must be %s", v, want))
		return ""
	}
	return v
}

func (p *parser) certificate(name string) string {
	return p.match(name, `arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[A-Za-z0-9-]+`, "the ARN of an ACM certificate, arn:aws:acm:…")
}

func (p *parser) region(regions []string, cliRegion string) string {
	r := cmp.Or(p.values[optRegion], cliRegion)
	switch {
	case r == "":
		p.bad(optRegion, "is not set: set it in "+p.file+", or AWS_REGION in the environment")
	case !slices.Contains(regions, r):
		p.bad(optRegion, fmt.Sprintf("is %q, which is no AWS region", r))
	}
	return r
}

// network reads a private or, for SSH, a public IPv4 range. One that is not set has the option's default, which may be none.
func (p *parser) network(name string, most, least int) netip.Prefix {
	v := p.values[name]
	if v == "" {
		for _, o := range options {
			if fallback, err := netip.ParsePrefix(o.fallback); o.name == name && err == nil {
				return fallback
			}
		}
		return netip.Prefix{}
	}
	n, err := netip.ParsePrefix(v)
	switch {
	case err != nil || !n.Addr().Is4():
		p.bad(name, fmt.Sprintf("is %q, but must be an IPv4 range such as 203.0.113.0/24", v))
	case n != n.Masked():
		p.bad(name, fmt.Sprintf("is %q, but the range of that size begins at %s", v, n.Masked()))
	case n.Bits() < most || n.Bits() > least:
		p.bad(name, fmt.Sprintf("is %q, but must be between /%d and /%d in size", v, most, least))
	case name == optVPCCIDR && !n.Addr().IsPrivate():
		p.bad(name, fmt.Sprintf("is %q, but must be a private range (RFC 1918)", v))
	default:
		return n
	}
	return netip.Prefix{}
}

func (p *parser) number(name string, fallback, lo, hi int) int {
	v := p.values[name]
	if v == "" {
		return fallback
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < lo || n > hi {
		p.bad(name, fmt.Sprintf("is %q, but must be a whole number between %d and %d", v, lo, hi))
		return fallback
	}
	return n
}

// issuer returns the URL of an OpenID Connect provider as IAM takes it: https, no query, no slash at the end.
func (p *parser) issuer() string {
	v := p.values[optOIDCIssuer]
	if v == "" {
		return ""
	}
	u, err := url.Parse(v)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		p.bad(optOIDCIssuer, fmt.Sprintf("is %q, but must be a URL such as https://jenkins.example.org/oidc", v))
		return ""
	}
	return strings.TrimSuffix(v, "/")
}
