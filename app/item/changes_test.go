package item_test

import (
	"slices"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/item"
)

func TestDifferencesNameTheRows(t *testing.T) {
	t.Parallel()
	before := item.Item{Type: item.TypeLogin, Title: "Bank", Password: "one", URLs: []string{"https://bank.example"}}
	if got := before.Differences(before.Clone()); len(got) != 0 {
		t.Errorf("an item differs from itself in %q", got)
	}
	after := before.Clone()
	after.Modified, after.Created = time.UnixMilli(1), time.UnixMilli(1)
	if got := after.Differences(before); len(got) != 0 {
		t.Errorf("the times of creation and change count: %q", got)
	}
	after.Title, after.Password, after.Notes, after.Trashed = "Savings", "two", "mine", time.UnixMilli(1)
	after.Tags, after.Card, after.UnknownDetails = []string{"money"}, &item.Card{Number: "1"}, `{"future":1}`
	want := []string{"title", "tags", "trashed", "password", "card", "notes", item.UnknownRow}
	if got := after.Differences(before); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if got := before.Differences(after); !slices.Equal(got, want) {
		t.Errorf("the other way round: %q", got)
	}
}
