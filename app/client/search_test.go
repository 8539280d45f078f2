package client_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/protocol/bridge/core"
	"github.com/vaultsphere/vaultsphere/app/strictjson"
)

func TestSearch(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d := newDevice(t, server)
	d.register(t, "anna")
	_, err := d.AddMany(t.Context(), []item.Item{
		{Title: "Bank of the North", Username: "anna", URLs: []string{"https://north.example"}, Tags: []string{"money"}},
		{Title: "My bank", Username: "bert"},
		{Title: "Mail", URLs: []string{"https://bank-mail.example"}},
		{Title: "Embankment", Type: item.TypeNote},
		{Title: "Café Zoë", Username: "ÀNNA@example.org", Tags: []string{"money", "food"}, Favourite: true},
		{Title: "ﬁnance Straße", URLs: []string{"https://x.example/sourbanks"}},
		{Title: "ΟΔΟΣ"},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		query client.Query
		want  []string
	}{
		{client.Query{}, []string{"Bank of the North", "Café Zoë", "Embankment", "ﬁnance Straße", "Mail", "My bank", "ΟΔΟΣ"}},
		{client.Query{Text: "bank"}, []string{"Bank of the North", "My bank", "Mail", "Embankment", "ﬁnance Straße"}},
		{client.Query{Text: "  BANK  of "}, []string{"Bank of the North"}},
		{client.Query{Text: "north bank"}, []string{"Bank of the North"}},
		{client.Query{Text: "anna"}, []string{"Bank of the North", "Café Zoë"}},
		{client.Query{Text: "cafe zoe"}, []string{"Café Zoë"}},
		{client.Query{Text: "CAFÉ"}, []string{"Café Zoë"}},
		{client.Query{Text: "finance strasse"}, []string{"ﬁnance Straße"}},
		{client.Query{Text: "οδος"}, []string{"ΟΔΟΣ"}},
		{client.Query{Text: "food"}, []string{"Café Zoë"}},
		{client.Query{Text: "nothing"}, nil},
		{client.Query{Type: item.TypeNote}, []string{"Embankment"}},
		{client.Query{Tag: "money"}, []string{"Bank of the North", "Café Zoë"}},
		{client.Query{Tag: "money", Text: "caf"}, []string{"Café Zoë"}},
		{client.Query{Favourite: true}, []string{"Café Zoë"}},
	} {
		found, err := d.Search(c.query)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, s := range found {
			got = append(got, s.Title)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%+v: got %q, want %q", c.query, got, c.want)
		}
		sameForPage(t, d, c.query)
	}
}

// sameForPage checks that SearchJSON, which encodes its list by hand, returns the same items as Search.
func sameForPage(t *testing.T, d *device, q client.Query) {
	t.Helper()
	found, err := d.Search(q)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range [][]client.Summary{found, found[min(1, len(found)):min(3, len(found))]} {
		offset, limit := 0, 0
		if len(want) < len(found) {
			offset, limit = 1, 2
		}
		text, err := d.SearchJSON(q, offset, limit)
		if err != nil {
			t.Fatal(err)
		}
		var list core.ListResult
		if err := (strictjson.Form{Name: "the list"}).Unmarshal(text, &list); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if list.Total != len(found) || !slices.EqualFunc(list.Items, want, func(a, b client.Summary) bool { return reflect.DeepEqual(a, b) }) {
			t.Errorf("%+v: got %s, want %+v of %d", q, text, want, len(found))
		}
	}
}

func TestSubtitlesAndCodesAppearWithTheIndex(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d := newDevice(t, server)
	d.register(t, "anna")
	_, err := d.AddMany(t.Context(), []item.Item{
		{Title: "Card", Type: item.TypeCard, Card: &item.Card{Brand: "Visa", Number: "4000 0012 3456 4242"}}, {Title: "Login", Username: "anna", TOTP: "JBSWY3DPEHPK3PXP"},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	subtitles := func() []string {
		found, err := d.Search(client.Query{})
		if err != nil {
			t.Fatal(err)
		}
		sameForPage(t, d, client.Query{})
		if found[0].Code || found[1].Code != (found[0].Subtitle != "") {
			t.Errorf("codes: %v, %v", found[0].Code, found[1].Code)
		}
		return []string{found[0].Subtitle, found[1].Subtitle}
	}
	if got := subtitles(); !slices.Equal(got, []string{"", ""}) {
		t.Errorf("before: %q", got)
	}
	if err := d.Index(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if got := subtitles(); !slices.Equal(got, []string{"Visa, •4242", ""}) {
		t.Errorf("after: %q", got)
	}
}
