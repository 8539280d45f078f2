package client_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/client/httptransport"
	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// A faulty client of the same user stored malformed items. The manifest is valid, so this is not tampering.
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
	putRecords(t, wire, func(put func(id seal.AccountID, kind seal.Kind, version int64, content string)) {
		for name, parts := range items {
			id := seal.NewAccountID()
			ids[name] = string(id)
			put(id, seal.KindAccount, 1, parts[0])
			put(id, seal.KindPassword, 1, parts[1])
		}
	})
	return ids
}

// putRecords implements the client's side of a change a second time, so it unwraps the vault key itself.
func putRecords(t *testing.T, wire *httptransport.Transport, fill func(put func(id seal.AccountID, kind seal.Kind, version int64, content string))) {
	t.Helper()
	ask := func(method, path string, in, out any) {
		t.Helper()
		r := client.Request{Method: method, Path: path, Limit: 1 << 20}
		var err error
		if in != nil {
			if r.Body, err = json.Marshal(in); err != nil {
				t.Fatal(err)
			}
		}
		answer, err := wire.Do(t.Context(), r)
		if err != nil || answer.Status != 200 {
			t.Fatalf("%s: %d %s %v", path, answer.Status, answer.Body, err)
		}
		if err := json.Unmarshal(answer.Body, out); err != nil {
			t.Fatal(err)
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var a protocol.Account
	ask("GET", protocol.PathAccount, nil, &a)
	salt, err := seal.ParseSalt(a.KDF.Salt)
	must(err)
	params := seal.Params{MemoryKiB: a.KDF.MemoryKiB, Time: a.KDF.Time, Threads: a.KDF.Threads}
	master, err := seal.DeriveMasterKey(password, salt, params)
	must(err)
	user := seal.UserID(a.UserID)
	key, err := seal.UnwrapVaultKey(a.WrappedKey, master.KEK(), seal.WrapInfo{User: user, Purpose: seal.PurposePassword, Salt: salt, Params: params})
	must(err)

	var v protocol.VaultResponse
	ask("GET", protocol.PathVault+"?since=0", nil, &v)
	m, err := key.OpenManifest(user, v.Manifest)
	must(err)
	change := protocol.ChangeRequest{BaseRevision: m.Revision, Puts: []protocol.Put{}, Deletes: []protocol.Place{}}
	fill(func(id seal.AccountID, kind seal.Kind, version int64, content string) {
		p := seal.Place{User: user, Account: id, Kind: kind, Version: version}
		token, err := key.Seal(p, []byte(content))
		must(err)
		term, err := key.ManifestKey().Term(p, token)
		must(err)
		for _, r := range v.Records {
			if kind == seal.KindAccount && r.ItemID == string(id) && r.Kind == protocol.KindOverview { // the new version replaces it
				old, err := key.ManifestKey().Term(seal.Place{User: user, Account: id, Kind: kind, Version: r.Version}, r.Token)
				must(err)
				m.Digest, m.Count = m.Digest.Sub(old), m.Count-1
			}
		}
		m.Digest, m.Count = m.Digest.Add(term), m.Count+1
		wireKind := map[seal.Kind]protocol.Kind{seal.KindAccount: protocol.KindOverview, seal.KindPassword: protocol.KindDetails}[kind]
		change.Puts = append(change.Puts, protocol.Put{Place: protocol.Place{ItemID: string(id), Kind: wireKind, Version: version}, Token: token})
	})
	m.Revision++
	change.Manifest, err = key.SealManifest(m)
	must(err)
	ask("POST", protocol.PathVaultChanges, change, &protocol.ChangeResponse{})
}

// storeVersion writes version 2 of the overview and details of an item.
func storeVersion(t *testing.T, wire *httptransport.Transport, id, meta, secret string) {
	t.Helper()
	putRecords(t, wire, func(put func(id seal.AccountID, kind seal.Kind, version int64, content string)) {
		put(seal.AccountID(id), seal.KindAccount, 2, meta)
		put(seal.AccountID(id), seal.KindPassword, 2, secret)
	})
}
