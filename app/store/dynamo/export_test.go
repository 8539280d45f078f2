package dynamo

import (
	"context"

	"github.com/vaultsphere/vaultsphere/internal/testenv/await"
)

// OpenPatient is Open for a DynamoDB Local on a busy machine.
func OpenPatient(ctx context.Context, c Config) (*Store, error) {
	return open(ctx, c, timeouts{await.Limit, await.Limit, await.Limit})
}
