package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/app/store/dynamo"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/dynamolocal"
)

const resealedItems = 5000

// dynamoRows measures the work after a rotation on DynamoDB Local, which is slower than DynamoDB but does not limit throughput.
func dynamoRows(ctx context.Context, binary, dir string) ([]row, error) {
	endpoint, err := dynamolocal.URL()
	if err != nil {
		return nil, err
	}
	tables := dynamo.Config{
		Region: "us-east-1", Endpoint: endpoint,
		Users: "bench-users", Accounts: "bench-accounts", Passwords: "bench-passwords", Sessions: "bench-sessions", Vaults: "bench-vaults",
	}
	if err := dynamo.CreateTables(ctx, tables); err != nil {
		return nil, err
	}
	s, err := start(ctx, binary, filepath.Join(dir, "dynamo"), "STORE=dynamodb", "AWS_REGION="+tables.Region, "DYNAMODB_ENDPOINT="+endpoint,
		"AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=local", names.EnvSessionSecret+"="+vault.NewKey(),
		names.EnvUsersTable+"="+tables.Users, names.EnvAccountsTable+"="+tables.Accounts, names.EnvPasswordsTable+"="+tables.Passwords,
		names.EnvSessionsTable+"="+tables.Sessions, names.EnvVaultsTable+"="+tables.Vaults)
	if err != nil {
		return nil, err
	}
	defer s.stop()
	user, err := newUser(ctx, s.url, fmt.Sprintf("reseal%d", time.Now().UnixMilli()))
	if err != nil {
		return nil, err
	}
	if err := user.add(ctx, resealedItems); err != nil {
		return nil, err
	}
	rotation, err := user.PrepareRotation(ctx, client.RotationRequest{Password: user.password})
	if err != nil {
		return nil, err
	}
	if _, err := user.Rotate(ctx, rotation); err != nil {
		return nil, err
	}
	rotation.Forget()
	began := time.Now()
	sealed, err := user.Reseal(ctx, nil)
	if err != nil || sealed.Records != 2*resealedItems {
		return nil, fmt.Errorf("%d records were sealed again: %w", sealed.Records, err)
	}
	return []row{{"seal 5,000 items again after a rotation, DynamoDB Local", time.Since(began).Seconds(), 120, "s"}}, nil
}
