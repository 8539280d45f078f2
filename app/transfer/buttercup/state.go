package buttercup

import (
	"maps"
	"slices"
	"time"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer/source"
)

// Format B: the vault as JSON with short names: groups (g), entries (e), properties (p), attributes (a), title (t), and
// sharing (s).
func (v *vault) decode(data []byte) error {
	top, err := source.DecodeObject(data)
	if err != nil {
		return err
	}
	v.take(top)
	for _, share := range top.Objects("s") {
		v.take(share)
	}
	return nil
}

func (v *vault) take(o source.Object) {
	for _, g := range o.Objects("g") {
		role := g.Object("a").Object(roleAttribute).Text("value")
		v.groups[g.Text("id")] = &group{title: g.Text("t"), parent: g.Text("g"), trash: role == "trash"}
	}
	for _, o := range o.Objects("e") {
		e := v.add(o.Text("id"), o.Text("g"))
		attributes, properties := o.Object("a"), o.Object("p")
		for name := range attributes {
			e.attributes[name] = attributes.Object(name).Text("value")
		}
		for _, name := range slices.Sorted(maps.Keys(properties)) {
			e.properties = append(e.properties, propertyOf(name, properties.Object(name)))
		}
	}
}

// propertyOf includes the older values. Each was valid until the next one was set.
func propertyOf(name string, o source.Object) *property {
	p := &property{name: name, value: o.Text("value"), created: o.Time("created"), updated: o.Time("updated"), deleted: o["deleted"] != nil}
	until := p.updated
	history := o.Objects("history")
	slices.SortStableFunc(history, func(a, b source.Object) int { return timeOf(b).Compare(timeOf(a)) })
	for _, old := range history {
		set := timeOf(old)
		p.older = append(p.older, item.OldPassword{Password: old.Text("value"), Until: until})
		until = set
	}
	slices.Reverse(p.older)
	return p
}

func timeOf(o source.Object) time.Time {
	t := source.Object{"updated": o["updated"]}
	return t.Time("updated")
}
