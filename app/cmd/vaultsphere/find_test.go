package main

import (
	"errors"
	"fmt"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/client"
)

// A command can have thousands of ids or titles. A search for each would be slow.
func TestIDsAndTitlesNeedNoSearch(t *testing.T) {
	t.Parallel()
	var all []client.Summary
	for i := range 3 {
		all = append(all, client.Summary{ID: fmt.Sprintf("id%d", i), Title: fmt.Sprintf("Title %d", i)})
	}
	n := newNames(all, client.Query{}, func(client.Query) ([]client.Summary, error) { return nil, errors.New("a search") })
	for i, s := range all {
		for _, name := range []string{s.ID, s.Title, " " + s.Title} {
			for how, find := range map[string]func(string) (client.Summary, error){"exactly": n.exactly, "roughly": n.roughly} {
				if got, err := find(name); err != nil || got.ID != all[i].ID {
					t.Errorf("%s %q: %q, %v", how, name, got.ID, err)
				}
			}
		}
	}
	if got, err := n.roughly("title 1"); err != nil || got.ID != "id1" {
		t.Errorf("in another case: %q, %v", got.ID, err)
	}
}
