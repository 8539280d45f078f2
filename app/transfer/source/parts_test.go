package source_test

import (
	"slices"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer/source"
)

func TestPartValuesHaveEveryRow(t *testing.T) {
	t.Parallel()
	var parts []string
	for _, row := range item.Rows("details") {
		if row.Shape == item.ShapeObject {
			parts = append(parts, row.Name)
		}
	}
	empty := func() *item.Item {
		var it item.Item
		for _, part := range parts {
			it.Place(part + "." + item.Rows(part)[0].Name)
		}
		return &it
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
	for _, part := range parts {
		for _, row := range item.Rows(part) {
			if !slices.Contains(names, part+"."+row.Name) {
				t.Errorf("PartValues lacks the row %s of %s", row.Name, part)
			}
		}
	}
}
