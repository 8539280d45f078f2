//go:build integration

package attack

import (
	"encoding/json"
	"net/http"
	"slices"

	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// Attacks that show a history that does not continue what the device knows.
var forks = []attack{
	{
		name: "fork and join",
		does: "acknowledges a change, drops it, and later shows the other history, which is longer by then",
		run: func(s *stage) string {
			one, other := s.server.fork(s.T)
			s.gate.point(one.URL)
			must(s.T, s.device.add(s.T, "Acknowledged"))
			s.known = []string{"Acknowledged", "Bank", "Mail"}
			s.on(other)
			must(s.T, s.phone.add(s.T, "One"))
			must(s.T, s.phone.add(s.T, "Two"))
			s.gate.point(other.URL)
			return s.refused(rolledBack)
		},
	},
	{
		name: "forged way back",
		does: "drops an acknowledged change, and claims that another write has brought both histories together",
		run: func(s *stage) string {
			one, other := s.server.fork(s.T)
			s.gate.point(one.URL)
			must(s.T, s.device.add(s.T, "Acknowledged"))
			s.known = []string{"Acknowledged", "Bank", "Mail"}
			s.server = one
			dropped := s.parse(s.whole(s.device)).newest
			s.on(other)
			p := s.parse(s.whole(s.phone))
			common := p.newest
			for _, title := range []string{"One", "Two"} {
				must(s.T, s.phone.add(s.T, title))
				p.newest = s.parse(s.whole(s.phone)).newest
				p.writes[p.newest.Revision] = p.newest
			}
			s.gate.point(other.URL)
			s.gate.lie(s.vault(p.joined(common, dropped)))
			return s.refused(rolledBack)
		},
	},
	{
		name: "fork at one revision",
		does: "shows two devices different changes under the same revision",
		run: func(s *stage) string {
			one, other := s.server.fork(s.T)
			s.gate.point(one.URL)
			must(s.T, s.device.add(s.T, "Acknowledged"))
			s.known = []string{"Acknowledged", "Bank", "Mail"}
			s.on(other)
			must(s.T, s.phone.add(s.T, "One"))
			s.gate.point(other.URL)
			return s.refused(rolledBack)
		},
	},
	{
		name: "log that parted at its newest entry",
		does: "was restored, and shows as many log entries and the same writes, with another entry in the newest place",
		run: func(s *stage) string {
			one, other := s.server.fork(s.T)
			s.on(one)
			s.rotateVault(s.phone)
			s.gate.point(one.URL)
			s.gate.lie(s.noWrites())
			must(s.T, s.device.open(s.T))
			s.on(other)
			tablet := newCommandLine(s.T, s.TempDir(), s.honest.URL)
			must(s.T, tablet.signIn(s.T))
			s.rotateVault(tablet)
			s.gate.point(other.URL)
			s.gate.lie(s.noWrites())
			return s.refused(rolledBack)
		},
	},
	{
		name: "roll-back",
		does: "shows the vault as it was before the newest change",
		run: func(s *stage) string {
			one, other := s.server.fork(s.T)
			s.gate.point(one.URL)
			must(s.T, s.device.add(s.T, "Newest"))
			s.known = []string{"Bank", "Mail", "Newest"}
			s.on(other)
			s.gate.point(other.URL)
			s.recovers("Bank", "Mail", "Newest")
			return "sends the newest change again"
		},
	},
	{
		name: "roll-back through a new device",
		does: "shows an old vault to a new device, lets it write on, and then shows that to the old device",
		run: func(s *stage) string {
			one, other := s.server.fork(s.T)
			s.gate.point(one.URL)
			must(s.T, s.device.add(s.T, "Newest"))
			s.known = []string{"Bank", "Mail", "Newest"}
			s.on(other)
			tablet := newCommandLine(s.T, s.TempDir(), s.honest.URL)
			must(s.T, tablet.signIn(s.T))
			must(s.T, tablet.add(s.T, "From the tablet"))
			must(s.T, tablet.add(s.T, "From the tablet, too"))
			s.gate.point(other.URL)
			return s.refused(rolledBack)
		},
	},
	{
		name: "backup restored",
		does: "is honest, but its operator restores a backup (the most likely alarm of all)",
		run: func(s *stage) string {
			one, backup := s.server.fork(s.T)
			s.gate.point(one.URL)
			must(s.T, s.device.add(s.T, "After the backup"))
			s.known = []string{"After the backup", "Bank", "Mail"}
			s.on(backup)
			s.gate.point(backup.URL)
			s.recovers("After the backup", "Bank", "Mail")
			// The server has it again, for other devices too.
			if got := s.phone.open(s.T); !slices.Equal(got.titles, s.known) {
				s.Errorf("the phone shows %q", got.titles)
			}
			return "leads the server back"
		},
	},
	{
		name: "log of another vault",
		does: "answers with the vault of another user",
		run: func(s *stage) string {
			other := s.whole(s.mallory())
			return s.refusedEverywhere(either, s.vault(func(v *protocol.VaultAnswer) { *v = other }))
		},
	},
}

// noWrites refuses each write as too busy: a device that has one to make would otherwise learn from its refusal that the server has another history.
func (s *stage) noWrites() lies {
	s.Helper()
	return answers(protocol.PathVaultWrites, http.StatusServiceUnavailable, http.Header{"Retry-After": {"60"}},
		good[[]byte](s)(json.Marshal(protocol.Error{Code: protocol.CodeUnavailable, Message: "busy"})))
}

// rotateVault makes a device add an entry to the log, and no write: the records stay under the earlier key.
func (s *stage) rotateVault(c *commandLine) {
	s.Helper()
	before := s.whole(c)
	s.honest.lie(s.noWrites())
	c.act(s.T, "rotate", "--vault")
	s.honest.lie(lies{})
	if after := s.whole(c); after.Sequence != before.Sequence+1 || after.Revision != before.Revision {
		s.Fatalf("the vault is at write %d and entry %d, from %d and %d", after.Revision, after.Sequence, before.Revision, before.Sequence)
	}
}
