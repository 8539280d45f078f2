package server_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/internal/testenv/sample"
)

// TestWholeLife takes one account through every operation. It checks each exchange against the OpenAPI document, and the log
// for leaked secrets.
func TestWholeLife(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	secrets := map[string]string{}
	alice := s.register("Alice.Liddell")
	secrets["username"], secrets["typed username"] = "alice.liddell", "Alice.Liddell"
	secrets["auth key"], secrets["recovery auth key"] = alice.reg.AuthKey, alice.reg.RecoveryAuthKey
	secrets["wrapped key"], secrets["recovery wrapped key"] = alice.reg.WrappedKey, alice.reg.RecoveryWrappedKey
	secrets["session"], secrets["user id"] = alice.token, alice.reg.UserID
	if alice.acc.Username != "alice.liddell" || alice.acc.UserID != alice.reg.UserID || alice.acc.WrappedKey != alice.reg.WrappedKey {
		t.Fatalf("account after registration: %+v", alice.acc)
	}

	var pre protocol.PreloginResponse
	s.call("POST", protocol.PathPrelogin, protocol.PreloginRequest{Username: "ALICE.liddell"}).into(&pre)
	if pre.KDF != alice.reg.KDF {
		t.Errorf("prelogin returned %+v, registered were %+v", pre.KDF, alice.reg.KDF)
	}

	itemID := sample.ID()
	first := []protocol.Put{sample.Put(protocol.KindOverview, itemID, 1), sample.Put(protocol.KindDetails, itemID, 1)}
	alice.apply(0, first, nil).want(200, "")
	alice.apply(1, []protocol.Put{sample.Put(protocol.KindOverview, itemID, 2), sample.Put(protocol.KindDetails, itemID, 2)}, nil).want(200, "")
	alice.apply(1, []protocol.Put{sample.Put(protocol.KindOverview, sample.ID(), 1)}, nil).want(409, protocol.CodeRevisionConflict)
	alice.apply(2, []protocol.Put{sample.Put(protocol.KindDetails, itemID, 1)}, nil).want(400, protocol.CodeBadRequest)
	alice.apply(2, nil, []protocol.Place{{ItemID: itemID, Kind: protocol.KindDetails, Version: 1}}).want(200, "")
	full := alice.vault("")
	if full.Revision != 3 || len(full.Records) != 2 {
		t.Errorf("full sync: revision %d, %d records", full.Revision, len(full.Records))
	}
	delta := alice.vault("?since=2")
	if len(delta.Records) != 1 || !delta.Records[0].Deleted || delta.Records[0].Token != "" {
		t.Errorf("delta: %+v", delta.Records)
	}
	if nothing := alice.vault("?since=3"); len(nothing.Records) != 0 || nothing.Manifest != full.Manifest {
		t.Errorf("no changes: %+v", nothing)
	}
	secrets["record"] = first[0].Token

	proof := protocol.TOTPBeginRequest{CurrentAuthKey: alice.reg.AuthKey}
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
	alice.call("POST", protocol.PathSessionsEnd, protocol.EndSessionsRequest{CurrentAuthKey: alice.reg.AuthKey, ID: phone.Account.SessionID}).want(204, "")
	alice.call("POST", protocol.PathSessionsEnd, protocol.EndSessionsRequest{CurrentAuthKey: alice.reg.AuthKey, ID: phone.Account.SessionID}).want(404, protocol.CodeNotFound)
	s.call("GET", protocol.PathAccount, nil, bearer(phone.Token)).want(401, protocol.CodeUnauthorized)

	change := protocol.PasswordRequest{CurrentAuthKey: alice.reg.AuthKey, KDF: alice.reg.KDF, AuthKey: sample.AuthKey(), WrappedKey: sample.Token(100)}
	change.KDF.Salt = sample.ID()
	alice.call("POST", protocol.PathAccountPassword, change).want(204, "")
	secrets["second auth key"] = change.AuthKey
	alice.login("").want(401, protocol.CodeInvalidCredentials)
	alice.reg.AuthKey = change.AuthKey

	phrase := protocol.RecoveryRequest{CurrentAuthKey: alice.reg.AuthKey, RecoveryAuthKey: sample.AuthKey(), RecoveryWrappedKey: sample.Token(100)}
	alice.call("POST", protocol.PathAccountRecovery, phrase).want(204, "")
	s.call("POST", protocol.PathRecoveryOpen, protocol.RecoveryOpenRequest{Username: "alice.liddell", RecoveryAuthKey: alice.reg.RecoveryAuthKey}).
		want(401, protocol.CodeInvalidCredentials)
	var opened protocol.RecoveryOpenResponse
	s.call("POST", protocol.PathRecoveryOpen, protocol.RecoveryOpenRequest{Username: "alice.liddell", RecoveryAuthKey: phrase.RecoveryAuthKey}).into(&opened)
	if opened.RecoveryWrappedKey != phrase.RecoveryWrappedKey || !opened.TOTPEnabled || opened.UserID != alice.reg.UserID {
		t.Errorf("recovery: %+v", opened)
	}
	finish := protocol.RecoveryFinishRequest{
		Username: "alice.liddell", RecoveryAuthKey: phrase.RecoveryAuthKey, KDF: change.KDF, AuthKey: sample.AuthKey(),
		WrappedKey: sample.Token(100), RemoveTOTP: true, Device: "new laptop", Transport: protocol.SessionBearer,
	}
	var recovered protocol.SessionResponse
	s.call("POST", protocol.PathRecoveryFinish, finish).into(&recovered)
	alice.call("GET", protocol.PathAccount, nil).want(401, protocol.CodeUnauthorized)
	if recovered.Account.TOTPEnabled || recovered.Account.WrappedKey != finish.WrappedKey || recovered.Account.Revision != 3 {
		t.Errorf("account after recovery: %+v", recovered.Account)
	}
	alice.token, alice.reg.AuthKey = recovered.Token, finish.AuthKey
	secrets["third auth key"], secrets["second session"] = finish.AuthKey, recovered.Token

	other := alice.mustLogin("")
	alice.call("POST", protocol.PathSessionsEnd, protocol.EndSessionsRequest{CurrentAuthKey: alice.reg.AuthKey}).want(204, "")
	s.call("GET", protocol.PathVault, nil, bearer(other.Token)).want(401, protocol.CodeUnauthorized)
	another := alice.mustLogin("")
	s.call("POST", protocol.PathLogout, nil, bearer(another.Token)).want(204, "")
	s.call("POST", protocol.PathLogout, nil, bearer(another.Token)).want(401, protocol.CodeUnauthorized)

	alice.call("POST", protocol.PathAccountDelete, protocol.DeleteAccountRequest{CurrentAuthKey: alice.reg.AuthKey}).want(204, "")
	alice.call("GET", protocol.PathAccount, nil).want(401, protocol.CodeUnauthorized)
	alice.login("").want(401, protocol.CodeInvalidCredentials)
	s.call("POST", protocol.PathRegister, alice.reg).want(409, protocol.CodeUserIDTaken)
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
	reg := sample.Registration("carol")
	reg.Transport = protocol.SessionCookie
	var out protocol.SessionResponse
	a := s.call("POST", protocol.PathRegister, reg)
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
