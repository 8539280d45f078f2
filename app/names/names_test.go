package names_test

import (
	"testing"

	"github.com/vaultsphere/vaultsphere/app/names"
)

func TestDeploymentsDifferInTheirNames(t *testing.T) {
	t.Parallel()
	for _, c := range [][3]string{
		{names.UsersTable, "PasswordManager-Users", "PasswordManager-Staging-Users"},
		{names.ParameterPath, "/password-manager/", "/password-manager-staging/"},
		{names.LogGroup, "/password-manager/containers", "/password-manager-staging/containers"},
		{names.MetricsNamespace, "PasswordManager", "PasswordManager-Staging"},
	} {
		production, staging := names.Deployment("").Name(c[0]), names.Staging.Name(c[0])
		if production != c[1] || staging != c[2] {
			t.Errorf("%s is %s in production and %s in staging, want %s and %s", c[0], production, staging, c[1], c[2])
		}
	}
}
