package transfertest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer"
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
)

// hard makes items of every type from values that break formats.
type hard struct{ *rand.Rand }

func (h hard) text() string {
	parts := []string{
		"", "plain", " spaces around ", "comma, and ; semicolon", "\"quoted\"", "''", "two\nlines", "CR\r\nLF", "tab\there", "\r", "\n",
		"=1+1", "@cmd", "-", "ünïcødé", "пароль", "密码", "👩‍👩‍👧", "\u202eright to left", "\\backslash\\n", "{\"json\":1}", "<b>&amp;</b>",
		"]]>", "\x00", "\x1b[31m", "\u2028", "\ufeff", "null", "true", "0", "a|b", "%s", strings.Repeat("long ", 300),
	}
	var b strings.Builder
	for range h.IntN(3) + 1 {
		b.WriteString(parts[h.IntN(len(parts))])
	}
	return b.String()
}

func (h hard) time() time.Time {
	if h.IntN(4) == 0 {
		return time.Time{}
	}
	return time.UnixMilli(h.Int64N(4_000_000_000_000) - 1_000_000_000_000).UTC()
}

func (h hard) item() item.Item {
	it := item.Item{
		Type: item.Types[h.IntN(len(item.Types))], Title: "t" + h.line(item.MaxTitle-1), Username: h.line(item.MaxUsername), Favourite: h.IntN(2) == 0,
		Created: h.time(), Modified: h.time(), Password: h.text(), TOTP: h.line(item.MaxTOTP), Notes: h.text(), Match: map[string]item.MatchRule{},
	}
	for range h.IntN(4) {
		rawURL := "https://" + h.text()
		it.URLs = append(it.URLs, rawURL)
		it.Match[strings.TrimSpace(rawURL)] = []item.MatchRule{"", "host", "starts", "exact", "never"}[h.IntN(5)]
		it.Tags = append(it.Tags, h.line(item.MaxTag))
		it.Fields = append(it.Fields, item.Field{Name: h.line(item.MaxName), Value: h.text(), Kind: []item.FieldKind{"", "hidden", "link"}[h.IntN(3)]},
			item.Field{Name: "yes or no", Value: []string{item.True, item.False}[h.IntN(2)], Kind: item.FieldBoolean})
		it.PasswordHistory = append(it.PasswordHistory, item.OldPassword{Password: h.text(), Until: h.time()})
	}
	if h.IntN(5) == 0 {
		it.Trashed, it.Purge = h.time(), h.time()
	}
	switch it.Type {
	case item.TypeCard:
		it.Card = &item.Card{Brand: "Visa", Code: h.text(), ExpiryMonth: "4", ExpiryYear: "2031", Holder: h.text(), Number: h.text()}
	case item.TypeIdentity:
		it.Identity = &item.Identity{Address: "1 Street\nHouse", City: h.text(), FirstName: h.text(), Email: h.text(), License: h.text(), SSN: h.text()}
	case item.TypeSSHKey:
		it.SSHKey = &item.SSHKey{Fingerprint: h.text(), Private: "-----BEGIN\n" + h.text(), Public: h.text()}
	}
	return it.Normalise()
}

// line returns up to most characters of text, without control characters.
func (h hard) line(most int) string {
	line := []rune(item.Item{Title: h.text()}.Normalise().Title)
	return string(line[:min(most, len(line))])
}

// HardItems returns the same items for the same seed.
func HardItems(t *testing.T, seed uint64, n int) []transfer.Exported {
	t.Helper()
	h := hard{rand.New(rand.NewPCG(seed, 1))} //nolint:gosec // failures must be reproducible
	var out []transfer.Exported
	for range n {
		it := h.item()
		if err := it.Validate(); err != nil {
			t.Fatal(err)
		}
		x := transfer.Exported{Item: it}
		for i := range h.IntN(3) {
			x.Files = append(x.Files, transfer.Attached{Name: fmt.Sprintf("file %d.txt", i), Data: []byte(h.text() + "\xff\x00")})
		}
		out = append(out, x)
	}
	return out
}

// OnlyKeys expects no problems except for invalid authenticator keys.
func OnlyKeys(t *testing.T, in *transfer.Result) {
	t.Helper()
	var want []transfer.Problem
	for _, i := range in.Items {
		if _, err := item.ParseAuthenticatorKey(i.Item.TOTP); i.Item.TOTP != "" && err != nil {
			want = append(want, transfer.Problem{Row: i.Row, Title: i.Item.Title, Code: parcel.InvalidKey})
		}
	}
	SameProblems(t, in, want...)
}

func SameFile(a, b transfer.Attached) bool { return a.Name == b.Name && bytes.Equal(a.Data, b.Data) }
