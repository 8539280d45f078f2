//go:build integration

package attack

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// Attacks on a device that reads the history, and goes back to an earlier state of the vault. "Bank" was deleted permanently since.
var pasts = []attack{
	former("older token for a restore", "gives the overview of the bank from before its newest change",
		otherToken, func(s *stage, p *pastState) lies {
			return s.tokens(func(asked []protocol.KeptToken, given []protocol.TokenOrNone) {
				for i, a := range asked {
					if a.Kind == protocol.RecordOverview {
						given[i] = s.tokenOf(p.before, a.ItemID, a.Kind)
					}
				}
			})
		}),
	former("token of another item", "gives the records of the mail account for those of the bank",
		otherToken, func(s *stage, p *pastState) lies {
			mail := s.find(&p.now, protocol.RecordOverview, 0).ItemID
			return s.tokens(func(asked []protocol.KeptToken, given []protocol.TokenOrNone) {
				for i, a := range asked {
					given[i] = s.tokenOf(p.now, mail, a.Kind)
				}
			})
		}),
	former("token of another kind", "exchanges the overview and the details of the bank",
		otherToken, func(s *stage, _ *pastState) lies {
			return s.tokens(func(_ []protocol.KeptToken, given []protocol.TokenOrNone) { slices.Reverse(given) })
		}),
	former("token of another vault", "gives the records of another user for those of the bank",
		otherToken, func(s *stage, _ *pastState) lies {
			theirs := s.whole(s.mallory())
			return s.tokens(func(asked []protocol.KeptToken, given []protocol.TokenOrNone) {
				for i, a := range asked {
					given[i] = s.find(&theirs, a.Kind, 0).Token
				}
			})
		}),
	former("token of a branch", "gives what another device of anna wrote under the same revision, on a history that it dropped",
		otherToken, func(s *stage, p *pastState) lies {
			return s.tokens(func(asked []protocol.KeptToken, given []protocol.TokenOrNone) {
				dropped := 0
				for i, a := range asked {
					for _, r := range p.branch.Records {
						if r.ItemID == a.ItemID && r.Kind == a.Kind && r.Version == a.Version && r.Token != given[i] {
							given[i] = r.Token
							dropped++
						}
					}
				}
				if dropped == 0 {
					s.Error("the branch has no other token for a place of the bank")
				}
			})
		}),
	former("kept token denied", "says that it no longer keeps what it keeps",
		want{"the server no longer keeps that state", "this state is no longer kept"}, func(s *stage, _ *pastState) lies {
			return s.tokens(func(_ []protocol.KeptToken, given []protocol.TokenOrNone) { clear(given) })
		}),
	former("too few tokens", "answers fewer tokens than it was asked for",
		formerly, func(s *stage, _ *pastState) lies {
			return editing(s.T, protocol.PathVaultTokens, func(v *protocol.TokensAnswer) { v.Tokens = v.Tokens[1:] })
		}),
	former("write left out", "leaves a write out of the history",
		formerly, func(s *stage, _ *pastState) lies {
			return s.past(func(h *protocol.VaultHistory) {
				last := len(h.Writes) - 1
				if last == 0 {
					return // a shorter answer is allowed: the client asks for the rest
				}
				h.Writes, h.Operations = slices.Delete(h.Writes, last-1, last), slices.Delete(h.Operations, last-1, last)
			})
		}),
	former("operations of another write", "gives operations that the write does not hash",
		formerly, func(s *stage, _ *pastState) lies {
			return s.past(func(h *protocol.VaultHistory) { h.Operations[len(h.Operations)-1] = h.Operations[0] })
		}),
	former("write of a branch", "gives a write that another device of anna signed under the same revision, on a history that it dropped",
		formerly, func(s *stage, p *pastState) lies {
			return s.past(func(h *protocol.VaultHistory) {
				at := slices.IndexFunc(h.Writes, func(w protocol.Signed) bool { return s.revisionOf(w) == p.revision })
				h.Writes[at], h.Operations[at] = p.branched.Writes[0], p.branched.Operations[0]
			})
		}),
	former("history of another vault", "gives the history of another user, of the same length",
		formerly, func(s *stage, p *pastState) lies {
			m := s.mallory()
			for s.whole(m).Revision < p.now.Revision {
				must(s.T, m.add(s.T, "More"))
			}
			return lies{instead: func(w http.ResponseWriter, r request) bool {
				if !matches(protocol.PathVaultHistory, r.Path) {
					return false
				}
				status, body := s.ask(m, r.Method, s.path(m, protocol.PathVaultHistory)+"?"+r.Query.Encode(), nil)
				return answers("", status, nil, body).instead(w, r)
			}}
		}),
	former("endless history", "never stops to send writes",
		want{"answer to", ""}, func(s *stage, p *pastState) lies {
			h := s.historyOf(s.phone, p.revision, p.revision)
			return lies{instead: func(w http.ResponseWriter, r request) bool {
				if !matches(protocol.PathVaultHistory, r.Path) {
					return false
				}
				_, err := fmt.Fprint(w, `{"cards":[],"operations":[],"writes":[`)
				for err == nil { // until the client has enough
					_, err = fmt.Fprintf(w, "%q,", h.Writes[0])
				}
				return true
			}}
		}),
	former("repeated history", "gives the same writes again and again, in one answer",
		formerly, func(s *stage, _ *pastState) lies {
			return s.past(func(h *protocol.VaultHistory) {
				h.Writes, h.Operations = slices.Repeat(h.Writes, 100), slices.Repeat(h.Operations, 100)
			})
		}),
	former("history bomb", "answers with a history that unpacks to 64 MiB",
		want{"answer to", ""}, func(*stage, *pastState) lies {
			return unpacking(protocol.PathVaultHistory, `{"cards":[`+strings.Repeat(`"",`, 64<<20/3))
		}),
	former("token bomb", "answers with a token of 64 MiB",
		want{"answer to", ""}, func(*stage, *pastState) lies {
			return unpacking(protocol.PathVaultTokens, `{"tokens":["`+strings.Repeat("gAAAA", 64<<20/5)+`"]}`)
		}),
	former("unsigned revision", "spoils the signature of the write of that revision, so that nobody is proven to have signed it",
		want{"is not signed by a member of the vault", formerly.page}, func(s *stage, p *pastState) lies {
			return s.past(func(h *protocol.VaultHistory) {
				at := slices.IndexFunc(h.Writes, func(w protocol.Signed) bool { return s.revisionOf(w) == p.revision })
				w := s.write(h.Writes[at])
				w.Signature[0] ^= 1
				h.Writes[at] = encode(w.Encode())
			})
		}),
}

var (
	formerly   = want{"the server's history of the vault does not fit what was signed", "doesn’t match what your devices signed"}
	otherToken = want{"the server sent something other than what was saved then", "the server sent something other than what was saved"}
)

// pastState is what the attack has to do with.
type pastState struct {
	revision          int64 // to which the device goes back
	before, then, now protocol.VaultAnswer
	branch            protocol.VaultAnswer  // the vault of another server, with another write of the revision
	branched          protocol.VaultHistory // that write
}

// former is an attack on a device that goes back to the state before "Bank" was deleted. It must restore nothing. An honest server then
// gives the bank back.
func former(name, does string, w want, lie func(*stage, *pastState) lies) attack {
	return attack{name: name, does: does, run: func(s *stage) string {
		p := s.deletesTheBank()
		l := lie(s, p)
		must(s.T, s.device.open(s.T))
		back := func() outcome { return s.device.goBack(s.T, p.now.Revision, p.revision) }
		s.gate.lie(l)
		stored := s.stored()
		seen := back()
		s.says(w, seen)
		if s.stored() != stored {
			s.Error("the server stores something else than before")
		}
		s.stillOpens()
		s.gate.lie(lies{})
		must(s.T, back())
		s.recovers("Bank", "Mail", "Shop")
		return seen.said
	}}
}

// deletesTheBank returns the vault of a phone that changed the bank, and then deleted it permanently. On a copy of the server, a tablet
// made another change of the bank.
func (s *stage) deletesTheBank() *pastState {
	s.Helper()
	must(s.T, s.phone.add(s.T, "Shop"))
	s.known = []string{"Mail", "Shop"}
	p := &pastState{before: s.whole(s.phone)}
	one, other := s.server.fork(s.T)
	s.on(other)
	tablet := newCommandLine(s.T, s.TempDir(), s.honest.URL)
	must(s.T, tablet.signIn(s.T))
	must(s.T, tablet.act(s.T, "edit", "Bank", "--generate", "--username", "chosen@bank.example"))
	p.branch = s.whole(s.phone)
	p.branched = s.historyOf(s.phone, p.branch.Revision, p.branch.Revision)
	s.on(one)
	s.gate.point(one.URL)
	must(s.T, s.phone.act(s.T, "edit", "Bank", "--generate", "--username", "anna@bank.example"))
	p.then = s.whole(s.phone)
	p.revision = p.then.Revision
	must(s.T, s.phone.act(s.T, "edit", "Mail", "--username", "anna@mail.example"))
	must(s.T, s.phone.act(s.T, "edit", "Mail", "--username", "anna@example.org"))
	must(s.T, s.phone.act(s.T, "rm", "Bank", "--yes"))
	p.now = s.whole(s.phone)
	return p
}

// historyOf is what the real server says of the past of a device's vault.
func (s *stage) historyOf(d device, from, to int64) protocol.VaultHistory {
	s.Helper()
	var h protocol.VaultHistory
	s.get(d, fmt.Sprintf("%s?from=%d&to=%d", s.path(d, protocol.PathVaultHistory), from, to), &h)
	return h
}

// past returns a lie about the history.
func (s *stage) past(change func(*protocol.VaultHistory)) lies {
	return editing(s.T, protocol.PathVaultHistory, change)
}

// tokens returns a lie about the tokens of former records.
func (s *stage) tokens(change func(asked []protocol.KeptToken, given []protocol.TokenOrNone)) lies {
	return lies{change: func(r request, a *answer) {
		if !matches(protocol.PathVaultTokens, r.Path) {
			return
		}
		var asked protocol.TokensRequest
		if err := json.Unmarshal(r.Body, &asked); err != nil {
			s.Error(err)
			return
		}
		edit(s.T, r.Path, func(v *protocol.TokensAnswer) { change(asked.Tokens, v.Tokens) })(r, a)
	}}
}

// tokenOf returns the newest live token of an item's records of a kind.
func (s *stage) tokenOf(v protocol.VaultAnswer, id protocol.ID, kind protocol.RecordKind) (token string) {
	s.Helper()
	newest := protocol.Version(0)
	for _, r := range v.Records {
		if r.ItemID == id && r.Kind == kind && !r.Deleted && r.Version > newest {
			newest, token = r.Version, r.Token
		}
	}
	if token == "" {
		s.Errorf("the item has no %s", kind)
	}
	return token
}
