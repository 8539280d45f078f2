package preflight

import (
	"context"
	"errors"
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/names"
)

// checkShared checks that the resources exist which staging shares with production. A host that starts before the signing key exists
// would reject every release.
func (c *check) checkShared(ctx context.Context) error {
	if c.deployment() == "" || len(c.template.ofType("AWS::SSM::Parameter")) == 0 {
		return nil
	}
	var found []error
	for _, shared := range []struct {
		noun, name string
		exists     func(context.Context, clients, string) (bool, error)
	}{
		{"ECR repository", names.Repository, repositoryExists},
		{"key alias", names.SigningKey, aliasExists},
	} {
		exists, err := shared.exists(ctx, c.clients, shared.name)
		switch {
		case err != nil:
			found = append(found, fmt.Errorf("look for %s %s: %w", shared.noun, shared.name, err))
		case !exists:
			found = append(found, fmt.Errorf("%s %s, which %s shares with production, does not exist yet: create it with 'make shared'",
				shared.noun, shared.name, c.deployment()))
		}
	}
	return errors.Join(found...)
}
