//go:build integration

package attack

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	_ "modernc.org/sqlite" // to read a stolen database

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/internal/testenv/proxy"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// A doorAttack is what a stranger, or somebody who must leave, does to come in or stay. run returns what the server or the client says.
type doorAttack struct {
	name, does string
	run        func(d *door) string
}

var doorAttacks = []doorAttack{
	{
		name: "invitation used twice",
		does: "registers with a link that was used, and three strangers use one link at the same moment",
		run: func(d *door) string {
			d.open()
			link := d.invites(d.root)
			must(d.T, d.registers("bob", link))
			said := d.refused("mallory", link)
			link = d.invites(d.root)
			var all sync.WaitGroup
			for _, name := range []string{"one", "two", "three"} {
				all.Go(func() { d.registers(name, link) })
			}
			all.Wait()
			if users := d.users(); len(users) != 3 {
				d.Errorf("the users are %q", users)
			}
			return said
		},
	},
	{
		name: "invitation expired",
		does: "registers with a link that is older than seven days",
		run: func(d *door) string {
			d.open()
			link := d.invites(d.root)
			d.database(func(db *sql.DB) {
				const week = 7 * 24 * 60 * 60 * 1000
				if _, err := db.ExecContext(d.Context(), "UPDATE invitations SET created = created - ?1, expires = expires - ?1", week); err != nil {
					d.Fatal(err)
				}
			})
			return d.refused("mallory", link)
		},
	},
	{
		name: "invitation revoked",
		does: "registers with a link that an administrator has revoked",
		run: func(d *door) string {
			d.open()
			link := d.invites(d.root)
			must(d.T, d.root.does(d.T, "admin", "revoke", d.secret(link).Invitation().ID, "--password-file", "password"))
			return d.refused("mallory", link)
		},
	},
	{
		name: "proof forged from a stolen database",
		does: "registers with the id of an open invitation and what the database has about its proof",
		run: func(d *door) string {
			d.open()
			d.invites(d.root)
			var stolen protocol.Invitation
			var hash string
			d.database(func(db *sql.DB) {
				if err := db.QueryRowContext(d.Context(), "SELECT id, proof_hash FROM invitations").Scan(&stolen.ID, &hash); err != nil {
					d.Fatal(err)
				}
			})
			said := ""
			for _, proof := range []string{stolen.ID, hash, hash[:21] + "A", protocol.NewJoinSecret().Invitation().Proof} {
				stolen.Proof = proof
				_, reg := testvault.NewPerson("mallory").Registration()
				reg.Invitation = &stolen
				for path, body := range map[string]any{protocol.PathUsers: reg, protocol.PathRegisterCheck: protocol.RegisterCheckRequest{Invitation: &stolen}} {
					status, code := d.ask("POST", path, "", body, nil)
					if status < 400 || status >= 500 {
						d.Errorf("%s answers %d %s", path, status, code)
					}
					said = string(code)
				}
			}
			d.nobodyCameIn()
			return "(nothing: the server answers " + said + ")"
		},
	},
	inviterGone("suspended", "suspend"), inviterGone("demoted", "demote"), inviterGone("removed", "remove"), inviterGone("deleted", "delete", "--yes"),
	{
		name: "first user through a proxy",
		does: "reaches a new server through a proxy on its machine, and registers as its first user, who is the administrator",
		run: func(d *door) string {
			target, err := url.Parse(d.url)
			if err != nil {
				d.Fatal(err)
			}
			front := httptest.NewServer(proxy.Whole(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
				r.SetURL(target)
				r.SetXForwarded()
			}}))
			defer front.Close()
			stranger := newCommandLine(d.T, d.TempDir(), front.URL)
			said := stranger.act(d.T, "register", "mallory", "--phrase-file", "phrase").said
			if !strings.Contains(said, "invitation_required") {
				d.Errorf("the client says %q", said)
			}
			for _, disguise := range []func(*http.Request){
				func(r *http.Request) { r.Host = "vault.example.org" },
				func(r *http.Request) { r.Host = "localhost.example.org" },
				func(r *http.Request) { r.Header.Set("X-Real-Ip", "127.0.0.1") },
				func(r *http.Request) { r.Header.Set("Forwarded", "for=127.0.0.1") },
				func(r *http.Request) { r.Header.Set("X-Forwarded-For", "") },
			} {
				if status, code := d.registersFirst(disguise); status != http.StatusForbidden || code != protocol.CodeInvitationRequired {
					d.Errorf("the server answers %d %s", status, code)
				}
			}
			d.newServerIsForItsMachine()
			return said
		},
	},
	{
		name: "first user from another address",
		does: "reaches a new server that listens on all addresses, and registers as its first user",
		run: func(d *door) string {
			d.restart("LISTEN_ADDR=:0")
			status, code := d.registersFirst(func(*http.Request) {})
			if status != http.StatusForbidden {
				d.Errorf("the server answers %d %s", status, code)
			}
			d.restart()
			d.newServerIsForItsMachine()
			return fmt.Sprintf("(nothing: the server answers %s)", code)
		},
	},
	{
		name: "session of a suspended user",
		does: "keeps the session and the event stream that were open before the suspension, and signs in again",
		run: func(d *door) string {
			d.open()
			bob := d.joins("bob")
			must(d.T, bob.add(d.T, "Bank"))
			events := d.follow(bob)
			must(d.T, d.root.act(d.T, "admin", "suspend", "bob"))
			if last := <-events; !strings.Contains(last, "event: "+protocol.EventEnded) {
				d.Errorf("the stream ends with %q", last)
			}
			for _, path := range []string{protocol.PathAccount, protocol.PathSessions, protocol.PathEvents} {
				if status, code := d.ask("GET", path, d.token(bob), nil, nil); status != http.StatusUnauthorized {
					d.Errorf("%s answers %d %s", path, status, code)
				}
			}
			if seen := bob.list(d.T, "--no-cache"); seen.said == "" || len(seen.titles) > 0 {
				d.Errorf("the client says %q and shows %q", seen.said, seen.titles)
			}
			said := bob.act(d.T, "login", "bob").said
			if !strings.Contains(said, "suspended") {
				d.Errorf("the client says %q", said)
			}
			must(d.T, d.root.act(d.T, "admin", "resume", "bob"))
			must(d.T, bob.act(d.T, "login", "bob"))
			if got := must(d.T, bob.open(d.T)).titles; len(got) != 1 {
				d.Errorf("after the return, the client shows %q", got)
			}
			return said
		},
	},
	{
		name: "session of a demoted administrator",
		does: "administers with the session that was open before the demotion",
		run: func(d *door) string {
			d.open()
			eve := d.joinsAs("eve", d.operates("invite", "--admin", d.url))
			d.joins("bob")
			must(d.T, eve.does(d.T, "admin", "users"))
			must(d.T, d.root.act(d.T, "admin", "demote", "eve"))
			said := ""
			for _, try := range [][]string{
				{"invite", "--password-file", "password"}, {"admin", "users"}, {"admin", "invitations"}, {"admin", "events"}, {"admin", "suspend", "bob", "--password-file", "password"},
				{"admin", "promote", "eve", "--password-file", "password"}, {"admin", "demote", "root", "--password-file", "password"},
				{"admin", "remove", "bob", "--password-file", "password"}, {"admin", "delete", "bob", "--yes", "--password-file", "password"},
			} {
				if said = eve.does(d.T, try...).said; !strings.Contains(said, "not_administrator") {
					d.Errorf("vaultsphere %s says %q", strings.Join(try, " "), said)
				}
			}
			if got := d.users(); got["eve"] != "user active" || got["bob"] != "user active" || got["root"] != "administrator active" {
				d.Errorf("the users are %q", got)
			}
			return said
		},
	},
	{
		name: "administrators demote each other",
		does: "two administrators demote each other at the same moment, so that the server has none",
		run: func(d *door) string {
			a, b := d.administrator("ada"), d.administrator("bea")
			lost := 0
			for range 20 {
				var both sync.WaitGroup
				both.Go(func() { a.demotes(b) })
				both.Go(func() { b.demotes(a) })
				both.Wait()
				users := d.users()
				for _, name := range []string{"ada", "bea"} {
					if users[name] != "administrator active" {
						lost++
						d.operates("users", "promote", name)
					}
				}
				if users["ada"] != "administrator active" && users["bea"] != "administrator active" {
					d.Fatalf("the users are %q", users)
				}
			}
			if lost != 20 {
				d.Errorf("%d of 20 rounds demoted somebody", lost)
			}
			return "(nothing: one of the two remains)"
		},
	},
	{
		name: "backup revives an invitation",
		does: "registers with a link that was used after the backup that the operator restores",
		run: func(d *door) string {
			d.open()
			used, unused := d.invites(d.root), d.invites(d.root)
			backup := filepath.Join(d.TempDir(), "backup.tar")
			d.operates("backup", backup)
			must(d.T, d.registers("bob", used))
			d.stop()
			d.operates("restore", "--replace", backup)
			d.operates("open")
			d.restart()
			said := ""
			for _, link := range []string{unused, used} {
				said = d.refused("mallory", d.url+d.secret(link).JoinLink()) // at the address that the server has now
			}
			return said
		},
	},
}

// inviterGone is an attack with the link of an administrator whose role ended before the link was used.
func inviterGone(how string, change ...string) doorAttack {
	return doorAttack{
		name: "inviter " + how,
		does: "registers with a link of an administrator who was " + how + " since",
		run: func(d *door) string {
			d.open()
			eve := d.joinsAs("eve", d.operates("invite", "--admin", d.url))
			link := d.invites(eve)
			must(d.T, d.root.act(d.T, append([]string{"admin", change[0], "eve"}, change[1:]...)...))
			said := d.refused("mallory", link)
			if how == "deleted" { // and somebody else takes the name
				d.joinsAs("eve", d.operates("invite", "--admin", d.url))
				d.refused("mallory", link)
			}
			return said
		},
	}
}

func TestAttacksOnTheDoor(t *testing.T) {
	for _, a := range doorAttacks {
		t.Run(strings.ReplaceAll(a.name, " ", "-"), func(t *testing.T) {
			results.add(a.name, "the door", a.run(newDoor(t)))
		})
	}
}

// demotes tries to demote another administrator.
func (a *administrator) demotes(other *administrator) {
	a.door.ask("POST", protocol.PathAdminUsersDemote, a.token, protocol.AdminUserRequest{
		CurrentAuthKey: a.authKey, Username: other.name, UserID: other.id,
	}, nil)
}

// registersFirst registers without an invitation.
func (d *door) registersFirst(disguise func(*http.Request)) (int, protocol.Code) {
	d.Helper()
	_, reg := testvault.NewPerson("mallory").Registration()
	return d.ask("POST", protocol.PathUsers, "", reg, disguise)
}

// newServerIsForItsMachine checks that the attack had something to gain: the server still makes its first user the administrator.
func (d *door) newServerIsForItsMachine() {
	d.Helper()
	if status, code := d.registersFirst(func(*http.Request) {}); status != http.StatusOK {
		d.Errorf("on the machine itself, the server answers %d %s", status, code)
	}
	if got := d.users(); len(got) != 1 || got["mallory"] != "administrator active" {
		d.Errorf("the users are %q", got)
	}
}

// ask sends a request to the server, and returns the code of an error.
func (d *door) ask(method, path, token string, body any, edit func(*http.Request)) (status int, code protocol.Code) {
	d.Helper()
	return d.askFor(method, path, token, body, edit, nil)
}

// askFor is ask for a good answer that is needed.
func (d *door) askFor(method, path, token string, body any, edit func(*http.Request), out any) (status int, code protocol.Code) {
	d.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		d.Fatal(err)
	}
	r, err := http.NewRequestWithContext(d.Context(), method, d.url+path, strings.NewReader(string(b)))
	if err != nil {
		d.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+token)
	if edit != nil {
		edit(r)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		d.Error(err)
		return 0, ""
	}
	defer answer.Body.Close()
	var e protocol.Error
	if answer.StatusCode >= 300 {
		out = &e
	}
	if out != nil {
		if err := json.NewDecoder(answer.Body).Decode(out); err != nil {
			d.Error(err)
		}
	}
	return answer.StatusCode, e.Code
}
