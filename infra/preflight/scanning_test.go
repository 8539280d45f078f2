//go:build integration

package preflight_test

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"github.com/vaultsphere/vaultsphere/infra/preflight"
)

var enhancedScanning = object{"Scanning": object{"Type": "AWS::ECR::RegistryScanningConfiguration", "Properties": object{
	"ScanType": "ENHANCED", "Rules": []any{},
}}}

// The rules apply to the whole account, and a deploy would silently replace them.
func TestForeignScanningRulesAreNotReplaced(t *testing.T) {
	w := newWorld(t)
	scan := func(kind types.ScanType, filters ...string) {
		t.Helper()
		rules := []types.RegistryScanningRule{}
		for _, f := range filters {
			rules = append(rules, types.RegistryScanningRule{
				ScanFrequency:     types.ScanFrequencyScanOnPush,
				RepositoryFilters: []types.ScanningRepositoryFilter{{Filter: aws.String(f), FilterType: types.ScanningRepositoryFilterTypeWildcard}},
			})
		}
		_, err := ecr.NewFromConfig(w.account).PutRegistryScanningConfiguration(t.Context(), &ecr.PutRegistryScanningConfigurationInput{
			ScanType: kind, Rules: rules,
		})
		w.must(err)
	}
	t.Cleanup(func() {
		_, err := ecr.NewFromConfig(w.account).PutRegistryScanningConfiguration(context.Background(), &ecr.PutRegistryScanningConfigurationInput{
			ScanType: types.ScanTypeBasic, Rules: []types.RegistryScanningRule{},
		})
		w.must(err)
	})
	port := object{"Port": parameter(port, "5001")}
	basic, wanted := assembly(t, map[string]object{data: template(port)}), assembly(t, map[string]object{data: template(enhancedScanning)})
	const refused = "ECR has scanning rules in us-east-1 that stack PasswordManager-Data did not create and would replace: " +
		"keep imageScanning at basic, and add our repository to those rules"

	scan(types.ScanTypeBasic)
	w.expect(wanted, preflight.Options{})
	scan(types.ScanTypeBasic, "other")
	w.expect(basic, preflight.Options{})
	w.expect(wanted, preflight.Options{}, refused)
	scan(types.ScanTypeEnhanced)
	w.expect(wanted, preflight.Options{}, refused)
	// The emulator's CloudFormation does not support the type.
	w.deploy(data, template(object{}))
	w.expect(wanted, preflight.Options{}, refused)
	w.answers["ListStackResources"] = func(_ string, status int, _ string) (int, string) {
		return status, "<ListStackResourcesResponse><ListStackResourcesResult><StackResourceSummaries><member>" +
			"<LogicalResourceId>Scanning</LogicalResourceId><PhysicalResourceId>123456789012</PhysicalResourceId>" +
			"<ResourceType>AWS::ECR::RegistryScanningConfiguration</ResourceType><ResourceStatus>CREATE_COMPLETE</ResourceStatus>" +
			"</member></StackResourceSummaries></ListStackResourcesResult></ListStackResourcesResponse>"
	}
	w.expect(wanted, preflight.Options{})
}
