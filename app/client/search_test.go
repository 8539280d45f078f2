package client_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/item"
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
		// The worker's form says the same.
		text, err := d.SearchJSON(c.query, 1, 2)
		if err != nil {
			t.Fatal(err)
		}
		var list struct {
			Total int
			Items []struct {
				ID, Type, Title, Username, URL, Modified string
				Tags                                     []string
				Favourite                                bool
			}
		}
		if err := json.Unmarshal(text, &list); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if list.Total != len(found) || len(list.Items) != max(0, min(2, len(found)-1)) {
			t.Errorf("%+v: total %d with %d items of %d", c.query, list.Total, len(list.Items), len(found))
		}
		for i, got := range list.Items {
			want := found[i+1]
			if got.ID != want.ID || got.Type != string(want.Type) || got.Title != want.Title || got.Username != want.Username ||
				got.URL != want.URL || !slices.Equal(got.Tags, want.Tags) || got.Favourite != want.Favourite || got.Modified == "" {
				t.Errorf("%+v: got %+v, want %+v", c.query, got, want)
			}
		}
	}
}
