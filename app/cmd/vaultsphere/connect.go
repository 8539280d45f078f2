package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/client/httptransport"
)

// envServer names the server when --server does not.
const envServer = "VAULTSPHERE_SERVER"

// envNoCache, if it is not empty, is --no-cache for all commands.
const envNoCache = "VAULTSPHERE_NO_CACHE"

// connection is one server, and the session with it if there is one.
type connection struct {
	*client.Client
	state   state
	session session
	wire    *httptransport.Transport
	memory  memory

	all       *names // of items, once the first was looked for
	elsewhere string // the server this device is signed in to, if it is another
}

// connect makes a connection to the server that the flag, the environment or the last sign-in names, in this order.
// The session goes with it only if it is that server's.
func (p *program) connect(ctx context.Context) (*connection, error) {
	st, err := p.state()
	if err != nil {
		return nil, err
	}
	se, err := st.session()
	if err != nil {
		return nil, err
	}
	address := p.server
	if address == "" {
		address = p.getenv(envServer)
	}
	if address == "" {
		address = se.Server
	}
	if address == "" {
		return nil, withHint(errors.New("no server is known"), "name it with --server or "+envServer)
	}
	server := canonicalServer(address)
	elsewhere := ""
	if se.Server != server {
		if se.Token != "" {
			elsewhere = se.Server
		}
		se = session{Server: server}
	}
	w, err := httptransport.New(server)
	if err != nil {
		return nil, withHint(err, "name the server with --server or "+envServer)
	}
	w.SetBearer(se.Token)
	w.SetDevices(st.devices(server))
	m := memory{state: st, server: server}
	// Signing in must not succeed at the server and then fail here for a memory that cannot be read.
	if _, err := m.read(); err != nil {
		return nil, err
	}
	c := client.New(retrying{w}, m, cache{state: st, server: server})
	c.SetDevice(device())
	if p.noCache || p.getenv(envNoCache) != "" {
		if err := c.KeepCopy(ctx, false, false); err != nil {
			return nil, err
		}
	}
	return &connection{Client: c, state: st, session: se, wire: w, memory: m, elsewhere: elsewhere}, nil
}

// canonicalServer brings an address to the one form under which sessions and memory are kept. What is no address, and
// plain http:// to another machine, is refused by the transport.
func canonicalServer(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return address
	}
	u.Host = strings.ToLower(u.Host)
	if u.Path == "/" {
		u.Path = ""
	}
	return u.String()
}

// signedIn connects and makes sure that there is a session before anybody is asked for a password.
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
		err = withHint(err, fmt.Sprintf("this device is signed in to %s: name it with --server", c.elsewhere))
	}
	return err
}

// unlocked opens the vault as the server has it now, or the copy that --copy names. The caller locks it.
func (p *program) unlocked(ctx context.Context) (*connection, error) {
	if p.copy != "" {
		return p.openCopy(ctx)
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
		p.note("the server cannot be reached; this is the copy on this device")
		return c, nil
	}
	if err := p.sync(ctx, c); err != nil {
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
	for _, id := range synced.Kept {
		p.note("warning: item %s was to be deleted and stays: another device has changed it", id)
	}
	if synced.CopyProblem != "" {
		p.note("warning: no copy of the vault is kept on this device: %s", synced.CopyProblem)
	}
	p.noteRefused(synced.Waiting)
	return nil
}

func (p *program) noteRefused(w client.Waiting) {
	for _, r := range w.Refused {
		p.note("warning: the server refused the change of %q, which waits on this device: %s", r.Title, r.Message)
	}
}

// noteWaiting tells of what did not reach the server with the change that was just made.
func (p *program) noteWaiting(c *connection) error {
	w, err := c.Waiting()
	if err != nil {
		return err
	}
	p.noteRefused(w)
	if n := w.Pending - len(w.Refused); n > 0 {
		p.note("%s on this device until the server can be reached", waits(n))
	}
	return nil
}

func waits(n int) string {
	if n == 1 {
		return "1 change waits"
	}
	return fmt.Sprintf("%d changes wait", n)
}

// keep stores the session that the client has just made, and ends the one it replaces.
func (p *program) keep(ctx context.Context, c *connection, username string) error {
	earlier, err := c.state.session()
	if err != nil {
		return err
	}
	c.session = session{Server: c.session.Server, Username: username, Token: c.wire.Bearer()}
	if err := c.state.setSession(c.session); err != nil {
		// Nothing could use the session any more.
		return also(err, c.Logout(ctx, true))
	}
	if err := c.state.setDevices(c.session.Server, c.wire.Devices()); err != nil {
		p.note("warning: %v", err)
	}
	if earlier.Token != "" {
		p.endEarlier(ctx, c, earlier)
	}
	return nil
}

// endEarlier only warns: the new session is made, and the old one runs out by itself. The copy of the old one stays: it is not the
// person's word that it should go.
func (p *program) endEarlier(ctx context.Context, c *connection, earlier session) {
	transport, err := httptransport.New(earlier.Server)
	if err == nil {
		transport.SetBearer(earlier.Token)
		err = client.New(transport, c.memory, nil).Logout(ctx, false)
	}
	if earlier.Server != c.session.Server {
		err = errors.Join(err, client.New(transport, c.memory, cache{state: c.state, server: earlier.Server}).SetAside(ctx))
	}
	if err != nil {
		p.note("warning: the earlier session at %s could not be ended: %v", earlier.Server, err)
	}
}

// device is the label of this session in the list of sessions.
func device() string {
	host, err := os.Hostname()
	if err != nil || host == "" {
		return "command line"
	}
	return "command line on " + host
}
