package server_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/app/server"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/await"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

func signed(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func wired(o testvault.Operation) protocol.KeptToken {
	return protocol.KeptToken{
		ItemID: o.ID.String(), Kind: o.Kind.Wire(), Version: int64(o.Version), Epoch: int64(o.Epoch), Hash: signed(o.Hash[:]),
	}
}

func TestHistoryOfAVault(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p, eve := s.register("alice"), s.register("eve")
	first := p.v.Put(chain.RecordOverview, seal.NewID(), 1, "first")
	second := p.v.Put(first.Kind, first.ID, 2, "second")
	p.send(p.v.Draft(first)).want(204, "")
	p.send(p.v.Draft(testvault.Delete(first), second)).want(204, "")

	var history protocol.VaultHistory
	path := p.vaultPath(protocol.PathVaultHistory)
	p.call("GET", path+"?from=2&to=1000000", nil).into(&history)
	want := protocol.VaultHistory{
		Writes: []string{signed(p.v.Writes[1].Encode())}, Operations: []string{signed(chain.EncodeOperations(p.v.Operations[1]))},
		Cards: []string{signed(p.v.Owner.Card().Encode())},
	}
	if fmt.Sprint(history) != fmt.Sprint(want) {
		t.Errorf("got %.300v, want %.300v", history, want)
	}
	unknown := seal.NewID()
	ask := protocol.TokensRequest{Tokens: []protocol.KeptToken{wired(first), {
		ItemID: unknown.String(), Kind: protocol.RecordDetails, Version: 1, Epoch: 1, Hash: wired(first).Hash,
	}, wired(second)}}
	var got protocol.TokensAnswer
	tokens := p.vaultPath(protocol.PathVaultTokens)
	p.call("POST", tokens, ask).into(&got)
	if !slices.Equal(got.Tokens, []string{first.Token, "", second.Token}) {
		t.Errorf("got %.200q", got.Tokens)
	}

	for _, query := range []string{"?from=0", "?from=2&to=1", "?from=-1&to=5", "?from=1&to=9007199254740992", "?from=1&to=x", "?from=1&from=2", "?since=1", "?to=99999999999999999999"} {
		p.call("GET", path+query, nil).want(400, protocol.CodeBadRequest)
	}
	for _, body := range []string{`{}`, `{"tokens":null}`, `{"tokens":[]}`, `{"tokens":[{}]}`, `{"tokens":"x"}`, `{"tokens":[],"more":1}`} {
		p.s.send("POST", tokens, []byte(body), bearer(p.token)).want(400, protocol.CodeBadRequest)
	}
	ask.Tokens[0].Kind = protocol.RecordAttachment
	p.call("POST", tokens, ask).want(400, protocol.CodeBadRequest)
	ask.Tokens = slices.Repeat(ask.Tokens[2:], protocol.MaxHistoryTokens+1)
	p.call("POST", tokens, ask).want(400, protocol.CodeBadRequest)
	p.s.send("POST", tokens, []byte(strings.Repeat(" ", 64<<10)+"{}"), bearer(p.token)).want(413, protocol.CodeTooLarge)

	// Another user gets the answer of a vault that does not exist, and a stranger none.
	ask.Tokens = ask.Tokens[:1]
	nowhere := strings.Replace(protocol.PathVaultHistory, "{vault}", unknown.String(), 1)
	if a, b := eve.call("GET", path, nil).want(404, protocol.CodeNotFound), eve.call("GET", nowhere, nil); a.message() != b.message() {
		t.Errorf("%s, and of an unknown vault %s", a.body, b.body)
	}
	eve.call("POST", tokens, ask).want(404, protocol.CodeNotFound)
	s.call("GET", path, nil).want(401, protocol.CodeUnauthorized)
	s.call("POST", tokens, ask).want(401, protocol.CodeUnauthorized)
}

func TestKeptQuotaIsAnswered(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(_ *server.Config, s *site) { s.limits.Records.Bytes, s.limits.Attachments = 2000, 100 })
	p := s.register("alice")
	last := p.v.Put(chain.RecordOverview, seal.NewID(), 1, "content")
	p.send(p.v.Draft(last)).want(204, "")
	for range 100 {
		next := p.v.Put(last.Kind, last.ID, last.Version+1, "content")
		a := p.send(p.v.Draft(testvault.Delete(last), next))
		if a.status != 204 {
			a.want(403, protocol.CodeKeptQuota)
			if size := int64(len(last.Token)+vault.RecordWeight) * int64(last.Version); size <= 2*2000+100 || size > 2*2000+1100 {
				t.Errorf("refused at %d bytes", size)
			}
			return
		}
		last = next
	}
	t.Error("no quota")
}

// A large answer of tokens takes a slot of the full syncs, and a small one does not.
func TestLargeAnswersOfTokensTakeSlots(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := largeVault(s)
	s.srv.SyncWithin(500*time.Millisecond, time.Hour)
	var all []protocol.KeptToken
	for _, ops := range p.v.Operations {
		for _, o := range ops {
			all = append(all, wired(testvault.Operation{Operation: o}))
		}
	}
	// The tokens of this vault are not Fernet tokens, so the exchange cannot be checked against the document.
	ask := func(n int) (status int, got protocol.TokensAnswer) {
		body, err := json.Marshal(protocol.TokensRequest{Tokens: all[:n]})
		if err != nil {
			t.Fatal(err)
		}
		framing := fmt.Sprintf("Content-Length: %d\r\n", len(body))
		res := p.open(p.token, "POST", p.vaultPath(protocol.PathVaultTokens), framing, string(body)).answer() //nolint:bodyclose // as elsewhere
		if res.StatusCode == http.StatusOK {
			if err := json.NewDecoder(res.Body).Decode(&got); err != nil {
				t.Fatal(err)
			}
		}
		return res.StatusCode, got
	}
	history := p.vaultPath(protocol.PathVaultHistory)
	slow, _ := p.slowSync(p.token) //nolint:bodyclose // as elsewhere
	if status, _ := ask(protocol.MaxHistoryTokens); status != http.StatusServiceUnavailable {
		t.Errorf("a large answer beside a full sync: %d", status)
	}
	if status, got := ask(8); status != http.StatusOK || len(got.Tokens) != 8 {
		t.Errorf("a small answer beside a full sync: %d, %d tokens", status, len(got.Tokens))
	}
	p.call("GET", history+"?from=1&to=9", nil).want(503, protocol.CodeUnavailable)
	p.call("GET", history+"?from=1&to=8", nil).want(200, "")
	slow.close()
	var got protocol.TokensAnswer
	await.Until(t, "an answer in the place of a sync that was given up", func() bool {
		var status int
		status, got = ask(protocol.MaxHistoryTokens)
		return status == http.StatusOK
	})
	if len(got.Tokens) != protocol.MaxHistoryTokens || slices.Contains(got.Tokens, "") {
		t.Errorf("%d tokens", len(got.Tokens))
	}
}
