package client_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/client/imports"
	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer"
)

// The overview and the details of an item from a newer version, with unknown members at every depth.
const (
	newerMeta = `{"Aaa":{"z":1.50,"a":[null]},"favourite":3,"match":[{"rule":"fuzzy","since":1,"url":"https://a.example"},{"rule":"host","url":"https://b.example"}],` +
		`"tags":["x"],"title":"newer","type":"passkey","urls":["https://a.example","https://b.example"],"zzz":"<&>"}`
	newerSecret = `{"aaa":1,"card":{"brand":"b","pin":"1"},` +
		`"fields":[{"id":7,"kind":"date","name":"born","value":"2000"},"text",{"name":5,"value":"v"}],` +
		`"identity":{"address":{"street":"s"},"city":"c"},"notes":{"md":"# x"},"password":"p0",` +
		`"password_history":[{"by":"x","password":"older"}],"ssh_key":{"comment":"c","public":"k"},"totp":["a","b"],"zzz":[]}`
)

// storeNewer writes the item to the server without the client, as a newer client would.
func (d *device) storeNewer(t *testing.T) (id string) {
	t.Helper()
	ids := storeRecords(t, d.wire.Transport, map[string][2]string{"newer": {newerMeta, newerSecret}})
	d.sync(t)
	return ids["newer"]
}

// asThePage returns the item as the page sends it back: encoded and decoded.
func asThePage(t *testing.T, it item.Item) (out item.Item) {
	t.Helper()
	text, err := json.Marshal(it)
	if err == nil {
		err = json.Unmarshal(text, &out)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// parts returns the encoded overview and details of the item, without its times.
func parts(it item.Item) (meta, secret string) {
	it.Created, it.Modified = time.Time{}, time.Time{}
	return string(it.Overview()), string(it.Details())
}

// stays checks that an item equals that of the newer version, except for changes: pairs of old and new text.
func stays(t *testing.T, what string, got item.Item, changes ...string) {
	t.Helper()
	change := strings.NewReplacer(changes...)
	meta, secret := parts(got)
	if want := change.Replace(newerMeta); meta != want {
		t.Errorf("%s, overview\n got %s\nwant %s", what, meta, want)
	}
	if want := change.Replace(newerSecret); secret != want {
		t.Errorf("%s, details\n got %s\nwant %s", what, secret, want)
	}
}

func TestEditsKeepMembersOfANewerVersion(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d := newDevice(t, server)
	d.register(t, "anna")
	id := d.storeNewer(t)
	ctx := t.Context()
	stays(t, "read", d.get(t, id))

	it := asThePage(t, d.get(t, id))
	it.Title, it.Card.Brand, it.Fields[0].Value, it.Password = "edited", "Visa", "2001", "p1"
	edited := []string{`"newer"`, `"edited"`, `"brand":"b"`, `"brand":"Visa"`, `"2000"`, `"2001"`, `"p0"`, `"p1"`}
	stays(t, "saved", d.save(t, it), edited...)

	if _, err := d.Retag(ctx, []string{id}, []string{"y"}, nil, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Retag(ctx, []string{id}, nil, []string{"y"}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Trash(ctx, []string{id}, 0, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Restore(ctx, []string{id}, nil); err != nil {
		t.Fatal(err)
	}
	stays(t, "tagged, in the trash and back", d.get(t, id), edited...)

	versions, err := d.History(id)
	if err != nil || len(versions) != 2 {
		t.Fatalf("%+v, %v", versions, err)
	}
	if _, err := d.RestoreVersion(ctx, id, versions[0].Version); err != nil {
		t.Fatal(err)
	}
	edited = edited[:len(edited)-2]
	stays(t, "an older password", d.get(t, id), edited...)

	if err := d.ChangePassword(ctx, password, password+"!"); err != nil {
		t.Fatal(err)
	}
	d.Lock()
	if _, err := d.Unlock(ctx, password+"!"); err != nil {
		t.Fatal(err)
	}
	d.sync(t)
	stays(t, "after a change of the master password", d.get(t, id), edited...)

	token, err := d.SealDraft(d.get(t, id))
	if err != nil {
		t.Fatal(err)
	}
	draft, err := d.OpenDraft(token)
	if err != nil {
		t.Fatal(err)
	}
	stays(t, "a draft", draft, edited...)

	twin, err := d.Duplicate(ctx, id, "twin")
	if err != nil {
		t.Fatal(err)
	}
	stays(t, "a copy", twin, `"newer"`, `"twin"`, `"brand":"b"`, `"brand":"Visa"`, `"2000"`, `"2001"`,
		`"password_history":[{"by":"x","password":"older"}],`, "")
}

func TestEditOfATypeFromANewerVersionIsRefused(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d := newDevice(t, server)
	d.register(t, "anna")
	id := d.storeNewer(t)
	for field, edit := range map[string]func(*item.Item){
		"notes":          func(it *item.Item) { it.Notes = "n" },
		"totp":           func(it *item.Item) { it.TOTP = "JBSWY3DPEHPK3PXP" },
		"favourite":      func(it *item.Item) { it.Favourite = true },
		"fields[2].name": func(it *item.Item) { it.Fields[2].Name = "n" },
	} {
		for what, it := range map[string]item.Item{"with what it got": asThePage(t, d.get(t, id)), "without": d.get(t, id)} {
			if what == "without" && !strings.Contains(field, "[") {
				it.UnknownOverview, it.UnknownDetails = "", ""
			}
			edit(&it)
			if _, err := d.Save(t.Context(), it); err == nil || !strings.HasSuffix(err.Error(), field+": was written by a newer version of VaultSphere") {
				t.Errorf("%s, %s: %v", field, what, err)
			}
		}
	}
	stays(t, "after all of them", d.get(t, id))
}

func TestMergeKeepsMembersOfANewerVersion(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	a, b := newDevice(t, server), newDevice(t, server)
	a.register(t, "anna")
	id := a.storeNewer(t)
	b.login(t, "anna", "phone")
	b.sync(t)
	first, second := asThePage(t, a.get(t, id)), asThePage(t, b.get(t, id))
	first.Title, first.Password = "by a", "pa"
	second.Tags, second.SSHKey.Public, second.Password = append(second.Tags, "y"), "by b", "pb"
	a.save(t, first)
	merged := []string{`"newer"`, `"by a"`, `["x"]`, `["x","y"]`, `"public":"k"`, `"public":"by b"`, `"p0"`, `"pb"`}
	stays(t, "merged", b.save(t, second), merged...)
	a.sync(t)
	stays(t, "on the other device", a.get(t, id), merged...)

	// Both devices change one field. The second edit becomes a copy.
	first, second = asThePage(t, a.get(t, id)), asThePage(t, b.get(t, id))
	first.Card.Brand, second.Card.Brand = "A", "B"
	a.save(t, first)
	b.save(t, second)
	stays(t, "the first", b.get(t, id), append(merged, `"brand":"b"`, `"brand":"A"`)...)
	found, err := b.Search(client.Query{Text: "conflict"})
	if err != nil || len(found) != 1 {
		t.Fatalf("%v, %v", found, err)
	}
	merged[1] = `"by a (conflict from phone)"`
	stays(t, "the copy", b.get(t, found[0].ID), append(merged, `"brand":"b"`, `"brand":"B"`)...)
	merged[1] = `"by a"`

	// One device deletes the item that the other edits. The edit wins, under a new id.
	a.sync(t)
	second = asThePage(t, b.get(t, id))
	if err := a.Delete(t.Context(), []string{id}); err != nil {
		t.Fatal(err)
	}
	second.Title = "back"
	merged[1] = `"back"`
	stays(t, "back again", b.save(t, second), append(merged, `"brand":"b"`, `"brand":"A"`)...)
}

// A newer version changes the type of a field while an older device has a pending edit of it.
func TestPendingEditOfANewerFieldBecomesACopy(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d := newDevice(t, server)
	d.register(t, "anna")
	ids := storeRecords(t, d.wire.Transport, map[string][2]string{"newer": {`{"title":"plain","type":"login"}`, `{"password":"p"}`}})
	id := ids["newer"]
	d.sync(t)
	mine := asThePage(t, d.get(t, id))
	mine.Notes = "typed here"
	storeVersion(t, d.wire.Transport, id, `{"title":"plain","type":"login"}`, `{"notes":{"md":"x"},"password":"p2"}`)
	saved := d.save(t, mine)
	if _, secret := parts(saved); secret != `{"notes":{"md":"x"},"password":"p2"}` {
		t.Errorf("the item is %s", secret)
	}
	found, err := d.Search(client.Query{Text: "conflict"})
	if err != nil || len(found) != 1 || d.get(t, found[0].ID).Notes != "typed here" {
		t.Errorf("the copy: %v, %v", found, err)
	}
}

func TestOutboxKeepsMembersOfANewerVersion(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d := newDevice(t, server)
	d.register(t, "anna")
	id := d.storeNewer(t)
	d = d.cutOff(t, server)
	d.unlock(t)
	it := asThePage(t, d.get(t, id))
	it.Title = "offline"
	stays(t, "waiting", d.save(t, it), `"newer"`, `"offline"`)
	if _, err := d.Retag(t.Context(), []string{id}, []string{"y"}, nil, nil); err != nil {
		t.Fatal(err)
	}
	d.reconnect()
	if s := d.sync(t); s.Pending != 0 {
		t.Fatalf("synced %+v", s)
	}
	stays(t, "sent", d.get(t, id), `"newer"`, `"offline"`, `["x"]`, `["x","y"]`)
}

func TestExportKeepsMembersOfANewerVersion(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	from := newDevice(t, server)
	from.register(t, "anna")
	id := from.storeNewer(t)
	exported, problems, err := from.Export(t.Context(), client.ExportOptions{}, nil)
	if err != nil || len(problems) != 0 {
		t.Fatal(err, problems)
	}
	for _, format := range []string{"vaultsphere-json", "vaultsphere-csv", "vaultsphere-sealed"} {
		t.Run(format, func(t *testing.T) {
			data, err := transfer.Write(format, exported, transfer.WriteOptions{Password: "Tür zum Tresor"})
			if err != nil {
				t.Fatal(err)
			}
			file, err := transfer.Read(transfer.File{Data: data}, transfer.Options{Password: "Tür zum Tresor"})
			if err != nil || len(file.Problems) != 0 || len(file.Items) != 1 {
				t.Fatalf("%+v, %v", file, err)
			}
			stays(t, "read", file.Items[0].Item)
			// Import into another vault.
			to := newDevice(t, server)
			to.register(t, strings.ReplaceAll(format, "-", ""))
			plan, err := to.PlanImport(t.Context(), file)
			if err != nil {
				t.Fatal(err)
			}
			report, err := plan.Run(t.Context(), imports.ImportChoice{}, nil)
			if err != nil || report.Added != 1 {
				t.Fatalf("%+v, %v", report, err)
			}
			stays(t, "imported", to.get(t, report.Entries[0].ID))
			// In its own vault the item is identical.
			if plan, err = from.PlanImport(t.Context(), file); err != nil || plan.Preview().Statuses[imports.ImportIdentical] != 1 {
				t.Errorf("compared with itself: %+v, %v", plan.Preview().Statuses, err)
			}
		})
	}
	changed := exported[0]
	changed.Item.Password = "p1"
	changed.Item.UnknownDetails = item.Unknown(strings.Replace(string(changed.Item.UnknownDetails), `"aaa":1`, `"aaa":1,"bbb":{"x":2}`, 1))
	data, err := transfer.Write("vaultsphere-json", []transfer.Exported{changed}, transfer.WriteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	report, err := from.plan(t, string(data)).Run(t.Context(), imports.ImportChoice{Changed: imports.ImportUpdate}, nil)
	if err != nil || report.Updated != 1 {
		t.Fatalf("%+v, %v", report, err)
	}
	stays(t, "updated", from.get(t, id), `"p0"`, `"p1"`, `"aaa":1,`, `"aaa":1,"bbb":{"x":2},`)

	// Items with different values of an unknown member are different items.
	changed.Item.UnknownOverview = item.Unknown(strings.Replace(string(changed.Item.UnknownOverview), "1.50", "2", 1))
	if data, err = transfer.Write("vaultsphere-json", []transfer.Exported{changed}, transfer.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	if report, err = from.plan(t, string(data)).Run(t.Context(), imports.ImportChoice{Changed: imports.ImportUpdate}, nil); err != nil || report.Added != 1 {
		t.Fatalf("%+v, %v", report, err)
	}
}

// An attachment stays on the server even if only an unknown member refers to it.
func TestAttachmentsOfANewerVersionStay(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d := newDevice(t, server)
	d.register(t, "anna")
	it, err := d.Attach(t.Context(), d.save(t, login("bank")).ID, "a.txt", []byte("x"), nil)
	if err != nil {
		t.Fatal(err)
	}
	a := it.Attachments[0]
	storeRecords(t, d.wire.Transport, map[string][2]string{"newer": {`{"title":"icon","type":"login"}`, `{"icon":"` + a.ID + `"}`}})
	d.sync(t)
	if _, err := d.RemoveAttachment(t.Context(), it.ID, a.ID); err != nil {
		t.Fatal(err)
	}
	if err := d.Delete(t.Context(), []string{it.ID}); err != nil {
		t.Fatal(err)
	}
	if got := d.stored(t); len(got) != 1 {
		t.Fatalf("the server has %v", got)
	}
}

func TestExportKeepsFileMembersOfANewerVersion(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	from := newDevice(t, server)
	from.register(t, "anna")
	it, err := from.Attach(t.Context(), from.save(t, login("bank")).ID, "a.txt", []byte("x"), nil)
	if err != nil {
		t.Fatal(err)
	}
	it.Attachments[0].Unknown = `{"mime":"text/plain"}`
	it.Fields = []item.Field{{Name: "n", Unknown: `{"at":1}`}}
	from.save(t, it)
	exported, problems, err := from.Export(t.Context(), client.ExportOptions{Files: true}, nil)
	if err != nil || len(problems) != 0 {
		t.Fatal(err, problems)
	}
	data, err := transfer.Write("vaultsphere-json", exported, transfer.WriteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	to := newDevice(t, server)
	to.register(t, "bert")
	report, err := to.plan(t, string(data)).Run(t.Context(), imports.ImportChoice{}, nil)
	if err != nil || report.Files != 1 {
		t.Fatalf("%+v, %v", report, err)
	}
	got := to.get(t, report.Entries[0].ID)
	if len(got.Attachments) != 1 || got.Attachments[0].Unknown != `{"mime":"text/plain"}` || len(got.Fields) != 1 || got.Fields[0].Unknown != `{"at":1}` {
		t.Errorf("%+v", got)
	}
}
