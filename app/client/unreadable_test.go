package client_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/client/httptransport"
	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// A faulty client of the same user stored malformed items. The write is valid, so this is not tampering.
func TestARecordThatCannotBeReadLeavesTheOthersAlone(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	ctx := t.Context()
	d := newDevice(t, server)
	r, err := d.PrepareRegistration(password)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Register(ctx, r, "anna", "x"); err != nil {
		t.Fatal(err)
	}
	fine := d.save(t, login("fine"))
	broken := storeBroken(t, d.wire.Transport, map[string]string{"meta": `{"title":"no type"}`, "secret": `{"card":{"brand":"x"}`})

	s := d.sync(t)
	if s.Count != 3 || len(s.Unreadable) != 1 || s.Unreadable[0].ID != broken["meta"] || s.Unreadable[0].Message == "" {
		t.Errorf("synced %+v, want %v to be unreadable", s, broken)
	}
	found, err := d.Search(client.Query{})
	if err != nil || len(found) != 3 {
		t.Fatalf("%d items are listed, %v", len(found), err)
	}
	for _, f := range found {
		if (f.Unreadable != "") != (f.ID == broken["meta"]) {
			t.Errorf("listed as %+v", f)
		}
	}
	sameForPage(t, d, client.Query{})
	if got := d.get(t, fine.ID); got.Password != "secret of fine" {
		t.Errorf("the intact item is %+v", got)
	}
	var unreadable *client.UnreadableError
	for what := range broken {
		_, err := d.Get(broken[what])
		if !errors.As(err, &unreadable) || !errors.Is(err, item.ErrMalformed) || client.Explain(err).Code != client.CodeRecordUnreadable {
			t.Errorf("get of the broken %s: %v", what, err)
		}
		if _, err := d.Save(ctx, item.Item{ID: broken[what], Title: "over it"}); !errors.As(err, &unreadable) {
			t.Errorf("save over the broken %s: %v", what, err)
		}
	}
	if err := d.Delete(ctx, []string{broken["meta"], broken["secret"]}); err != nil {
		t.Fatal(err)
	}
	if got := d.titles(t, ""); !slices.Equal(got, []string{"fine"}) {
		t.Errorf("the vault still has %q", got)
	}
}

// storeBroken writes one item for each part in broken, with that part malformed. It returns the ids by part.
func storeBroken(t *testing.T, wire *httptransport.Transport, broken map[string]string) map[string]string {
	t.Helper()
	records := map[string][2]string{}
	for part, content := range broken {
		contents := [2]string{`{"title":"t","type":"login"}`, `{}`}
		contents[map[string]int{"meta": 0, "secret": 1}[part]] = content
		records[part] = contents
	}
	return storeRecords(t, wire, records)
}

// storeRecords writes items with the given overview and details, and returns their ids.
func storeRecords(t *testing.T, wire *httptransport.Transport, items map[string][2]string) map[string]string {
	t.Helper()
	ids := map[string]string{}
	putRecords(t, wire, func(put func(id chain.ID, kind chain.RecordKind, version uint32, content string)) {
		for name, parts := range items {
			id := seal.NewID()
			ids[name] = id.String()
			put(id, chain.RecordOverview, 1, parts[0])
			put(id, chain.RecordDetails, 1, parts[1])
		}
	})
	return ids
}

// putRecords implements the client's side of a change a second time, beginning with the master password.
func putRecords(t *testing.T, wire *httptransport.Transport, fill func(put func(id chain.ID, kind chain.RecordKind, version uint32, content string))) {
	t.Helper()
	w := openWriter(t, wire)
	fill(func(id chain.ID, kind chain.RecordKind, version uint32, content string) {
		place := seal.RecordPlace{Vault: w.vault, Epoch: w.state.Entry.Epoch, Item: id, Kind: kind, Version: version}
		token, err := w.key.Seal(place, seal.Record{Content: []byte(content)})
		if err != nil {
			t.Fatal(err)
		}
		if old, live := w.live.Find(kind, id, version-1); live && kind == chain.RecordOverview { // the new version replaces it
			w.ops = append(w.ops, chain.Operation{Line: old, Delete: true})
		}
		line := chain.Line{Kind: kind, ID: id, Version: version, Epoch: w.state.Entry.Epoch, Hash: chain.HashOf(chain.HashToken, []byte(token))}
		w.ops, w.tokens[line] = append(w.ops, chain.Operation{Line: line}), token
	})
	w.send(t)
}

// writer signs a write by hand.
type writer struct {
	wire   *httptransport.Transport
	vault  chain.ID
	user   chain.ID
	card   *chain.Card
	keys   seal.CardKeys
	key    seal.EpochKey
	state  chain.State
	live   *chain.Live
	ops    []chain.Operation
	tokens map[chain.Line]string
}

func must[T any](v T, err error) func(t testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func decoded(t testing.TB, s string) []byte {
	t.Helper()
	return must(base64.RawURLEncoding.DecodeString(s))(t)
}

func openWriter(t testing.TB, wire *httptransport.Transport) *writer {
	t.Helper()
	d := &device{wire: newWire(wire)}
	a := d.account(t)
	w := &writer{wire: wire, vault: must(chain.ParseID(a.Vault))(t), user: must(chain.ParseID(a.UserID))(t), tokens: map[chain.Line]string{}}
	document := must(chain.ParseDocument(decoded(t, a.Keys.Document)))(t)
	root := must(seal.DerivePasswordKey(password, seal.KDF{Salt: document.Salt, Cost: document.Cost}))(t)
	account, generation, err := root.WrapKey().Unwrap(a.Keys.Wraps[0], w.user, 0)
	if err != nil {
		t.Fatal(err)
	}
	identity := must(account.OpenIdentity(w.user, generation, a.Keys.Identity))(t)
	v, cards := d.fetch(t), &chain.Cards{}
	for _, text := range v.Cards {
		if err := cards.Add(must(chain.ParseCard(decoded(t, text)))(t)); err != nil {
			t.Fatal(err)
		}
	}
	var entries []*chain.Entry
	for _, text := range v.Entries {
		entries = append(entries, must(chain.ParseEntry(decoded(t, text)))(t))
	}
	var path []*chain.Write
	for _, text := range v.Writes {
		path = append(path, must(chain.ParseWrite(decoded(t, text)))(t))
	}
	w.state = must(chain.Whole(identity.Genesis, nil, entries, path, cards))(t)
	w.card = cards.Get(document.Card)
	w.keys = must(identity.Keys(w.card))(t)
	w.key = must(w.keys.KEM.OpenEnvelope(w.state.Entry, w.user, decoded(t, v.Envelope)))(t)
	var lines []chain.Line
	for _, r := range v.Records {
		l := chain.Line{Kind: must(chain.ParseRecordKind(r.Kind))(t), ID: must(chain.ParseID(r.ItemID))(t), Version: uint32(r.Version), Epoch: uint32(r.Epoch)}
		if l.Hash = chain.HashOf(chain.HashToken, []byte(r.Token)); r.Hash != "" {
			l.Hash = chain.Hash(decoded(t, r.Hash))
		}
		lines = append(lines, l)
	}
	w.live = must(chain.LiveOf(w.vault, lines))(t)
	return w
}

// signed returns the write with its operations, as the next of the vault.
func (w *writer) signed(t testing.TB) protocol.WriteRequest {
	t.Helper()
	chain.SortOperations(w.ops)
	live := w.live.Clone()
	if err := live.Apply(w.ops); err != nil {
		t.Fatal(err)
	}
	write := &chain.Write{
		Vault: w.vault, Epoch: w.state.Entry.Epoch, Revision: w.state.Revision + 1, Previous: w.state.Write, Skip: w.state.SkipHash(),
		Entry: w.state.Entry.Hash(), Author: w.user, AuthorCard: w.card.Hash(), Count: live.Count(), Root: live.Root(),
		Operations: chain.HashOperations(w.ops),
	}
	write.Sign(w.keys.Signing)
	request := protocol.WriteRequest{Tokens: []string{}}
	request.Write = base64.RawURLEncoding.EncodeToString(write.Encode())
	request.Operations = base64.RawURLEncoding.EncodeToString(chain.EncodeOperations(w.ops))
	for _, o := range w.ops {
		if !o.Delete && o.Kind.Sealed() {
			request.Tokens = append(request.Tokens, w.tokens[o.Line])
		}
	}
	return request
}

func (w *writer) send(t testing.TB) {
	t.Helper()
	body := must(json.Marshal(w.signed(t)))(t)
	answer, err := w.wire.Do(t.Context(), client.Request{Method: "POST", Path: vaultOf(protocol.PathVaultWrites, w.vault.String()), Body: body, Limit: 1 << 20})
	if err != nil || answer.Status/100 != 2 {
		t.Fatalf("%d %s %v", answer.Status, answer.Body, err)
	}
}

// storeVersion writes version 2 of the overview and details of an item.
func storeVersion(t *testing.T, wire *httptransport.Transport, id, meta, secret string) {
	t.Helper()
	at := must(chain.ParseID(id))(t)
	putRecords(t, wire, func(put func(id chain.ID, kind chain.RecordKind, version uint32, content string)) {
		put(at, chain.RecordOverview, 2, meta)
		put(at, chain.RecordDetails, 2, secret)
	})
}
