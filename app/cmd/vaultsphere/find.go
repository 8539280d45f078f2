package main

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/item"
)

// shownCandidates bounds the list in the error about an ambiguous name.
const shownCandidates = 10

// names finds items by id or title. A command makes one, for any number of names.
type names struct {
	search        func(client.Query) ([]client.Summary, error)
	q             client.Query
	byID, byTitle map[string][]client.Summary
	byAnyCase     map[string][]client.Summary
	archived      *names // found only by id or exact title, and if no other item has it; nil: not at all
}

// names covers the items that q selects.
func (c *connection) names(q client.Query) (*names, error) {
	q.Vault = c.vault
	all, err := c.Search(q)
	if err != nil {
		return nil, err
	}
	n := newNames(all, q, c.Search)
	if q == (client.Query{Vault: c.vault}) {
		n.archived, err = c.names(client.Query{Archive: true})
	}
	return n, err
}

// newNames indexes all items once. search is for words.
func newNames(all []client.Summary, q client.Query, search func(client.Query) ([]client.Summary, error)) *names {
	n := &names{
		search: search, q: q,
		byID: map[string][]client.Summary{}, byTitle: map[string][]client.Summary{}, byAnyCase: map[string][]client.Summary{},
	}
	for _, s := range all {
		title := norm.NFC.String(s.Title)
		n.byID[s.ID] = append(n.byID[s.ID], s)
		n.byTitle[title] = append(n.byTitle[title], s)
		n.byAnyCase[strings.ToLower(title)] = append(n.byAnyCase[strings.ToLower(title)], s)
	}
	return n
}

var errEmptyName = errors.New("the name of an item must not be empty")

// exactly finds the item with this id or exact title. It never returns a similar one, because what follows cannot be undone: a
// secret is printed, or something is overwritten without a question.
func (n *names) exactly(name string) (client.Summary, error) {
	found, err := n.titled(name)
	if err == nil && len(found) == 0 && n.archived != nil {
		found, err = n.archived.titled(name)
	}
	if err != nil || len(found) > 0 {
		return only(found, name, err)
	}
	similar, err := n.similar(name)
	if err != nil {
		return client.Summary{}, err
	}
	if len(similar) != 1 {
		return only(similar, name, nil)
	}
	return client.Summary{}, withHint(&similarError{name, similar}, "use its id or its exact title")
}

// roughly also finds a title in another letter case, and words that match exactly one item. An exact title wins over longer ones.
func (n *names) roughly(name string) (client.Summary, error) {
	found, err := n.titled(name)
	if err == nil && len(found) == 0 {
		found, err = n.similar(name)
	}
	return only(found, name, err)
}

func (n *names) titled(name string) ([]client.Summary, error) {
	if found := n.byID[name]; len(found) > 0 {
		return found, nil
	}
	// Input methods compose letters in different ways that look the same.
	title := norm.NFC.String(strings.TrimSpace(name))
	if title == "" {
		return nil, errEmptyName
	}
	return n.byTitle[title], nil
}

func (n *names) similar(name string) ([]client.Summary, error) {
	if found := n.byAnyCase[strings.ToLower(norm.NFC.String(strings.TrimSpace(name)))]; len(found) > 0 {
		return found, nil
	}
	q := n.q
	q.Text, q.Literal = name, true
	return n.search(q)
}

// find is names.exactly for the items outside the trash.
func find(c *connection, name string) (client.Summary, error) {
	if c.all == nil {
		var err error
		if c.all, err = c.names(client.Query{}); err != nil {
			return client.Summary{}, err
		}
	}
	return c.all.exactly(name)
}

// open finds an item and decrypts its details.
func (c *connection) open(name string) (item.Item, error) {
	found, err := find(c, name)
	if err != nil {
		return item.Item{}, err
	}
	return c.Get(found.ID)
}

func only(found []client.Summary, name string, err error) (client.Summary, error) {
	switch {
	case err != nil:
		return client.Summary{}, err
	case len(found) == 0:
		return client.Summary{}, withHint(fmt.Errorf("%w: %q", client.ErrNotFound, name), "vaultsphere list shows all items")
	case len(found) == 1:
		return found[0], nil
	}
	return client.Summary{}, withHint(&ambiguousError{name, found}, "use the id of one of them")
}

// similarError: no item has this name, but a search for it finds one.
type similarError struct {
	name  string
	found []client.Summary
}

func (e *similarError) Error() string {
	return fmt.Sprintf("no item has the id or exact title %q", e.name)
}
func (e *similarError) Unwrap() error { return client.ErrNotFound }

func (e *similarError) candidates() []string { return candidates(e.found) }

// ambiguousError: several items match the name.
type ambiguousError struct {
	name  string
	found []client.Summary
}

func (e *ambiguousError) Error() string {
	return fmt.Sprintf("%q matches %d items", e.name, len(e.found))
}

func (e *ambiguousError) candidates() []string { return candidates(e.found) }

// candidates describes items, one per line.
func candidates(found []client.Summary) []string {
	var lines []string
	for i, s := range found {
		if i == shownCandidates {
			return append(lines, fmt.Sprintf("and %d more", len(found)-i))
		}
		line := s.ID + "  " + label(s)
		if s.Username != "" {
			line += " (" + s.Username + ")"
		}
		lines = append(lines, line)
	}
	return lines
}

// label is the title of an item, or a substitute if it cannot be read.
func label(s client.Summary) string {
	if s.Unreadable != "" {
		return "(item " + s.ID + ", which cannot be read)"
	}
	return s.Title
}
