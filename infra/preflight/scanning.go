package preflight

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
)

// checkScanning refuses to replace scanning rules that another owner created. An account has one such configuration per region.
func (c *check) checkScanning(ctx context.Context) error {
	for _, id := range c.template.ofType("AWS::ECR::RegistryScanningConfiguration") {
		if c.live != nil {
			if _, ours := c.live.resources[id]; ours {
				continue
			}
		}
		now, err := c.clients.ecr.GetRegistryScanningConfiguration(ctx, &ecr.GetRegistryScanningConfigurationInput{})
		if err != nil {
			return fmt.Errorf("read the scanning configuration of ECR: %w", err)
		}
		s := now.ScanningConfiguration
		if s != nil && (s.ScanType == types.ScanTypeEnhanced || len(s.Rules) > 0) {
			return fmt.Errorf("ECR has scanning rules in %s that stack %s did not create and would replace: "+
				"keep imageScanning at basic, and add our repository to those rules", c.region, c.name)
		}
	}
	return nil
}
