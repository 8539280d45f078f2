package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/item"
)

// shownCandidates bounds the list in the error about an ambiguous name.
const shownCandidates = 10

// find resolves what a person calls an item: its id, its exact title, its title in another case, or a search that
// finds it alone. The first of these that finds anything decides, so that an exact title wins over longer ones.
func find(c *connection, name string) (client.Summary, error) {
	return findAmong(c, name, client.Query{})
}

// findAmong looks only at what q selects.
func findAmong(c *connection, name string, q client.Query) (client.Summary, error) {
	all, err := c.Search(q)
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
	q.Text = name
	found, err := c.Search(q)
	if err != nil {
		return client.Summary{}, err
	}
	return only(found, name)
}

// open finds an item and opens it.
func (c *connection) open(name string) (item.Item, error) {
	found, err := find(c, name)
	if err != nil {
		return item.Item{}, err
	}
	return c.Get(found.ID)
}

func only(found []client.Summary, name string) (client.Summary, error) {
	switch len(found) {
	case 0:
		return client.Summary{}, withHint(fmt.Errorf("%w: %q", client.ErrNotFound, name), "vaultsphere list shows what there is")
	case 1:
		return found[0], nil
	}
	return client.Summary{}, withHint(&ambiguousError{name, found}, "name one of them by its id")
}

// ambiguousError is a name that more than one item answers to.
type ambiguousError struct {
	name  string
	found []client.Summary
}

func (e *ambiguousError) Error() string { return fmt.Sprintf("%q is %d items", e.name, len(e.found)) }

// candidates describes the items, one a line.
func (e *ambiguousError) candidates() []string {
	var lines []string
	for i, s := range e.found {
		if i == shownCandidates {
			return append(lines, fmt.Sprintf("and %d more", len(e.found)-i))
		}
		line := s.ID + "  " + label(s)
		if s.Username != "" {
			line += " (" + s.Username + ")"
		}
		lines = append(lines, line)
	}
	return lines
}

// label is what a person calls an item.
func label(s client.Summary) string {
	if s.Unreadable != "" {
		return "(item " + s.ID + ", which cannot be read)"
	}
	return s.Title
}
