package main

import (
	"crypto/sha256"
	"embed"
	"encoding/json"
	"fmt"
	"path"
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
	}
	metadata := map[string]any{}
	for _, f := range append(files, unitsAndPrograms(s)...) {
		metadata[f.path] = map[string]any{"content": f.content, "mode": "000" + f.mode, "owner": "root", "group": "root"}
	}
	instance.Instance().AddMetadata(jsii.String("AWS::CloudFormation::Init"), map[string]any{"config": map[string]any{"files": metadata}})
	s.Stack, s.Resource = *stack.StackName(), *instance.Instance().LogicalId()
	s.FilesDigest = digest(stack.Resolve(metadata))
	instance.UserData().AddSignalOnExitCommand(instance)
	instance.AddUserData(jsii.String(render("user-data.sh", s)))
}

// unitsAndPrograms returns the systemd units and the scripts under host/. user-data.sh is not one of them: cloud-init runs it.
func unitsAndPrograms(s hostSettings) []hostFile {
	entries, err := hostFiles.ReadDir("host")
	if err != nil {
		panic(err) // cannot happen: the folder is embedded
	}
	var files []hostFile
	for _, e := range entries {
		switch name := e.Name(); path.Ext(name) {
		case ".service", ".timer":
			files = append(files, hostFile{"/etc/systemd/system/" + name, "644", render(name, s)})
		case ".sh":
			folder := "/usr/local/bin/"
			if strings.HasSuffix(name, "-release.sh") {
				folder = names.HostDirectory + "/bin/"
			}
			if name != "user-data.sh" {
				files = append(files, hostFile{folder + strings.TrimSuffix(name, ".sh"), "755", render(name, nil)})
			}
		}
	}
	return files
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
