//go:build integration

package attack

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// Attacks by a server that says that it was restored from a backup, and asks the device to send again what it lost, and by a thief who
// sends to a server that was really restored.
var resends = []attack{
	{
		name: "restore claimed",
		does: "shows an older vault, and says that it was restored and has all that the device has, so that the device goes back",
		run: func(s *stage) string {
			newest := s.putBack()
			s.gate.lie(restored(s, func(v *protocol.ResendState) { v.Revision, v.Sequence = newest.Revision, newest.Sequence }))
			said := s.refused(rolledBack)
			s.sendsNothingAgain()
			return said
		},
	},
	{
		name: "re-sent change dropped",
		does: "shows an older vault, and takes what the device sends again without storing it",
		run: func(s *stage) string {
			s.putBack()
			s.gate.lie(lies{instead: func(w http.ResponseWriter, r request) bool {
				return r.Method == http.MethodPost && answers(protocol.PathVaultResend, 200, nil, []byte(`{"lost":[]}`)).instead(w, r)
			}})
			seen := s.device.open(s.T)
			s.says(rolledBack, seen)
			most := 1
			if _, page := s.device.(*page); page {
				most = 3 // it syncs more than once; how often a device tries is in the tests of app/client
			}
			if n := len(s.gate.sent("POST", protocol.PathVaultResend)); n < 1 || n > most {
				s.Errorf("the device sent it %d times", n)
			}
			s.stillOpens()
			s.recovers(s.known...)
			return seen.said
		},
	},
	{
		name: "restore claimed to learn",
		does: "says that it has lost everything, and keeps what the device sends, while a change waits in the outbox",
		run: func(s *stage) string {
			newest := s.whole(s.device)
			had := map[string]bool{}
			for _, v := range []any{newest, s.account(s.device), s.historyOf(s.device, 1, newest.Revision)} {
				s.texts(v, func(text string) { had[text] = true })
			}
			s.gate.unreachable()
			must(s.T, s.device.rename(s.T, "Mail", "Mail at home"))
			var sent [][]byte
			l := restored(s, func(v *protocol.ResendState) {
				v.Revision, v.Sequence, v.Head = 0, 0, encode(make([]byte, 32))
			})
			l.instead = func(w http.ResponseWriter, r request) bool {
				if r.Method != http.MethodPost || !matches(protocol.PathVaultResend, r.Path) {
					return false
				}
				sent = append(sent, r.Body)
				return answers("", 400, nil, []byte(`{"code":"bad_request","message":"no","request_id":"r"}`)).instead(w, r)
			}
			before := newest.Writes[len(newest.Writes)-1]
			l.change = both(l, s.vault(func(v *protocol.VaultAnswer) {
				v.Revision, v.Head, v.Writes = 1, s.hashOf(before), []protocol.Signed{before}
			})).change
			s.gate.lie(l)
			seen := s.device.open(s.T)
			s.says(either, seen)
			for _, body := range sent {
				var in protocol.ResendRequest
				if err := json.Unmarshal(body, &in); err != nil {
					s.Fatal(err)
				}
				s.texts(in, func(text string) {
					if text != in.Resend && !had[text] {
						s.Errorf("the server did not have %.60q", text)
					}
				})
			}
			if len(sent) == 0 {
				s.Error("nothing was sent again: this attack proves nothing")
			}
			s.recovers("Bank", "Mail at home")
			return seen.said
		},
	},
	{
		name: "attachments called lost",
		does: "was restored, takes what the device sends again, and then calls an attachment lost that it has",
		run: func(s *stage) string {
			s.putBack()
			file := s.find(new(s.whole(s.phone)), protocol.RecordAttachment, 0).ItemID
			s.gate.lie(lies{change: func(r request, a *answer) {
				if r.Method == http.MethodPost {
					edit(s.T, protocol.PathVaultResend, func(v *protocol.ResendAnswer) {
						v.Lost = []protocol.ID{file, seal.NewID().String(), "../../etc"}
					})(r, a)
				}
			}})
			s.device.open(s.T)
			s.recovers(s.known...)
			must(s.T, s.phone.act(s.T, "attachment", "Bank", "deed.txt", "--output", "copy.txt"))
			return "(nothing: the attachment is still there)"
		},
	},
	{
		name: "re-sent by a thief",
		does: "a thief with a session sends a restored server what anna's devices would send, signed by another key",
		run: func(s *stage) string {
			one, backup := s.server.fork(s.T)
			s.gate.point(one.URL)
			s.on(one)
			must(s.T, s.phone.add(s.T, "After the backup"))
			lost := s.whole(s.phone)
			history := s.historyOf(s.phone, lost.Revision, lost.Revision)
			s.on(backup)
			s.gate.point(backup.URL)
			stored := s.stored()
			p, thief := s.parse(lost), seal.NewCardKeys()
			var state protocol.ResendState
			s.get(s.device, s.path(s.device, protocol.PathVaultResend), &state)
			statement := &chain.Resend{
				Vault: p.newest.Vault, Nonce: chain.Nonce(bytesOf(s, state.Nonce)), Revision: p.newest.Revision, Write: p.newest.Hash(),
				Sequence: p.head().Sequence, Entry: p.head().Hash(), Author: p.newest.Author, AuthorCard: p.card.Hash(),
			}
			statement.Sign(thief.Signing)
			body := protocol.ResendRequest{
				Resend: encode(statement.Encode()), Writes: []protocol.ResentWrite{{Write: history.Writes[0], Operations: history.Operations[0]}},
			}
			for _, r := range lost.Records {
				if r.Revision == lost.Revision {
					body.Tokens = append(body.Tokens, r.Token)
				}
			}
			status, answer := s.ask(s.device, "POST", s.path(s.device, protocol.PathVaultResend), body)
			if status < 400 || status >= 500 {
				s.Errorf("the server answers %d %s", status, answer)
			}
			if s.stored() != stored {
				s.Error("the server stores something else than before")
			}
			// Anna's phone sends the same, with her key.
			if got := must(s.T, s.phone.open(s.T)).titles; !slices.Equal(got, []string{"After the backup", "Bank", "Mail"}) {
				s.Errorf("the phone shows %q", got)
			}
			s.known = []string{"After the backup", "Bank", "Mail"}
			s.recovers(s.known...)
			return "(nothing: the server answers " + strconv.Itoa(status) + " " + http.StatusText(status) + ")"
		},
	},
	{
		name: "re-sent request replayed",
		does: "a thief reads a request with which a device re-sent changes, and repeats it after other changes",
		run: func(s *stage) string {
			s.putBack()
			s.gate.lie(lies{})
			must(s.T, s.device.open(s.T))
			sent := s.gate.sent("POST", protocol.PathVaultResend)
			if len(sent) != 1 {
				s.Fatalf("the device sent %d requests", len(sent))
			}
			must(s.T, s.phone.add(s.T, "Later"))
			stored := s.stored()
			status, answer := s.ask(s.device, "POST", s.path(s.device, protocol.PathVaultResend), sent[0])
			if status < 400 || status >= 500 {
				s.Errorf("the server answers %d %s", status, answer)
			}
			if s.stored() != stored {
				s.Error("the server stores something else than before")
			}
			s.recovers("Bank", "Later", "Mail", "Newest")
			return "(nothing: the server answers " + strconv.Itoa(status) + " " + http.StatusText(status) + ")"
		},
	},
}

// putBack lets the device add "Newest", and puts the server back to before. It returns the vault with it.
func (s *stage) putBack() protocol.VaultAnswer {
	s.Helper()
	one, other := s.server.fork(s.T)
	s.gate.point(one.URL)
	must(s.T, s.device.add(s.T, "Newest"))
	s.known = []string{"Bank", "Mail", "Newest"}
	s.on(one)
	newest := s.whole(s.phone)
	s.on(other)
	s.gate.point(other.URL)
	return newest
}

// restored returns a lie about what the server has.
func restored(s *stage, change func(*protocol.ResendState)) lies {
	return lies{change: func(r request, a *answer) {
		if r.Method == http.MethodGet {
			edit(s.T, protocol.PathVaultResend, change)(r, a)
		}
	}}
}

func (s *stage) sendsNothingAgain() {
	s.Helper()
	if sent := s.gate.sent("POST", protocol.PathVaultResend); len(sent) > 0 {
		s.Errorf("the device sent something again: %s", sent)
	}
}

func (s *stage) hashOf(w protocol.Signed) string {
	s.Helper()
	h := s.write(w).Hash()
	return encode(h[:])
}

// texts calls each with the strings of a JSON document.
func (s *stage) texts(v any, each func(string)) {
	s.Helper()
	switch v := v.(type) {
	case string:
		each(v)
	case []any:
		for _, e := range v {
			s.texts(e, each)
		}
	case map[string]any:
		for _, e := range v {
			s.texts(e, each)
		}
	case bool, float64, nil:
	default:
		b, err := json.Marshal(v)
		if err != nil {
			s.Fatal(err)
		}
		var document any
		if err := json.Unmarshal(b, &document); err != nil {
			s.Fatal(err)
		}
		s.texts(document, each)
	}
}
