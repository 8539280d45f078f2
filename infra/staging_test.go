//go:build system

package main

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/names"
)

// staging is production as it would be with the same options, beside it.
func staging(t *testing.T, production string) *assembly {
	t.Helper()
	options := maps.Clone(deployments[production])
	for _, o := range new(config).options(nil, "") {
		if o.belongs == productionOnly {
			delete(options, o.name)
		}
	}
	options["deployment"] = string(names.Staging)
	return newAssembly(t, options, nil)
}

// What staging makes, and what its roles may touch, is its own. The image repository and the key that signs images are production's.
func TestStagingHasNothingOfProductionsButTheImages(t *testing.T) {
	ours := regexp.MustCompile(`PasswordManager[\w-]*|(?:parameter|log-group:|")/password-manager[\w-]*/|"password-manager[\w-]*"`)
	for production, stacks := range map[string][]string{
		"ec2-full":     {"PasswordManager-Staging-Data", "PasswordManager-Staging-Host", "PasswordManager-Staging-SecondRegion"},
		"fargate-full": {"PasswordManager-Staging-Data", "PasswordManager-Staging-Service"},
	} {
		made := staging(t, production)
		if got := slices.Sorted(maps.Keys(made.templates)); !slices.Equal(got, stacks) {
			t.Errorf("%s: staging has the stacks %q, want %q", production, got, stacks)
		}
		for stack, template := range made.raw {
			found := ours.FindAllString(template, -1)
			if len(found) == 0 {
				t.Errorf("%s: %s names nothing, so this test does not see its names", production, stack)
			}
			for _, name := range found {
				if !regexp.MustCompile(`PasswordManager-?Staging|password-manager-staging`).MatchString(name) {
					t.Errorf("%s: %s names production's %s", production, stack, name)
				}
			}
		}
		for stack, template := range made.templates {
			for _, kind := range []string{"AWS::ECR::Repository", "AWS::ECR::RegistryScanningConfiguration", "AWS::IAM::OIDCProvider", "AWS::KMS::Key"} {
				if len(template.of(kind)) > 0 {
					t.Errorf("%s: %s makes a %s, which production has", production, stack, kind)
				}
			}
		}
		images := regexp.MustCompile(`repository/[\w-]+|amazonaws\.com[^"]*/[\w-]+:`)
		for _, name := range images.FindAllString(made.raw[stacks[1]], -1) {
			if !strings.Contains(name, "/"+names.Repository) || strings.Contains(name, "staging") {
				t.Errorf("%s: the images are those of %s", production, name)
			}
		}
	}
}

// The two stand in one account, each with a file of options.
func TestStagingTakesNoOptionOfProduction(t *testing.T) {
	_, err := parse(names.Staging, map[string]any{"jenkins": "none", "imageScanning": "enhanced", "toplogy": "ec2"}, nil, someRegions, "eu-central-1")
	for _, want := range []string{
		"platform.staging.json: jenkins is production's, which staging shares: set it in platform.json",
		"platform.staging.json: imageScanning is production's",
		"platform.staging.json: toplogy is no option: docs/operations.md lists the options",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want %q", err, want)
		}
	}
}
