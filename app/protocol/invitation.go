package protocol

import "strings"

const joinPath = "#join/"

// JoinLink is what follows a server's address in an invitation link. It is a fragment, which browsers send to nobody.
func JoinLink(i Invitation) string { return "/" + joinPath + i.ID + "/" + i.Secret }

// ParseJoinLink reads an invitation link, and the server's address before it, which may be missing.
func ParseJoinLink(link string) (server string, i Invitation, ok bool) {
	server, rest, ok := strings.Cut(strings.TrimSpace(link), joinPath)
	if !ok {
		return "", Invitation{}, false
	}
	i.ID, i.Secret, ok = strings.Cut(rest, "/")
	return strings.TrimSuffix(server, "/"), i, ok && i.ID != "" && i.Secret != ""
}
