package daemon

import (
	"context"
	"errors"

	"github.com/vaultsphere/vaultsphere/app/vault"
)

type dynamoConfig struct{ Region, Endpoint, Users, Accounts, Passwords, Sessions string }

func openDynamo(context.Context, dynamoConfig) (vault.Store, error) {
	return nil, errors.New("STORE=dynamodb is not in this build")
}
