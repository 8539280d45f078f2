package client_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/client/directory"
	"github.com/vaultsphere/vaultsphere/app/client/members"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

func (d *device) invitesTo(t *testing.T, vaults ...client.InvitedVault) protocol.JoinSecret {
	t.Helper()
	return must(d.InvitePerson(t.Context(), client.InvitationTerms{Invitee: "Bob", Vaults: vaults}))(t)
}

// proven returns the invitation that somebody answered.
func (d *device) proven(t *testing.T) *client.SentInvitation {
	t.Helper()
	got := d.links(t)
	if len(got) != 1 || got[0].State != client.JoinProven {
		t.Fatalf("%+v", got)
	}
	return &got[0]
}

func (d *device) joinedWith(t *testing.T, name string, secret protocol.JoinSecret) {
	t.Helper()
	if _, err := d.join(t, name, secret); err != nil {
		t.Fatal(err)
	}
	d.sync(t)
}

func TestALinkIsForVaults(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	anna, bob := newDevice(t, server), newDevice(t, server)
	anna.register(t, "anna")
	one, two := anna.share(t, "One"), anna.share(t, "Two")
	id := anna.saveIn(t, one, "shared by anna")
	secret := anna.invitesTo(t, client.InvitedVault{Vault: one, Role: protocol.RoleEditor}, client.InvitedVault{Vault: two, Role: protocol.RoleManager})
	bob.joinedWith(t, "bob", secret)
	for _, v := range []string{one, two} { // pinned, and not yet there
		if got := bob.vault(t, v); got.Problem != client.CodeVaultAwaited || got.Role != "" {
			t.Errorf("%+v", got)
		}
	}
	anna.rotatedOf(t, one) // the vault went on since the offer
	s := anna.proven(t)
	want := map[string]client.InvitedVault{one: {Vault: one, Name: "One", Role: protocol.RoleEditor}, two: {Vault: two, Name: "Two", Role: protocol.RoleManager}}
	if len(s.Vaults) != 2 || s.Vaults[0] != want[s.Vaults[0].Vault] || s.Vaults[1] != want[s.Vaults[1].Vault] || s.Accepted {
		t.Errorf("%+v", s)
	}
	if err := anna.AcceptJoiner(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if got := anna.links(t); len(got) != 0 || len(anna.pins(t)) != 1 {
		t.Errorf("%+v, %q", got, anna.pins(t))
	}
	bob.sync(t)
	if got := bob.get(t, id).Title; got != "shared by anna" || bob.vault(t, two).Role != protocol.RoleManager || bob.vault(t, one).Role != protocol.RoleEditor {
		t.Errorf("%q, %+v", got, must(bob.Vaults())(t))
	}
	if m := must(bob.Members(t.Context(), one))(t); m.Members[0].How != "link" || len(m.News) != 3 {
		t.Errorf("%+v", m)
	}
}

func (d *device) rotatedOf(t *testing.T, vault string) {
	t.Helper()
	if err := d.RotateMembers(t.Context(), vault, 0); err != nil {
		t.Fatal(err)
	}
}

func TestInvitationsToVaultsThatAreRefused(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	anna := newDevice(t, server)
	anna.register(t, "anna")
	vault := anna.share(t, "One")
	c := newTeam(t, server, "olga", "Team")
	c.add(anna, chain.Manager)
	anna.sync(t)
	invited := func(vault string, role protocol.Role) client.InvitedVault {
		return client.InvitedVault{Vault: vault, Role: role}
	}
	for name, x := range map[string]struct {
		vaults []client.InvitedVault
		want   error
	}{
		"a role that the inviter cannot give": {[]client.InvitedVault{invited(c.id(), protocol.RoleManager)}, members.ErrRole},
		"no role":                             {[]client.InvitedVault{invited(vault, "")}, members.ErrRole},
		"the personal vault":                  {[]client.InvitedVault{invited(anna.account(t).Vault, protocol.RoleReader)}, client.ErrPersonalVault},
		"no vault":                            {[]client.InvitedVault{invited("AAAA", protocol.RoleReader)}, client.ErrNoVault},
		"a vault twice":                       {[]client.InvitedVault{invited(vault, protocol.RoleReader), invited(vault, protocol.RoleOwner)}, members.ErrSame},
		"21 vaults":                           {slices.Repeat([]client.InvitedVault{invited(vault, protocol.RoleReader)}, 21), members.ErrFull},
	} {
		if _, err := anna.InvitePerson(t.Context(), client.InvitationTerms{Vaults: x.vaults}); !errors.Is(err, x.want) {
			t.Errorf("%s: %v, want %v", name, err, x.want)
		}
	}
	if got := anna.links(t); len(got) != 0 {
		t.Errorf("%+v", got)
	}
	anna.invitesTo(t, invited(c.id(), protocol.RoleEditor))
}

// The server shows the joiner another vault, or another beginning of the offered one.
func TestTheServerDoesNotChooseTheVaultsOfALink(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	anna, bob := newDevice(t, server), newDevice(t, server)
	anna.register(t, "anna")
	vault := anna.share(t, "One")
	secret := anna.invitesTo(t, client.InvitedVault{Vault: vault, Role: protocol.RoleEditor})
	bob.joinedWith(t, "bob", secret)
	eve := newTeam(t, server, "eve", "One")
	eve.entry(eve.DraftAdd(chain.Editor, eve.person(bob)))
	bob.sync(t)
	if got := must(bob.Vaults())(t); len(got) != 2 || got[1].ID != vault {
		t.Errorf("%+v", got)
	}
	// Eve's log under the id of the offered vault.
	log := fetch[protocol.VaultAnswer](t, bob, vaultOf(protocol.PathVault, eve.id())+"?since=0&after=-1&revision=0")
	bob.intercept(func(r *client.Request) (*client.Response, error) {
		if isAt(*r, protocol.PathVault) && idOf(*r) == vault {
			return &client.Response{Status: 200, Body: encodedJSON(t, log)}, nil
		}
		return nil, nil
	})
	bob.sync(t)
	if got := bob.vault(t, vault); got.Problem == "" || got.Problem == client.CodeVaultAwaited || got.Items != 0 {
		t.Errorf("%+v", got)
	}
	bob.reconnect()
	if err := anna.AcceptJoiner(t.Context(), anna.proven(t)); err != nil {
		t.Fatal(err)
	}
	bob.sync(t)
	if got := bob.vault(t, vault); got.Role != protocol.RoleEditor || got.Problem != "" {
		t.Errorf("%+v", got)
	}
}

// Accepting stops half-way. Only the accepted joiner can have the rest, with the roles of the record.
func TestAnAcceptedLinkGoesOnWithTheSamePerson(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	anna, bob, eve := newDevice(t, server), newDevice(t, server), newDevice(t, server)
	anna.register(t, "anna")
	one, two := anna.share(t, "One"), anna.share(t, "Two")
	secret := anna.invitesTo(t, client.InvitedVault{Vault: one, Role: protocol.RoleReader}, client.InvitedVault{Vault: two, Role: protocol.RoleReader})
	eve.register(t, "eve")
	keys, offer := seal.KeysOfInvitation(secret), fetchOffer(t, eve, secret)
	bob.joinedWith(t, "bob", secret)
	first := anna.proven(t)
	anna.intercept(func(r *client.Request) (*client.Response, error) {
		if r.Method == http.MethodPost && isAt(*r, protocol.PathVaultEntries) && idOf(*r) == two {
			return nil, errCut
		}
		return nil, nil
	})
	if err := anna.AcceptJoiner(t.Context(), first); err == nil {
		t.Fatal("accepted")
	}
	anna.reconnect()
	// Eve saw the link too, and proves it. The server shows only her answer now.
	a := eve.account(t)
	card := must(chain.ParseCard(decoded(t, fetch[protocol.UserCards](t, eve, protocol.PathCards+"?username=eve").Cards[0])))(t)
	proof := keys.Answer(chain.HashOf(chain.HashOffer, []byte(offer)), must(chain.ParseID(a.UserID))(t), card.Hash())
	anna.wire.lie(edit(t, protocol.PathInvitationsAnswers, func(r *protocol.AnswersResponse) {
		r.Answers = []protocol.InvitationAnswer{{ID: secret.Invitation().ID, UserID: a.UserID, Username: "eve", Answer: encoded(proof)}}
	}))
	got := anna.links(t)
	if len(got) != 1 || got[0].State != client.JoinForged || !got[0].Accepted {
		t.Errorf("%+v", got)
	}
	if err := anna.AcceptJoiner(t.Context(), &got[0]); !errors.Is(err, directory.ErrAnswer) {
		t.Errorf("a second person: %v", err)
	}
	anna.wire.lie(nil)
	if err := anna.AcceptJoiner(t.Context(), anna.proven(t)); err != nil {
		t.Fatal(err)
	}
	if err := anna.AcceptJoiner(t.Context(), first); !errors.Is(err, client.ErrNoInvitation) {
		t.Errorf("the link was used: %v", err)
	}
	for _, v := range []string{one, two} {
		if got := anna.memberNames(t, v); !slices.Equal(got, []string{"anna owner", "bob reader"}) {
			t.Errorf("%q", got)
		}
	}
}

// fetchOffer returns the offer of an invitation as the server has it.
func fetchOffer(t *testing.T, d *device, secret protocol.JoinSecret) string {
	t.Helper()
	body := encodedJSON(t, protocol.OfferRequest{Invitation: secret.Invitation()})
	answer, err := d.wire.Transport.Do(t.Context(), client.Request{Method: "POST", Path: protocol.PathInvitationOffer, Body: body, Limit: 1 << 20})
	if err != nil || answer.Status != 200 {
		t.Fatalf("%d %s, %v", answer.Status, answer.Body, err)
	}
	var out protocol.OfferResponse
	if err := json.Unmarshal(answer.Body, &out); err != nil {
		t.Fatal(err)
	}
	return out.Offer
}

// idOf returns the id of the vault in the path of a request.
func idOf(r client.Request) string {
	rest, _ := strings.CutPrefix(r.Path, protocol.PathVaults+"/")
	id, _, _ := strings.Cut(rest, "?")
	id, _, _ = strings.Cut(id, "/")
	return id
}

func encodedJSON(t *testing.T, v any) []byte {
	t.Helper()
	return must(json.Marshal(v))(t)
}
