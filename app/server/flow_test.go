package server_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// TestWholeLife takes one account through every operation. It checks each exchange against the OpenAPI document, and the log
// for leaked secrets.
func TestWholeLife(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	secrets := map[string]string{}
	alice, reg := s.newPerson("Alice.Liddell")
	alice.enter(reg)
	secrets["username"], secrets["typed username"] = "alice.liddell", "Alice.Liddell"
	secrets["auth key"], secrets["recovery auth key"] = alice.authKey, alice.phraseKey
	secrets["wrapped key"], secrets["recovery wrapped key"] = alice.v.Keys.Wraps[0], alice.v.Keys.Wraps[1]
	secrets["identity"], secrets["session"], secrets["user id"] = alice.v.Keys.Identity, alice.token, alice.userID()
	if alice.acc.Username != "alice.liddell" || alice.acc.UserID != alice.userID() || alice.acc.Keys.Identity != alice.v.Keys.Identity {
		t.Fatalf("account after registration: %+v", alice.acc)
	}

	var pre protocol.PasswordKDF
	s.call("POST", protocol.PathPrelogin, protocol.PreloginRequest{Username: "ALICE.liddell"}).into(&pre)
	if pre.Salt != chain.ID(alice.v.Owner.KDF.Salt).String() || pre.Cost != int(alice.v.Owner.KDF.Cost) {
		t.Errorf("prelogin returned %+v, registered were %+v", pre, alice.v.Owner.KDF)
	}

	id := seal.NewID()
	first := alice.v.Put(chain.RecordOverview, id, 1, "first")
	details := alice.v.Put(chain.RecordDetails, id, 1, "details")
	alice.send(alice.v.Draft(first, details)).want(204, "")
	late := alice.item()
	alice.send(alice.v.Draft(testvault.Delete(first), alice.v.Put(chain.RecordOverview, id, 2, "second"))).want(204, "")
	alice.send(late).want(409, protocol.CodeRevisionConflict)
	alice.send(alice.v.Draft(testvault.Delete(details))).want(204, "")
	full := alice.vault("")
	if len(full.Entries) != 2 || len(full.Writes) != 2 || len(full.Cards) != 1 || full.Envelope == "" || len(full.Records) != 1 {
		t.Errorf("full sync: %+v", full)
	}
	delta := alice.vault("?since=2&after=1&revision=2")
	if len(delta.Entries) != 0 || len(delta.Writes) != 1 || delta.Envelope != "" || len(delta.Records) != 1 || !delta.Records[0].Deleted || delta.Records[0].Token != "" {
		t.Errorf("delta: %+v", delta)
	}
	if nothing := alice.vault("?since=3&after=1&revision=3"); len(nothing.Records)+len(nothing.Writes)+len(nothing.Cards) != 0 {
		t.Errorf("no changes: %+v", nothing)
	}
	secrets["record"] = first.Token

	proof := protocol.TOTPBeginRequest{CurrentAuthKey: alice.authKey}
	var begin protocol.TOTPBeginResponse
	alice.call("POST", protocol.PathTOTPBegin, proof).into(&begin)
	secrets["totp secret"], secrets["enrolment"] = begin.Secret, begin.Enrolment
	code := codeAt(t, begin.Secret, s.clock.Now())
	alice.call("POST", protocol.PathTOTPConfirm, protocol.TOTPConfirmRequest{Enrolment: begin.Enrolment, Code: code}).want(204, "")
	alice.login("").want(401, protocol.CodeTOTPRequired)
	s.clock.move(time.Minute)
	phone := alice.mustLogin(codeAt(t, begin.Secret, s.clock.Now()))
	if !phone.Account.TOTPEnabled {
		t.Error("the second factor is not enabled")
	}

	var list protocol.SessionsResponse
	alice.call("GET", protocol.PathSessions, nil).into(&list)
	if len(list.Sessions) != 2 || list.Sessions[0].ID != phone.Account.SessionID || !list.Sessions[1].Current {
		t.Errorf("sessions: %+v", list.Sessions)
	}
	alice.call("POST", protocol.PathSessionsEnd, protocol.EndSessionsRequest{CurrentAuthKey: alice.authKey, ID: phone.Account.SessionID}).want(204, "")
	alice.call("POST", protocol.PathSessionsEnd, protocol.EndSessionsRequest{CurrentAuthKey: alice.authKey, ID: phone.Account.SessionID}).want(404, protocol.CodeNotFound)
	s.call("GET", protocol.PathAccount, nil, bearer(phone.Token)).want(401, protocol.CodeUnauthorized)

	old := alice.loginRequest("")
	alice.renew(passwords[0]())
	secrets["second auth key"] = alice.authKey
	s.call("POST", protocol.PathLogin, old).want(401, protocol.CodeInvalidCredentials)

	proof2 := alice.phraseProof()
	alice.renew(newPhrase())
	s.call("POST", protocol.PathRecoveryOpen, proof2).want(401, protocol.CodeInvalidCredentials)
	var opened protocol.PhraseOpened
	s.call("POST", protocol.PathRecoveryOpen, alice.phraseProof()).into(&opened)
	if opened.Keys.Wraps[1] != alice.v.Keys.Wraps[1] || !opened.TOTPEnabled || opened.UserID != alice.userID() || len(opened.Log.Entries) != 4 {
		t.Errorf("recovery: %+v", opened)
	}
	var recovered protocol.UserSession
	again := alice.renewal(passwords[1]())
	s.call("POST", protocol.PathRecoveryFinish, again.recovery(true)).into(&recovered)
	again.accepted()
	alice.call("GET", protocol.PathAccount, nil).want(401, protocol.CodeUnauthorized)
	if recovered.Account.TOTPEnabled || recovered.Account.Keys.Wraps[0] != alice.v.Keys.Wraps[0] {
		t.Errorf("account after recovery: %+v", recovered.Account)
	}
	alice.token = recovered.Token
	secrets["third auth key"], secrets["second session"] = alice.authKey, recovered.Token

	alice.renew(testvault.Renewal{AccountKey: true, Card: true, Epoch: true})
	alice.save()

	other := alice.mustLogin("")
	alice.call("POST", protocol.PathSessionsEnd, protocol.EndSessionsRequest{CurrentAuthKey: alice.authKey}).want(204, "")
	s.call("GET", alice.vaultPath(protocol.PathVault), nil, bearer(other.Token)).want(401, protocol.CodeUnauthorized)
	another := alice.mustLogin("")
	s.call("POST", protocol.PathLogout, nil, bearer(another.Token)).want(204, "")
	s.call("POST", protocol.PathLogout, nil, bearer(another.Token)).want(401, protocol.CodeUnauthorized)

	alice.call("POST", protocol.PathAccountDelete, protocol.DeleteAccountRequest{CurrentAuthKey: alice.authKey}).want(204, "")
	alice.call("GET", protocol.PathAccount, nil).want(401, protocol.CodeUnauthorized)
	alice.login("").want(401, protocol.CodeInvalidCredentials)
	s.call("POST", protocol.PathUsers, reg).want(409, protocol.CodeUserIDTaken)
	s.register("alice.liddell")

	log := s.log.String()
	for name, secret := range secrets {
		if strings.Contains(log, secret) {
			t.Errorf("the log contains the %s", name)
		}
	}
	requireStructured(t, log)
}

func requireStructured(t *testing.T, log string) {
	t.Helper()
	seen := 0
	for line := range strings.Lines(log) {
		var entry struct {
			Msg       string
			RequestID string `json:"request_id"`
			Route     string
			Status    int
			MS        *float64
		}
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatalf("a log line is not JSON: %s", line)
		}
		if entry.Msg == "request" {
			seen++
			if entry.RequestID == "" || entry.Route == "" || entry.Status < 200 || entry.MS == nil {
				t.Errorf("incomplete log line of a request: %s", line)
			}
		}
	}
	if seen < 30 {
		t.Errorf("%d requests in the log", seen)
	}
}

func codeAt(t *testing.T, secret string, at time.Time) string {
	t.Helper()
	code, err := totp.GenerateCode(secret, at)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

func TestTokenUsesTheRequestedTransport(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	reg := registration("carol")
	reg.Transport = protocol.SessionCookie
	var out protocol.UserSession
	a := s.call("POST", protocol.PathUsers, reg)
	a.into(&out)
	if out.Token != "" {
		t.Error("a cookie session has its token in the body")
	}
	if len(a.cookies) != 2 { // the second is the device cookie
		t.Fatalf("cookies: %v", a.cookies)
	}
	c := a.cookies[0]
	if c.Name != "vaultsphere" || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Domain != "" || c.Secure {
		t.Errorf("cookie: %s", a.header.Get("Set-Cookie"))
	}
	s.call("GET", protocol.PathAccount, nil, header("Cookie", c.Name+"="+c.Value)).want(200, "")
	bye := s.call("POST", protocol.PathLogout, nil, header("Cookie", c.Name+"="+c.Value)).want(204, "")
	if got := bye.header.Get("Clear-Site-Data"); got != `"cache"` {
		t.Errorf("Clear-Site-Data: %s", got)
	}
	if len(bye.cookies) != 1 || bye.cookies[0].MaxAge >= 0 {
		t.Errorf("logout left the cookie: %v", bye.cookies)
	}
}
