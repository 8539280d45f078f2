package source

import (
	"maps"
	"slices"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// Places says where the values of a format belong in an item: by its type, the name of the text for the name of the value, such as
// "number" for "passportNumber".
type Places map[item.Type]map[string]string

// Of returns the text of the item's part for the value of that name, or nil if it has none.
func (p Places) Of(it *item.Item, name string) *string {
	text, ok := p[it.Type][name]
	if !ok {
		return nil
	}
	return it.Place(string(it.Type) + "." + text)
}

// Fill takes the members of o that have an empty place in the item.
func (p Places) Fill(it *item.Item, o Object) {
	for _, name := range slices.Sorted(maps.Keys(p[it.Type])) {
		if value, ok := Scalar(o[name]); ok && value != "" && SetOnce(p.Of(it, name), value) {
			o.Drop(name)
		}
	}
}

// JoinName joins the parts of a full name.
func JoinName(parts ...string) string {
	return strings.Join(strings.Fields(strings.Join(parts, " ")), " ")
}
