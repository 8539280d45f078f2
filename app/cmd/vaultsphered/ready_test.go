package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// A server whose role can read the tables but not write to them is never ready, and its log says why. Anyone may request
// /ready, so a thousand requests must cost only one write.
func TestReadOnlyServerIsNeverReady(t *testing.T) {
	var writes atomic.Int64
	readOnly := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".PutItem") {
			writes.Add(1)
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(`{"__type":"com.amazon.coral.service#AccessDeniedException","message":"not authorized to perform: dynamodb:PutItem"}`))
			return
		}
		_, _ = w.Write([]byte("{}"))
	}))
	defer readOnly.Close()
	p := serveProcess(t, "STORE=dynamodb", "AWS_REGION=us-east-1", "DYNAMODB_ENDPOINT="+readOnly.URL, "SESSION_SECRET="+vault.NewKey())
	var group sync.WaitGroup
	for range 10 {
		group.Go(func() {
			for range 100 {
				res, err := http.Get(p.url + names.PathReady)
				if err != nil {
					t.Error(err)
					return
				}
				res.Body.Close()
				if res.StatusCode != http.StatusServiceUnavailable {
					t.Errorf("/ready answered %d", res.StatusCode)
				}
			}
		})
	}
	group.Wait()
	if writes.Load() != 1 {
		t.Errorf("a thousand requests made %d writes", writes.Load())
	}
	if log := p.log.String(); !strings.Contains(log, "store probe failed") || !strings.Contains(log, "not authorized to perform: dynamodb:PutItem") {
		t.Errorf("the log lacks the cause: %s", log)
	}
}

func TestServerRequiresAStoreThatOpens(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "vault.db"), 0o500); err != nil { // even root cannot open a directory as a file
		t.Fatal(err)
	}
	code, stdout, stderr := runProgram(t, nil, "LISTEN_ADDR=127.0.0.1:0", "METRICS_ADDR=off", "DATA_DIR="+dir)
	if code != 1 || stdout != "" || !strings.Contains(stderr, "open "+filepath.Join(dir, "vault.db")) {
		t.Errorf("exit %d, %q, %q", code, stdout, stderr)
	}
}
