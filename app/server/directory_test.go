package server_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/server"
)

func (p *person) cards(username string) protocol.UserCards {
	p.s.t.Helper()
	var out protocol.UserCards
	p.call("GET", protocol.PathCards+"?username="+username, nil).into(&out)
	return out
}

func parsedCard(t *testing.T, text protocol.Signed) *chain.Card {
	t.Helper()
	b, err := base64URL.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	c, err := chain.ParseCard(b)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCardsOfAUser(t *testing.T) {
	t.Parallel()
	s, root := newAdministered(t)
	bob := s.join("bob", root.invite())
	got := root.cards("BOB")
	if len(got.Cards) != 1 {
		t.Fatalf("%d cards", len(got.Cards))
	}
	if c := parsedCard(t, got.Cards[0]); c.Username != "bob" || c.User.String() != bob.userID() || c.Generation != 1 {
		t.Errorf("%+v", c)
	}
	if own := bob.cards("bob"); own.Cards[0] != got.Cards[0] {
		t.Error("bob has other cards")
	}
	for _, bad := range []string{"", "?username=", "?username=a&username=b", "?name=bob", "?username=bob&x=1", "?username=a%23b", "?username=" + strings.Repeat("a", 129)} {
		root.call("GET", protocol.PathCards+bad, nil).want(400, protocol.CodeBadRequest)
	}
	root.call("GET", protocol.PathCards+"?username=carl", nil).want(404, protocol.CodeNotFound)
	// Nobody without a session learns who is there.
	for _, name := range []string{"bob", "carl"} {
		s.call("GET", protocol.PathCards+"?username="+name, nil).want(401, protocol.CodeUnauthorized)
	}
	// A suspended user is still who it was, and asks for nobody.
	root.change(protocol.PathAdminUsersSuspend, bob).want(204, "")
	if again := root.cards("bob"); again.Cards[0] != got.Cards[0] {
		t.Error("a suspended user has other cards")
	}
	bob.call("GET", protocol.PathCards+"?username=root", nil).want(401, protocol.CodeUnauthorized)
	root.change(protocol.PathAdminUsersRemove, bob).want(204, "")
	root.call("GET", protocol.PathCards+"?username=bob", nil).want(404, protocol.CodeNotFound)
}

func TestLookingUpPeopleIsLimited(t *testing.T) {
	t.Parallel()
	s := newSite(t, configured(func(c *server.Config) { c.UserRate = 5 }))
	alice := s.register("alice")
	status := 0
	for range 10 {
		if status = alice.call("GET", protocol.PathCards+"?username=nobody", nil).status; status != http.StatusNotFound {
			break
		}
	}
	if status != http.StatusTooManyRequests {
		t.Errorf("the last answer has status %d", status)
	}
}
