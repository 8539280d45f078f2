// Package sonarqube runs a real SonarQube on loopback for tests.
package sonarqube

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/internal/testenv/loopback"
)

var started = sync.OnceValues(func() (*loopback.Server, error) { return loopback.StartUntil("sonarqube", 6*time.Minute, up) })

func up(url string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/api/system/status", nil)
	if err != nil {
		return false
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer res.Body.Close()
	said, err := io.ReadAll(io.LimitReader(res.Body, 1<<16))
	return err == nil && strings.Contains(string(said), `"status":"UP"`)
}

// URL returns the address of a SonarQube that all tests of this binary share. The first call starts it, which takes 90 seconds. It is
// a new installation: admin has the default password, and there are no projects.
func URL(t testing.TB) string {
	t.Helper()
	server, err := started()
	if err != nil {
		t.Fatalf("%v\ninstall it: internal/testenv/sonarqube/sonarqube.sh install", err)
	}
	return server.URL
}
