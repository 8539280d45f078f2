package preflight

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
)

// checkScanning refuses to replace rules by which the account's images are scanned. There is one such configuration in a region,
// and whoever made this one counts on it.
func (c *check) checkScanning(ctx context.Context) error {
	for _, id := range c.template.ofType("AWS::ECR::RegistryScanningConfiguration") {
		if c.live != nil {
			if _, ours := c.live.resources[id]; ours {
				continue
			}
		}
		now, err := c.clients.ecr.GetRegistryScanningConfiguration(ctx, &ecr.GetRegistryScanningConfigurationInput{})
		if err != nil {
			return fmt.Errorf("look how ECR scans images: %w", err)
		}
		s := now.ScanningConfiguration
		if s != nil && (s.ScanType == types.ScanTypeEnhanced || len(s.Rules) > 0) {
			return fmt.Errorf("ECR scans the images of this account in %s by rules that stack %s did not make and would replace: "+
				"leave imageScanning at basic, and add our repository to those rules", c.region, c.name)
		}
	}
	return nil
}
