// Package dynamolocal gives tests a real DynamoDB endpoint on loopback.
package dynamolocal

import (
	"fmt"
	"sync"
	"testing"

	"github.com/vaultsphere/vaultsphere/internal/testenv/loopback"
)

var started = sync.OnceValues(func() (*loopback.Server, error) { return loopback.Share("dynamodb-local") })

// Endpoint returns the address of a DynamoDB Local that the tests of all packages share. The first call starts it, which takes a few
// seconds. Tests use different table names.
func Endpoint(t testing.TB) string {
	t.Helper()
	url, err := URL()
	if err != nil {
		t.Fatal(err)
	}
	return url
}

// URL is Endpoint for other programs.
func URL() (string, error) {
	server, err := started()
	if err != nil {
		return "", fmt.Errorf("%w\ninstall it: internal/testenv/dynamolocal/dynamodb-local.sh install", err)
	}
	return server.URL, nil
}
