//go:build integration

package attack

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
)

// An attack is what a hostile server or a thief does to a device. run returns what the client says.
type attack struct {
	name, does string
	run        func(s *stage) string
	// pageCannot says why a browser does not see this attack. Then only the command line is attacked.
	pageCannot string
}

var attacks = slices.Concat(forks, thefts, rotations, records, accounts, logs, pasts, resends, nuisances)

// readOnly is the page's sentence while it shows what it had verified.
const readOnly = "Your vault is read-only"

// The client says the same about many lies.
var (
	altered     = want{"was changed outside this vault", "Your vault may have been tampered with|" + readOnly}
	rolledBack  = want{"this device has seen", "The server has an older version of your vault|" + readOnly}
	either      = want{altered.commandLine + "|" + rolledBack.commandLine, altered.page + "|" + rolledBack.page}
	keySettings = want{"key derivation", "The server asked for unsafe key settings"}
	intercepted = want{"something other than the server of this vault answered", "Something on this network answered instead of your server."}
	ended       = want{"the session has ended", "Sign in"}
)

var results table

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	results.print(os.Stdout)
	os.Exit(code)
}

func TestAttacksOnTheCommandLine(t *testing.T) { play(t, "command line", begin(t, nil)) }

// A page mostly waits for its server, so two browsers are attacked at the same time.
func TestAttacksOnThePage(t *testing.T) {
	play(t, "page", begin(t, startBrowser(t)), begin(t, startBrowser(t)))
}

// play runs all attacks. Each of the players has its own gates and takes the next attack when it has ended one.
func play(t *testing.T, client string, players ...*played) {
	t.Helper()
	next := make(chan attack, len(attacks))
	for _, a := range attacks {
		next <- a
	}
	close(next)
	var all sync.WaitGroup
	for _, p := range players {
		all.Go(func() {
			for a := range next {
				t.Run(strings.ReplaceAll(a.name, " ", "-"), func(t *testing.T) {
					if p.browser != nil && a.pageCannot != "" {
						results.add(a.name, client, fmt.Sprintf("(%s)", a.pageCannot))
						return
					}
					results.add(a.name, client, a.run(p.stage(t)))
				})
			}
		})
	}
	all.Wait()
}
