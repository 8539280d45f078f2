package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/internal/testenv/sample"
)

func TestSearchLooksInsideAfterIndex(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d := newDevice(t, server)
	d.register(t, "anna")
	_, err := d.AddMany(t.Context(), []item.Item{
		{Title: "Boat", Notes: "Moored at the Blue harbour"},
		{Title: "Blue shed", Notes: "nothing"},
		{Title: "Router", Fields: []item.Field{{Name: "Model", Value: "Fritz"}, {Name: "PIN", Value: "blueprint", Kind: item.FieldHidden}}},
		{Title: "Visa", Type: item.TypeCard, Card: &item.Card{Holder: "Ann Blüe", Brand: "Visa", Number: "4111 1111 1111 1234", Code: "987"}},
		{Title: "Me", Type: item.TypeIdentity, Identity: &item.Identity{City: "Blueville", Passport: "C01X0006H"}},
		{Title: "Contract", Attachments: []item.Attachment{{ID: "AAAAAAAAAAAAAAAAAAAAAA", Name: "blue.pdf", SHA256: sha256Of(""), Size: 0}}},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := d.titles(t, "blue"); !slices.Equal(got, []string{"Blue shed"}) {
		t.Errorf("before Index: %q", got)
	}
	if complete(t, d) {
		t.Error("the search says that it is complete before Index")
	}
	var last, all int
	if err := d.Index(t.Context(), func(done, total int) { last, all = done, total }); err != nil || last != 6 || all != 6 {
		t.Fatalf("%d of %d: %v", last, all, err)
	}
	if !complete(t, d) {
		t.Error("the search says that it is not complete after Index")
	}
	for text, want := range map[string][]string{
		"blue":      {"Blue shed", "Boat", "Contract", "Me", "Visa"},
		"harbour":   {"Boat"},
		"fritz":     {"Router"},
		"pin":       {"Router"},
		"blueprint": nil,
		"1234":      {"Visa"},
		"4111":      nil,
		"987":       nil,
		"c01x":      nil,
		"boat blue": {"Boat"},
	} {
		if got := d.titles(t, text); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
	// Items saved later are found immediately.
	d.save(t, item.Item{Title: "New", Notes: "a bluebell"})
	if got := d.titles(t, "bluebell"); !slices.Equal(got, []string{"New"}) || !complete(t, d) {
		t.Errorf("after saving: %q", got)
	}
}

func TestIndexEndsWithTheLockAndTheContext(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d := newDevice(t, server)
	d.register(t, "anna")
	if _, err := d.AddMany(t.Context(), sample.Logins(600), nil); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if err := d.Index(ctx, func(int, int) { cancel() }); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if err := d.Index(t.Context(), func(int, int) { d.Lock() }); !errors.Is(err, client.ErrLocked) {
		t.Errorf("locked: %v", err)
	}
}

func TestSearchSortsAmongEquals(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d := newDevice(t, server)
	d.register(t, "anna")
	day := func(n int) time.Time { return time.Date(2024, 1, n, 0, 0, 0, 0, time.UTC) }
	_, err := d.AddMany(t.Context(), []item.Item{
		{Title: "Mail 10", Created: day(1), Modified: day(9)},
		{Title: "Mail 2", Created: day(3), Modified: day(7)},
		{Title: "Old mail", Created: day(5), Modified: day(10)},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		query client.Query
		want  []string
	}{
		{client.Query{}, []string{"Mail 2", "Mail 10", "Old mail"}},
		{client.Query{Sort: client.SortChanged}, []string{"Old mail", "Mail 10", "Mail 2"}},
		{client.Query{Sort: client.SortCreated}, []string{"Old mail", "Mail 2", "Mail 10"}},
		{client.Query{Sort: client.SortChanged, Text: "mail"}, []string{"Mail 10", "Mail 2", "Old mail"}},
	} {
		if got := d.found(t, c.query); !slices.Equal(got, c.want) {
			t.Errorf("%+v: got %q, want %q", c.query, got, c.want)
		}
	}
	d.save(t, item.Item{Title: "Newest"})
	if got := d.found(t, client.Query{Sort: client.SortCreated}); got[0] != "Newest" {
		t.Errorf("after saving: %q", got)
	}
}

func complete(t *testing.T, d *device) bool {
	t.Helper()
	text, err := d.SearchJSON(client.Query{Text: "blue"}, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	var list struct{ Complete bool }
	if err := json.Unmarshal(text, &list); err != nil {
		t.Fatal(err)
	}
	return list.Complete
}
