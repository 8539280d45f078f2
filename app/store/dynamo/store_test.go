//go:build system

package dynamo_test

import (
	"crypto/rand"
	"sync"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/store/dynamo"
	"github.com/vaultsphere/vaultsphere/app/store/storetest"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/dynamolocal"
)

func TestStore(t *testing.T) {
	storetest.Run(t, sharing[vault.Store]())
}

func TestVaultStore(t *testing.T) {
	t.Parallel()
	storetest.RunVaults(t, sharing[storetest.VaultStore]())
}

// sharing returns a function that opens stores. Those of one test share their tables.
func sharing[S vault.Store]() func(t *testing.T) S {
	var tables sync.Map
	return func(t *testing.T) S {
		c, ok := tables.Load(t.Name())
		if !ok {
			c = newTables(t)
			tables.Store(t.Name(), c)
		}
		return any(open(t, c.(dynamo.Config))).(S)
	}
}

// newTables creates tables for one test.
func newTables(t testing.TB) dynamo.Config {
	t.Helper()
	prefix := "Test-" + rand.Text()
	c := dynamo.Config{
		Region: "us-east-1", Endpoint: dynamolocal.Endpoint(t),
		Users: prefix + "-Users", Accounts: prefix + "-Accounts", Passwords: prefix + "-Passwords", Sessions: prefix + "-Sessions",
		Vaults: prefix + "-Vaults",
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
