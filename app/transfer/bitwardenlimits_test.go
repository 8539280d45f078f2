package transfer_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer"
	"github.com/vaultsphere/vaultsphere/internal/testenv/transfertest"
)

// encryptedLength returns the length of a value after Bitwarden encrypts it: 2.IV|AES-CBC|HMAC, in base64.
func encryptedLength(bytes int) int { return 72 + (16*(bytes/16+1)+2)/3*4 }

// Bitwarden rejects the whole file for one value that is too long, or an old password without a time. Longer values continue
// in fields.
func TestBitwardenExportIsWithinLimits(t *testing.T) {
	t.Parallel()
	long := func(n int) string { return strings.Repeat("aé\n", n/4) }
	line := strings.Repeat("é", 500)
	var tags []string
	for i := range item.MaxTags {
		tags = append(tags, strings.Repeat("é", 97)+string(rune('a'+i/10))+string(rune('a'+i%10)))
	}
	items := []item.Item{
		{Type: item.TypeNote, Title: line, Notes: long(19_000), Tags: tags, Fields: []item.Field{transfertest.Hidden("Key", long(9_000)), transfertest.Text(strings.Repeat("𝄞", 200), "x")}},
		{Type: item.TypeLogin, Title: "Login", Username: line, Password: long(9_000), TOTP: long(1_900), PasswordHistory: []item.OldPassword{
			{Password: "old"}, {Password: long(5_000), Until: time.Unix(1_500_000_000, 0)},
		}},
		{Type: item.TypeCard, Title: "Card", Card: &item.Card{Holder: line, Number: "4111111111111111"}},
		{Type: item.TypeIdentity, Title: "Identity", Identity: &item.Identity{Company: line, Address: long(2_000), Email: "a@b.example"}},
		{Type: item.TypeSSHKey, Title: "Key", SSHKey: &item.SSHKey{Private: long(6_000), Public: "p", Fingerprint: "f"}},
	}
	var out []transfer.Exported
	for _, it := range items {
		out = append(out, transfer.Exported{Item: it})
	}
	data, err := transfer.Write("bitwarden-json", out, transfer.WriteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Items []map[string]any }
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	for _, it := range file.Items {
		checkBitwardenLimits(t, "", it)
	}
	got := transfertest.Read(t, "bw.json", string(data), transfer.Options{})
	transfertest.SameProblems(t, got)
	for i, it := range items {
		want, err := json.Marshal(it)
		if err != nil {
			t.Fatal(err)
		}
		have, err := json.Marshal(got.Items[i].Item)
		if err != nil || i > 0 && strings.Count(string(have), "é") < strings.Count(string(want), "é") {
			t.Errorf("%s: %d characters, want %d, %v", it.Title, strings.Count(string(have), "é"), strings.Count(string(want), "é"), err)
		}
	}
	if it := got.Items[1].Item; len(it.PasswordHistory) != 1 || !it.PasswordHistory[0].Until.IsZero() {
		t.Errorf("history %+v", it.PasswordHistory)
	}
	if it := got.Items[0].Item; !slices.Equal(it.Tags, items[0].Normalise().Tags) {
		t.Errorf("tags %q", it.Tags)
	}
}

// checkBitwardenLimits checks all texts of an item.
func checkBitwardenLimits(t *testing.T, name string, v any) {
	t.Helper()
	limits := map[string]int{"notes": 10_000, "value": 5_000, "password": 5_000, "uri": 10_000, "privateKey": 5_000, "publicKey": 5_000}
	switch v := v.(type) {
	case string:
		limit := limits[name]
		if limit == 0 {
			limit = 1_000
		}
		if n := encryptedLength(len(v)); n > limit {
			t.Errorf("%s has %d characters, at most %d", name, n, limit)
		}
	case []any:
		for _, e := range v {
			checkBitwardenLimits(t, name, e)
		}
	case map[string]any:
		for name, e := range v {
			if name == "lastUsedDate" && e == nil {
				t.Error("an old password has no time")
			}
			checkBitwardenLimits(t, name, e)
		}
	}
}
