package main

import (
	"crypto/sha256"
	"embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"text/template"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/jsii-runtime-go"

	"github.com/vaultsphere/vaultsphere/app/names"
)

// The Compose plugin, which Amazon Linux does not package. Docker publishes the checksums with each release.
const composeVersion = "v2.40.3"

var composeSHA256 = map[string]string{
	"x86_64":  "dba9d98e1ba5bfe11d88c99b9bd32fc4a0624a30fafe68eea34d61a3e42fd372",
	"aarch64": "d26373b19e89160546d15407516cc59f453030d9bc5b43ba7faf16f7b4980137",
}

//go:embed host
var hostFiles embed.FS

// hostFile is a file that the first boot writes. The mode is octal, without a leading zero.
type hostFile struct{ path, mode, content string }

// hostSettings is the data of the templates under host/.
type hostSettings struct {
	Region, LogGroup, Namespace, Directory    string
	ComposeVersion, ComposeCPU, ComposeSHA256 string
	Stack, Resource                           string
	// FilesDigest makes a change of any file change the user data, which replaces the host.
	FilesDigest string
}

// addUserData makes the host set itself up and signal the result to CloudFormation. Its files are in the metadata of the instance,
// where cfn-init reads them (CloudFormation User Guide, AWS::CloudFormation::Init), because EC2 limits user data to 16 KiB.
func addUserData(stack awscdk.Stack, instance awsec2.Instance, architecture awsec2.InstanceArchitecture) {
	cpu := "x86_64"
	if architecture == awsec2.InstanceArchitecture_ARM_64 {
		cpu = "aarch64"
	}
	s := hostSettings{
		Region: *stack.Region(), LogGroup: named(stack, names.LogGroup), Namespace: named(stack, names.MetricsNamespace), Directory: names.HostDirectory,
		ComposeVersion: composeVersion, ComposeCPU: cpu, ComposeSHA256: composeSHA256[cpu],
	}
	registry := *stack.Account() + ".dkr.ecr." + *stack.Region() + "." + *stack.UrlSuffix()
	files := []hostFile{
		{"/etc/docker/daemon.json", "644", render("daemon.json", s)},
		{"/opt/aws/amazon-cloudwatch-agent/etc/password-manager.json", "644", render("cloudwatch-agent.json", s)},
		{"/etc/password-manager.env", "644", environment(
			"AWS_REGION", *stack.Region(),
			"HOME_DIRECTORY", names.HostDirectory,
			"REPOSITORY", registry+"/"+names.Repository,
			"PARAMETER_PATH", named(stack, names.ParameterPath),
			"RELEASE_PARAMETER", named(stack, names.ParameterPath)+names.Release,
			"SIGNING_KEY", names.SigningKey,
			"SITE_PARAMETER", named(stack, names.ParameterPath)+names.SiteAddress,
			"ADDRESS_PARAMETER", named(stack, names.HostAddress),
			"CERTIFICATES_BUCKET", certificatesBucket(stack),
			"CERTIFICATES_KEY", names.CertificatesKey,
			"METRICS_NAMESPACE", named(stack, names.MetricsNamespace),
			"ANSWERS_METRIC", metricAnswers,
			"IMAGE_AGE_METRIC", metricImageAge,
			"HOST_KEY_TAG", names.HostKeyTag,
		)},
		{names.HostDirectory + "/bin/start-release", "755", render("start-release.sh", nil)},
		{names.HostDirectory + "/bin/verify-release", "755", render("verify-release.sh", nil)},
		{"/etc/systemd/system/password-manager.service", "644", render("password-manager.service", s)},
		{"/usr/local/bin/keep-certificates", "755", render("keep-certificates.sh", nil)},
		{"/etc/systemd/system/password-manager-certificates.service", "644", render("password-manager-certificates.service", nil)},
		{"/etc/systemd/system/password-manager-certificates.timer", "644", render("password-manager-certificates.timer", nil)},
		{"/etc/systemd/system/password-manager-address.service", "644", render("password-manager-address.service", nil)},
		{"/usr/local/bin/close-metadata", "755", render("close-metadata.sh", nil)},
		{"/etc/systemd/system/password-manager-metadata.service", "644", render("password-manager-metadata.service", nil)},
		{"/usr/local/bin/check-site", "755", render("check-site.sh", nil)},
		{"/etc/systemd/system/password-manager-watch.service", "644", render("password-manager-watch.service", nil)},
		{"/etc/systemd/system/password-manager-watch.timer", "644", render("password-manager-watch.timer", nil)},
		{"/usr/local/bin/instance-metadata", "755", render("instance-metadata.sh", nil)},
		{"/usr/local/bin/tag-host-key", "755", render("tag-host-key.sh", nil)},
		{"/etc/systemd/system/password-manager-key.service", "644", render("password-manager-key.service", nil)},
		{"/usr/local/bin/report-image-age", "755", render("report-image-age.sh", nil)},
		{"/etc/systemd/system/password-manager-image.service", "644", render("password-manager-image.service", nil)},
		{"/etc/systemd/system/password-manager-image.timer", "644", render("password-manager-image.timer", nil)},
	}
	metadata := map[string]any{}
	for _, f := range files {
		metadata[f.path] = map[string]any{"content": f.content, "mode": "000" + f.mode, "owner": "root", "group": "root"}
	}
	instance.Instance().AddMetadata(jsii.String("AWS::CloudFormation::Init"), map[string]any{"config": map[string]any{"files": metadata}})
	s.Stack, s.Resource = *stack.StackName(), *instance.Instance().LogicalId()
	s.FilesDigest = digest(stack.Resolve(metadata))
	instance.UserData().AddSignalOnExitCommand(instance)
	instance.AddUserData(jsii.String(render("user-data.sh", s)))
}

// digest returns the SHA-256 of a resolved value. Unresolved references differ from run to run.
func digest(resolved any) string {
	content, err := json.Marshal(resolved)
	if err != nil {
		panic(err) // cannot happen: the value is part of a JSON template
	}
	return fmt.Sprintf("%x", sha256.Sum256(content))
}

// environment formats pairs of name and value for systemd. No value needs quotes.
func environment(pairs ...string) string {
	var b strings.Builder
	for pair := range slices.Chunk(pairs, 2) {
		b.WriteString(strings.Join(pair, "=") + "\n")
	}
	return b.String()
}

// render executes a template under host/ with s, or returns the file unchanged if s is nil.
func render(name string, s any) string {
	content, err := hostFiles.ReadFile("host/" + name)
	if err != nil {
		panic(err) // cannot happen: the file is embedded
	}
	if s == nil {
		return string(content)
	}
	var b strings.Builder
	if err := template.Must(template.New(name).Option("missingkey=error").Parse(string(content))).Execute(&b, s); err != nil {
		panic(err) // cannot happen: a test renders each template
	}
	return b.String()
}
