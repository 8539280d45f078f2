package sealing_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/seal/internal/sealing"
)

// Key types embed a secret, so they have its methods and its exported fields.
func TestSecretsOnlyPrint(t *testing.T) {
	t.Parallel()
	typ := reflect.TypeFor[*sealing.Secret]()
	var methods []string
	for i := range typ.NumMethod() {
		methods = append(methods, typ.Method(i).Name)
	}
	if want := []string{"Format", "GoString", "MarshalJSON", "MarshalText", "String"}; !slices.Equal(methods, want) {
		t.Errorf("methods are %v, want %v", methods, want)
	}
	for _, f := range reflect.VisibleFields(typ.Elem()) {
		if f.IsExported() {
			t.Errorf("field %s is exported", f.Name)
		}
	}
}
