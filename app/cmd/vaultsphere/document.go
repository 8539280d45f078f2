package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// notEdited are the members of an item that a person does not write: they come back from the stored item.
var notEdited = []string{"id", "base", "created", "modified", "trashed", "purge", "password_history", "attachments",
	"unknown_overview", "unknown_details"}

// yesOrNo is the one member that is not made of strings.
const yesOrNo = "favourite"

// document is the item as YAML, which is the only one of the common notations that has lines of notes as lines.
func document(it item.Item) ([]byte, error) {
	text, err := json.Marshal(it) // #nosec G117 -- for its owner's editor, in memory
	if err != nil {
		return nil, err
	}
	// JSON is YAML: the order of the members stays.
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, err
	}
	members := doc.Content[0]
	kept := members.Content[:0]
	for i := 0; i+1 < len(members.Content); i += 2 {
		if !slices.Contains(notEdited, members.Content[i].Value) {
			kept = append(kept, members.Content[i], members.Content[i+1])
		}
	}
	members.Content = kept
	if it.ID == "" {
		fillIn(members, it.Type)
	}
	plain(members)
	var b bytes.Buffer
	out := yaml.NewEncoder(&b)
	out.SetIndent(2)
	if err := out.Encode(members); err != nil {
		return nil, err
	}
	return b.Bytes(), out.Close()
}

// fillIn adds the members that a new item of the type may have, empty, so that there is something to write behind.
func fillIn(members *yaml.Node, typ item.Type) {
	blank := func(to *yaml.Node, name string, value *yaml.Node) {
		to.Content = append(to.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: name}, value)
	}
	empty := func() *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str"} }
	if typ == item.TypeLogin {
		blank(members, "urls", &yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{empty()}})
		for _, name := range []string{"username", "password", "totp"} {
			blank(members, name, empty())
		}
	}
	part := string(typ) // the name of the member that only items of the type have
	if rows := item.Rows(part); rows != nil {
		lines := &yaml.Node{Kind: yaml.MappingNode}
		for _, row := range rows {
			blank(lines, row.Name, empty())
		}
		blank(members, part, lines)
	}
	blank(members, "notes", empty())
}

// plain drops the marks of JSON, so that the encoder chooses: a block for several lines, quotes only where needed.
func plain(n *yaml.Node) {
	n.Style = 0
	if n.Kind == yaml.ScalarNode && strings.Contains(n.Value, "\n") {
		n.Style = yaml.LiteralStyle
	}
	for _, c := range n.Content {
		plain(c)
	}
}

// parseDocument reads what document wrote and a person changed. What is not edited is taken from stored. Errors name the line or
// the member, and never quote a value.
func parseDocument(text []byte, stored item.Item) (item.Item, error) {
	var doc yaml.Node
	in := yaml.NewDecoder(bytes.NewReader(text))
	if err := in.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			return item.Item{}, errEmptyDocument
		}
		return item.Item{}, errors.New("this is not YAML: check the indentation, the quotes and the colons")
	}
	if err := in.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return item.Item{}, errors.New("a second document follows after ---")
	}
	if len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		return item.Item{}, errors.New("an item is lines of NAME: VALUE")
	}
	value, err := valueOf(doc.Content[0], "")
	if err != nil {
		return item.Item{}, err
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		return item.Item{}, err
	}
	var edited item.Item
	strict := json.NewDecoder(bytes.NewReader(encoded))
	strict.DisallowUnknownFields()
	if err := strict.Decode(&edited); err != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) {
			return item.Item{}, fmt.Errorf("%s is not of the right form", wrong.Field)
		}
		return item.Item{}, errors.New(strings.TrimPrefix(err.Error(), "json: "))
	}
	edited.ID, edited.Base, edited.Created, edited.Modified = stored.ID, stored.Base, stored.Created, stored.Modified
	edited.Trashed, edited.Purge = stored.Trashed, stored.Purge
	edited.PasswordHistory, edited.Attachments = stored.PasswordHistory, stored.Attachments
	edited = edited.WithUnknownOf(stored).Normalise()
	return edited, edited.Validate()
}

var errEmptyDocument = errors.New("the text is empty")

// valueOf takes every scalar as the text it is written as: a password of digits is no number, and "no" is no boolean.
func valueOf(n *yaml.Node, path string) (any, error) {
	switch n.Kind {
	case yaml.ScalarNode:
		if n.Tag == "!!null" && n.Style == 0 {
			return nil, nil
		}
		if path == yesOrNo {
			var yes bool
			if err := n.Decode(&yes); err != nil {
				return nil, fmt.Errorf("line %d: %s is true or false", n.Line, path)
			}
			return yes, nil
		}
		return n.Value, nil
	case yaml.SequenceNode:
		list := []any{}
		for _, c := range n.Content {
			v, err := valueOf(c, path+"[]")
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	case yaml.MappingNode:
		return membersOf(n, path)
	}
	return nil, fmt.Errorf("line %d: references to other lines are not understood", n.Line)
}

func membersOf(n *yaml.Node, path string) (map[string]any, error) {
	members := map[string]any{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i].Value
		if _, twice := members[key]; twice {
			return nil, fmt.Errorf("line %d: %s is there twice", n.Content[i].Line, key)
		}
		if path == "" && slices.Contains(notEdited, key) {
			return nil, fmt.Errorf("line %d: %s cannot be edited", n.Content[i].Line, key)
		}
		v, err := valueOf(n.Content[i+1], strings.TrimPrefix(path+"."+key, "."))
		if err != nil {
			return nil, err
		}
		members[key] = v
	}
	return members, nil
}
