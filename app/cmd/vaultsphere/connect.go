package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/client/httptransport"
)

// envServer names the server unless --server does.
const envServer = "VAULTSPHERE_SERVER"

// envNoCache has the effect of --no-cache if it is not empty.
const envNoCache = "VAULTSPHERE_NO_CACHE"

// connection is a connection to one server, with the session if there is one.
type connection struct {
	*client.Client
	state   state
	session session
	wire    *httptransport.Transport
	memory  memory

	vault     string // id of the vault of --vault; empty: all vaults, and the personal one for new items
	all       *names // of items; made for the first lookup
	elsewhere string // another server to which this device is signed in
}

// connect connects to the server that the flag, the environment or the last sign-in names, in this order. It uses the session only
// with the server that issued it.
func (p *program) connect(ctx context.Context) (*connection, error) {
	st, err := p.state()
	if err != nil {
		return nil, err
	}
	se, err := st.session()
	if err != nil {
		return nil, err
	}
	given := cmp.Or(p.server, p.getenv(envServer), se.Server)
	if given == "" {
		return nil, withHint(errors.New("no server is set"), "set it with --server URL or "+envServer)
	}
	server := canonicalServer(given)
	elsewhere := ""
	if se.Server != server {
		if se.Token != "" {
			elsewhere = se.Server
		}
		se = session{Server: server}
	}
	w, err := httptransport.New(server)
	if err != nil {
		return nil, withHint(err, "set the server with --server URL or "+envServer)
	}
	w.SetBearer(se.Token)
	w.SetDevices(st.devices(server))
	m := memory{state: st, server: server}
	// Fail before a sign-in succeeds at the server, not after it.
	if _, err := m.read(); err != nil {
		return nil, err
	}
	conn := &connection{state: st, session: se, wire: w, memory: m, elsewhere: elsewhere}
	c := client.New(storing{retrying{w}, p, conn}, m, cache{state: st, server: server})
	conn.Client = c
	c.ShareVaults()
	c.SetDevice(device())
	c.SetCost(p.cost)
	if p.noCache || p.getenv(envNoCache) != "" {
		if err := c.KeepCopy(ctx, false, false); err != nil {
			return nil, err
		}
	}
	return conn, nil
}

// storing stores a session that takes the place of the one in use, as when a recovery is finished. A command that signs in clears the
// session in use before, and stores the new one itself.
type storing struct {
	retrying
	program *program
	c       *connection
}

// SetBearer implements the client's interface.
func (s storing) SetBearer(token string) {
	before := s.Bearer()
	s.retrying.SetBearer(token)
	if token == "" || before == "" || before != s.c.session.Token {
		return
	}
	s.c.session.Token = token
	if err := s.c.state.setSession(s.c.session); err != nil {
		s.program.note("warning: the new session could not be stored; sign in again: %v", err)
	}
}

// canonicalServer returns the spelling of a URL under which sessions and the memory are stored. The transport refuses invalid URLs,
// and http:// to another machine.
func canonicalServer(server string) string {
	u, err := url.Parse(server)
	if err != nil || u.Host == "" {
		return server
	}
	u.Host = strings.ToLower(u.Host)
	if u.Path == "/" {
		u.Path = ""
	}
	return u.String()
}

// signedIn connects, and fails without a session before the user is asked for a password.
func (p *program) signedIn(ctx context.Context) (*connection, error) {
	c, err := p.connect(ctx)
	if err != nil {
		return nil, err
	}
	if c.session.Token == "" {
		return nil, c.notSignedIn(ctx)
	}
	state, _, err := c.Resume(ctx)
	if err != nil {
		return nil, err
	}
	if state == client.SignedOut {
		return nil, c.signedOut(ctx, "the session has ended: ")
	}
	return c, nil
}

func (c *connection) notSignedIn(ctx context.Context) error {
	err := c.signedOut(ctx, "")
	if c.elsewhere != "" {
		err = withHint(err, fmt.Sprintf("this device is signed in to %s: use --server to choose that server", c.elsewhere))
	}
	return err
}

// unlocked opens the vault and syncs it, or opens the cache that --cache names. The caller locks it.
func (p *program) unlocked(ctx context.Context) (*connection, error) {
	if p.cached != "" {
		return p.openCache(ctx)
	}
	c, err := p.signedIn(ctx)
	if err != nil {
		return nil, err
	}
	password, err := p.masterPassword(ctx)
	if err != nil {
		return nil, err
	}
	opened, err := c.Unlock(ctx, password)
	if err != nil {
		return nil, err
	}
	if opened.Offline {
		p.note("the server cannot be reached; using the cache")
	} else if err = p.syncAgain(ctx, c, password); err != nil && !c.ReadOnly() {
		c.Lock()
		return nil, err
	}
	if a := c.Alarm(); !a.IsZero() {
		p.noteAlarm(a, err)
	}
	if err := p.chooseVault(c); err != nil {
		c.Lock()
		return nil, err
	}
	return c, nil
}

func (p *program) sync(ctx context.Context, c *connection) error {
	synced, err := c.Sync(ctx)
	if err != nil {
		return err
	}
	for _, u := range synced.Unreadable {
		p.note("warning: item %s cannot be read: %s", u.ID, u.Message)
	}
	for _, id := range synced.Undeleted {
		p.note("warning: item %s was not deleted, because another device changed it", id)
	}
	if r := synced.Resent; r != nil {
		p.noteResent(*r)
	}
	if synced.Recovered {
		p.note("the recovery that was interrupted is finished: the master password is the one you chose then")
	}
	for _, f := range synced.Lost {
		p.note("warning: the server lost attachment %q of item %q; attach the file again and remove this one", f.Name, f.Title)
	}
	if j := synced.Joined; j != nil {
		p.note("%s brought the history of this device and the server's together", printable(j.Author, ""))
		for _, line := range strings.Split(strings.TrimSuffix(differences(j.Differences), "\n"), "\n") {
			p.note("%s", line)
		}
	}
	if synced.CopyProblem != "" {
		p.note("warning: the vault could not be cached on this device: %s", synced.CopyProblem)
	}
	p.noteRefused(synced.Waiting)
	if synced.Outdated > 0 && !p.rotating {
		p.note("%s still under an older key; vaultsphere rotate --resume seals them again", count(synced.Outdated, "record"))
	}
	return nil
}

// noteResent says that a restored server was led back.
func (p *program) noteResent(r client.Resent) {
	since := ""
	if r.Since > 0 {
		since = " since " + time.UnixMilli(r.Since).Format(time.DateTime)
	}
	p.note("the server was restored from a backup: the changes%s were sent again", since)
}

// noteResentBefore says it of a sign-in, also of one that failed: a server that waits for its operator takes what it lost.
func (p *program) noteResentBefore(ctx context.Context, c *connection) {
	if r, err := c.Resent(ctx); err == nil && r != nil {
		p.noteResent(*r)
	}
}

func (p *program) noteRefused(w client.Waiting) {
	for _, r := range w.Refused {
		p.note("warning: the server rejected your change to %q, which stays in the outbox: %s", r.Title, r.Message)
	}
}

// noteOutbox reports changes that have not reached the server.
func (p *program) noteOutbox(c *connection) error {
	w, err := c.Waiting()
	if err != nil {
		return err
	}
	p.noteRefused(w)
	if n := w.Pending - len(w.Refused); n > 0 {
		p.note("not sent yet: %s in the outbox", count(n, "change"))
	}
	return nil
}

// startSession stores the client's new session, and ends the previous one.
func (p *program) startSession(ctx context.Context, c *connection, username string) error {
	previous, err := c.state.session()
	if err != nil {
		return err
	}
	c.session = session{Server: c.session.Server, Username: username, Token: c.wire.Bearer()}
	if err := c.state.setSession(c.session); err != nil {
		// Without its token on disk, no command can use the session.
		return also(err, c.Logout(ctx, true))
	}
	if err := c.state.setDevices(c.session.Server, c.wire.Devices()); err != nil {
		p.note("warning: %v", err)
	}
	if previous.Token != "" {
		p.endPrevious(ctx, c, previous)
	}
	return nil
}

// endPrevious only warns if it fails: the new session is valid, and the previous one will expire. The cache of another server stays,
// because the user did not ask to delete it.
func (p *program) endPrevious(ctx context.Context, c *connection, previous session) {
	transport, err := httptransport.New(previous.Server)
	if err == nil {
		transport.SetBearer(previous.Token)
		err = client.New(transport, c.memory, nil).Logout(ctx, false)
	}
	if previous.Server != c.session.Server {
		err = errors.Join(err, client.New(transport, c.memory, cache{state: c.state, server: previous.Server}).SetAside(ctx))
	}
	if err != nil {
		p.note("warning: the previous session at %s could not be ended: %v", previous.Server, err)
	}
}

// device names this session in the list of sessions.
func device() string {
	host, err := os.Hostname()
	if err != nil || host == "" {
		return "command line"
	}
	return "command line on " + host
}
