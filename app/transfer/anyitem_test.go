package transfer_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer"
)

// Another device may write anything that the canonical form allows: texts of any length with any characters, extreme times,
// types of a newer version. None of it may block the export of the vault.
func FuzzExportOfAnyItem(f *testing.F) {
	for _, text := range []string{
		"", "plain", "\x00\x01\x1b[2J\u0085\u2028", "\ufffe\uffff\U0001ffff", "]]>&<\"'", "a,b;c\n\"d\"\r", "=cmd()", "\u202e\ufeff",
		strings.Repeat("long ", 7000), "otpauth://totp/?secret=A&period=99999999999&digits=-1", "\xff\xed\xa0\x80",
	} {
		for _, ms := range []int64{0, 1, -1, 1<<53 - 1, -(1<<53 - 1), 253402300800000, -62135596800000} {
			f.Add(text, ms, uint8(len(text)))
		}
	}
	f.Fuzz(func(t *testing.T, text string, ms int64, kind uint8) {
		types := append([]item.Type{"passkey"}, item.Types...)
		at := time.UnixMilli(ms)
		odd := item.Item{
			Type: types[int(kind)%len(types)], Title: text + "t", Username: text, URLs: []string{text, "https://example.org"}, Tags: []string{text, "a,b"},
			Match:   map[string]item.MatchRule{text: item.MatchRegexp},
			Created: at, Modified: at, Trashed: at, Purge: at,
			Password: text, TOTP: text, Notes: text,
			Fields:          []item.Field{{Name: text, Value: text}, {Name: text, Value: text, Kind: item.FieldBoolean}, {Value: text, Kind: item.FieldLink}},
			Card:            &item.Card{Number: text, ExpiryMonth: text, ExpiryYear: text},
			Identity:        &item.Identity{FirstName: text, Address: text},
			SSHKey:          &item.SSHKey{Private: text, Public: text, Fingerprint: text},
			PasswordHistory: []item.OldPassword{{Password: text, Until: at}},
		}
		meta, err := item.ParseOverview(odd.Overview())
		if err != nil {
			return // not canonical, so no client could have read it
		}
		secret, err := item.ParseDetails(odd.Details())
		if err != nil {
			return
		}
		meta.ID = "AAAAAAAAAAAAAAAAAAAAAA"
		it := item.Join(meta, secret)
		if _, err := json.Marshal(it); err != nil {
			t.Fatalf("cannot be shown: %v", err)
		}
		other := item.Item{ID: "BBBBBBBBBBBBBBBBBBBBBA", Type: item.TypeLogin, Title: "Other", Username: "anna", Password: "secret"}
		for _, format := range transfer.WriteFormats() {
			if format.Sealed {
				continue // the same content, sealed by a slow key derivation
			}
			if _, err := transfer.Write(format.ID, []transfer.Exported{{Item: it}, {Item: other}}, transfer.WriteOptions{}); err != nil {
				t.Errorf("%s: %v", format.ID, err)
			}
		}
	})
}
