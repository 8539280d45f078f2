package server_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/server"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/sample"
)

// page reads one page of the audit trail.
func (p *person) auditPage(query url.Values) protocol.AuditResponse {
	p.s.t.Helper()
	var out protocol.AuditResponse
	p.call("GET", protocol.PathAdminEvents+"?"+query.Encode(), nil).into(&out)
	return out
}

// audit reads all of the audit trail, with parameters as "name=value".
func (p *person) audit(parameters ...string) []protocol.AuditEvent {
	p.s.t.Helper()
	query := url.Values{}
	for _, one := range parameters {
		name, value, _ := strings.Cut(one, "=")
		query.Set(name, value)
	}
	var all []protocol.AuditEvent
	for {
		page := p.auditPage(query)
		all = append(all, page.Events...)
		if page.Next == "" {
			return all
		}
		query.Set("before", page.Next)
	}
}

// summary is the events in words, in order.
func summary(events []protocol.AuditEvent) []string {
	var all []string
	for _, e := range events {
		line := fmt.Sprintf("%s %s", e.Who, e.Kind)
		if e.Whom != "" {
			line += " " + e.Whom
		}
		if e.Count > 1 {
			line += fmt.Sprintf(" x%d", e.Count)
		}
		all = append(all, line)
	}
	slices.Sort(all)
	return all
}

func wantSummary(t *testing.T, events []protocol.AuditEvent, want ...string) {
	t.Helper()
	slices.Sort(want)
	if got := summary(events); !slices.Equal(got, want) {
		t.Errorf("the trail has\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// everything does what the audit trail tells of, and returns secrets, which must not be in any trail.
func everything(s *site, root *person) (bob *person, secrets []string) {
	t := s.t
	i, spare := root.invite(), root.invite()
	root.call("POST", protocol.PathAdminInvitationsRevoke, protocol.RevokeInvitationRequest{ID: spare.ID}).want(204, "")
	bob = s.join("bob", i)
	secrets = append(secrets, i.Proof, spare.Proof, root.authKey, root.token, bob.authKey, bob.phraseKey, bob.token, "hunter2 in the wrong field")
	wrong := bob.loginRequest("")
	wrong.AuthKey = sample.AuthKey()
	for range 3 {
		s.call("POST", protocol.PathLogin, wrong).want(401, protocol.CodeInvalidCredentials)
	}
	for _, name := range []string{"hunter2-in-the-wrong-field", "nobody"} {
		wrong.Username = name
		s.call("POST", protocol.PathLogin, wrong).want(401, protocol.CodeInvalidCredentials)
	}
	secrets = append(secrets, wrong.AuthKey, "hunter2", "nobody")
	reg := registration("mallory")
	reg.Invitation = spare
	s.call("POST", protocol.PathUsers, reg).want(403, protocol.CodeInvitationInvalid)
	proof := bob.phraseProof()
	proof.RecoveryAuthKey = sample.AuthKey()
	s.call("POST", protocol.PathRecoveryOpen, proof).want(401, protocol.CodeInvalidCredentials)

	code := bob.enrol()
	bob.login("").want(401, protocol.CodeTOTPRequired) // which is how clients begin
	bob.login("000000").want(401, protocol.CodeTOTPInvalid)
	second := bob.mustLogin(codeAt(t, code, s.clock.Now()))
	secrets = append(secrets, code, second.Token)
	bob.call("POST", protocol.PathSessionsEnd, protocol.EndSessionsRequest{CurrentAuthKey: bob.authKey, ID: second.Account.SessionID}).want(204, "")
	bob.call("POST", protocol.PathSessionsEnd, protocol.EndSessionsRequest{CurrentAuthKey: sample.AuthKey()}).want(401, protocol.CodeInvalidCredentials)
	s.clock.move(time.Hour)
	bob.call("POST", protocol.PathTOTPRemove, protocol.TOTPRemoveRequest{CurrentAuthKey: bob.authKey}).want(204, "")
	bob.renew(passwords[0]())
	bob.renew(newPhrase())
	secrets = append(secrets, bob.authKey, bob.phraseKey)
	recovery := bob.renewal(passwords[1]())
	var entered protocol.UserSession
	s.call("POST", protocol.PathRecoveryFinish, recovery.recovery(true)).into(&entered)
	recovery.accepted()
	bob.token = entered.Token
	for _, path := range []string{
		protocol.PathAdminUsersPromote, protocol.PathAdminUsersDemote, protocol.PathAdminUsersSuspend,
	} {
		root.change(path, bob).want(204, "")
	}
	bob.login("").want(403, protocol.CodeSuspended)
	root.change(protocol.PathAdminUsersResume, bob).want(204, "")
	bob.token = bob.mustLogin("").Token
	bob.call("POST", protocol.PathLogout, nil).want(204, "")
	bob.token = bob.mustLogin("").Token
	bob.call("POST", protocol.PathAccountDelete, protocol.DeleteAccountRequest{CurrentAuthKey: bob.authKey}).want(204, "")
	eve := s.join("eve", root.invite())
	root.change(protocol.PathAdminUsersRemove, eve).want(204, "")
	return bob, append(secrets, bob.token, bob.authKey, eve.token, eve.authKey)
}

func TestTrailTellsWhatHappened(t *testing.T) {
	t.Parallel()
	s, root := newAdministered(t)
	bob, _ := everything(s, root)
	all := root.audit()
	wantSummary(t, all,
		"root registered", "root invitation_used", "root invited", "root invited", "root invitation_revoked", "bob registered", "bob invitation_used root",
		"bob sign_in_failed x3", " sign_in_failed x2", " invitation_refused", "bob phrase_failed", "bob second_factor_on", "bob second_factor_failed",
		"bob signed_in", "bob sessions_ended", "bob password_refused", "bob second_factor_off", "bob password_changed", "bob phrase_changed",
		"bob signed_in_with_phrase", "bob password_changed", "root promoted bob", "root demoted bob", "root suspended bob", "bob suspended_sign_in",
		"root resumed bob", "bob signed_in", "bob signed_out", "bob signed_in", "bob account_deleted", "root invited", "eve registered",
		"eve invitation_used root", "root removed eve",
	)
	if !slices.IsSortedFunc(all, func(a, b protocol.AuditEvent) int { return strings.Compare(b.ID, a.ID) }) {
		t.Error("the newest is not first")
	}
	for _, e := range all {
		if e.Address != "127.0.0.1" || len(e.RequestID) != 16 || e.Time.Before(s.clock.Now().Add(-3*time.Hour)) || e.Last.Before(e.Time) || e.Host {
			t.Errorf("%+v", e)
		}
		if known := e.Who != "" && !e.Kind.Counted() || e.Kind == protocol.AuditPasswordRefused; known != (e.Device != "") {
			t.Errorf("the device of %+v", e)
		}
		if e.Who == "bob" && e.WhoID != bob.userID() || e.Whom == "bob" && e.WhomID != bob.userID() {
			t.Errorf("the id of %+v", e)
		}
		if e.Kind == protocol.AuditInvited && e.Invitation == "" || !strings.Contains(s.log.String(), e.RequestID) {
			t.Errorf("%+v", e)
		}
	}
	wantSummary(t, root.audit("user=EVE"), "eve registered", "eve invitation_used root", "root removed eve")
	wantSummary(t, root.audit("kind=sign_in_failed"), "bob sign_in_failed x3", " sign_in_failed x2")
	wantSummary(t, root.audit("kind=signed_out", "user=bob"), "bob signed_out")
	wantSummary(t, root.audit("until="+s.clock.Now().Add(-2*time.Hour).Format(time.RFC3339)))
	recent := root.audit("since=" + s.clock.Now().Format(time.RFC3339))
	if len(recent) < 10 || slices.Contains(summary(recent), "bob registered") {
		t.Errorf("since now: %q", summary(recent))
	}
}

// A count of the hour is found by the time of its last event.
func TestCountsAreFoundByTheirLastEvent(t *testing.T) {
	t.Parallel()
	s, root := newAdministered(t)
	s.clock.move(40 * time.Minute)
	wrong := root.loginRequest("")
	wrong.AuthKey = sample.AuthKey()
	s.call("POST", protocol.PathLogin, wrong).want(401, protocol.CodeInvalidCredentials)
	at := func(d time.Duration) string { return s.clock.Now().Add(d).Format(time.RFC3339) }
	wantSummary(t, root.audit("since="+at(-time.Minute)), "root sign_in_failed")
	wantSummary(t, root.audit("since="+at(time.Minute)))
	if e := root.audit("kind=sign_in_failed")[0]; !e.Time.Equal(s.clock.Now().Truncate(time.Hour)) || !e.Last.Equal(s.clock.Now()) {
		t.Errorf("%+v", e)
	}
}

func TestTrailHasNoSecrets(t *testing.T) {
	t.Parallel()
	s, root := newAdministered(t)
	_, secrets := everything(s, root)
	answer := string(root.call("GET", protocol.PathAdminEvents, nil).body)
	for _, secret := range secrets {
		for where, text := range map[string]string{"the answer": answer, "a line": s.lines.String(), "the log": s.log.String()} {
			if strings.Contains(text, secret) {
				t.Errorf("%s contains %s", where, secret)
			}
		}
	}
	if len(secrets) < 15 || strings.Count(answer, `"kind"`) < 30 || strings.Count(s.lines.String(), "\n") < 30 {
		t.Errorf("only %d secrets in %s", len(secrets), answer)
	}
}

// lines reads what a log shipper gets.
func (s *site) auditLines() []protocol.AuditEvent {
	s.t.Helper()
	var all []protocol.AuditEvent
	lines := bufio.NewScanner(strings.NewReader(s.lines.String()))
	for lines.Scan() {
		var line struct {
			Message string `json:"msg"`
			protocol.AuditEvent
		}
		d := json.NewDecoder(strings.NewReader(lines.Text()))
		d.DisallowUnknownFields()
		if err := d.Decode(&line); err != nil || line.Message != "audit" {
			s.t.Fatalf("%q: %v", lines.Text(), err)
		}
		if _, err := d.Token(); err != io.EOF {
			s.t.Errorf("%q goes on", lines.Text())
		}
		all = append(all, line.AuditEvent)
	}
	return all
}

func TestEveryEventIsALine(t *testing.T) {
	t.Parallel()
	s, root := newAdministered(t)
	everything(s, root)
	var events int64
	for _, e := range root.audit() {
		events += e.Count
	}
	lines := s.auditLines()
	if int64(len(lines)) != events {
		t.Errorf("%d lines, %d events", len(lines), events)
	}
	for _, e := range lines {
		if e.Count != 1 || !e.Time.Equal(e.Last) || e.RequestID == "" {
			t.Errorf("%+v", e)
		}
	}
}

// A name or a label that a stranger or a user chose must not look like an event.
func TestNamesCannotForgeALine(t *testing.T) {
	t.Parallel()
	s, root := newAdministered(t)
	before := len(s.auditLines())
	forged := `{"msg":"audit","kind":"removed","who":"root"}`
	for _, name := range []string{
		"x\n" + forged, "x\r" + forged, "x\u2028" + forged, "x\x1b[2J", "x\x00", strings.Repeat("x", 300), forged, "x\u202eroot",
	} {
		for _, request := range []protocol.LoginRequest{
			{Username: name, AuthKey: sample.AuthKey(), Device: "d", Transport: protocol.SessionBearer},
			{Username: "root", AuthKey: root.authKey, Device: name, Transport: protocol.SessionBearer},
		} {
			s.clock.move(time.Hour) // the pause after wrong passwords
			body, err := json.Marshal(request)
			if err != nil {
				t.Fatal(err)
			}
			if a := s.send("POST", protocol.PathLogin, body); a.status != 400 && a.status != 401 && a.status != 200 {
				t.Fatalf("%d %s", a.status, a.body)
			}
		}
	}
	for n, e := range s.auditLines()[before:] {
		if e.Kind != protocol.AuditSignedIn && e.Kind != protocol.AuditSignInFailed || e.Who != "root" && e.Who != "" {
			t.Errorf("line %d: %+v", n, e)
		}
	}
	for _, e := range root.audit() {
		if strings.ContainsAny(e.Who+e.Whom+e.Device, "\n\r\x1b\x00") || len(e.Who) > 128 || len(e.Device) > 4*128 || e.Kind == protocol.AuditRemoved {
			t.Errorf("%+v", e)
		}
	}
}

// viaProxy makes requests come from an address behind a trusted proxy.
func viaProxy(c *server.Config) {
	c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
}

// Strangers who guess, from many addresses and with many names, add nothing but a number to the trail.
func TestGuessesDoNotFillTheTrail(t *testing.T) {
	t.Parallel()
	s, root := newAdministered(t, configured(viaProxy))
	for n := range 300 {
		guess := protocol.LoginRequest{Username: fmt.Sprintf("user%d", n), AuthKey: sample.AuthKey(), Device: fmt.Sprint(n), Transport: protocol.SessionBearer}
		from := header("X-Forwarded-For", fmt.Sprintf("2001:db8:%x::1", n))
		s.call("POST", protocol.PathLogin, guess, from).want(401, protocol.CodeInvalidCredentials)
		guess.Username = "root"
		s.call("POST", protocol.PathLogin, guess, from)
		s.call("POST", protocol.PathRegisterCheck, protocol.RegisterCheckRequest{Invitation: &protocol.Invitation{ID: sample.ID(), Proof: sample.ID()}}, from).
			want(403, protocol.CodeInvitationInvalid)
		phrase := protocol.PhraseProof{Username: "root", RecoveryAuthKey: sample.AuthKey(), After: -1}
		s.call("POST", protocol.PathRecoveryOpen, phrase, from).want(401, protocol.CodeInvalidCredentials)
	}
	all := root.audit()
	wantSummary(t, all, "root registered", "root invitation_used", " sign_in_failed x300", "root sign_in_failed x5", " invitation_refused x300", "root phrase_failed x300")
	for _, e := range all {
		if e.Count == 300 && e.Address != "2001:db8:12b::1" {
			t.Errorf("the last address of %+v", e)
		}
	}
}

// A script that does something again and again does not fill the trail either.
func TestManyEventsAreCounted(t *testing.T) {
	t.Parallel()
	s, root := newAdministered(t)
	for range 150 {
		root.invite()
	}
	rows, sum := root.audit("kind=invited"), int64(0)
	for _, e := range rows {
		sum += e.Count
	}
	if len(rows) > 101 || sum != 150 {
		t.Errorf("%d rows count %d invitations", len(rows), sum)
	}
	s.clock.move(time.Hour)
	root.invite()
	if got := root.audit("kind=invited"); len(got) != len(rows)+1 {
		t.Errorf("%d rows in the next hour", len(got)-len(rows))
	}
}

// forgetful is a store that stores no events.
type forgetful struct {
	vault.Store
	lost atomic.Int64
}

func (f *forgetful) AddEvent(context.Context, vault.Event) error {
	f.lost.Add(1)
	return vault.ErrStoreFull
}

func TestLostEventIsSeen(t *testing.T) {
	t.Parallel()
	f := &forgetful{}
	s, root := newAdministered(t, storedBy(func(inner vault.Store) vault.Store {
		f.Store = inner
		return f
	}))
	root.mustLogin("")
	wrong := root.loginRequest("")
	wrong.AuthKey = sample.AuthKey()
	s.call("POST", protocol.PathLogin, wrong).want(401, protocol.CodeInvalidCredentials)
	if all := root.audit(); len(all) != 0 { // which waits for the counts
		t.Errorf("%+v", all)
	}
	if log := s.log.String(); f.lost.Load() != 4 || strings.Count(log, `"msg":"event lost"`) != 4 || !strings.Contains(log, `"kind":"signed_in"`) {
		t.Errorf("%d events lost:\n%s", f.lost.Load(), log)
	}
	r := httptest.NewRecorder()
	s.srv.Metrics().ServeHTTP(r, httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil))
	if !strings.Contains(r.Body.String(), "\nvaultsphere_audit_failures_total 4\n") {
		t.Errorf("the metrics have\n%s", r.Body)
	}
	if len(s.auditLines()) != 4 {
		t.Errorf("%+v", s.auditLines())
	}
}

// The trail ends for an administrator together with the role.
func TestOnlyActiveAdministratorsReadTheTrail(t *testing.T) {
	t.Parallel()
	s, root := newAdministered(t)
	suspended, demoted, bob := s.join("eve", s.inviteAs(true)), s.join("mallory", s.inviteAs(true)), s.join("bob", root.invite())
	suspended.audit()
	root.change(protocol.PathAdminUsersSuspend, suspended).want(204, "")
	root.change(protocol.PathAdminUsersDemote, demoted).want(204, "")
	suspended.call("GET", protocol.PathAdminEvents, nil).want(401, protocol.CodeUnauthorized)
	demoted.call("GET", protocol.PathAdminEvents, nil).want(403, protocol.CodeNotAdministrator)
	bob.call("GET", protocol.PathAdminEvents, nil).want(403, protocol.CodeNotAdministrator)
	s.call("GET", protocol.PathAdminEvents, nil).want(401, protocol.CodeUnauthorized)
}

func TestBadQuestionsToTheTrail(t *testing.T) {
	t.Parallel()
	_, root := newAdministered(t)
	for _, bad := range []string{
		"since=", "since=2026-01-31", "since=0", "until=tomorrow", "since=2026-01-31T00:00:00Z&since=2026-01-31T00:00:00Z", "user=", "user=a%23b",
		"kind=", "kind=everything", "before=", "before=x", "before=01769851613589-9F86D081884C7D65", "after=1", "limit=1000000",
	} {
		root.call("GET", protocol.PathAdminEvents+"?"+bad, nil).want(400, protocol.CodeBadRequest)
	}
	for _, extreme := range []string{
		"since=9999-12-31T23:59:59Z", "until=0000-01-01T00:00:00Z", "since=0000-01-01T00:00:00Z&until=9999-12-31T23:59:59Z", "before=00000000000000-0000000000000000",
		"since=2027-01-01T00:00:00Z&until=2026-01-01T00:00:00Z", "before=99999999999999-ffffffffffffffff",
	} {
		root.call("GET", protocol.PathAdminEvents+"?"+extreme, nil).want(200, "")
	}
}

func TestEventsEndWithTheirTime(t *testing.T) {
	t.Parallel()
	s, root := newAdministered(t)
	s.clock.move(auditLife - time.Hour)
	root.token = root.mustLogin("").Token
	wantSummary(t, root.audit(), "root registered", "root invitation_used", "root signed_in")
	s.clock.move(2 * time.Hour)
	wantSummary(t, root.audit(), "root signed_in")
}

// deep is a store with endless events.
type deep struct {
	vault.Store
	reads, rows int
}

func (d *deep) Events(_ context.Context, _, before vault.EventID, limit int) ([]vault.Event, error) {
	d.reads++
	var all []vault.Event
	for range limit {
		d.rows++
		at := time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC).Add(-time.Duration(d.rows) * time.Second)
		if id := vault.EventsAt(at) + "-0000000000000000"; id < before {
			all = append(all, vault.Event{ID: id, Kind: protocol.AuditSignedOut, Time: at, Last: at, Count: 1, Who: "bob"})
		}
	}
	return all, nil
}

// A question that nothing answers does not read all of the trail.
func TestOneRequestReadsAPartOfTheTrail(t *testing.T) {
	t.Parallel()
	d := &deep{}
	_, root := newAdministered(t, storedBy(func(inner vault.Store) vault.Store {
		d.Store = inner
		return d
	}))
	first := root.auditPage(url.Values{"user": {"nobody"}})
	if len(first.Events) != 0 || first.Next == "" || d.rows > 5000 || d.reads > 10 {
		t.Errorf("%d reads of %d rows: %+v", d.reads, d.rows, first)
	}
	d.reads, d.rows = 0, 0
	full := root.auditPage(url.Values{"user": {"bob"}})
	if len(full.Events) != protocol.MaxAuditEvents || full.Next != full.Events[len(full.Events)-1].ID || d.reads != 1 {
		t.Errorf("%d reads, %d events, %s", d.reads, len(full.Events), full.Next)
	}
}

// Documents, command line and server have one list of kinds.
func TestEveryKindIsListed(t *testing.T) {
	t.Parallel()
	var doc struct {
		Components struct {
			Schemas map[string]struct {
				Enum []protocol.AuditKind `json:"enum"`
			} `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal(protocol.OpenAPI, &doc); err != nil {
		t.Fatal(err)
	}
	if got, want := slices.Sorted(slices.Values(protocol.AuditKinds)), slices.Sorted(slices.Values(doc.Components.Schemas["AuditKind"].Enum)); !slices.Equal(got, want) {
		t.Errorf("AuditKinds are %q, constants %q", got, want)
	}
}
