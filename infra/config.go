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

// config holds the validated options.
type config struct {
	topology       topology
	region         string
	vpcCIDR        netip.Prefix
	alarmEmail     string // empty: no subscription
	jenkins        jenkinsAccess
	oidc           oidc
	hostImage      string // empty: the image that the SSM parameter names
	hostZone       int    // 1 or 2
	deployment     names.Deployment
	instanceType   string
	sshCIDR        netip.Prefix // invalid: port 22 is closed
	sshPublicKey   string       // empty: no key
	siteAddress    string       // empty: the elastic IP address
	certificateARN string
	// cloudFrontCertificateARN is empty if the load balancer faces the Internet.
	cloudFrontCertificateARN string

	minTasks      int
	maxTasks      int
	imageScanning imageScanning
	backups       backups
	backupRegion  string // empty: no second copy
	monthlyBudget int    // 0: no budget
	rateLimit     int    // 0: no limit
	registration  string // names.RegistrationInvite or names.RegistrationOpen
	auditDays     int
	// refusals are the reasons why this configuration can be synthesized but not deployed.
	refusals []string
}

type topology string

const (
	onEC2     topology = "ec2"
	onFargate topology = "fargate"
)

// jenkinsAccess is how Jenkins gets the pipeline's role.
type jenkinsAccess string

const (
	jenkinsOnEC2    jenkinsAccess = "instance-profile"
	jenkinsWithOIDC jenkinsAccess = "oidc"
	jenkinsNowhere  jenkinsAccess = "none"
)

// imageScanning is how ECR scans images for vulnerabilities.
type imageScanning string

const (
	scansBasic    imageScanning = "basic"
	scansEnhanced imageScanning = "enhanced"
)

// backups is whether AWS Backup copies the tables, and the mode of the vault's lock.
type backups string

const (
	backupsOff        backups = "off"
	backupsGovernance backups = "governance"
	backupsCompliance backups = "compliance"
)

type oidc struct{ issuer, audience, subject, branchSubject string }

// parse validates the options of the file and of the CDK context, which override them. regions are all regions of AWS; cliRegion is
// the region of the AWS CLI, or "". The error joins all problems.
func parse(deployment names.Deployment, file, context map[string]any, regions []string, cliRegion string) (config, error) {
	c := config{deployment: deployment}
	p := parser{file: optionsFileOf(deployment), options: c.options(regions, cliRegion), values: map[string]string{}, inFile: map[string]bool{}}
	for _, name := range slices.Sorted(maps.Keys(file)) {
		p.inFile[name] = true
		p.take(name, file[name])
	}
	committed := maps.Clone(p.values)
	for _, name := range slices.Sorted(maps.Keys(context)) {
		// Names with a colon or an at sign belong to the CDK: feature flags and lookups.
		if strings.ContainsAny(name, ":@") || name == "cli-telemetry" { // set in cdk.json
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
	c.refusals = p.refusals(c, committed)
	return c, errors.Join(p.errs...)
}

// refusals returns the reasons not to deploy a valid configuration. committed are the options of the file.
func (p *parser) refusals(c config, committed map[string]string) []string {
	var all []string
	for _, o := range p.options {
		if v := p.values[o.name]; v != committed[o.name] {
			state := "does not set it"
			if committed[o.name] != "" {
				state = fmt.Sprintf("has %q", committed[o.name])
			}
			all = append(all, fmt.Sprintf("%s is %q on the command line or in cdk.json, but %s %s: change it in the file, or the "+
				"next deploy would undo this one (to try it out, use make diff)", o.name, v, optionsFileOf(c.deployment), state))
		}
	}
	if c.topology == onEC2 && c.sshPublicKey == "" && !c.sshCIDR.IsValid() {
		all = append(all, fmt.Sprintf("%s sets neither %s nor %s, so no release could reach the host: set %s to the "+
			"pipeline's public key", optionsFileOf(c.deployment), optSSHPublicKey, optSSHCIDR, optSSHPublicKey))
	}
	return all
}

// together checks options that depend on each other.
func (p *parser) together(c config) {
	if c.topology == onFargate {
		p.service(c)
	} else {
		if c.rateLimit > 0 {
			p.bad(optRateLimit, "needs topology fargate: it is a rule on the load balancer, which topology ec2 does not have")
		}
		if c.cloudFrontCertificateARN != "" {
			p.bad(optCloudFront, "needs topology fargate: CloudFront is in front of the load balancer, which topology ec2 does not have")
		}
	}
	if c.deployment != "" {
		p.shared(c.deployment)
	}
	if c.monthlyBudget > 0 && c.alarmEmail == "" && p.values[optAlarmEmail] == "" {
		p.require(optAlarmEmail, "with monthlyBudget, which sends its notifications there")
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

// service checks the options of topology fargate.
func (p *parser) service(c config) {
	if c.certificateARN == "" {
		p.require(optCertificateARN, "with topology fargate: the load balancer serves HTTPS only; request a certificate in AWS "+
			"Certificate Manager and set its ARN")
	} else if parts := strings.Split(c.certificateARN, ":"); parts[3] != c.region {
		p.bad(optCertificateARN, fmt.Sprintf("is in region %s, but the load balancer is in %s: request a certificate there",
			parts[3], c.region))
	}
	if c.cloudFrontCertificateARN != "" {
		p.cloudFront(c)
	}
	if c.minTasks > c.maxTasks {
		p.bad(optMinTasks, fmt.Sprintf("is %d, more than %s, which is %d", c.minTasks, optMaxTasks, c.maxTasks))
	}
}

// cloudFrontRegion is the only region whose certificates CloudFront can use.
const cloudFrontRegion = "us-east-1"

// cloudFront checks the options that CloudFront depends on.
func (p *parser) cloudFront(c config) {
	if region := strings.Split(c.cloudFrontCertificateARN, ":")[3]; region != cloudFrontRegion {
		p.bad(optCloudFront, fmt.Sprintf("is in region %s, but CloudFront needs a certificate in %s: request one there", region, cloudFrontRegion))
	}
	if _, err := netip.ParseAddr(c.siteAddress); err == nil || c.siteAddress == "" {
		p.require(optSiteAddress, "with "+optCloudFront+": CloudFront serves a domain, not an IP address")
	}
	if c.rateLimit > 0 {
		p.bad(optRateLimit, "cannot count users behind CloudFront, because the load balancer sees only CloudFront's addresses: remove it or "+optCloudFront)
	}
}

// shared rejects options that deployment shares with production.
func (p *parser) shared(deployment names.Deployment) {
	for _, o := range p.options {
		if o.belongs == productionOnly && p.values[o.name] != "" {
			p.bad(o.name, fmt.Sprintf("belongs to production, and %s shares its value: set it in %s", deployment, optionsFile))
		}
	}
}

// secondRegion checks the region of the second copy.
func (p *parser) secondRegion(c config, regions []string) {
	switch {
	case c.backupRegion == "":
	case !slices.Contains(regions, c.backupRegion):
		p.bad(optBackupRegion, fmt.Sprintf("is %q, which is not an AWS region", c.backupRegion))
	case c.backupRegion == c.region:
		p.bad(optBackupRegion, fmt.Sprintf("is %q, which is the region of the tables: choose another one", c.backupRegion))
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

// take records the value of one option.
func (p *parser) take(name string, value any) {
	switch {
	case name == "release":
		p.bad(name, "is not an option: make release deploys the image that make push pushed, and make deploy keeps the current one")
		return
	case !slices.ContainsFunc(p.options, func(o option) bool { return o.name == name }):
		p.bad(name, "is not an option: docs/operations.md lists the options")
		return
	}
	switch v := value.(type) {
	case nil:
	case string:
		p.values[name] = strings.TrimSpace(v)
	case bool, float64:
		p.values[name] = fmt.Sprint(v)
	default:
		p.bad(name, "must be a string or a number, not a list or an object")
	}
}

// read sets an option. A missing or invalid value falls back to the default.
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
