package server_test

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/internal/testenv/sample"
)

func TestFullHashQueueAnswersImmediately(t *testing.T) {
	t.Parallel()
	s := newSite(t, slowHashes)
	key := sample.AuthKey()
	burst := 70*runtime.GOMAXPROCS(0) + 100 // more than can run and wait
	var busy, other atomic.Int64
	var wg sync.WaitGroup
	for i := range burst {
		wg.Go(func() {
			a := s.call("POST", protocol.PathLogin, protocol.LoginRequest{Username: fmt.Sprintf("user%d", i), AuthKey: key, Device: "d", Transport: protocol.SessionBearer})
			switch {
			case a.code() == protocol.CodeUnavailable && a.status == 503 && a.header.Get("Retry-After") != "":
				busy.Add(1)
			case a.code() != protocol.CodeInvalidCredentials:
				other.Add(1)
			}
		})
	}
	wg.Wait()
	if busy.Load() == 0 || other.Load() > 0 {
		t.Errorf("of %d logins, %d got busy and %d another answer", burst, busy.Load(), other.Load())
	}
	s.call("GET", protocol.PathHealth, nil).want(200, "")
}
