package keepass

import (
	"testing"

	"github.com/vaultsphere/vaultsphere/app/item"
)

func TestHiddenRowsAreProtected(t *testing.T) {
	t.Parallel()
	s := &stringFields{taken: map[string]bool{}, extra: &extra{Strings: map[string]place{}}}
	s.item(item.Item{
		Card:     &item.Card{Number: "4111", Brand: "Visa", Unknown: `{"pin":"1"}`},
		Identity: &item.Identity{Passport: "P1", City: "Bern"}, SSHKey: &item.SSHKey{Private: "PEM", Public: "ssh-ed25519"},
	})
	got := map[string]bool{}
	for _, v := range s.values {
		got[v.Key] = v.Value.Protected.Bool
	}
	for name, want := range map[string]bool{
		"Card number": true, "Card brand": false, "Card unknown": true, "Identity passport": true, "Identity city": false,
		"SSH key private": true, "SSH key public": false,
	} {
		if protected, written := got[name]; !written || protected != want {
			t.Errorf("%s: written %t, protected %t", name, written, protected)
		}
	}
}
