package dynamo

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/vault"
)

// answering returns a store on a fake DynamoDB that has no rows and rejects one operation with one error.
func answering(t *testing.T, operation, code string) (*Store, *httptest.Server) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		if _, asked, _ := strings.Cut(r.Header.Get("X-Amz-Target"), "."); asked == operation {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(`{"__type":"com.amazonaws.dynamodb.v20120810#` + code + `","message":"refused"}`))
			return
		}
		_, _ = w.Write([]byte("{}"))
	}))
	t.Cleanup(server.Close)
	s, err := Open(t.Context(), Config{Region: "us-east-1", Endpoint: server.URL, Users: "U", Accounts: "A", Passwords: "P", Sessions: "S", Vaults: "V"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s, server
}

func TestProbeIgnoresThrottling(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		operation, code string
		want            error
	}{
		{"", "", nil},
		{"GetItem", "ProvisionedThroughputExceededException", nil},
		{"PutItem", "ProvisionedThroughputExceededException", nil},
		{"PutItem", "ThrottlingException", nil},
		{"PutItem", "RequestLimitExceeded", nil},
		{"GetItem", "AccessDeniedException", vault.ErrStoreUnavailable},
		{"PutItem", "AccessDeniedException", vault.ErrStoreUnavailable},
		{"PutItem", "ResourceNotFoundException", vault.ErrStoreUnavailable},
		{"PutItem", "InternalServerError", vault.ErrStoreUnavailable},
	} {
		t.Run(c.operation+c.code, func(t *testing.T) {
			t.Parallel()
			s, _ := answering(t, c.operation, c.code)
			if err := s.Probe(t.Context(), time.Now()); !errors.Is(err, c.want) {
				t.Errorf("probe: got %v, want %v", err, c.want)
			}
		})
	}
}

// The keys of a table never change, so the tables of format 1 need another deployment.
func TestProbeRejectsTablesOfFormat1(t *testing.T) {
	t.Parallel()
	s, _ := answering(t, "GetItem", "ValidationException")
	for range 2 {
		err := s.Probe(t.Context(), time.Now())
		if !errors.Is(err, vault.ErrStoreUnavailable) || !strings.Contains(err.Error(), "the table A was made for format 1, which this release cannot read") {
			t.Errorf("probe: %v", err)
		}
	}
}

func TestProbeFailsWithoutDynamoDB(t *testing.T) {
	t.Parallel()
	s, server := answering(t, "", "")
	server.Close()
	if err := s.Probe(t.Context(), time.Now()); !errors.Is(err, vault.ErrStoreUnavailable) {
		t.Errorf("probe: got %v", err)
	}
}
