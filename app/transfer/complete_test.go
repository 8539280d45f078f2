package transfer_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer"
	"github.com/vaultsphere/vaultsphere/internal/testenv/transfertest"
)

// bitwardenStructure lists the members that have a meaning only inside Bitwarden.
var bitwardenStructure = []string{
	"id",             // of items, folders and collections
	"folderId",       // the name of the folder is a tag
	"collectionIds",  // the names of the collections are tags
	"organizationId", //
	"key",            // encrypted the item on Bitwarden's server
}

// Everything is imported: every text of the export is a value in its item.
func TestEveryBitwardenFieldIsImported(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"bitwarden/individual.json", "bitwarden/organisation.json"} {
		source := decoded(t, "testdata/"+name)
		got := transfertest.Sample(t, name, "bitwarden-json")
		foundAgain(t, got, source["items"].([]any), bitwardenStructure)
		var all []string
		for _, i := range got.Items {
			all = append(all, values(t, i.Item)...)
		}
		for _, list := range []string{"folders", "collections"} {
			texts("", source[list], bitwardenStructure, func(_, value string) {
				if !found(all, value) {
					t.Errorf("%s: one of the %s is %q, which was not imported", name, list, value)
				}
			})
		}
	}
}

func TestEveryProtonFieldIsImported(t *testing.T) {
	t.Parallel()
	vaults := decoded(t, "testdata/proton/export.zip/Proton Pass/data.json")["vaults"].(map[string]any)
	var items []any
	for _, id := range []string{"VAULT_A", "VAULT_B"} {
		items = append(items, vaults[id].(map[string]any)["items"].([]any)...)
	}
	foundAgain(t, transfertest.SampleZIP(t, "proton/export.zip", "proton-zip"), items, []string{
		"itemId", "shareId", "itemUuid", "folderId", // the names of vault and folder are a tag
		"type", "hashes", // types of items and signatures of apps
		"fullName",                    // repeated in its three parts
		"packageName",                 // part of a URL
		"files",                       // attachments
		"sectionName",                 // prefix of a field's name
		"fieldName",                   // follows the name of a section, or names the authenticator key
		"expirationDate", "timestamp", // written differently
	})
}

func decoded(t *testing.T, name string) map[string]any {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var v map[string]any
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// nameParts are members that can become a word of a full name.
var nameParts = map[string]bool{"firstName": true, "middleName": true, "lastName": true, "givenName": true, "surname": true}

// foundAgain looks in each item for every text that is not structural.
func foundAgain(t *testing.T, got *transfer.Result, items []any, structure []string) {
	t.Helper()
	if len(got.Items) != len(items) {
		t.Fatalf("%d items, want %d", len(got.Items), len(items))
	}
	for i, element := range items {
		there := values(t, got.Items[i].Item)
		texts("", element, structure, func(member, value string) {
			if !found(there, value) && !(nameParts[member] && slices.ContainsFunc(there, func(s string) bool { return slices.Contains(strings.Fields(s), value) })) {
				t.Errorf("item %d: %s is %q, which is not in %q", i+1, member, value, there)
			}
		})
	}
}

// texts visits all nonempty texts that are not structural.
func texts(member string, v any, structure []string, visit func(member, value string)) {
	switch v := v.(type) {
	case string:
		if v != "" {
			visit(member, v)
		}
	case map[string]any:
		for name, e := range v {
			if !slices.Contains(structure, name) {
				texts(name, e, structure, visit)
			}
		}
	case []any:
		for _, e := range v {
			texts(member, e, structure, visit)
		}
	}
}

// values are all texts of an item: names, values, times, and each line of a text.
func values(t *testing.T, it item.Item) []string {
	t.Helper()
	data, err := json.Marshal(it)
	if err != nil {
		t.Fatal(err)
	}
	var v map[string]any
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	var out []string
	texts("", v, nil, func(_, value string) {
		out = append(append(out, value), strings.Split(value, "\n")...)
	})
	return out
}

func found(there []string, value string) bool {
	when, err := time.Parse(time.RFC3339, value)
	return slices.ContainsFunc(there, func(have string) bool {
		if t, e := time.Parse(time.RFC3339, have); err == nil && e == nil {
			return t.Equal(when)
		}
		return have == value
	})
}
