package daemon

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"time"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// Invite creates an invitation in the store and returns its link; an administrator's if administrator is set. site is the URL where
// users open the page; if it is empty, the link is for a browser on this machine. Servers may keep running. With an error, the link is valid
// if it is not empty.
func (c Config) Invite(ctx context.Context, site string, administrator bool) (link string, err error) {
	if site == "" {
		if site, err = c.localSite(); err != nil {
			return "", err
		}
	}
	u, err := url.Parse(site)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil ||
		u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" {
		return "", fmt.Errorf("%q is not the URL of a vault: it must look like https://vault.example.org", site)
	}
	store, err := c.open(ctx)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	secret, err := vault.Invite(ctx, store, administrator, time.Now())
	if err != nil {
		return "", fmt.Errorf("store the invitation: %w", err)
	}
	event := vault.Event{Kind: protocol.AuditInvited, Invitation: vault.InvitationID(secret.Invitation().ID)}
	return u.Scheme + "://" + u.Host + secret.JoinLink(), c.record(ctx, store, event)
}

func (c Config) localSite() (string, error) {
	host, port, err := net.SplitHostPort(c.ListenAddr)
	if err != nil {
		return "", err
	}
	if a, err := netip.ParseAddr(host); err == nil && a.IsLoopback() || host == "localhost" {
		return "http://" + net.JoinHostPort("localhost", port), nil
	}
	return "", errors.New("the URL of this vault is unknown: name it, as in vaultsphered invite https://vault.example.org")
}
