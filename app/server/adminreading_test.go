package server_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/internal/testenv/sample"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// guests lists the paths that require no session.
var guests = []string{
	protocol.PathHealth, protocol.PathReady, protocol.PathOpenAPI, protocol.PathPrelogin, protocol.PathUsers, protocol.PathRegisterCheck, protocol.PathInvitationOffer,
	protocol.PathLogin, protocol.PathRecoveryOpen, protocol.PathRecoveryFinish, protocol.PathVaultResend,
}

// fill puts the person's vault, and an attachment, into a path.
func (p *person) fill(path string, attachment string) string {
	return strings.NewReplacer("{vault}", p.v.ID.String(), "{id}", attachment, "{chunk}", "1").Replace(path)
}

// sealed collects the strings in answers to the owner of a vault that are longer than a hash: tokens, keys, and signed objects.
func sealed(t *testing.T, answers ...any) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case string:
			found[v] = len(v) > 43
		case []any:
			for _, one := range v {
				walk(one)
			}
		case map[string]any:
			for _, one := range v {
				walk(one)
			}
		}
	}
	for _, a := range answers {
		b, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		var v any
		if err := json.Unmarshal(b, &v); err != nil {
			t.Fatal(err)
		}
		walk(v)
	}
	maps.DeleteFunc(found, func(_ string, long bool) bool { return !long })
	return found
}

// An administrator's session tries every endpoint on the vault of another user, and gets nothing to read.
func TestAdministratorReadsNoVault(t *testing.T) {
	t.Parallel()
	s, root := newAdministered(t)
	bob, other := s.join("bob", root.invite()), s.join("other", root.invite())
	bob.save()
	bob.save()
	chunks := testvault.Chunks("attachment")
	attachment := chunks[0].Attachment.String()
	bob.upload(chunks[0]).want(204, "")
	bob.send(bob.v.Draft(testvault.Attach(chunks[0].Attachment, chunks))).want(204, "")
	account := bob.acc
	account.SessionID = ""
	secrets := sealed(t, bob.vault(""), account, chunks[0].Token, bob.attachments())
	if len(secrets) < 10 {
		t.Fatalf("only %d sealed or signed strings", len(secrets))
	}

	wrong := bob.loginRequest("")
	wrong.AuthKey = sample.AuthKey()
	phrase := bob.phraseProof()
	phrase.RecoveryAuthKey = sample.AuthKey()
	bodies := map[string][]any{
		protocol.PathLogin: {wrong}, protocol.PathRecoveryOpen: {phrase}, protocol.PathPrelogin: {protocol.PreloginRequest{Username: "bob"}},
		protocol.PathVaultWrites: {bob.item().Request()},
	}
	tried := 0
	for _, route := range s.srv.Routes() {
		method, path, _ := strings.Cut(route, " ")
		if path == protocol.PathEvents || path == protocol.PathLogout {
			continue // a stream, which is below, and the end of the session
		}
		body := append([]any{nil, struct{}{}}, bodies[path]...)
		if strings.Contains(path, "/admin/") {
			body = append(body, root.adminBody(route, other))
		}
		for _, query := range []string{"", "?since=0&after=-1&revision=0", "?from=1&to=2"} {
			for _, b := range body {
				if b != nil && method == http.MethodGet {
					continue
				}
				tried++
				a := root.call(method, bob.fill(path, attachment)+query, b)
				for secret := range secrets {
					if strings.Contains(string(a.body), secret) {
						t.Errorf("%s%s answers with %.40s of another user", route, query, secret)
					}
				}
				if ownsVault(path) && a.status != 404 && a.status != 400 && a.status != 415 {
					t.Errorf("%s%s: %d %s", route, query, a.status, a.body)
				}
			}
		}
	}
	if tried < 100 {
		t.Errorf("only %d requests", tried)
	}
	stream := root.follow()
	stream.want(revision("0"))
	bob.save()
	root.save()
	stream.want(revision("1"))
	if _, err := s.store.User(t.Context(), "other"); err == nil {
		t.Error("the requests of an administrator were not accepted")
	}
}

// ownsVault reports whether only the owner of a vault may use a path.
func ownsVault(path string) bool {
	return strings.Contains(path, "{vault}") && path != protocol.PathVaultResend
}
