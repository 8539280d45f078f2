package client_test

import (
	"errors"
	"net/http"
	"slices"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/client/directory"
	"github.com/vaultsphere/vaultsphere/app/client/members"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// group are users of one server. The first has verified the others, and they the first.
func group(t *testing.T, names ...string) []*device {
	t.Helper()
	server := startServer(t)
	var out []*device
	for _, name := range names {
		d := newDevice(t, server)
		d.register(t, name)
		out = append(out, d)
	}
	for i, name := range names[1:] {
		out[0].verify(t, name)
		out[i+1].verify(t, names[0])
	}
	return out
}

func (d *device) share(t *testing.T, name string) string {
	t.Helper()
	return must(d.CreateVault(t.Context(), name))(t).ID
}

// adds has a member add somebody, who joins.
func (d *device) adds(t *testing.T, vault string, other *device, username string, role protocol.Role) {
	t.Helper()
	if err := d.AddMembers(t.Context(), vault, 0, client.NewMember{Username: username, Role: role}); err != nil {
		t.Fatal(err)
	}
	other.accedes(t, vault)
}

func (d *device) accedes(t *testing.T, vault string) {
	t.Helper()
	if _, err := d.JoinVault(t.Context(), vault); err != nil {
		t.Fatal(err)
	}
}

// memberNames returns username and role of all members.
func (d *device) memberNames(t *testing.T, vault string) []string {
	t.Helper()
	var out []string
	for _, m := range must(d.Members(t.Context(), vault))(t).Members {
		out = append(out, m.Username+" "+string(m.Role))
	}
	return out
}

func (d *device) userID(t *testing.T) string { return d.account(t).UserID }

// seen is what the page and the command line do: they show the members, and say so.
func (d *device) sees(t *testing.T, vault string) client.Members {
	t.Helper()
	d.sync(t)
	m := must(d.Members(t.Context(), vault))(t)
	if err := d.NoteShown(t.Context(), vault, m.Shown); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestThreePeopleShareAVault(t *testing.T) {
	t.Parallel()
	all := group(t, "anna", "bob", "carl")
	anna, bob, carl := all[0], all[1], all[2]
	vault := anna.share(t, "Accounting")
	if err := anna.AddMembers(t.Context(), vault, 0, client.NewMember{Username: "bob", Role: protocol.RoleManager}); err != nil {
		t.Fatal(err)
	}
	got := must(bob.VaultInvitations(t.Context()))(t)
	own := must(anna.OwnCard())(t)
	if len(got) != 1 || got[0].Vault != vault || got[0].By != "anna" || got[0].Fingerprint != own.Fingerprint || !got[0].Verified || got[0].Role != protocol.RoleManager || got[0].Members != 2 {
		t.Fatalf("%+v", got)
	}
	bob.accedes(t, vault)
	bob.accedes(t, vault) // again
	if got := must(bob.VaultInvitations(t.Context()))(t); len(got) != 0 {
		t.Errorf("%+v", got)
	}
	bob.verify(t, "carl")
	bob.sees(t, vault)
	bob.adds(t, vault, bob, "carl", protocol.RoleReader)
	if err := carl.acceding(t, vault); !errors.Is(err, client.ErrNotInvited) {
		t.Errorf("carl has not verified bob: %v", err)
	}
	carl.verify(t, "bob")
	carl.accedes(t, vault)
	anna.sync(t)
	m := must(anna.Members(t.Context(), vault))(t)
	if len(m.Members) != 3 || len(m.News) != 1 || m.News[0].Username != "carl" || m.News[0].Author != "bob" || m.News[0].Op != "add" || m.RotationDue {
		t.Fatalf("%+v", m)
	}
	if a, b, c := m.Members[0], m.Members[1], m.Members[2]; !a.Self || a.Standing != "" || b.How != "compared" || b.Since.IsZero() || c.By != "bob" ||
		c.Standing != string(directory.Verified) || c.Fingerprint != must(carl.OwnCard())(t).Fingerprint {
		t.Errorf("%+v", m.Members)
	}
	// Anna has not seen that bob added carl.
	var unseen *client.UnseenMembersError
	err := anna.SetMemberRole(t.Context(), vault, 0, carl.userID(t), protocol.RoleEditor)
	if !errors.As(err, &unseen) || len(unseen.Changes) != 1 || unseen.Changes[0].Username != "carl" || client.Explain(err).Code != client.CodeMembersUnseen {
		t.Fatalf("%v", err)
	}
	if err := anna.SetMemberRole(t.Context(), vault, unseen.Shown, carl.userID(t), protocol.RoleEditor); err != nil {
		t.Fatal(err)
	}
	if got := anna.memberNames(t, vault); !slices.Equal(got, []string{"anna owner", "bob manager", "carl editor"}) {
		t.Errorf("%q", got)
	}
	id := anna.saveIn(t, vault, "shared by anna")
	carl.sync(t)
	if got := carl.get(t, id).Title; got != "shared by anna" {
		t.Errorf("%q", got)
	}
	// Carl leaves, and still has the key. The next who signs rotates first.
	if err := carl.LeaveVault(t.Context(), vault); err != nil {
		t.Fatal(err)
	}
	if _, err := carl.Get(id); err == nil {
		t.Error("carl still has the item")
	}
	anna.sync(t)
	if m := must(anna.Members(t.Context(), vault))(t); !m.RotationDue || m.News[len(m.News)-1].Op != "leave" {
		t.Errorf("%+v", m)
	}
	anna.sees(t, vault)
	if err := anna.AddMembers(t.Context(), vault, 0, client.NewMember{Username: "carl", Role: protocol.RoleReader}); err != nil {
		t.Fatal(err)
	}
	if m := must(anna.Members(t.Context(), vault))(t); m.RotationDue || len(m.News) != 0 || m.Shown != 7 {
		t.Errorf("%+v", m)
	}
	carl.sync(t)
	if got := carl.get(t, id).Title; got != "shared by anna" {
		t.Errorf("carl is back: %q", got)
	}
	if err := anna.RemoveMembers(t.Context(), vault, 0, carl.userID(t), bob.userID(t)); err != nil {
		t.Fatal(err)
	}
	for name, d := range map[string]*device{"bob": bob, "carl": carl} {
		d.sync(t)
		if _, err := d.Members(t.Context(), vault); !errors.Is(err, client.ErrVaultLeft) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := anna.RotateMembers(t.Context(), vault, 0); err != nil {
		t.Fatal(err)
	}
	if err := anna.LeaveVault(t.Context(), vault); !errors.Is(err, members.ErrLastOwner) || client.Explain(err).Code != client.CodeLastOwner {
		t.Errorf("%v", err)
	}
	anna.sync(t)
	if got := anna.get(t, id).Title; got != "shared by anna" {
		t.Errorf("%q", got)
	}
}

func (d *device) acceding(t *testing.T, vault string) error {
	t.Helper()
	_, err := d.JoinVault(t.Context(), vault)
	return err
}

func (d *device) saveIn(t *testing.T, vault, title string) string {
	t.Helper()
	return must(d.SaveIn(t.Context(), vault, login(title)))(t).ID
}

func TestMembershipIsRefusedBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	all := group(t, "anna", "bob", "carl")
	anna, bob, carl := all[0], all[1], all[2]
	vault := anna.share(t, "Accounting")
	anna.adds(t, vault, bob, "bob", protocol.RoleEditor)
	bob.sees(t, vault)
	bob.verify(t, "carl")
	personal := anna.account(t).Vault
	ctx := t.Context()
	add := func(d *device, vault, name string, role protocol.Role) error {
		return d.AddMembers(ctx, vault, 0, client.NewMember{Username: name, Role: role})
	}
	for name, c := range map[string]struct {
		d    *device
		do   func() error
		want error
	}{
		"an editor adds":              {bob, func() error { return add(bob, vault, "carl", protocol.RoleReader) }, members.ErrRole},
		"an editor removes":           {bob, func() error { return bob.RemoveMembers(ctx, vault, 0, anna.userID(t)) }, members.ErrRole},
		"an editor rotates":           {bob, func() error { return bob.RotateMembers(ctx, vault, 0) }, members.ErrRole},
		"an editor rises":             {bob, func() error { return bob.SetMemberRole(ctx, vault, 0, bob.userID(t), protocol.RoleOwner) }, members.ErrRole},
		"no such role":                {anna, func() error { return add(anna, vault, "carl", "emperor") }, members.ErrRole},
		"a member again":              {anna, func() error { return add(anna, vault, "bob", protocol.RoleReader) }, members.ErrMember},
		"nobody of this name":         {anna, func() error { return add(anna, vault, "dora", protocol.RoleReader) }, client.ErrNoUser},
		"oneself":                     {anna, func() error { return add(anna, vault, "anna", protocol.RoleReader) }, client.ErrSelf},
		"the personal vault":          {anna, func() error { return add(anna, personal, "carl", protocol.RoleReader) }, client.ErrPersonalVault},
		"no vault":                    {anna, func() error { return add(anna, "AAAA", "carl", protocol.RoleReader) }, client.ErrNoVault},
		"a stranger's vault":          {carl, func() error { return carl.LeaveVault(ctx, vault) }, client.ErrNoVault},
		"a malformed id":              {anna, func() error { return anna.RemoveMembers(ctx, vault, 0, "bob") }, members.ErrNoMember},
		"a role for nobody":           {anna, func() error { return anna.SetMemberRole(ctx, vault, 0, "bob", protocol.RoleReader) }, members.ErrNoMember},
		"somebody not there":          {anna, func() error { return anna.RemoveMembers(ctx, vault, 0, carl.userID(t)) }, members.ErrNoMember},
		"an owner removes self":       {anna, func() error { return anna.RemoveMembers(ctx, vault, 0, anna.userID(t)) }, members.ErrSelf},
		"joining without being added": {carl, func() error { return carl.acceding(t, vault) }, nil},
	} {
		c.d.wire.mu.Lock()
		c.d.wire.sent = nil
		c.d.wire.mu.Unlock()
		if err := c.do(); err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		for _, r := range c.d.wire.sent {
			if r.Method == http.MethodPost && (isAt(r, protocol.PathVaultEntries) || isAt(r, protocol.PathVaultEnvelopes)) {
				t.Errorf("%s: sent %s", name, r.Path)
			}
		}
	}
	// Nobody whom the user has not verified.
	newDevice(t, anna.wire.Origin()).register(t, "dora")
	if err := add(anna, vault, "dora", protocol.RoleReader); !errors.Is(err, members.ErrUnverified) || client.Explain(err).Code != client.CodePersonUnverified {
		t.Errorf("not verified: %v", err)
	}
}

// Somebody whom a verified member has added to another vault counts as introduced: good for a reader or an editor.
func TestIntroducedByAVerifiedMember(t *testing.T) {
	t.Parallel()
	all := group(t, "anna", "bob", "carl")
	anna, bob, carl := all[0], all[1], all[2]
	one, two := anna.share(t, "One"), anna.share(t, "Two")
	anna.adds(t, one, bob, "bob", protocol.RoleManager)
	if err := anna.ForgetPerson(t.Context(), carl.userID(t)); err != nil {
		t.Fatal(err)
	}
	add := func(role protocol.Role) error {
		return anna.AddMembers(t.Context(), two, 0, client.NewMember{Username: "carl", Role: role})
	}
	if err := add(protocol.RoleReader); !errors.Is(err, members.ErrUnverified) {
		t.Errorf("nobody introduced carl: %v", err)
	}
	bob.verify(t, "carl")
	carl.verify(t, "bob")
	bob.sees(t, one)
	bob.adds(t, one, carl, "carl", protocol.RoleReader)
	anna.sync(t)
	for _, role := range []protocol.Role{protocol.RoleManager, protocol.RoleOwner} {
		if err := add(role); !errors.Is(err, members.ErrUnverified) {
			t.Errorf("as %s: %v", role, err)
		}
	}
	if err := add(protocol.RoleEditor); err != nil {
		t.Fatal(err)
	}
	people := must(anna.People())(t).People
	i := slices.IndexFunc(people, func(p client.VerifiedPerson) bool { return p.Username == "carl" })
	if i < 0 || people[i].How != "introduced" || people[i].By != bob.userID(t) {
		t.Errorf("%+v", people)
	}
}

// What a server lists beyond the pins is an invitation at most: it receives no item, and nobody joins it unless a verified person signed that.
func TestVaultsThatNobodyVerifiedOffers(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	bob := newDevice(t, server)
	bob.register(t, "bob")
	eve := newTeam(t, server, "eve", "Salaries")
	eve.entry(eve.DraftAdd(chain.Owner, eve.person(bob)))
	bob.sync(t)
	if got := must(bob.Vaults())(t); len(got) != 1 {
		t.Errorf("%+v", got)
	}
	got := must(bob.VaultInvitations(t.Context()))(t)
	if len(got) != 1 || got[0].Verified || got[0].By != "eve" {
		t.Errorf("%+v", got)
	}
	if err := bob.acceding(t, eve.id()); !errors.Is(err, client.ErrNotInvited) {
		t.Errorf("%v", err)
	}
	// Bob has verified another eve, whose name the server gives away.
	if got := must(bob.Vaults())(t); len(got) != 1 {
		t.Errorf("%+v", got)
	}
	bob.verify(t, "eve")
	bob.accedes(t, eve.id())
	// The server hides the entry that added bob, and shows a log without it.
	other := newTeam(t, server, "olga", "Other")
	other.entry(other.DraftAdd(chain.Reader, other.person(bob)))
	bob.verify(t, "olga")
	bob.wire.lie(edit(t, protocol.PathVault, func(a *protocol.VaultAnswer) {
		if len(a.Entries) == 2 {
			a.Entries, a.Sequence = a.Entries[:1], 0
		}
	}))
	if err := bob.acceding(t, other.id()); err == nil {
		t.Error("joined a vault whose log does not name bob")
	}
	bob.wire.lie(nil)
	bob.accedes(t, other.id())
	if got := must(bob.Vaults())(t); len(got) != 3 {
		t.Errorf("%+v", got)
	}
	// A list of a thousand vaults costs no more than the first ones.
	bob.wire.lie(edit(t, protocol.PathVaults, func(a *protocol.SharedVaults) {
		for range 1000 {
			a.Vaults = append(a.Vaults, protocol.SharedVault{Vault: "not an id"}, protocol.SharedVault{Vault: seal.NewID().String()})
		}
	}))
	bob.wire.mu.Lock()
	bob.wire.sent = nil
	bob.wire.mu.Unlock()
	if got, err := bob.VaultInvitations(t.Context()); err != nil || len(got) != 0 || len(bob.wire.sent) > 30 {
		t.Errorf("%+v, %v, %d requests", got, err, len(bob.wire.sent))
	}
}

// A member whose keys are stolen adds a ghost. A manager who signs next is shown the ghost first, also on a new device.
func TestAGhostIsShownOnEveryDevice(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	bob := newDevice(t, server)
	bob.register(t, "bob")
	c := newTeam(t, server, "olga", "Team")
	c.add(bob, chain.Manager)
	bob.sync(t)
	bob.sees(t, c.id())
	ghost := c.stranger("ghost", chain.Reader)
	for name, d := range map[string]*device{"the same device": bob, "a new one": bob.another(t, server, "bob")} {
		d.sync(t)
		var unseen *client.UnseenMembersError
		err := d.RotateMembers(t.Context(), c.id(), 0)
		if !errors.As(err, &unseen) || len(unseen.Changes) != 1 || unseen.Changes[0].Username != "ghost" ||
			unseen.Changes[0].Fingerprint != ghost.Card().Fingerprint() || unseen.Changes[0].Author != "olga" {
			t.Errorf("%s: %v", name, err)
		}
	}
	bob.sees(t, c.id())
	if err := bob.RemoveMembers(t.Context(), c.id(), 0, ghost.ID.String()); err != nil {
		t.Fatal(err)
	}
	if got := bob.memberNames(t, c.id()); !slices.Equal(got, []string{"bob manager", "olga owner"}) {
		t.Errorf("%q", got)
	}
}

// The server answers the search for a verified person with another card.
func TestNobodyIsAddedWithASwappedCard(t *testing.T) {
	t.Parallel()
	all := group(t, "anna", "bob")
	anna := all[0]
	vault := anna.share(t, "Accounting")
	add := func() error {
		return anna.AddMembers(t.Context(), vault, 0, client.NewMember{Username: "bob", Role: protocol.RoleReader})
	}
	anna.show(t, shown(testvault.NewPerson("bob").Card()))
	if err := add(); !errors.Is(err, directory.ErrParted) {
		t.Errorf("another user of this name: %v", err)
	}
	anna.show(t, shown(twin(t, must(chain.ParseID(all[1].userID(t)))(t)).Card()))
	if err := add(); !errors.Is(err, directory.ErrParted) {
		t.Errorf("another card of this user: %v", err)
	}
	anna.wire.lie(nil)
	anna.reconnect()
	if err := add(); err != nil {
		t.Errorf("the honest server: %v", err)
	}
}

// After a rotation of the account, each shared vault gets the new card, and new keys where the role allows it.
func TestNewCardsReachSharedVaults(t *testing.T) {
	t.Parallel()
	all := group(t, "anna", "bob")
	anna, bob := all[0], all[1]
	vault := anna.share(t, "Accounting")
	anna.adds(t, vault, bob, "bob", protocol.RoleEditor)
	id := anna.saveIn(t, vault, "shared")
	for i, d := range all {
		name := []string{"anna", "bob"}[i]
		d.sync(t)
		if got := must(d.OutdatedVaults())(t); len(got) != 0 {
			t.Errorf("%s: %q", name, got)
		}
		d.rotate(t, client.RotationRequest{Password: password})
		d.sync(t)
		if got := must(d.OutdatedVaults())(t); !slices.Equal(got, []string{vault}) {
			t.Fatalf("%s: %q", name, got)
		}
		d.sees(t, vault)
		if err := d.RecardVault(t.Context(), vault, 0); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := must(d.OutdatedVaults())(t); len(got) != 0 {
			t.Errorf("%s: %q", name, got)
		}
		if err := d.RecardVault(t.Context(), vault, 0); !errors.Is(err, members.ErrSame) {
			t.Errorf("%s, again: %v", name, err)
		}
	}
	anna.sync(t)
	m := must(anna.Members(t.Context(), vault))(t)
	if !m.RotationDue || len(m.News) != 1 || !m.News[0].NewCard || m.News[0].Fingerprint != must(bob.OwnCard())(t).Fingerprint {
		t.Errorf("%+v", m)
	}
	if got := m.Members[1]; got.Standing != string(directory.Renewed) || got.How != "compared" {
		t.Errorf("%+v", got)
	}
	anna.sees(t, vault)
	anna.rotatedOf(t, vault)
	bob.sync(t)
	if m := must(bob.Members(t.Context(), vault))(t); m.RotationDue || bob.get(t, id).Title != "shared" {
		t.Errorf("%+v", m)
	}
}

// The answer to an entry is lost, or never came. The device sends the same bytes again, with its envelopes.
func TestAnEntryWhoseAnswerWasLost(t *testing.T) {
	t.Parallel()
	all := group(t, "anna", "bob")
	anna, bob := all[0], all[1]
	vault := anna.share(t, "Accounting")
	add := func() error {
		return anna.AddMembers(t.Context(), vault, 0, client.NewMember{Username: "bob", Role: protocol.RoleReader})
	}
	var sent [][]byte
	cut := func(pass bool) {
		anna.intercept(func(r *client.Request) (*client.Response, error) {
			if r.Method != http.MethodPost || !isAt(*r, protocol.PathVaultEntries) {
				return nil, nil
			}
			sent = append(sent, r.Body)
			if pass {
				if answer, err := anna.wire.Transport.Do(t.Context(), *r); err != nil || answer.Status != 204 {
					t.Errorf("%d %s, %v", answer.Status, answer.Body, err)
				}
			}
			return nil, errCut
		})
	}
	cut(false)
	if err := add(); !errors.Is(err, client.ErrUncertain) {
		t.Errorf("never sent: %v", err)
	}
	anna.reconnect()
	if err := add(); !errors.Is(err, members.ErrMember) { // the entry in flight was sent first
		t.Errorf("sent again: %v", err)
	}
	if n := len(anna.wire.sent); n == 0 || len(sent) != 1 {
		t.Errorf("%d attempts", len(sent))
	}
	for _, r := range anna.wire.sent {
		if r.Method == http.MethodPost && isAt(r, protocol.PathVaultEntries) && string(r.Body) != string(sent[0]) {
			t.Error("another entry was signed")
		}
	}
	bob.accedes(t, vault)
	cut(true)
	if err := anna.RotateMembers(t.Context(), vault, 0); err != nil {
		t.Errorf("the answer was lost: %v", err)
	}
	if m := must(anna.Members(t.Context(), vault))(t); len(m.News) != 0 || m.Shown != 3 {
		t.Errorf("%+v", m)
	}
}
