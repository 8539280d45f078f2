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

// connection is one server, and the session with it if there is one.
type connection struct {
	*client.Client
	state   state
	session session
	wire    *httptransport.Transport
	memory  memory

	elsewhere string // the server this device is signed in to, if it is another
}

// connect makes a connection to the server that the flag, the environment or the last sign-in names, in this order.
// The session goes with it only if it is that server's.
func (p *program) connect() (*connection, error) {
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
	m := memory{state: st, server: server}
	// Signing in must not succeed at the server and then fail here for a memory that cannot be read.
	if _, err := m.read(); err != nil {
		return nil, err
	}
	return &connection{Client: client.New(w, m, nil), state: st, session: se, wire: w, memory: m, elsewhere: elsewhere}, nil
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
	c, err := p.connect()
	if err != nil {
		return nil, err
	}
	if c.session.Token == "" {
		return nil, c.notSignedIn()
	}
	state, _, err := c.Resume(ctx)
	if err != nil {
		return nil, err
	}
	if state == client.SignedOut {
		return nil, fmt.Errorf("%s: the session has ended: %w", c.session.Server, client.ErrSignedOut)
	}
	return c, nil
}

func (c *connection) notSignedIn() error {
	err := fmt.Errorf("%s: %w", c.session.Server, client.ErrSignedOut)
	if c.elsewhere != "" {
		err = withHint(err, fmt.Sprintf("this device is signed in to %s: name it with --server", c.elsewhere))
	}
	return err
}

// unlocked opens the vault as the server has it now. The caller locks it.
func (p *program) unlocked(ctx context.Context) (*connection, error) {
	c, err := p.signedIn(ctx)
	if err != nil {
		return nil, err
	}
	password, err := p.masterPassword(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := c.Unlock(ctx, password); err != nil {
		return nil, err
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
	return nil
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
	if earlier.Token != "" {
		p.endEarlier(ctx, c, earlier)
	}
	return nil
}

// endEarlier only warns: the new session stands, and the old one runs out by itself.
func (p *program) endEarlier(ctx context.Context, c *connection, earlier session) {
	transport, err := httptransport.New(earlier.Server)
	if err == nil {
		transport.SetBearer(earlier.Token)
		err = client.New(transport, c.memory, nil).Logout(ctx, true)
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
