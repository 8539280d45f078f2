package source_test

import (
	"slices"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer/source"
)

func TestPartValuesHaveEveryRow(t *testing.T) {
	t.Parallel()
	empty := func() *item.Item {
		return &item.Item{Card: &item.Card{}, Identity: &item.Identity{}, SSHKey: &item.SSHKey{}}
	}
	var names []string
	for i := range source.PartValues(empty()) {
		it := empty()
		v := source.PartValues(it)[i]
		*v.Value = "sample"
		row := it.Values()[0]
		if row.Hidden != (v.Kind == item.FieldHidden) {
			t.Errorf("the row %s is hidden: %t, but %s is of the kind %q", row.Name, row.Hidden, v.Name, v.Kind)
		}
		names = append(names, row.Name)
	}
	for _, part := range []string{"card", "identity", "ssh_key"} {
		for _, row := range item.Rows(part) {
			if !slices.Contains(names, part+"."+row.Name) {
				t.Errorf("PartValues lacks the row %s of %s", row.Name, part)
			}
		}
	}
}
