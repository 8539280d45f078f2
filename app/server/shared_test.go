package server_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/app/server"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/sample"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// shared is a shared vault as its members' devices hold it.
type shared struct {
	s *site
	v *testvault.Vault
}

// share creates a shared vault.
func (p *person) share() *shared {
	p.s.t.Helper()
	v, f := p.v.Owner.FoundShared()
	p.call("POST", protocol.PathVaults, testvault.CreateRequest(f)).want(204, "")
	return &shared{p.s, v}
}

// by returns the vault as a member's device holds it.
func (sh *shared) by(p *person) *testvault.Vault { return sh.v.By(p.v.Owner) }

func (sh *shared) path(path string) string {
	return strings.NewReplacer("{vault}", sh.v.ID.String(), "{id}", sample.ID(), "{chunk}", "1").Replace(path)
}

// send uploads an entry with its envelopes, and moves the vault if it was accepted.
func (sh *shared) send(p *person, e testvault.Entry) answer {
	sh.s.t.Helper()
	request, parts := e.Request()
	for _, part := range parts {
		p.call("POST", sh.path(protocol.PathVaultEnvelopes), part).want(204, "")
	}
	a := p.call("POST", sh.path(protocol.PathVaultEntries), request)
	if a.status < 300 {
		sh.v.Follow(e)
	}
	return a
}

func (sh *shared) add(p *person, role chain.Role, who ...*person) {
	sh.s.t.Helper()
	var owners []*testvault.Person
	for _, w := range who {
		owners = append(owners, w.v.Owner)
	}
	sh.send(p, sh.by(p).DraftAdd(role, owners...)).want(204, "")
}

func (sh *shared) remove(p, who *person) {
	sh.s.t.Helper()
	sh.send(p, sh.by(p).DraftRemove(who.v.Owner)).want(204, "")
}

// item drafts a write that puts the overview of a new item.
func (sh *shared) item(p *person, content string) testvault.Write {
	v := sh.by(p)
	return v.Draft(v.Put(chain.RecordOverview, seal.NewID(), 1, content))
}

// write sends a write, and moves the vault if it was accepted.
func (sh *shared) write(p *person, w testvault.Write) answer {
	sh.s.t.Helper()
	a := p.call("POST", sh.path(protocol.PathVaultWrites), w.Request())
	if a.status < 300 {
		sh.v.Apply(w)
	}
	return a
}

func (sh *shared) answer(p *person, query string) protocol.VaultAnswer {
	sh.s.t.Helper()
	var out protocol.VaultAnswer
	p.call("GET", sh.path(protocol.PathVault)+query, nil).into(&out)
	return out
}

func (p *person) sharedVaults() []protocol.SharedVault {
	p.s.t.Helper()
	var out protocol.SharedVaults
	p.call("GET", protocol.PathVaults, nil).into(&out)
	return out.Vaults
}

func (sh *shared) listed(role protocol.Role) protocol.SharedVault {
	return protocol.SharedVault{Vault: sh.v.ID.String(), Role: role, Revision: sh.v.State.Revision, Sequence: sh.v.State.Entry.Sequence}
}

func parsed[T any](t *testing.T, in []protocol.Signed, parse func([]byte) (T, error)) []T {
	t.Helper()
	var out []T
	for _, s := range in {
		b, err := base64.RawURLEncoding.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		v, err := parse(b)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
	return out
}

// verify follows an answer from the first entry on, as a device does, and returns the state.
func verify(t *testing.T, a protocol.VaultLog) chain.State {
	t.Helper()
	cards := &chain.Cards{}
	for _, c := range parsed(t, a.Cards, chain.ParseCard) {
		if err := cards.Add(c); err != nil {
			t.Fatal(err)
		}
	}
	entries := parsed(t, a.Entries, chain.ParseEntry)
	state, err := chain.Begin(entries[0], cards)
	if err == nil {
		state, err = state.Follow(entries[1:], parsed(t, a.Writes, chain.ParseWrite), cards)
	}
	if err != nil {
		t.Fatal(err)
	}
	if state.Entry.Sequence != a.Sequence || state.Revision != a.Revision {
		t.Errorf("the answer leads to %d and entry %d, and says %d and %d", state.Revision, state.Entry.Sequence, a.Revision, a.Sequence)
	}
	return state
}

// contents opens what a person reads of a vault without memory.
func (sh *shared) contents(p *person) []string {
	sh.s.t.Helper()
	a := sh.answer(p, "")
	state := verify(sh.s.t, a.VaultLog)
	envelope, err := base64.RawURLEncoding.DecodeString(a.Envelope)
	if err != nil {
		sh.s.t.Fatal(err)
	}
	owner := p.v.Owner
	key, err := owner.CardKeys[len(owner.CardKeys)-1].KEM.OpenEnvelope(state.Entry, owner.ID, envelope)
	if err != nil {
		sh.s.t.Fatal(err)
	}
	var all []string
	for _, r := range a.Records {
		id, err := chain.ParseID(r.ItemID)
		if err != nil {
			sh.s.t.Fatal(err)
		}
		place := seal.RecordPlace{
			Vault: sh.v.ID, Epoch: uint32(r.Epoch), Item: id, Kind: chain.RecordOverview, Version: uint32(r.Version), // #nosec G115 -- small
		}
		record, err := key.Open(place, r.Token)
		if err != nil {
			sh.s.t.Fatal(err)
		}
		all = append(all, string(record.Content))
	}
	return all
}

func TestSharedVaultFromCreationToRemoval(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	alice, bob := s.register("alice"), s.register("bob")
	if got := alice.sharedVaults(); len(got) != 0 {
		t.Fatalf("before: %+v", got)
	}
	sh := alice.share()
	sh.write(alice, sh.item(alice, "by alice")).want(204, "")
	sh.add(alice, chain.Editor, bob)
	for _, who := range []*person{alice, bob} {
		role := map[*person]protocol.Role{alice: protocol.RoleOwner, bob: protocol.RoleEditor}[who]
		if got := who.sharedVaults(); !slices.Equal(got, []protocol.SharedVault{sh.listed(role)}) {
			t.Errorf("%s sees %+v", role, got)
		}
	}
	sh.write(bob, sh.item(bob, "by bob")).want(204, "")
	for _, who := range []*person{alice, bob} {
		if got := sh.contents(who); !slices.Equal(got, []string{"by alice", "by bob"}) {
			t.Errorf("contents: %q", got)
		}
	}
	late := sh.item(bob, "after the removal")
	sh.remove(alice, bob)
	if got := bob.sharedVaults(); len(got) != 0 {
		t.Errorf("after the removal: %+v", got)
	}
	sh.write(bob, late).want(404, protocol.CodeNotFound)
	sh.write(alice, sh.item(alice, "a secret again")).want(204, "")

	a := sh.answer(bob, "")
	state := verify(t, a.VaultLog)
	if state.Entry.Op != chain.OpRemove || state.Entry.Sequence != 2 || state.Revision != 2 || len(a.Records) != 0 || a.Envelope != "" {
		t.Errorf("a removed member gets %+v", a)
	}
	if again := sh.answer(bob, "?since=2&after=2&revision=2"); len(again.Entries)+len(again.Writes)+len(again.Records) != 0 || again.Revision != 2 {
		t.Errorf("what is after the removal: %+v", again)
	}
	if a := sh.answer(alice, ""); verify(t, a.VaultLog).Revision != 3 {
		t.Errorf("the owner gets %+v", a)
	}
}

// cast are the people around one vault.
type cast struct {
	*shared
	stranger, reader, editor, manager, owner, removed, left, suspended *person
}

func newCast(t *testing.T) cast {
	t.Helper()
	s, root := newAdministered(t)
	join := func(name string) *person { return s.join(name, root.invite()) }
	c := cast{
		stranger: join("stranger"), reader: join("reader"), editor: join("editor"), manager: join("manager"), owner: join("owner"),
		removed: join("removed"), left: join("left"), suspended: join("suspended"),
	}
	c.shared = c.owner.share()
	c.add(c.owner, chain.Reader, c.reader, c.left)
	c.add(c.owner, chain.Editor, c.editor, c.removed, c.suspended)
	c.add(c.owner, chain.Manager, c.manager)
	c.write(c.editor, c.item(c.editor, "a secret")).want(204, "")
	c.remove(c.manager, c.removed)
	c.send(c.left, c.by(c.left).DraftLeave()).want(204, "")
	c.send(c.owner, c.by(c.owner).DraftSame(chain.OpRotate)).want(204, "")
	root.change(protocol.PathAdminUsersSuspend, c.suspended).want(204, "")
	return c
}

// request returns what a member of the highest role sends, so that only the caller's role decides.
func (c cast) request(path string) any {
	switch path {
	case protocol.PathVaultWrites:
		return c.item(c.owner, "more").Request()
	case protocol.PathVaultEntries:
		request, _ := c.by(c.owner).DraftSame(chain.OpRotate).Request()
		return request
	case protocol.PathVaultEnvelopes:
		return protocol.EnvelopesRequest{Part: 1, Envelopes: []protocol.Signed{"AAAA"}}
	case protocol.PathVaultTokens:
		line := c.v.Operations[0][0].Line
		return protocol.TokensRequest{Tokens: []protocol.KeptToken{{
			ItemID: line.ID.String(), Kind: line.Kind.Wire(), Version: int64(line.Version), Epoch: int64(line.Epoch), Hash: base64.RawURLEncoding.EncodeToString(line.Hash[:]),
		}}}
	case protocol.PathVaultChunk:
		return protocol.Chunk{Count: 1, Token: testvault.Chunks("x")[0].Token}
	}
	return nil
}

// Each role tries every route of a vault. To those who may not see it, it answers as a vault that does not exist.
func TestRosterDecidesOnEveryRoute(t *testing.T) {
	t.Parallel()
	c := newCast(t)
	everybody := map[string]*person{
		"stranger": c.stranger, "reader": c.reader, "editor": c.editor, "manager": c.manager, "owner": c.owner, "removed": c.removed, "left": c.left,
		"suspended": c.suspended,
	}
	members := []string{"reader", "editor", "manager", "owner"}
	read := map[string][]string{"200": members}
	// The status of each; 404 where there is none, and 401 for the suspended.
	want := map[string]map[string][]string{
		"GET " + protocol.PathVault:            {"200": append(slices.Clone(members), "removed", "left")},
		"GET " + protocol.PathVaultHistory:     read,
		"POST " + protocol.PathVaultTokens:     read,
		"GET " + protocol.PathVaultAttachments: read,
		"GET " + protocol.PathVaultChunk:       {"404": members}, // no such chunk
		"PUT " + protocol.PathVaultChunk:       {"403": {"reader"}, "204": {"editor", "manager", "owner"}},
		"POST " + protocol.PathVaultEnvelopes:  {"403": {"reader", "editor"}, "204": {"manager", "owner"}},
		// These are signed by the owner.
		"POST " + protocol.PathVaultWrites:  {"403": {"reader"}, "400": {"editor", "manager"}, "204": {"owner"}},
		"POST " + protocol.PathVaultEntries: {"400": {"reader", "editor", "manager"}, "409": {"owner"}},
		// Shared vaults are not sent again, so nobody learns of one here.
		"GET " + protocol.PathVaultResend: {"404": append(slices.Clone(members), "suspended")},
	}
	unknown := seal.NewID().String()
	met := 0
	for _, route := range c.s.srv.Routes() {
		method, path, _ := strings.Cut(route, " ")
		if !strings.Contains(path, "{vault}") || route == "POST "+protocol.PathVaultResend {
			continue
		}
		met++
		var body any
		if method != http.MethodGet {
			body = c.request(path)
		}
		for name, p := range everybody {
			status := "404"
			if name == "suspended" {
				status = "401"
			}
			for s, who := range want[route] {
				if slices.Contains(who, name) {
					status = s
				}
			}
			if name == "owner" && status == "204" {
				continue // at the end, as it changes the vault
			}
			c.check(t, name, p, route, body, status, unknown)
		}
		if slices.Contains(want[route]["204"], "owner") {
			c.check(t, "owner", c.owner, route, body, "204", unknown)
		}
	}
	if met != len(want) {
		t.Errorf("%d routes, want %d", met, len(want))
	}
}

func (c cast) check(t *testing.T, name string, p *person, route string, body any, status, unknown string) {
	t.Helper()
	what := name + " " + route
	method, path, _ := strings.Cut(route, " ")
	a := p.call(method, c.path(path), body)
	if fmt.Sprint(a.status) != status {
		t.Errorf("%s: %d %.200s, want %s", what, a.status, a.body, status)
	}
	if a.status != http.StatusNotFound {
		return
	}
	none := p.call(method, strings.Replace(c.path(path), c.v.ID.String(), unknown, 1), body)
	if none.status != a.status || none.code() != a.code() || none.message() != a.message() && !strings.Contains(a.message(), "chunk") {
		t.Errorf("%s answers %d %s, and a vault that does not exist %d %s", what, a.status, a.body, none.status, none.body)
	}
}

func TestSharedVaultsHaveAQuota(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(_ *server.Config, s *site) { s.limits.Vaults = 1 })
	alice, bob := s.register("alice"), s.register("bob")
	v, f := alice.v.Owner.FoundShared()
	request := testvault.CreateRequest(f)
	alice.call("POST", protocol.PathVaults, request).want(204, "")
	alice.call("POST", protocol.PathVaults, request).want(204, "") // the same again
	_, second := alice.v.Owner.FoundShared()
	alice.call("POST", protocol.PathVaults, testvault.CreateRequest(second)).want(403, protocol.CodeVaultQuota)
	bob.call("POST", protocol.PathVaults, request).want(400, protocol.CodeBadRequest)
	for what, id := range map[string]chain.ID{"of a shared vault": v.ID, "of a personal vault": alice.v.ID} {
		_, used := bob.v.Owner.FoundSharedAs(id)
		if a := bob.call("POST", protocol.PathVaults, testvault.CreateRequest(used)); a.code() != protocol.CodeUserIDTaken {
			t.Errorf("the id %s: %d %s", what, a.status, a.body)
		}
	}
	if got := alice.sharedVaults(); len(got) != 1 {
		t.Errorf("%+v", got)
	}
	bob.share()
}

func TestOnlyActiveUsersAreAdded(t *testing.T) {
	t.Parallel()
	s, root := newAdministered(t)
	alice, bob, carol := s.join("alice", root.invite()), s.join("bob", root.invite()), s.join("carol", root.invite())
	sh := alice.share()
	refused := func(what string, p *testvault.Person) {
		t.Helper()
		if a := sh.send(alice, sh.by(alice).DraftAdd(chain.Reader, p)); a.status != 409 || a.code() != protocol.CodeMemberRefused {
			t.Errorf("%s: %d %s", what, a.status, a.body)
		}
	}
	refused("nobody", testvault.NewPerson("nobody"))
	root.change(protocol.PathAdminUsersSuspend, bob).want(204, "")
	refused("a suspended user", bob.v.Owner)
	old := *carol.v.Owner
	carol.renew(testvault.Renewal{Card: true, Epoch: true})
	refused("an older card", &old)
	carol.call("POST", protocol.PathAccountDelete, protocol.DeleteAccountRequest{CurrentAuthKey: carol.authKey}).want(204, "")
	refused("a deleted user", carol.v.Owner)
	root.change(protocol.PathAdminUsersResume, bob).want(204, "")
	sh.add(alice, chain.Reader, bob)
}

// vaultsOf is the event with a list of shared vaults.
func vaultsOf(listed ...protocol.SharedVault) event {
	var all []string
	for _, v := range listed {
		all = append(all, fmt.Sprintf(`{"vault":"%s","role":"%s","revision":%d,"sequence":%d}`, v.Vault, v.Role, v.Revision, v.Sequence))
	}
	return event{protocol.EventVaults, `{"vaults":[` + strings.Join(all, ",") + `]}`}
}

func TestEventsTellMembersOfTheirSharedVaults(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	alice, bob := s.register("alice"), s.register("bob")
	stream := bob.follow()
	stream.want(revision("0"))
	sh := alice.share()
	sh.add(alice, chain.Reader, bob)
	stream.want(vaultsOf(sh.listed(protocol.RoleReader)))
	sh.write(alice, sh.item(alice, "new")).want(204, "")
	stream.want(vaultsOf(sh.listed(protocol.RoleReader)))
	sh.send(alice, sh.by(alice).DraftRole(bob.v.Owner, chain.Editor)).want(204, "")
	stream.want(vaultsOf(sh.listed(protocol.RoleEditor)))
	second := bob.follow()
	got := []event{second.next(), second.next()} // in any order
	if !slices.Contains(got, revision("0")) || !slices.Contains(got, vaultsOf(sh.listed(protocol.RoleEditor))) {
		t.Errorf("a stream begins with %+v", got)
	}
	sh.remove(alice, bob)
	stream.want(vaultsOf())
	second.want(vaultsOf())
	sh.write(alice, sh.item(alice, "secret")).want(204, "")
	bob.save()
	stream.want(revision("1")) // and nothing of the vault before
}

func TestLargeVaultTakesItsEnvelopesInParts(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	alice := s.register("alice")
	var others []*person
	for i := range protocol.MaxEntryEnvelopes + 2 {
		others = append(others, s.register(fmt.Sprintf("member-%d", i)))
	}
	sh := alice.share()
	sh.add(alice, chain.Reader, others...)
	e := sh.by(alice).DraftRemove(others[0].v.Owner)
	request, parts := e.Request()
	alice.call("POST", sh.path(protocol.PathVaultEntries), request).want(400, protocol.CodeBadRequest) // without envelopes
	if len(parts) != 1 {
		t.Fatalf("%d parts", len(parts))
	}
	alice.call("POST", sh.path(protocol.PathVaultEnvelopes), parts[0]).want(204, "")
	s.clock.move(vault.PendingLife)
	alice.call("POST", sh.path(protocol.PathVaultEntries), request).want(400, protocol.CodeBadRequest) // dropped
	sh.send(alice, e).want(204, "")
	if got := sh.answer(others[1], ""); got.Envelope == "" || got.Sequence != 2 {
		t.Errorf("a member gets %+v", got.Sequence)
	}
}

func TestDeletedMemberLeavesTheVaultToOthers(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	alice, bob := s.register("alice"), s.register("bob")
	sh, alone := alice.share(), alice.share()
	sh.write(alice, sh.item(alice, "by alice")).want(204, "")
	sh.add(alice, chain.Manager, bob)
	alice.call("POST", protocol.PathAccountDelete, protocol.DeleteAccountRequest{CurrentAuthKey: alice.authKey}).want(204, "")
	if _, err := s.store.Head(t.Context(), alone.v.ID); !errors.Is(err, vault.ErrNotFound) {
		t.Errorf("the vault without another member: %v", err)
	}
	sh.write(bob, sh.item(bob, "by bob")).want(204, "")
	if got := sh.contents(bob); !slices.Equal(got, []string{"by alice", "by bob"}) {
		t.Errorf("contents: %q", got)
	}
	var history protocol.VaultHistory
	bob.call("GET", sh.path(protocol.PathVaultHistory)+"?from=1&to=2", nil).into(&history)
	if len(history.Writes) != 2 || len(history.Cards) != 2 {
		t.Errorf("history: %d writes, %d cards", len(history.Writes), len(history.Cards))
	}
	// The line of the only owner stays, and no manager can take it away.
	sh.send(bob, sh.by(bob).DraftRemove(alice.v.Owner)).want(400, protocol.CodeBadRequest)
	if got := bob.sharedVaults(); !slices.Equal(got, []protocol.SharedVault{sh.listed(protocol.RoleManager)}) {
		t.Errorf("%+v", got)
	}
}

func TestPolicyComesWithTheLog(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	alice, bob := s.register("alice"), s.register("bob")
	sh := alice.share()
	sh.add(alice, chain.Reader, bob)
	if a := sh.answer(bob, ""); a.Policy != "" {
		t.Errorf("a vault without a policy has %q", a.Policy)
	}
	sh.send(alice, sh.v.DraftPolicy([]byte("no export"))).want(204, "")
	a := sh.answer(bob, "?after=1")
	if want := base64.RawURLEncoding.EncodeToString([]byte("no export")); a.Policy != want {
		t.Errorf("the policy is %q, want %q", a.Policy, want)
	}
	sh.send(alice, sh.v.DraftSame(chain.OpRotate)).want(204, "")
	if again := sh.answer(bob, "?after=2"); again.Policy != a.Policy {
		t.Errorf("after another entry it is %q", again.Policy)
	}
	sh.remove(alice, bob)
	if left := sh.answer(bob, ""); left.Policy != "" || left.Envelope != "" {
		t.Errorf("a former member gets %q", left.Policy)
	}
}
