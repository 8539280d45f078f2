//go:build integration

package attack

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// Attacks of a thief who has the session token of a device, and no password.
var thefts = []attack{
	{
		name: "garbage write",
		does: "a thief with a session token writes garbage, wrapped keys and attachments",
		run: func(s *stage) string {
			stored := s.stored()
			var refusals []string
			for what, try := range s.garbage() {
				status, body := s.ask(s.device, try.method, s.path(s.device, try.path), try.body)
				if status < 400 || status >= 500 {
					s.Errorf("%s: the server answers %d %s", what, status, body)
				}
				refusals = append(refusals, http.StatusText(status))
			}
			if s.stored() != stored {
				s.Error("the server stores something else than before")
			}
			s.recovers(s.known...)
			s.stillOpens()
			slices.Sort(refusals)
			return "(nothing: the server refuses all of it with " + strings.Join(slices.Compact(refusals), ", ") + ")"
		},
	},
	{
		name: "erase",
		does: "a thief with a session token deletes what can be deleted, and the server then answers 401 to the device",
		run: func(s *stage) string {
			stored := s.stored()
			file := s.find(new(s.whole(s.phone)), protocol.RecordAttachment, 0).ItemID
			wrong := protocol.EndSessionsRequest{CurrentAuthKey: base64.StdEncoding.EncodeToString(make([]byte, 32))}
			for _, try := range []struct {
				method, path string
				body         any
			}{
				{"DELETE", protocol.PathVault, nil},
				{"DELETE", strings.ReplaceAll(protocol.PathVaultAttachments+"/{id}", "{id}", file), nil},
				{"DELETE", strings.NewReplacer("{id}", file, "{chunk}", "1").Replace(protocol.PathVaultChunk), nil},
				{"DELETE", protocol.PathAccount, nil},
				{"POST", protocol.PathAccountDelete, wrong},
				{"POST", protocol.PathSessionsEnd, wrong},
				{"POST", protocol.PathSessionsEnd, []byte(`{}`)},
			} {
				if status, body := s.ask(s.device, try.method, s.path(s.device, try.path), try.body); status < 400 || status >= 500 {
					s.Errorf("%s %s: the server answers %d %s", try.method, try.path, status, body)
				}
			}
			if s.stored() != stored {
				s.Error("the server stores something else than before")
			}
			s.gate.lie(answers("", http.StatusUnauthorized, nil, []byte(`{"code":"unauthorized","message":"no session","request_id":"r"}`)))
			seen := s.device.open(s.T)
			s.says(ended, seen)
			if got := s.device.openCopy(s.T).titles; !slices.Equal(got, s.known) {
				s.Errorf("the copy has %q, want %q", got, s.known)
			}
			s.gate.lie(lies{})
			if got := must(s.T, s.device.signIn(s.T)).titles; !slices.Equal(got, s.known) {
				s.Errorf("after signing in again, the device shows %q", got)
			}
			return seen.said
		},
	},
}

type try struct {
	method, path string
	body         any
}

// garbage returns requests that try to change the vault with a session alone.
func (s *stage) garbage() map[string]try {
	s.Helper()
	whole, a, thief := s.whole(s.device), s.account(s.device), seal.NewCardKeys()
	p := s.parse(whole)
	op, token := s.invented(&p)
	ops := []chain.Operation{op}
	sign := func(change func(*chain.Write)) protocol.WriteRequest {
		w := s.next(whole, ops)
		change(w)
		w.Sign(thief.Signing)
		return protocol.WriteRequest{Write: encode(w.Encode()), Operations: encode(chain.EncodeOperations(ops)), Tokens: []protocol.Token{token}}
	}
	card := good[*chain.Card](s)(seal.FirstCard(p.card.User, p.card.Username, thief))
	d := s.document(a.Keys)
	d.Wraps[0].AuthKey = chain.HashOf(chain.HashAuthKey, []byte("the thief's"))
	e := p.account(d)
	e.Sign(thief.Signing, thief.Signing)
	keys := a.Keys
	keys.Document = encode(d.Encode())
	file := s.find(&whole, protocol.RecordAttachment, 0).ItemID
	return map[string]try{
		"a write that the thief signs": {"POST", protocol.PathVaultWrites, sign(func(*chain.Write) {})},
		"a write with the thief's card": {"POST", protocol.PathVaultWrites, sign(func(w *chain.Write) {
			w.AuthorCard = card.Hash()
		})},
		"the newest write once more": {"POST", protocol.PathVaultWrites, protocol.WriteRequest{
			Write: whole.Writes[0], Operations: encode(chain.EncodeOperations(ops)), Tokens: []protocol.Token{token},
		}},
		"a branch that the thief signs": {"POST", protocol.PathVaultWrites, func() protocol.WriteRequest {
			branch := sign(func(*chain.Write) {})
			joins := sign(func(w *chain.Write) {
				w.Branch = good[*chain.Write](s)(chain.ParseWrite(bytesOf(s, branch.Write))).Hash()
			})
			joins.Branch = []protocol.BranchWrite{{Write: branch.Write, Operations: branch.Operations}}
			return joins
		}()},
		"bytes": {"POST", protocol.PathVaultWrites, []byte(`{"write":"AAAA","operations":"AAAA","tokens":["AAAA"]}`)},
		"an account entry that the thief signs": {"POST", protocol.PathAccountEntry, protocol.AccountEntryRequest{
			CurrentAuthKey: base64.StdEncoding.EncodeToString(make([]byte, 32)),
			Change:         protocol.AccountEntry{Keys: keys, Entry: encode(e.Encode())},
		}},
		"a chunk in the place of a stored one": {
			"PUT", strings.NewReplacer("{id}", file, "{chunk}", "1").Replace(protocol.PathVaultChunk),
			protocol.Chunk{Count: 1, Token: token},
		},
	}
}
