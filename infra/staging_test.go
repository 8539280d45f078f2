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

// staging synthesizes staging with the options of a production deployment.
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

// Staging shares only the image repository and the signing key with production.
func TestStagingSharesOnlyImagesWithProduction(t *testing.T) {
	ours := regexp.MustCompile(`PasswordManager[\w-]*|(?:parameter|log-group:|")/password-manager[\w-]*/|"password-manager[\w-]*"`)
	for production, stacks := range map[string][]string{
		"ec2-full":     {"PasswordManager-Staging-Data", "PasswordManager-Staging-Host", "PasswordManager-Staging-SecondRegion"},
		"fargate-full": {"PasswordManager-Staging-Data", "PasswordManager-Staging-Service"},
	} {
		a := staging(t, production)
		if got := slices.Sorted(maps.Keys(a.templates)); !slices.Equal(got, stacks) {
			t.Errorf("%s: staging has the stacks %q, want %q", production, got, stacks)
		}
		for stack, template := range a.raw {
			found := ours.FindAllString(template, -1)
			if len(found) == 0 {
				t.Errorf("%s: this test finds no names in %s", production, stack)
			}
			for _, name := range found {
				if !regexp.MustCompile(`PasswordManager-?Staging|password-manager-staging`).MatchString(name) {
					t.Errorf("%s: %s refers to production's %s", production, stack, name)
				}
			}
		}
		for stack, template := range a.templates {
			for _, kind := range []string{"AWS::ECR::Repository", "AWS::ECR::RegistryScanningConfiguration", "AWS::IAM::OIDCProvider", "AWS::KMS::Key"} {
				if len(template.of(kind)) > 0 {
					t.Errorf("%s: %s has a %s, which belongs to production", production, stack, kind)
				}
			}
		}
		images := regexp.MustCompile(`repository/[\w-]+|amazonaws\.com[^"]*/[\w-]+:`)
		for _, name := range images.FindAllString(a.raw[stacks[1]], -1) {
			if !strings.Contains(name, "/"+names.Repository) || strings.Contains(name, "staging") {
				t.Errorf("%s: the images come from %s", production, name)
			}
		}
	}
}

func TestStagingRejectsOptionsOfProduction(t *testing.T) {
	_, err := parse(names.Staging, map[string]any{"jenkins": "none", "imageScanning": "enhanced", "toplogy": "ec2"}, nil, someRegions, "eu-central-1")
	for _, want := range []string{
		"platform.staging.json: jenkins belongs to production, and staging shares its value: set it in platform.json",
		"platform.staging.json: imageScanning belongs to production",
		"platform.staging.json: toplogy is not an option: docs/operations.md lists the options",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want %q", err, want)
		}
	}
}
