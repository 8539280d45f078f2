// Package dynamolocal gives tests a real DynamoDB endpoint on loopback.
package dynamolocal

import (
	"os"
	"sync"
	"testing"

	"github.com/vaultsphere/vaultsphere/internal/testenv/loopback"
)

// EnvEndpoint names an endpoint that runs already; without it a test binary starts one of its own.
const EnvEndpoint = "VAULTSPHERE_TEST_DYNAMODB"

var started = sync.OnceValues(func() (*loopback.Server, error) { return loopback.Start("dynamodb-local") })

// Endpoint returns the address of a DynamoDB Local that all tests of this binary share. It starts one at the first
// call, which takes seconds. Tests keep apart by the names of their tables.
func Endpoint(t testing.TB) string {
	t.Helper()
	if given := os.Getenv(EnvEndpoint); given != "" {
		return given
	}
	server, err := started()
	if err != nil {
		t.Fatalf("%v\ninstall it: internal/testenv/dynamolocal/dynamodb-local.sh install", err)
	}
	return server.URL
}
