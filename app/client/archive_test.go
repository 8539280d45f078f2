package client_test

import (
	"slices"
	"testing"

	"golang.org/x/net/publicsuffix"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/item"
)

func TestArchivedItemsAreListedOnlyOnRequest(t *testing.T) {
	t.Parallel()
	d := newDevice(t, startServer(t))
	d.register(t, "anna")
	old := login("Old forum")
	old.URLs = []string{"https://forum.example"}
	old = d.save(t, old)
	d.save(t, login("Mail"))
	archive := func(ids ...string) {
		t.Helper()
		if changed, err := d.Archive(t.Context(), ids, nil); err != nil || !slices.Equal(changed, ids) {
			t.Fatalf("%q, %v", changed, err)
		}
	}
	wantLists := func(what string, listed, archived, trashed []string) {
		t.Helper()
		for _, list := range []struct {
			q    client.Query
			want []string
		}{{client.Query{}, listed}, {client.Query{Archive: true}, archived}, {client.Query{Trash: true}, trashed}} {
			if got := d.found(t, list.q); !slices.Equal(got, list.want) {
				t.Errorf("%s, %+v: %q, want %q", what, list.q, got, list.want)
			}
		}
	}
	archive(old.ID)
	wantLists("archived", []string{"Mail"}, []string{"Old forum"}, nil)
	if got := d.found(t, client.Query{Text: "forum"}); len(got) > 0 {
		t.Errorf("a search finds %q", got)
	}
	if got := d.found(t, client.Query{Text: "is:archived forum"}); !slices.Equal(got, []string{"Old forum"}) {
		t.Errorf("is:archived finds %q", got)
	}
	if got := d.found(t, client.Query{Text: "-is:archived"}); !slices.Equal(got, []string{"Mail"}) {
		t.Errorf("-is:archived finds %q", got)
	}
	if got, err := d.ForPage("https://forum.example/", publicsuffix.EffectiveTLDPlusOne); err != nil || len(got) > 0 {
		t.Errorf("suggested: %+v, %v", got, err)
	}
	if changed, err := d.Archive(t.Context(), []string{old.ID}, nil); err != nil || len(changed) > 0 {
		t.Errorf("archived again: %q, %v", changed, err)
	}
	// An edit keeps it in the archive, and the trash hides it there.
	edited := d.get(t, old.ID)
	edited.Notes = "still there"
	d.save(t, edited)
	wantLists("edited", []string{"Mail"}, []string{"Old forum"}, nil)
	if _, err := d.Trash(t.Context(), []string{old.ID}, 0, nil); err != nil {
		t.Fatal(err)
	}
	wantLists("trashed", []string{"Mail"}, nil, []string{"Old forum"})
	if _, err := d.Restore(t.Context(), []string{old.ID}, nil); err != nil {
		t.Fatal(err)
	}
	wantLists("restored", []string{"Mail"}, []string{"Old forum"}, nil)
	if _, err := d.Unarchive(t.Context(), []string{old.ID}, nil); err != nil {
		t.Fatal(err)
	}
	wantLists("unarchived", []string{"Mail", "Old forum"}, nil, nil)
}

// Two devices that archive an item at different times agree; a change elsewhere in the item stays.
func TestArchivingTwiceIsNoConflict(t *testing.T) {
	t.Parallel()
	base := item.Item{Type: item.TypeLogin, Title: "t"}
	mine, theirs := base.Clone(), base.Clone()
	mine.Archived, theirs.Archived = daysAgo(1), daysAgo(2)
	mine.Tags, theirs.Trashed = []string{"x"}, daysAgo(3)
	got, ok := item.Merge(base, true, mine, theirs)
	if !ok || !got.Archived.Equal(theirs.Archived) || !got.Trashed.Equal(theirs.Trashed) || len(got.Tags) != 1 {
		t.Errorf("%+v, %t", got, ok)
	}
	got, ok = item.Merge(base, true, mine, base)
	if !ok || !got.Archived.Equal(mine.Archived) {
		t.Errorf("archived only here: %+v, %t", got, ok)
	}
	got, ok = item.Merge(mine, true, base, mine)
	if !ok || !got.Archived.IsZero() {
		t.Errorf("unarchived only here: %+v, %t", got, ok)
	}
}

func TestSubtitlesComeFromTheDetails(t *testing.T) {
	t.Parallel()
	d := newDevice(t, startServer(t))
	d.register(t, "anna")
	want := map[string]string{"Bank": "First, •3000", "Short": "First", "Pass": "Anna Kern, •0T47", "Key": "deploy", "Login": ""}
	for _, it := range []item.Item{
		{Title: "Bank", Type: item.TypeBankAccount, BankAccount: &item.BankAccount{BankName: "First", AccountNumber: "0532 0130 00"}},
		{Title: "Short", Type: item.TypeBankAccount, BankAccount: &item.BankAccount{BankName: "First", AccountNumber: "1234"}},
		{Title: "Pass", Type: item.TypePassport, Passport: &item.Passport{Name: "Anna Kern", Number: "C01X00T47"}},
		{Title: "Key", Type: item.TypeAPIKey, APIKey: &item.APIKey{Username: "deploy", Key: "secret"}},
		{Title: "Login", Type: item.TypeLogin, Password: "secret"},
	} {
		d.save(t, it)
	}
	if err := d.Index(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	found, err := d.Search(client.Query{})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range found {
		if s.Subtitle != want[s.Title] {
			t.Errorf("%s: %q, want %q", s.Title, s.Subtitle, want[s.Title])
		}
	}
	if got := d.found(t, client.Query{Text: "0t47"}); !slices.Equal(got, []string{"Pass"}) {
		t.Errorf("the last characters of a number find %q", got)
	}
}
