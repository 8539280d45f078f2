package buttercup_test

import (
	"bytes"
	"compress/gzip"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer"
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
	"github.com/vaultsphere/vaultsphere/internal/testenv/transfertest"
)

const password = "corréct horse"

// sealed encrypts a vault as Buttercup does, in the older or the newer encoding.
func sealed(t testing.TB, format, text string, newer bool) string {
	t.Helper()
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err := z.Write([]byte(text))
	if err == nil {
		err = z.Close()
	}
	const salt, rounds = "aB3+salt", 10
	iv := bytes.Repeat([]byte{7}, aes.BlockSize)
	size := 64
	if newer {
		size = 32
	}
	key, keyErr := pbkdf2.Key(sha256.New, password, []byte(salt), rounds, size)
	block, blockErr := aes.NewCipher(key[:32])
	if err != nil || keyErr != nil || blockErr != nil {
		t.Fatal(err, keyErr, blockErr)
	}
	if newer {
		gcm, err := cipher.NewGCMWithNonceSize(block, aes.BlockSize)
		if err != nil {
			t.Fatal(err)
		}
		out := gcm.Seal(nil, iv, []byte(base64.StdEncoding.EncodeToString(packed.Bytes())), []byte(hex.EncodeToString(iv)+salt))
		end := len(out) - gcm.Overhead()
		return "b~>buttercup/" + format + strings.Join([]string{
			base64.StdEncoding.EncodeToString(out[:end]), hex.EncodeToString(iv), salt, hex.EncodeToString(out[end:]), "10", "gcm",
		}, "$")
	}
	var characters strings.Builder // one per byte
	for _, c := range packed.Bytes() {
		characters.WriteRune(rune(c))
	}
	plain := []byte(characters.String())
	pad := aes.BlockSize - len(plain)%aes.BlockSize
	plain = append(plain, bytes.Repeat([]byte{byte(pad)}, pad)...) //nolint:gosec // at most 16
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(plain, plain)
	content := base64.StdEncoding.EncodeToString(plain)
	mac := hmac.New(sha256.New, key[32:])
	mac.Write([]byte(content + hex.EncodeToString(iv) + salt))
	return "b~>buttercup/" + format + strings.Join([]string{content, hex.EncodeToString(iv), salt, hex.EncodeToString(mac.Sum(nil)), "10", "cbc"}, "$")
}

const stateOfVault = `{"id":"v","a":{},"g":[
 {"id":"g1","t":"Home","a":{},"g":"0"},{"id":"g2","t":"Mail","a":{},"g":"g1"},
 {"id":"g3","t":"Trash","a":{"bc_group_role":{"value":"trash","created":1,"updated":1,"history":[]}},"g":"0"}],
"e":[{"id":"e1","g":"g2","a":{"bc_entry_facade_type":{"value":"login"},"bc_entry_field_type:code":{"value":"otp"},"bc_entry_field_type:word":{"value":"password"}},"p":{
  "title":{"value":"Post","created":1598298143533,"updated":1598298143533,"history":[]},
  "username":{"value":"mia","created":1598298178114,"updated":1598298178114,"history":[{"value":"anna","updated":1598298177000}]},
  "password":{"value":"pw-post","created":1598298153538,"updated":1598298178114,"history":[{"value":"old-1","updated":1598298170000},{"value":"old-2","updated":1598298177010}]},
  "code":{"value":"JBSWY3DPEHPK3PXP","created":1598298153538,"updated":1598298178114,"history":[]},
  "word":{"value":"x1","created":1598298153538,"updated":1598298178114,"history":[]},
  "URL":{"value":"https://post.example","created":1598298153538,"updated":1598298178114,"history":[]},
  "note":{"value":"n","created":1598298153538,"updated":1598298178114,"history":[]},
  "gone":{"value":"g","created":1598298153538,"updated":1598298178114,"deleted":1598298179000,"history":[]}}},
 {"id":"e2","g":"g3","a":{"bc_entry_facade_type":{"value":"credit_card"},"colour":{"value":"blue"}},"p":{
  "title":{"value":"Visa"},"username":{"value":"Anna Example"},"password":{"value":"4111111111111111"},"cvv":{"value":"123"},"expiry":{"value":"04/29"}}},
 {"id":"e3","g":"g1","a":{"bc_entry_facade_type":{"value":"note"}},"p":{"title":{"value":"Poem"},"note":{"value":"one\ntwo"}}}],
"s":[{"id":"s1","g":[{"id":"g9","t":"Shared","a":{},"g":"0"}],"e":[{"id":"e9","g":"g9","a":{},"p":{"title":{"value":"Ours"},"username":{"value":"us"},"password":{"value":"pw"}}}]}]}`

func TestButtercupVaultOfFormatB(t *testing.T) {
	t.Parallel()
	for _, newer := range []bool{false, true} {
		got := transfertest.Read(t, "mine.bcup", sealed(t, "b", stateOfVault, newer), transfer.Options{Password: password})
		transfertest.Same(t, got, []item.Item{
			{
				Type: item.TypeLogin, Title: "Post", Username: "mia", Password: "pw-post", TOTP: "JBSWY3DPEHPK3PXP", URLs: []string{"https://post.example"},
				Notes: "n", Tags: []string{"Home/Mail"}, Created: transfertest.Time("2020-08-24T19:42:23.533Z"), Modified: transfertest.Time("2020-08-24T19:42:58.114Z"),
				PasswordHistory: []item.OldPassword{
					{Password: "old-2", Until: transfertest.Time("2020-08-24T19:42:58.114Z")}, {Password: "old-1", Until: transfertest.Time("2020-08-24T19:42:57.01Z")},
				},
				Fields: []item.Field{transfertest.Text("gone (older)", "g"), transfertest.Text("username (older)", "anna"), transfertest.Hidden("word", "x1")},
			},
			{
				Type: item.TypeCard, Title: "Visa", Tags: []string{"Trash"}, Fields: []item.Field{transfertest.Text("Colour", "blue")},
				Card: &item.Card{Number: "4111111111111111", Holder: "Anna Example", Code: "123", ExpiryMonth: "4", ExpiryYear: "2029"},
			},
			{Type: item.TypeNote, Title: "Poem", Notes: "one\ntwo", Tags: []string{"Home"}},
			{Type: item.TypeLogin, Title: "Ours", Username: "us", Password: "pw", Tags: []string{"Shared"}},
		})
		transfertest.SameProblems(t, got)
		if got.Format != "buttercup" {
			t.Errorf("detected as %s", got.Format)
		}
	}
}

const changesOfVault = `aid v
cmm "Buttercup archive created (2017-1-7)"
fmt "buttercup/a"
cgr 0 g1
tgr g1 "Home"
cgr g1 g2
tgr g2 utf8+base64:TWFpbA==
pad x
cen g1 e1
sep e1 title "Post"
sep e1 username "mia"
sep e1 password "old \"one\""
sep e1 password pw-post
sep e1 note gone
dep e1 note
sem e1 "pin code" "4711"
sea e1 colour blue
sea e1 shape round
dea e1 shape
men e1 g2
cen g1 e2
sep e2 title Deleted
den e2
cgr 0 g3
cen g3 e3
dgr g3
cgr 0 g4
sga g4 bc_group_role trash
cen g4 e4
sep e4 title Old
sep nobody title x
xyz e1
`

func TestButtercupVaultOfFormatA(t *testing.T) {
	t.Parallel()
	got := transfertest.Read(t, "mine.bcup", sealed(t, "a", changesOfVault, false)+"\n", transfer.Options{Password: password})
	transfertest.Same(t, got, []item.Item{
		{
			Type: item.TypeLogin, Title: "Post", Username: "mia", Password: "pw-post", Tags: []string{"Home/Mail"},
			PasswordHistory: []item.OldPassword{{Password: `old "one"`}},
			Fields: []item.Field{
				transfertest.Text("note (older)", "gone"), transfertest.Hidden("pin code", "4711"), transfertest.Text("Colour", "blue"),
			},
		},
		{Type: item.TypeNote, Title: "Old", Tags: []string{"Trash"}},
	})
	transfertest.SameProblems(t, got, transfer.Problem{Row: 31, Code: parcel.UnknownPart}, transfer.Problem{Row: 32, Code: parcel.UnknownPart})
}

func TestButtercupVaultRejects(t *testing.T) {
	t.Parallel()
	whole := sealed(t, "b", stateOfVault, false)
	parts := strings.Split(whole, "$")
	with := func(i int, part string) string {
		changed := append([]string{}, parts...)
		changed[i] = part
		return strings.Join(changed, "$")
	}
	for _, c := range []struct {
		name, data, password string
		want                 error
	}{
		{"wrong password", whole, "correct horse", transfer.ErrWrongPassword},
		{"no password", whole, "", transfer.ErrPasswordNeeded},
		{"cut in the content", whole[:100], password, transfer.ErrTruncated},
		{"cut in the method", whole[:len(whole)-1], password, transfer.ErrTruncated},
		{"another format", strings.Replace(whole, "buttercup/b", "buttercup/c", 1), password, transfer.ErrUnknownFormat},
		{"only a signature", "b~>buttercup/", password, transfer.ErrUnknownFormat},
		{"changed content", with(0, parts[0][:len(parts[0])-8]+"AAAAAAA="), password, transfer.ErrWrongPassword},
		{"not base64", with(0, "b~>buttercup/b?"), password, transfer.ErrMalformed},
		{"short IV", with(1, "07"), password, transfer.ErrMalformed},
		{"no rounds", with(4, "0"), password, transfer.ErrMalformed},
		{"endless rounds", with(4, "10000001"), password, transfer.ErrMalformed},
		{"not JSON inside", sealed(t, "b", "[]", true), password, transfer.ErrMalformed},
		{"cut JSON inside", sealed(t, "b", stateOfVault[:500], true), password, transfer.ErrTruncated},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			transfertest.Rejects(t, "mine.bcup", []byte(c.data), c.password, c.want)
		})
	}
}

// The value of a property is imported whatever its name and the type of its entry.
func FuzzPropertiesOfButtercup(f *testing.F) {
	for _, kind := range []string{"login", "credit_card", "note", "ssh_key", ""} {
		f.Add("title", kind, "Post")
		f.Add("expiry", kind, "soon")
		f.Add("URL", kind, "a b")
		f.Add("privateKey", kind, "x")
	}
	f.Fuzz(func(t *testing.T, name, kind, value string) {
		if strings.TrimSpace(transfertest.Letters(value)) == "" || len(name)+len(value) > 500 || strings.ToValidUTF8(name+value, "") != name+value {
			return
		}
		p := map[string]any{name: map[string]any{"value": value}}
		text, err := json.Marshal(map[string]any{"g": []any{}, "e": []any{map[string]any{
			"id": "e", "g": "0", "p": p, "a": map[string]any{"bc_entry_facade_type": map[string]any{"value": kind}},
		}}})
		if err != nil {
			t.Fatal(err)
		}
		got := transfertest.Read(t, "x.bcup", sealed(t, "b", string(text), true), transfer.Options{Password: password})
		if len(got.Items) != 1 {
			t.Fatalf("%d items, problems %+v", len(got.Items), got.Problems)
		}
		it, all := got.Items[0].Item, ""
		for _, f := range it.Fields {
			all += f.Value + "\n"
		}
		all += it.Title + it.Username + "\n" + it.Password + it.Notes + it.TOTP + strings.Join(it.URLs, "\n")
		if c := it.Card; c != nil {
			all += c.Holder + c.Number + c.Code + c.Brand + c.ExpiryMonth + c.ExpiryYear
		}
		if k := it.SSHKey; k != nil {
			all += k.Private + k.Public
		}
		if !strings.Contains(transfertest.Letters(all), transfertest.Letters(value)) && (it.Card == nil || it.Card.ExpiryMonth == "") {
			t.Errorf("%q of %q is not in %+v", value, name, it)
		}
	})
}
