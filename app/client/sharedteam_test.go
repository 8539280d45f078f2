package client_test

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/client/httptransport"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// team is a shared vault whose owner is not a client: a test has its keys.
type team struct {
	*testvault.Vault
	t       testing.TB
	owner   *testvault.Person
	wire    *httptransport.Transport
	members map[*device]*testvault.Person // without their keys
}

// newTeam registers an owner, who creates a shared vault.
func newTeam(t testing.TB, server, owner, name string) *team {
	t.Helper()
	p := testvault.NewPerson(owner)
	c := &team{t: t, owner: p, wire: must(httptransport.New(server))(t), members: map[*device]*testvault.Person{}}
	_, request := p.Registration()
	session := post[protocol.UserSession](c, protocol.PathUsers, request)
	c.wire.SetBearer(session.Token)
	v, f := p.FoundShared()
	c.Vault = v
	post[struct{}](c, protocol.PathVaults, testvault.CreateRequest(f))
	c.write(v.Put(chain.RecordVault, v.ID, 1, "\x02"+name))
	return c
}

func post[T any](c *team, path string, in any) (out T) {
	c.t.Helper()
	body := must(json.Marshal(in))(c.t)
	answer, err := c.wire.Do(c.t.Context(), client.Request{Method: "POST", Path: strings.Replace(path, "{vault}", c.id(), 1), Body: body, Limit: 1 << 20})
	if err != nil || answer.Status/100 != 2 {
		c.t.Fatalf("POST %s: %d %s, %v", path, answer.Status, answer.Body, err)
	}
	if len(answer.Body) > 0 {
		if err := json.Unmarshal(answer.Body, &out); err != nil {
			c.t.Fatal(err)
		}
	}
	return out
}

func (c *team) id() string {
	if c.Vault == nil {
		return ""
	}
	return c.ID.String()
}

// item returns what clients call an item of the vault.
func (c *team) item(id chain.ID) string { return c.id() + "." + id.String() }

func (c *team) write(ops ...testvault.Operation) {
	c.t.Helper()
	w := c.Draft(ops...)
	post[struct{}](c, protocol.PathVaultWrites, w.Request())
	c.Apply(w)
}

func (c *team) entry(e testvault.Entry) {
	c.t.Helper()
	request, parts := e.Request()
	for _, part := range parts {
		post[struct{}](c, protocol.PathVaultEnvelopes, part)
	}
	post[struct{}](c, protocol.PathVaultEntries, request)
	c.Follow(e)
}

// save adds an item.
func (c *team) save(title string) string {
	c.t.Helper()
	id := seal.NewID()
	it := login(title).Normalise()
	c.write(c.Put(chain.RecordOverview, id, 1, string(it.Overview())), c.Put(chain.RecordDetails, id, 1, string(it.Details())))
	return c.item(id)
}

// stranger registers a person whose keys the test has, and makes them a member.
func (c *team) stranger(username string, role chain.Role) *testvault.Person {
	c.t.Helper()
	p := testvault.NewPerson(username)
	_, request := p.Registration()
	bearer := c.wire.Bearer()
	c.wire.SetBearer("") // a registration ends the session in which it is sent
	post[protocol.UserSession](c, protocol.PathUsers, request)
	c.wire.SetBearer(bearer)
	c.entry(c.DraftAdd(role, p))
	return p
}

// person returns the user of a device, as the server shows the card.
func (c *team) person(d *device) *testvault.Person {
	c.t.Helper()
	if p := c.members[d]; p != nil {
		return p
	}
	a := d.account(c.t)
	cards := fetch[protocol.UserCards](c.t, d, protocol.PathCards+"?username="+url.QueryEscape(a.Username))
	p := &testvault.Person{ID: must(chain.ParseID(a.UserID))(c.t), Username: a.Username}
	for _, text := range cards.Cards {
		p.Cards = append(p.Cards, must(chain.ParseCard(must(base64.RawURLEncoding.DecodeString(text))(c.t)))(c.t))
	}
	c.members[d] = p
	return p
}

// add makes the user of a device a member, who pins the vault.
func (c *team) add(d *device, role chain.Role) {
	c.t.Helper()
	c.entry(c.DraftAdd(role, c.person(d)))
	if err := d.PinVault(c.t.Context(), c.State); err != nil {
		c.t.Fatal(err)
	}
}

// vault returns what a device says of a vault.
func (d *device) vault(t testing.TB, id string) client.Vault {
	t.Helper()
	for _, v := range must(d.Vaults())(t) {
		if v.ID == id {
			return v
		}
	}
	t.Fatalf("no vault %s", id)
	return client.Vault{}
}

// another returns a new device of the same user, unlocked and synced.
func (d *device) another(t testing.TB, server, username string) *device {
	t.Helper()
	next := newDevice(t, server)
	next.login(t, username, "second device")
	next.sync(t)
	return next
}
