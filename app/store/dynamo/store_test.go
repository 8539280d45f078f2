//go:build system

package dynamo_test

import (
	"crypto/rand"
	"sync"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/store/dynamo"
	"github.com/vaultsphere/vaultsphere/app/store/storetest"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/await"
	"github.com/vaultsphere/vaultsphere/internal/testenv/dynamolocal"
)

func TestStore(t *testing.T) {
	t.Parallel()
	var tables sync.Map
	storetest.Run(t, func(t *testing.T) vault.Store { // those of one test share their tables
		c, ok := tables.Load(t.Name())
		if !ok {
			c = newTables(t)
			tables.Store(t.Name(), c)
		}
		return open(t, c.(dynamo.Config))
	})
}

// newTables creates tables for one test.
func newTables(t testing.TB) dynamo.Config {
	t.Helper()
	prefix := "Test-" + rand.Text()
	c := dynamo.Config{
		Region: "us-east-1", Endpoint: dynamolocal.Endpoint(t), Patience: await.Limit,
		Users: prefix + "-Users", Accounts: prefix + "-Accounts", Passwords: prefix + "-Passwords", Sessions: prefix + "-Sessions",
		Vaults: prefix + "-Vaults", Events: prefix + "-Events",
	}
	if err := dynamo.CreateTables(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	return c
}

func open(t testing.TB, c dynamo.Config) *dynamo.Store {
	t.Helper()
	s, err := dynamo.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
