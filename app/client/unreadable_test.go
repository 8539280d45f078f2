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

// A faulty client of the same user stored what is not an item. The manifest agrees, so nobody else altered it.
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
	broken := storeBroken(t, d.wire.Transport, map[string]string{
		"meta":   `{"title":"no type"}`,
		"secret": `{"card":{"invented_later":"x"}}`,
	})

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
		t.Errorf("the item that is fine is %+v", got)
	}
	var unreadable *client.UnreadableError
	for what, want := range map[string]error{"meta": item.ErrMalformed, "secret": item.ErrNewerVersion} {
		_, err := d.Get(broken[what])
		if !errors.As(err, &unreadable) || !errors.Is(err, want) || client.Explain(err).Code != client.CodeRecordUnreadable {
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
		t.Errorf("left are %q", got)
	}
}

// storeBroken writes one item for each part, with that part as given. It is a second implementation of the client's side
// of a change, which is why it opens the vault key itself.
func storeBroken(t *testing.T, wire *httptransport.Transport, parts map[string]string) map[string]string {
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
	ids := map[string]string{}
	change := protocol.ChangeRequest{BaseRevision: m.Revision, Puts: []protocol.Put{}, Deletes: []protocol.Place{}}
	for part, content := range parts {
		contents := map[seal.Kind]string{seal.KindAccount: `{"title":"t","type":"login"}`, seal.KindPassword: `{}`}
		contents[map[string]seal.Kind{"meta": seal.KindAccount, "secret": seal.KindPassword}[part]] = content
		id := seal.NewAccountID()
		ids[part] = string(id)
		for kind, content := range contents {
			p := seal.Place{User: user, Account: id, Kind: kind, Version: 1}
			token, err := key.Seal(p, []byte(content))
			must(err)
			term, err := key.ManifestKey().Term(p, token)
			must(err)
			m.Digest, m.Count = m.Digest.Add(term), m.Count+1
			change.Puts = append(change.Puts, protocol.Put{Place: protocol.Place{AccountID: string(id), Kind: protocol.Kind(kind), Version: 1}, Token: token})
		}
	}
	m.Revision++
	change.Manifest, err = key.SealManifest(m)
	must(err)
	ask("POST", protocol.PathVaultChanges, change, &protocol.ChangeResponse{})
	return ids
}
