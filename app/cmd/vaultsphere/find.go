package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/client"
)

// shownCandidates bounds the list in the error about an ambiguous name.
const shownCandidates = 10

// find resolves what a person calls an item: its id, its exact title, its title in another case, or a search that
// finds it alone. The first of these that finds anything decides, so that an exact title wins over longer ones.
func find(c *connection, name string) (client.Summary, error) {
	all, err := c.Search(client.Query{})
	if err != nil {
		return client.Summary{}, err
	}
	ways := []func(client.Summary) bool{
		func(s client.Summary) bool { return s.ID == name },
		func(s client.Summary) bool { return s.Title == name },
		func(s client.Summary) bool { return strings.EqualFold(s.Title, name) },
	}
	for _, matches := range ways {
		var found []client.Summary
		for _, s := range all {
			if matches(s) {
				found = append(found, s)
			}
		}
		if len(found) > 0 {
			return only(found, name)
		}
	}
	if strings.TrimSpace(name) == "" {
		return client.Summary{}, errors.New("the name of the item is empty")
	}
	found, err := c.Search(client.Query{Text: name})
	if err != nil {
		return client.Summary{}, err
	}
	return only(found, name)
}

func only(found []client.Summary, name string) (client.Summary, error) {
	switch len(found) {
	case 0:
		return client.Summary{}, withHint(fmt.Errorf("%w: %q", client.ErrNotFound, name), "vaultsphere list shows what there is")
	case 1:
		return found[0], nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%q is %d items:", name, len(found))
	for i, s := range found {
		if i == shownCandidates {
			fmt.Fprintf(&b, "\n  and %d more", len(found)-i)
			break
		}
		fmt.Fprintf(&b, "\n  %s  %s", s.ID, printable(s.Title, ""))
		if s.Username != "" {
			fmt.Fprintf(&b, " (%s)", printable(s.Username, ""))
		}
	}
	return client.Summary{}, withHint(errors.New(b.String()), "name one of them by its id")
}
