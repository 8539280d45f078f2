package server_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/server"
	"github.com/vaultsphere/vaultsphere/internal/testenv/sample"
)

func (p *person) cards(username string) protocol.UserCards {
	p.s.t.Helper()
	var out protocol.UserCards
	p.call("GET", protocol.PathCards+"?username="+username, nil).into(&out)
	return out
}

func parsedCard(t *testing.T, text protocol.Signed) *chain.Card {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(text)
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
	root.change(protocol.PathAdminUsersDelete, bob).want(204, "")
	root.call("GET", protocol.PathCards+"?username=bob", nil).want(404, protocol.CodeNotFound)
}

// The server gives an offer only to the holder of the link, and an answer only to its inviter.
func TestOffersAndAnswers(t *testing.T) {
	t.Parallel()
	s, root := newAdministered(t)
	other := s.join("other", s.inviteAs(true))
	i := protocol.NewJoinSecret().Invitation()
	request := protocol.NewInvitationRequest{ID: i.ID, ProofHash: protocol.HashProof(i.Proof), Offer: sample.Token(100)}
	for _, bad := range []protocol.Offer{"AAAA", "x", sample.Token(100) + "\n"} {
		wrong := request
		wrong.Offer = bad
		root.call("POST", protocol.PathAdminInvitations, wrong).want(400, protocol.CodeBadRequest)
	}
	long := request
	long.Offer = strings.Repeat("A", protocol.MaxOfferBytes+4)
	root.call("POST", protocol.PathAdminInvitations, long).want(413, protocol.CodeTooLarge)
	root.call("POST", protocol.PathAdminInvitations, request).want(204, "")
	var offer protocol.OfferResponse
	s.call("POST", protocol.PathInvitationOffer, protocol.OfferRequest{Invitation: i}).into(&offer)
	if offer.Offer != request.Offer {
		t.Errorf("the offer is %q", offer.Offer)
	}
	s.call("POST", protocol.PathInvitationOffer, protocol.OfferRequest{Invitation: protocol.Invitation{ID: i.ID, Proof: sample.ID()}}).
		want(403, protocol.CodeInvitationInvalid)
	s.call("POST", protocol.PathInvitationOffer, protocol.OfferRequest{Invitation: protocol.Invitation{ID: sample.ID(), Proof: i.Proof}}).
		want(403, protocol.CodeInvitationInvalid)

	p, reg := s.newPerson("bob")
	reg.Invitation, reg.Answer = &i, "AAAA"
	s.call("POST", protocol.PathUsers, reg).want(400, protocol.CodeBadRequest)
	reg.Answer = strings.Repeat("A", 43)
	p.enter(reg)
	s.call("POST", protocol.PathInvitationOffer, protocol.OfferRequest{Invitation: i}).want(403, protocol.CodeInvitationInvalid)
	answers := func(by *person) []protocol.InvitationAnswer {
		var out protocol.AnswersResponse
		by.call("GET", protocol.PathInvitationsAnswers, nil).into(&out)
		return out.Answers
	}
	want := protocol.InvitationAnswer{ID: i.ID, UserID: p.userID(), Username: "bob", Answer: reg.Answer}
	if got := answers(root); len(got) != 1 || got[0] != want {
		t.Errorf("%+v", got)
	}
	if got := answers(other); len(got) != 0 {
		t.Errorf("another administrator sees %+v", got)
	}
	p.call("GET", protocol.PathInvitationsAnswers, nil).want(403, protocol.CodeNotAdministrator)
	other.call("POST", protocol.PathAdminInvitationsRevoke, protocol.RevokeInvitationRequest{ID: i.ID}).want(404, protocol.CodeNotFound)
	if got := answers(root); len(got) != 1 {
		t.Errorf("another administrator deleted the answer: %+v", got)
	}
	// A link that was used cannot be revoked, and the server says so.
	root.call("POST", protocol.PathAdminInvitationsRevoke, protocol.RevokeInvitationRequest{ID: i.ID}).want(404, protocol.CodeNotFound)
	if got := answers(root); len(got) != 0 {
		t.Errorf("%+v", got)
	}
}

func TestAnAnswerNeedsAnInvitation(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	_, reg := s.newPerson("bob")
	reg.Answer = strings.Repeat("A", 43)
	s.call("POST", protocol.PathUsers, reg).want(400, protocol.CodeBadRequest)
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
