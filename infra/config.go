package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
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

type oidc struct{ issuer, audience, subject, branchSubject string }

// parse checks the options of the file, and those of the context, which come before them. regions are all that AWS has;
// cliRegion is the one the CLI found, "" if none. All problems are told at once.
func parse(deployment names.Deployment, file, context map[string]any, regions []string, cliRegion string) (config, error) {
	c := config{deployment: deployment}
	p := parser{file: optionsFileOf(deployment), options: c.options(regions, cliRegion), values: map[string]string{}, inFile: map[string]bool{}}
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
	for _, o := range p.options {
		p.read(o)
	}
	if cmp.Or(p.values[optRegion], cliRegion) == "" {
		p.bad(optRegion, "is not set: set it in "+p.file+", or AWS_REGION in the environment")
	}
	p.together(c)
	p.secondRegion(c, regions)
	c.refusals = p.refusals(c, written)
	return c, errors.Join(p.errs...)
}

// refusals are the reasons not to deploy what may be synthesized. written are the options of the file alone.
func (p *parser) refusals(c config, written map[string]string) []string {
	var all []string
	for _, o := range p.options {
		if v := p.values[o.name]; v != written[o.name] {
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
	p.subjects(c.oidc)
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
	for _, o := range p.options {
		if o.belongs == productionOnly && p.values[o.name] != "" {
			p.bad(o.name, fmt.Sprintf("is production's, which %s shares: set it in %s", deployment, optionsFile))
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
	file    string
	options []option
	values  map[string]string
	inFile  map[string]bool // whether the value came from the file
	errs    []error
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
	switch {
	case name == "release":
		p.bad(name, "is no option: make release runs what make push has pushed, and make deploy keeps what runs")
		return
	case !slices.ContainsFunc(p.options, func(o option) bool { return o.name == name }):
		p.bad(name, "is no option: docs/operations.md lists the options")
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

// read sets an option, to its fallback where its value is missing or bad.
func (p *parser) read(o option) {
	value := cmp.Or(p.values[o.name], o.fallback)
	if value == "" {
		return
	}
	if problem := o.read(value); problem != "" {
		p.bad(o.name, problem)
		o.read(o.fallback)
	}
}
