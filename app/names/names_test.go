package names_test

import (
	"testing"

	"github.com/vaultsphere/vaultsphere/app/names"
)

func TestDeploymentsHaveDifferentNames(t *testing.T) {
	t.Parallel()
	for _, c := range [][3]string{
		{names.UsersTable, "PasswordManager-Users", "PasswordManager-Staging-Users"},
		{names.ParameterPath, "/password-manager/", "/password-manager-staging/"},
		{names.LogGroup, "/password-manager/containers", "/password-manager-staging/containers"},
		{names.CertificatesBucket("1", "x"), "password-manager-certs-1-x", "password-manager-staging-certs-1-x"},
		{names.MetricsNamespace, "PasswordManager", "PasswordManager-Staging"},
	} {
		production, staging := names.Deployment("").Name(c[0]), names.Staging.Name(c[0])
		if production != c[1] || staging != c[2] {
			t.Errorf("%s is %s in production and %s in staging, want %s and %s", c[0], production, staging, c[1], c[2])
		}
	}
}

// Amazon S3 User Guide, "General purpose bucket naming rules".
func TestBucketNamesFit(t *testing.T) {
	t.Parallel()
	if name := names.Staging.Name(names.CertificatesBucket("123456789012", "ap-southeast-1")); len(name) > 63 {
		t.Errorf("%s has %d characters", name, len(name))
	}
}
