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
	"github.com/vaultsphere/vaultsphere/app/strictjson"
)

// place is the position of a value in the document. Its members come from the tables of app/item.
type place struct {
	name  string // in errors
	shape item.Shape
	rows  []item.Row
}

func wholeItem() place {
	return place{"an item", item.ShapeObject, slices.DeleteFunc(slices.Concat(item.Rows("overview"), item.Rows("details")),
		func(r item.Row) bool { return r.Name == "modified" })}
}

func (p place) member(name string) (place, bool) {
	if p.shape == item.ShapeMap || name == "unknown" && p.name != "an item" {
		return place{name: p.name + "." + name}, true
	}
	i := slices.IndexFunc(p.rows, func(r item.Row) bool { return r.Name == name && !r.Fixed })
	if i < 0 {
		return place{}, false
	}
	return place{name, p.rows[i].Shape, item.Rows(p.rows[i].Table)}, true
}

// element is the place of an element of a list.
func (p place) element() place {
	if p.shape == item.ShapeObjects {
		return place{p.name, item.ShapeObject, p.rows}
	}
	return place{name: p.name + "[]"}
}

// document writes an item as YAML, where notes of several lines stay readable.
func document(it item.Item) ([]byte, error) {
	text, err := json.Marshal(it) // #nosec G117 -- for its owner's editor, in memory
	if err != nil {
		return nil, err
	}
	// JSON is YAML, and its members stay in their order.
	var doc yaml.Node
	if err := yaml.Unmarshal(lineBreaks.escape(text), &doc); err != nil {
		return nil, err
	}
	members, whole := doc.Content[0], wholeItem()
	var edited []*yaml.Node
	for i := 0; i+1 < len(members.Content); i += 2 {
		if _, ok := whole.member(members.Content[i].Value); ok {
			edited = append(edited, members.Content[i], members.Content[i+1])
		}
	}
	members.Content = edited
	if it.ID == "" {
		offer(members, whole, it.Type)
	}
	restyle(members)
	var b bytes.Buffer
	out := yaml.NewEncoder(&b)
	out.SetIndent(2)
	if err := errors.Join(out.Encode(members), out.Close()); err != nil {
		return nil, err
	}
	return lineBreaks.escape(b.Bytes()), nil
}

// offer adds empty members that a new item of the type may have, ready to be filled in.
func offer(members *yaml.Node, at place, typ item.Type) {
	empty := func() *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str"} }
	for _, row := range at.rows {
		if hasMember(members, row.Name) || row.Fixed || row.Type != "" && row.Type != typ {
			continue
		}
		var value *yaml.Node
		switch row.Shape {
		case item.ShapeText:
			value = empty()
		case item.ShapeTexts:
			value = &yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{empty()}}
		case item.ShapeObject:
			value = &yaml.Node{Kind: yaml.MappingNode}
			offer(value, place{row.Name, row.Shape, item.Rows(row.Table)}, typ)
		default:
			continue
		}
		members.Content = append(members.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: row.Name}, value)
	}
}

func hasMember(members *yaml.Node, name string) bool {
	for i := 0; i < len(members.Content); i += 2 {
		if members.Content[i].Value == name {
			return true
		}
	}
	return false
}

// restyle removes the JSON styles. The encoder then writes blocks for several lines, and quotes only where they are needed.
func restyle(n *yaml.Node) {
	n.Style = 0
	switch {
	case n.Kind != yaml.ScalarNode:
	case lineBreaks.in(n.Value):
		n.Style = yaml.DoubleQuotedStyle
	case strings.Contains(n.Value, "\n"):
		n.Style = yaml.LiteralStyle
	}
	for _, c := range n.Content {
		restyle(c)
	}
}

// parseDocument reads an edited document. It takes over the other fields from stored. Errors name the line or the
// member, and never quote a value.
func parseDocument(text []byte, stored item.Item) (item.Item, error) {
	var doc yaml.Node
	in := yaml.NewDecoder(bytes.NewReader(text))
	if err := in.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			return item.Item{}, errEmptyDocument
		}
		return item.Item{}, errors.New("this is not valid YAML: check the indentation, the quotes and the colons")
	}
	if err := in.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return item.Item{}, errors.New("a second document follows after ---")
	}
	if len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		return item.Item{}, errors.New("an item must be lines of NAME: VALUE")
	}
	value, err := valueOf(doc.Content[0], wholeItem())
	if err != nil {
		return item.Item{}, err
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		return item.Item{}, err
	}
	var edited item.Item
	if err := (strictjson.Form{Name: "an item", AnyNames: true}).Unmarshal(encoded, &edited); err != nil {
		return item.Item{}, err
	}
	edited = edited.WithFixedOf(stored).Normalise()
	if err := edited.Validate(); err != nil {
		return edited, err
	}
	return edited, edited.CheckPatterns()
}

var errEmptyDocument = errors.New("the text is empty")

// valueOf takes every scalar as the text that was typed: a password of digits is not a number, and "no" is not a boolean.
func valueOf(n *yaml.Node, at place) (any, error) {
	// YAML would drop a part of the text: the value of "password: &secret" is empty, with an anchor.
	if n.Kind == yaml.AliasNode || n.Anchor != "" || n.Style&yaml.TaggedStyle != 0 || n.LineComment != "" {
		return nil, fmt.Errorf("line %d: put quotes around the value of %s", n.Line, at.name)
	}
	if n.Kind == yaml.ScalarNode && n.Value == "" {
		return nil, nil
	}
	switch at.shape {
	case item.ShapeFlag:
		var yes bool
		if n.Kind != yaml.ScalarNode || n.Decode(&yes) != nil {
			return nil, fmt.Errorf("line %d: %s must be true or false", n.Line, at.name)
		}
		return yes, nil
	case item.ShapeText:
		if n.Kind != yaml.ScalarNode {
			return nil, fmt.Errorf("line %d: %s must be text; put quotes around it", n.Line, at.name)
		}
		return n.Value, nil
	case item.ShapeTexts, item.ShapeObjects:
		return elementsOf(n, at)
	default:
		return membersOf(n, at)
	}
}

func elementsOf(n *yaml.Node, at place) (any, error) {
	if n.Kind != yaml.SequenceNode {
		return nil, fmt.Errorf("line %d: %s must be a list", n.Line, at.name)
	}
	list := []any{}
	for _, c := range n.Content {
		v, err := valueOf(c, at.element())
		if err != nil {
			return nil, err
		}
		if v != nil {
			list = append(list, v)
		}
	}
	return list, nil
}

func membersOf(n *yaml.Node, at place) (any, error) {
	if n.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("line %d: %s must be lines of NAME: VALUE", n.Line, at.name)
	}
	members := map[string]any{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.LineComment != "" { // of a value that is a comment
			return nil, fmt.Errorf("line %d: put quotes around the value of %s", key.Line, key.Value)
		}
		name, err := valueOf(key, place{name: "a name"})
		if err != nil {
			return nil, err
		}
		member, ok := at.member(key.Value)
		_, twice := members[key.Value]
		switch {
		case twice:
			return nil, fmt.Errorf("line %d: %.64q occurs twice", key.Line, name)
		case !ok && slices.ContainsFunc(at.rows, func(r item.Row) bool { return r.Name == key.Value }):
			return nil, fmt.Errorf("line %d: %s cannot be edited", key.Line, key.Value)
		case !ok:
			return nil, fmt.Errorf("line %d: %.64q is not a member of %s", key.Line, key.Value, at.name)
		}
		if members[key.Value], err = valueOf(value, member); err != nil {
			return nil, err
		}
	}
	return members, nil
}

// breaks are characters that YAML takes for a line break or a byte-order mark, with their escapes in JSON and YAML. Unescaped, they
// do not survive reading.
type breaks map[rune]string

var lineBreaks = breaks{0x85: `\u0085`, 0x2028: `\u2028`, 0x2029: `\u2029`, 0xfeff: `\ufeff`}

func (b breaks) in(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return b[r] != "" })
}

func (b breaks) escape(text []byte) []byte {
	for r, escaped := range b {
		text = bytes.ReplaceAll(text, []byte(string(r)), []byte(escaped))
	}
	return text
}
