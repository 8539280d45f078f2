package client_test

import (
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/client/directory"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// join registers with a link.
func (d *device) join(t testing.TB, username string, secret protocol.JoinSecret) (*client.Registration, error) {
	t.Helper()
	r, err := d.PrepareRegistration(password)
	if err != nil {
		t.Fatal(err)
	}
	r.Invitation = &secret
	_, err = d.Register(t.Context(), r, username, "x")
	return r, err
}

func (d *device) invite(t testing.TB, whom string) protocol.JoinSecret {
	t.Helper()
	return must(d.InvitePerson(t.Context(), client.InvitationTerms{Invitee: whom}))(t)
}

func (d *device) links(t testing.TB) []client.SentInvitation {
	t.Helper()
	return must(d.SentInvitations(t.Context()))(t)
}

func TestALinkVerifiesBothEnds(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	anna, bob := newDevice(t, server), newDevice(t, server)
	anna.register(t, "anna")
	anna.rotate(t, client.RotationRequest{Password: password}) // the offer has cards of several generations
	secret := anna.invite(t, "Bob, third floor")
	if got := anna.links(t); len(got) != 1 || got[0].State != client.JoinOpen || got[0].Invitee != "Bob, third floor" || got[0].Expires.Before(time.Now()) {
		t.Errorf("%+v", got)
	}
	r, err := bob.join(t, "bob", secret)
	if err != nil {
		t.Fatal(err)
	}
	inviter, err := r.Inviter()
	own := must(anna.OwnCard())(t)
	if err != nil || inviter == nil || inviter.Username != "anna" || inviter.How != "link" || inviter.Fingerprint != own.Fingerprint {
		t.Errorf("the inviter is %+v, %v", inviter, err)
	}
	if f := bob.find(t, "anna"); f.Standing != directory.Verified {
		t.Errorf("%+v", f)
	}
	bob.rotate(t, client.RotationRequest{Password: password}) // the newest card descends from the card that answered
	got := anna.links(t)
	newest := must(bob.OwnCard())(t)
	if len(got) != 1 || got[0].State != client.JoinProven || got[0].Username != "bob" || got[0].Fingerprint != newest.Fingerprint {
		t.Fatalf("%+v", got)
	}
	if pins := anna.pins(t); len(pins) != 0 {
		t.Errorf("pinned before the user agreed: %q", pins)
	}
	if err := anna.AcceptJoiner(t.Context(), &got[0]); err != nil {
		t.Fatal(err)
	}
	if pins := anna.pins(t); !slices.Equal(pins, []string{"bob " + newest.Fingerprint}) {
		t.Errorf("pinned %q", pins)
	}
	if err := anna.AcceptJoiner(t.Context(), &got[0]); !errors.Is(err, client.ErrNoInvitation) {
		t.Errorf("accepted twice: %v", err)
	}
	if got := anna.links(t); len(got) != 0 {
		t.Errorf("%+v", got)
	}
	if n := len(fetch[protocol.AnswersResponse](t, anna, protocol.PathInvitationsAnswers).Answers); n != 0 {
		t.Errorf("the server still has %d answers", n)
	}
}

// A server shows the new user something that the inviter did not seal for this server.
func TestOffersThatTheInviterDidNotMake(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	anna := newDevice(t, server)
	anna.register(t, "anna")
	secret, other := anna.invite(t, ""), protocol.NewJoinSecret()
	eve := testvault.NewPerson("anna")
	offer := directory.Offer{Origin: anna.wire.Origin(), User: eve.ID, Username: "anna", Cards: []chain.Hash{eve.Card().Hash()}, Expires: 1}
	sealed := func(s protocol.JoinSecret, edit func(o *directory.Offer)) string {
		o := offer
		edit(&o)
		return must(seal.KeysOfInvitation(s).SealOffer(o.Encode()))(t)
	}
	same := func(*directory.Offer) { /* as it is */ }
	for name, shows := range map[string]string{
		"under another secret":           sealed(other, same),
		"of another origin":              sealed(secret, func(o *directory.Offer) { o.Origin = "https://vault.example.com" }),
		"of this host without TLS":       sealed(secret, func(o *directory.Offer) { o.Origin = strings.Replace(o.Origin, "http://", "https://", 1) }),
		"with a name that deceives":      sealed(secret, func(o *directory.Offer) { o.Username = "an\u202ena" }),
		"without a card":                 sealed(secret, func(o *directory.Offer) { o.Cards = nil }),
		"cut short":                      sealed(secret, same)[:200],
		"no token":                       "AAAA",
		"too long":                       strings.Repeat("A", protocol.MaxOfferBytes+4),
		"with a bit flipped":             flipped(sealed(secret, same)),
		"of something else, same secret": must(seal.KeysOfInvitation(secret).SealOffer([]byte("x")))(t),
	} {
		d := newDevice(t, server)
		d.wire.lie(edit(t, protocol.PathInvitationOffer, func(o *protocol.OfferResponse) { o.Offer = shows }))
		if _, err := d.join(t, "bob", secret); !errors.Is(err, directory.ErrOffer) || client.Explain(err).Code != client.CodeOfferInvalid {
			t.Errorf("%s: %v", name, err)
		}
		if slices.ContainsFunc(d.wire.sent, func(r client.Request) bool { return isAt(r, protocol.PathUsers) }) {
			t.Errorf("%s: an account was created", name)
		}
	}
	// A server that hides the offer gains nothing: nobody is pinned on either side.
	d := newDevice(t, server)
	d.wire.lie(edit(t, protocol.PathInvitationOffer, func(o *protocol.OfferResponse) { o.Offer = "" }))
	r, err := d.join(t, "bob", secret)
	if err != nil {
		t.Fatal(err)
	}
	if inviter, err := r.Inviter(); inviter != nil || err != nil || len(d.pins(t)) != 0 {
		t.Errorf("pinned %+v, %v", inviter, err)
	}
	if got := anna.links(t); len(got) != 1 || got[0].State != client.JoinForged {
		t.Errorf("%+v", got)
	}
}

func flipped(token string) string {
	b := []byte(token)
	b[len(b)/2] ^= 1
	return string(b)
}

// A server claims answers that nobody with the link gave.
func TestAnswersThatNobodyWithTheLinkGave(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	anna, bob, eve := newDevice(t, server), newDevice(t, server), newDevice(t, server)
	anna.register(t, "anna")
	eve.register(t, "eve")
	secret, second := anna.invite(t, "Bob"), anna.invite(t, "Carl")
	if _, err := bob.join(t, "bob", secret); err != nil {
		t.Fatal(err)
	}
	id, secondID := secret.Invitation().ID, second.Invitation().ID
	of := func(list []client.SentInvitation, id string) client.JoinState {
		for _, s := range list {
			if s.ID == id {
				return s.State
			}
		}
		return "gone"
	}
	if got := anna.links(t); of(got, id) != client.JoinProven || of(got, secondID) != client.JoinOpen {
		t.Fatalf("%+v", got)
	}
	eveID := eve.account(t).UserID
	for name, c := range map[string]struct {
		lie   func(a *protocol.AnswersResponse)
		first client.JoinState
		other client.JoinState
	}{
		"an answer without the secret":    {func(a *protocol.AnswersResponse) { a.Answers[0].Answer = strings.Repeat("A", 43) }, client.JoinForged, client.JoinOpen},
		"no answer":                       {func(a *protocol.AnswersResponse) { a.Answers[0].Answer = "" }, client.JoinForged, client.JoinOpen},
		"half an answer":                  {func(a *protocol.AnswersResponse) { a.Answers[0].Answer = a.Answers[0].Answer[:20] }, client.JoinForged, client.JoinOpen},
		"replayed for another invitation": {func(a *protocol.AnswersResponse) { a.Answers[0].ID = secondID }, client.JoinOpen, client.JoinForged},
		"of another user":                 {func(a *protocol.AnswersResponse) { a.Answers[0].Username, a.Answers[0].UserID = "eve", eveID }, client.JoinForged, client.JoinOpen},
		"with another user's id":          {func(a *protocol.AnswersResponse) { a.Answers[0].UserID = eveID }, client.JoinForged, client.JoinOpen},
		"of a user who does not exist":    {func(a *protocol.AnswersResponse) { a.Answers[0].Username = "nobody" }, client.JoinForged, client.JoinOpen},
		"of the inviter":                  {func(a *protocol.AnswersResponse) { a.Answers[0].Username = "anna" }, client.JoinForged, client.JoinOpen},
		"two people with one link": {func(a *protocol.AnswersResponse) {
			a.Answers = append(a.Answers, protocol.InvitationAnswer{ID: id, UserID: eveID, Username: "eve", Answer: a.Answers[0].Answer})
		}, client.JoinForged, client.JoinOpen},
		"an answer hidden": {func(a *protocol.AnswersResponse) { a.Answers = []protocol.InvitationAnswer{} }, client.JoinOpen, client.JoinOpen},
	} {
		anna.wire.lie(edit(t, protocol.PathInvitationsAnswers, c.lie))
		got, err := anna.SentInvitations(t.Context())
		if err != nil || of(got, id) != c.first || of(got, secondID) != c.other {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		for i := range got {
			if err := anna.AcceptJoiner(t.Context(), &got[i]); !errors.Is(err, directory.ErrAnswer) {
				t.Errorf("%s: accepted %+v: %v", name, got[i], err)
			}
		}
	}
	// The answer is right, and the cards are those of somebody else.
	anna.wire.lie(nil)
	anna.show(t, shown(testvault.NewPerson("bob").Card()))
	if got := anna.links(t); of(got, id) != client.JoinForged {
		t.Errorf("a swapped card: %+v", got)
	}
	anna.show(t, protocol.UserCards{Cards: []protocol.Signed{"AAAA"}})
	if got := anna.links(t); of(got, id) != client.JoinForged {
		t.Errorf("a malformed card: %+v", got)
	}
	anna.reconnect()
	anna.wire.lie(edit(t, protocol.PathInvitationsAnswers, func(a *protocol.AnswersResponse) {
		a.Answers = slices.Repeat(a.Answers, protocol.MaxInvitations+1)
	}))
	var bad *client.AnswerError
	if _, err := anna.SentInvitations(t.Context()); !errors.As(err, &bad) {
		t.Errorf("too many answers: %v", err)
	}
	if pins := anna.pins(t); len(pins) != 0 {
		t.Errorf("pinned %q", pins)
	}
}

// Revoking deletes the secret first. A server that lets somebody in all the same convinces nobody.
func TestARevokedLinkIsNotAnswered(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	anna, bob := newDevice(t, server), newDevice(t, server)
	anna.register(t, "anna")
	secret := anna.invite(t, "Bob")
	if _, err := bob.join(t, "bob", secret); err != nil {
		t.Fatal(err)
	}
	before := anna.links(t)
	if len(before) != 1 || before[0].State != client.JoinProven {
		t.Fatalf("%+v", before)
	}
	anna.intercept(func(r *client.Request) (*client.Response, error) {
		if isAt(*r, protocol.PathAdminInvitationsRevoke) {
			return nil, errCut
		}
		return nil, nil
	})
	if err := anna.RevokeInvitation(t.Context(), before[0].ID); !errors.Is(err, client.ErrOffline) {
		t.Errorf("revoked without the server: %v", err)
	}
	if got := anna.links(t); len(got) != 0 {
		t.Errorf("%+v", got)
	}
	if err := anna.AcceptJoiner(t.Context(), &before[0]); !errors.Is(err, client.ErrNoInvitation) || len(anna.pins(t)) != 0 {
		t.Errorf("accepted: %v", err)
	}
}

// The clock of the inviter decides, whatever the server takes.
func TestAnExpiredLinkIsNotAnswered(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	anna, bob := newDevice(t, server), newDevice(t, server)
	anna.register(t, "anna")
	bob.register(t, "bob")
	secret, offer := protocol.NewJoinSecret(), chain.HashOf(chain.HashOffer, []byte("offer"))
	id := must(chain.ParseID(secret.Invitation().ID))(t)
	write := func(version uint32, expires time.Time) {
		t.Helper()
		putRecords(t, anna.wire.Transport, func(put func(id chain.ID, kind chain.RecordKind, version uint32, content string)) {
			put(id, chain.RecordInvitation, version, string(directory.Invitation{Secret: secret, Offer: offer, Expires: expires.UnixMilli()}.Encode()))
		})
		anna.sync(t)
	}
	a := bob.account(t)
	user := must(chain.ParseID(a.UserID))(t)
	cards := fetch[protocol.UserCards](t, bob, protocol.PathCards+"?username=bob")
	card := must(chain.ParseCard(decoded(t, cards.Cards[0])))(t)
	proof := seal.KeysOfInvitation(secret).Answer(offer, user, card.Hash())
	anna.wire.lie(edit(t, protocol.PathInvitationsAnswers, func(r *protocol.AnswersResponse) {
		r.Answers = []protocol.InvitationAnswer{{ID: id.String(), UserID: a.UserID, Username: "bob", Answer: encoded(proof)}}
	}))
	write(1, time.Now().Add(-time.Minute))
	got := anna.links(t)
	if len(got) != 1 || got[0].State != client.JoinExpired {
		t.Fatalf("%+v", got)
	}
	if err := anna.AcceptJoiner(t.Context(), &got[0]); !errors.Is(err, directory.ErrAnswer) {
		t.Errorf("accepted: %v", err)
	}
	write(2, time.Now().Add(time.Hour)) // so it was the time
	if got := anna.links(t); len(got) != 1 || got[0].State != client.JoinProven {
		t.Errorf("before it expires: %+v", got)
	}
}

func encoded(h chain.Hash) protocol.Hash { return base64.RawURLEncoding.EncodeToString(h[:]) }

// A server shows the offer before the registration, so that the user reads who made the link, and another one or none at the registration.
func TestAnOfferThatTheUserReadCannotBeHidden(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	anna := newDevice(t, server)
	anna.register(t, "anna")
	secret := anna.invite(t, "Bob")
	eve := testvault.NewPerson("eve")
	another := directory.Offer{
		Origin: anna.wire.Origin(), User: eve.ID, Username: "eve", Cards: []chain.Hash{eve.Card().Hash()}, Expires: 1_767_225_600_000,
	}
	for name, shows := range map[string]string{"hidden": "", "another": must(seal.KeysOfInvitation(secret).SealOffer(another.Encode()))(t)} {
		d := newDevice(t, server)
		offered := must(d.ReadOffer(t.Context(), secret))(t)
		own := must(anna.OwnCard())(t)
		if by := offered.Inviter(); by.Username != "anna" || by.Fingerprint != own.Fingerprint || offered.Invitee != "Bob" || offered.Expires.Before(time.Now()) {
			t.Errorf("read %+v by %+v", offered, by)
		}
		d.wire.lie(edit(t, protocol.PathInvitationOffer, func(o *protocol.OfferResponse) { o.Offer = shows }))
		r, err := d.PrepareRegistration(password)
		if err != nil {
			t.Fatal(err)
		}
		r.Invitation, r.Offered = &secret, offered
		if _, err := d.Register(t.Context(), r, "bob", "x"); !errors.Is(err, directory.ErrOffer) {
			t.Errorf("%s: %v", name, err)
		}
		if slices.ContainsFunc(d.wire.sent, func(r client.Request) bool { return isAt(r, protocol.PathUsers) }) {
			t.Errorf("%s: an account was created", name)
		}
	}
	// An offer of one link says nothing about another link.
	d := newDevice(t, server)
	read := must(d.ReadOffer(t.Context(), secret))(t)
	r, err := d.PrepareRegistration(password)
	if err != nil {
		t.Fatal(err)
	}
	other := anna.invite(t, "Carl")
	r.Invitation, r.Offered = &other, read
	if _, err := d.Register(t.Context(), r, "carl", "x"); err != nil {
		t.Error(err)
	}
	if _, err := newDevice(t, server).ReadOffer(t.Context(), protocol.NewJoinSecret()); client.Explain(err).Code != client.Code(protocol.CodeInvitationInvalid) {
		t.Errorf("a link that nobody made: %v", err)
	}
}

func TestInvitationTerms(t *testing.T) {
	t.Parallel()
	d := newDevice(t, startServer(t))
	d.register(t, "anna")
	for _, days := range []int{-1, protocol.MaxInvitationDays + 1} {
		if _, err := d.InvitePerson(t.Context(), client.InvitationTerms{Days: days}); !errors.Is(err, client.ErrDays) {
			t.Errorf("%d days: %v", days, err)
		}
	}
	if _, err := d.InvitePerson(t.Context(), client.InvitationTerms{Invitee: "a\nb"}); !errors.Is(err, directory.ErrInvitee) {
		t.Errorf("two lines: %v", err)
	}
	if got := d.links(t); len(got) != 0 {
		t.Errorf("%+v", got)
	}
	must(d.InvitePerson(t.Context(), client.InvitationTerms{Invitee: "Bob", Days: 1}))(t)
	open := must(d.Invitations(t.Context()))(t)
	got := d.links(t)
	day := 24 * time.Hour
	if len(open) != 1 || open[0].Expires.Sub(open[0].Created) != day || len(got) != 1 || time.Until(got[0].Expires) > day {
		t.Errorf("the server has %+v, the inviter %+v", open, got)
	}
}
