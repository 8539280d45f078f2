package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

const theInvitation = "the invitation"

// invitation reads the link that the flags name, and sets the server to that of the link. Without flags it returns nil.
func (p *program) invitation(f registerFlags) (*protocol.JoinSecret, error) {
	var link string
	var err error
	switch {
	case f.invitationFile != "":
		link, err = secretFile(f.invitationFile, theInvitation)
	case f.invitationStdin:
		link, err = p.stdinSecret(theInvitation)
	default:
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	server, i, err := parseInvitation(link)
	switch {
	case err != nil:
		return nil, err
	case server == "":
	case p.server == "":
		p.server = server
	case canonicalServer(p.server) != canonicalServer(server):
		return nil, fmt.Errorf("the invitation is for %s, not %s", server, p.server)
	}
	return &i, nil
}

// parseInvitation never quotes the link, which is a secret.
func parseInvitation(link string) (server string, i protocol.JoinSecret, err error) {
	server, i, ok := protocol.ParseJoinLink(link)
	if !ok {
		return "", i, withHint(errors.New("this is not an invitation link"), "a link looks like https://vault.example.org/#join/…")
	}
	return server, i, nil
}

// admitted asks the server whether username may register, before the user chooses a password. If the server requires an
// invitation, it asks for one on the terminal.
func (p *program) admitted(ctx context.Context, c *connection, username string, invited *protocol.JoinSecret) (*protocol.JoinSecret, error) {
	err := c.CheckRegistration(ctx, username, invited)
	var server *client.ServerError
	if invited != nil || !errors.As(err, &server) || server.Code != protocol.CodeInvitationRequired {
		return invited, err
	}
	link, noTerminal := p.askSecret(ctx, "Invitation link", false)
	if errors.Is(noTerminal, errNoTerminal) {
		return nil, err
	}
	if noTerminal != nil {
		return nil, noTerminal
	}
	site, i, err := parseInvitation(link)
	if err != nil {
		return nil, err
	}
	if site != "" && canonicalServer(site) != c.session.Server {
		return nil, withHint(fmt.Errorf("the invitation is for %s, not %s", site, c.session.Server), "use --server to choose that server")
	}
	return &i, c.CheckRegistration(ctx, username, &i)
}
