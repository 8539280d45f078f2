//go:build integration

package preflight_test

import (
	"strings"
	"testing"

	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/vaultsphere/vaultsphere/infra/preflight"
)

// Staging uses production's repository and signing key, and is refused until they exist.
func TestStagingNeedsSharedResources(t *testing.T) {
	const stagingData, stagingService = "PasswordManager-Staging-Data", "PasswordManager-Staging-Service"
	w := newWorld(t)
	w.put("/password-manager-staging/SESSION_SECRET", "hunter2", ssmtypes.ParameterTypeSecureString)
	dir := assembly(t, map[string]object{
		stagingData: template(object{"Port": parameter("/password-manager-staging/PORT", "5001")}), stagingService: releaseTemplate(),
	})
	digest := "sha256:" + strings.Repeat("0", 64)
	const remedy = ", which staging shares with production, does not exist yet: create it with 'make shared'"
	w.expect(dir, preflight.Options{Release: digest}, "ECR repository password-manager"+remedy, "key alias alias/password-manager-releases"+remedy)
	w.deploy(data, template(object{
		"Images": repository("password-manager"), "Key": signingKey(), "Alias": alias("alias/password-manager-releases"),
	}))
	w.expect(dir, preflight.Options{Release: digest}, "the image 123456789012.dkr.ecr.us-east-1.amazonaws.com/password-manager@"+digest+
		", which stack PasswordManager-Staging-Service needs, is not in ECR: push the image first")
	w.expect(dir, preflight.Options{Release: w.pushImage("password-manager", "abc")})
	w.fail("GetPublicKey", "InternalFailure")
	if got := w.run(dir, preflight.Options{}); len(got) != 1 || !strings.HasPrefix(got[0], "look for key alias alias/password-manager-releases: ") {
		t.Errorf("the preflight says %q", got)
	}
}
