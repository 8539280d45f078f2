package server_test

import (
	"flag"
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/server"
)

var seen sync.Map // protocol.Code of every answer in this run

// TestMain checks that a complete run of this package's tests met every error code.
func TestMain(m *testing.M) {
	code := m.Run()
	whole := flag.Lookup("test.run").Value.String() == "" && flag.Lookup("test.fuzz").Value.String() == "" && flag.Lookup("test.list").Value.String() == ""
	if code == 0 && whole {
		for c := range server.Statuses() {
			if _, ok := seen.Load(c); !ok {
				fmt.Fprintf(os.Stderr, "no test of this package meets the error code %s\n", c)
				code = 1
			}
		}
	}
	os.Exit(code)
}

func meet(c protocol.Code) {
	if c != "" {
		seen.Store(c, true)
	}
}
