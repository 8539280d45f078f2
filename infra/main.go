// Command infra is the CDK app for VaultSphere's AWS resources. The CDK CLI runs it through scripts/cdk-app.sh.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/regioninfo"
	"github.com/aws/jsii-runtime-go"

	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/infra/preflight"
	"github.com/vaultsphere/vaultsphere/infra/release"
)

const usage = `Usage: infra                 synthesize the stacks; the CDK CLI runs this
       infra preflight …     check an assembly against AWS before a deploy; see infra preflight --help
       infra region DIR      print the region of an assembly
       infra release …       show or change the release of the ECS service; see infra release --help
       infra host-image DIR  print the SSM parameter that names the host's image, or nothing
       infra outputs DIR     print the outputs of the deployed stacks, in the format of cdk-outputs.json
`

func main() {
	os.Exit(run(os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
}

// queries answer what scripts need to know about an assembly.
var queries = map[string]func(dir string) (string, error){
	"region": preflight.Region, "host-image": preflight.HostImage,
	"outputs": func(dir string) (string, error) { return preflight.Outputs(context.Background(), dir) },
}

func run(args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	switch {
	case len(args) == 0:
		return synthesize(getenv, stderr)
	case args[0] == "preflight":
		return preflight.Main(context.Background(), args[1:], stdout, stderr)
	case args[0] == "release":
		return release.Main(context.Background(), names.Deployment(getenv("DEPLOYMENT")), preflight.Region, args[1:], stdout, stderr)
	case queries[args[0]] != nil && len(args) == 2:
		answer, err := queries[args[0]](args[1])
		if err != nil {
			for line := range strings.Lines(err.Error()) {
				fmt.Fprintf(stderr, "infra: error: %s\n", strings.TrimSpace(line))
			}
			return 1
		}
		fmt.Fprintln(stdout, answer)
		return 0
	case args[0] == "--help" || args[0] == "-h":
		fmt.Fprint(stdout, usage)
		return 0
	}
	fmt.Fprintf(stderr, "infra: error: unknown arguments: %q\n%s", args, usage)
	return 2
}

// synthesize writes the cloud assembly to the directory that the CDK CLI chose.
func synthesize(getenv func(string) string, stderr io.Writer) (code int) {
	defer jsii.Close()
	// The CDK reports its errors as panics, and a stack trace does not help the operator.
	defer func() {
		if v := recover(); v != nil {
			fmt.Fprintf(stderr, "infra: error: %v\n", v)
			code = 1
		}
	}()
	deployment := names.Deployment(getenv("DEPLOYMENT"))
	if deployment != "" && deployment != names.Staging {
		fmt.Fprintf(stderr, "infra: error: DEPLOYMENT is %q, but must be %s, or unset for production\n", deployment, names.Staging)
		return 1
	}
	file, err := readOptions(optionsFileOf(deployment))
	if err != nil {
		fmt.Fprintf(stderr, "infra: error: %v\n", err)
		return 1
	}
	app := awscdk.NewApp(nil)
	c, err := configure(app, deployment, file, getenv("CDK_DEFAULT_REGION"))
	if err != nil {
		for _, problem := range sentences(err) {
			fmt.Fprintf(stderr, "infra: error: %s\n", problem)
		}
		return 1
	}
	build(app, c)
	app.Synth(nil)
	if err := preflight.WriteRefusals(*app.Outdir(), c.refusals); err != nil {
		fmt.Fprintf(stderr, "infra: error: %v\n", err)
		return 1
	}
	return 0
}

// configure parses the options of the file and of the app's context.
func configure(app awscdk.App, deployment names.Deployment, file map[string]any, cliRegion string) (config, error) {
	var regions []string
	for _, r := range *regioninfo.RegionInfo_Regions() {
		regions = append(regions, *r.Name())
	}
	values, _ := app.Node().GetAllContext(nil).(map[string]any)
	return parse(deployment, file, values, regions, cliRegion)
}

// build makes the stacks of one deployment in app.
func build(app awscdk.App, c config) {
	data := newDataStack(app, c)
	if c.backupRegion != "" {
		data.AddStackDependency(newSecondRegionStack(app, c), nil)
	}
	if c.jenkins != jenkinsNowhere && c.deployment == "" {
		newPipelineStack(app, c)
	}
	switch c.topology {
	case onEC2:
		newHostStack(app, c).AddStackDependency(data, nil)
	case onFargate:
		newServiceStack(app, c).AddStackDependency(data, nil)
	}
}

// sentences splits joined errors into one line each.
func sentences(err error) []string {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []string{err.Error()}
	}
	var all []string
	for _, one := range joined.Unwrap() {
		all = append(all, sentences(one)...)
	}
	return all
}
