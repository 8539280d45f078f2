package protocol

import "strings"

const joinPath = "#join/"

// JoinLink returns the part of an invitation link after the server's address. It is a fragment, which browsers send to no
// server.
func JoinLink(i Invitation) string { return "/" + joinPath + i.ID + "/" + i.Secret }

// ParseJoinLink splits an invitation link into the server's address, which may be missing, and the invitation.
func ParseJoinLink(link string) (server string, i Invitation, ok bool) {
	server, rest, ok := strings.Cut(strings.TrimSpace(link), joinPath)
	if !ok {
		return "", Invitation{}, false
	}
	i.ID, i.Secret, ok = strings.Cut(rest, "/")
	return strings.TrimSuffix(server, "/"), i, ok && i.ID != "" && i.Secret != ""
}
