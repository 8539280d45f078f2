package authenticators_test

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/sha1" //nolint:gosec // what andOTP derives its keys with
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tobischo/argon2"
	"golang.org/x/crypto/scrypt"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer"
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
	"github.com/vaultsphere/vaultsphere/internal/testenv/transfertest"
)

func codes(title, username, totp string, tags ...string) item.Item {
	return item.Item{Type: item.TypeLogin, Title: title, Username: username, TOTP: totp, Tags: tags}
}

func aegisWant() []item.Item {
	first := codes("Deno & Co", "Mason: über", "otpauth://totp/Deno%20&%20Co:Mason:%20%C3%BCber?secret=4SJHB4GSD43FZBAI7C2HLRJGPQ&issuer=Deno%20%26%20Co", "Private")
	first.Notes, first.Favourite = "line one\n\"line two\"", true
	yandex := codes("Yandex", "Ya", "")
	yandex.Fields = []item.Field{
		{Name: "One-time code", Kind: item.FieldHidden, Value: "otpauth://yandex/Yandex:Ya?secret=JRZCL47CMXVOQMNPZR2F7J4RGI&issuer=Yandex&algorithm=SHA256&digits=8"},
		{Name: "Info PIN", Value: "5239", Kind: item.FieldHidden},
	}
	return []item.Item{
		first,
		codes("James", "James", "otpauth://totp/James?secret=5OM4WOOGPLQEF6UGN3CPEOOLWU&algorithm=SHA512&digits=8&period=60"),
		codes("Issuu", "James", "otpauth://hotp/Issuu:James?secret=YOOMIXWS5GN6RTBPUFFWKTW5M4&issuer=Issuu&counter=5", "Work"),
		codes("Boeing", "Sophia", "otpauth://totp/Boeing:Sophia?secret=JRZCL47CMXVOQMNPZR2F7J4RGI&issuer=Boeing&encoder=steam"),
		yandex,
		codes("Empty", "nobody", ""),
	}
}

func aegisProblems() []transfer.Problem {
	return []transfer.Problem{
		{Row: 5, Title: "Yandex", Code: parcel.UnsupportedKey},
		{Row: 6, Title: "Empty", Code: parcel.NoKey},
		{Row: 7, Code: parcel.MalformedItem},
	}
}

func TestAegis(t *testing.T) {
	t.Parallel()
	got := transfertest.Sample(t, "authenticators/aegis.json", "aegis")
	transfertest.Same(t, got, aegisWant())
	transfertest.SameProblems(t, got, aegisProblems()...)
}

func gcm(t *testing.T, key []byte) cipher.AEAD {
	t.Helper()
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	return sealer
}

var testNonce = []byte("twelve bytes")

func plainFile(t *testing.T, name string) map[string]any {
	t.Helper()
	data, err := os.ReadFile(transfertest.Testdata("authenticators/" + name))
	if err != nil {
		t.Fatal(err)
	}
	var file map[string]any
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	return file
}

func encode(t *testing.T, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// sealedAegis encrypts the sample by the description of the format: one key, held by each slot.
func sealedAegis(t *testing.T, password string, n int) []byte {
	t.Helper()
	file := plainFile(t, "aegis.json")
	master := []byte("0123456789abcdef0123456789abcdef")
	salt := []byte("salt")
	derived, err := scrypt.Key([]byte(password), salt, 16, 8, 1, 32)
	if err != nil {
		t.Fatal(err)
	}
	slot := func(kind int, sealed []byte) map[string]any {
		return map[string]any{
			"type": kind, "uuid": "x", "n": n, "r": 8, "p": 1, "salt": fmt.Sprintf("%x", salt), "key": fmt.Sprintf("%x", sealed[:32]),
			"key_params": map[string]any{"nonce": fmt.Sprintf("%x", testNonce), "tag": fmt.Sprintf("%x", sealed[32:])},
		}
	}
	content := gcm(t, master).Seal(nil, testNonce, encode(t, file["db"]), nil)
	end := len(content) - 16
	file["db"] = base64.StdEncoding.EncodeToString(content[:end])
	file["header"] = map[string]any{
		"slots":  []any{slot(2, make([]byte, 48)), slot(1, make([]byte, 48)), slot(1, gcm(t, derived).Seal(nil, testNonce, master, nil))},
		"params": map[string]any{"nonce": fmt.Sprintf("%x", testNonce), "tag": fmt.Sprintf("%x", content[end:])},
	}
	return encode(t, file)
}

func TestEncryptedAegis(t *testing.T) {
	t.Parallel()
	data := sealedAegis(t, "pässword", 16)
	got := transfertest.Read(t, "aegis.json", string(data), transfer.Options{Password: "pässword"})
	transfertest.Same(t, got, aegisWant())
	transfertest.SameProblems(t, got, aegisProblems()...)
	transfertest.Rejects(t, "aegis.json", data, "password", transfer.ErrWrongPassword)
	transfertest.Rejects(t, "aegis.json", data, "", transfer.ErrPasswordNeeded)
	transfertest.Rejects(t, "aegis.json", sealedAegis(t, "pässword", 1<<30), "pässword", transfer.ErrMalformed)
	changed := strings.Replace(string(data), `"db":"`, `"db":"AAAA`, 1)
	transfertest.Rejects(t, "aegis.json", []byte(changed), "pässword", transfer.ErrMalformed)
}

func twoFASWant() []item.Item {
	bank := codes("Bank", "anna@example.org", "otpauth://totp/Bank%20AG:anna@example.org?secret=JBSWY3DPEHPK3PXP&issuer=Bank%20AG", "Money")
	bank.Modified = time.UnixMilli(1704874073731)
	counter := codes("Counter", "", "otpauth://hotp/Counter:?secret=GEZDGNBVGY3TQOJQ&issuer=Counter&algorithm=SHA256&digits=8&counter=12")
	counter.Modified = time.UnixMilli(1704874073000)
	return []item.Item{bank, counter, codes("Steam", "gamer", "otpauth://totp/Steam:gamer?secret=GEZDGNBVGY3TQOJQ&issuer=Steam&encoder=steam")}
}

func Test2FAS(t *testing.T) {
	got := transfertest.Sample(t, "authenticators/2fas.2fas", "2fas")
	transfertest.Same(t, got, twoFASWant())
	transfertest.SameProblems(t, got)

	file := plainFile(t, "2fas.2fas")
	key, err := pbkdf2.Key(sha256.New, "pässword", []byte("salt"), 10_000, 32)
	if err != nil {
		t.Fatal(err)
	}
	var parts []string
	for _, part := range [][]byte{gcm(t, key).Seal(nil, testNonce, encode(t, file["services"]), nil), []byte("salt"), testNonce} {
		parts = append(parts, base64.StdEncoding.EncodeToString(part))
	}
	file["services"], file["servicesEncrypted"] = []any{}, strings.Join(parts, ":")
	data := encode(t, file)
	got = transfertest.Read(t, "2fas.2fas", string(data), transfer.Options{Password: "pässword"})
	transfertest.Same(t, got, twoFASWant())
	transfertest.Rejects(t, "2fas.2fas", data, "password", transfer.ErrWrongPassword)
	transfertest.Rejects(t, "2fas.2fas", data, "", transfer.ErrPasswordNeeded)
	file["servicesEncrypted"] = parts[0]
	transfertest.Rejects(t, "2fas.2fas", encode(t, file), "pässword", transfer.ErrTruncated)
}

func TestAndOTP(t *testing.T) {
	t.Parallel()
	want := []item.Item{
		codes("Bank", "anna", "otpauth://totp/Bank:anna?secret=JBSWY3DPEHPK3PXP&issuer=Bank", "money", "été"),
		codes("Old", "bob", "otpauth://hotp/Old:bob?secret=GEZDGNBVGY3TQOJQ&issuer=Old&algorithm=SHA512&digits=8&counter=3"),
		codes("Steam", "gamer", "otpauth://totp/Steam:gamer?secret=GEZDGNBVGY3TQOJQ&issuer=Steam&encoder=steam"),
	}
	got := transfertest.Sample(t, "authenticators/andotp.json", "andotp")
	transfertest.Same(t, got, want)
	transfertest.SameProblems(t, got)

	plain, err := os.ReadFile(transfertest.Testdata("authenticators/andotp.json"))
	if err != nil {
		t.Fatal(err)
	}
	hashed := sha256.Sum256([]byte("pässword"))
	old := gcm(t, hashed[:]).Seal(testNonce, testNonce, plain, nil)
	prefix := append(binary.BigEndian.AppendUint32(nil, 1000), "twelve bytes"...)
	key, err := pbkdf2.Key(sha1.New, "pässword", prefix[4:], 1000, 32)
	if err != nil {
		t.Fatal(err)
	}
	newer := append(prefix, gcm(t, key).Seal(append([]byte(nil), testNonce...), testNonce, plain, nil)...)
	for name, data := range map[string][]byte{"old": old, "new": newer} {
		got := transfertest.Read(t, name+".json.aes", string(data), transfer.Options{Password: "pässword"})
		transfertest.Same(t, got, want)
		transfertest.Rejects(t, name+".json.aes", data, "password", transfer.ErrWrongPassword)
		transfertest.Rejects(t, name+".json.aes", data, "", transfer.ErrPasswordNeeded)
		transfertest.Rejects(t, name+".json.aes", data[:20], "pässword", transfer.ErrTruncated)
	}
}

func TestProtonAuthenticator(t *testing.T) {
	t.Parallel()
	bank := codes("Bank", "anna", "otpauth://totp/Bank:anna?secret=JBSWY3DPEHPK3PXP&issuer=Bank&algorithm=SHA1&digits=6&period=30")
	bank.Notes = "by post"
	want := []item.Item{bank, codes("Games", "Games", "steam://JBSWY3DPEHPK3PXP"), {
		Title: "Shop", Username: "Shop", Fields: []item.Field{transfertest.Hidden("One-time code", "otpauth://totp/Shop?secret=1"), transfertest.Text("Pinned", "true")},
	}}
	problem := transfer.Problem{Row: 3, Title: "Shop", Code: parcel.UnsupportedKey}
	got := transfertest.Sample(t, "authenticators/proton.json", "proton-authenticator")
	transfertest.Same(t, got, want)
	transfertest.SameProblems(t, got, problem)

	plain, err := os.ReadFile(transfertest.Testdata("authenticators/proton.json"))
	if err != nil {
		t.Fatal(err)
	}
	salt := []byte("sixteen bytes...")
	key := argon2.IDKey([]byte("pässword"), salt, 2, 19*1024, 1, 32)
	content := gcm(t, key).Seal(append([]byte(nil), testNonce...), testNonce, plain, []byte("proton.authenticator.export.v1"))
	sealed := func(salt, content []byte) []byte {
		return fmt.Appendf(nil, `{"version":1,"salt":%q,"content":%q}`, base64.StdEncoding.EncodeToString(salt), base64.StdEncoding.EncodeToString(content))
	}
	got = transfertest.Read(t, "sealed.json", string(sealed(salt, content)), transfer.Options{Password: "pässword"})
	transfertest.Same(t, got, want)
	transfertest.SameProblems(t, got, problem)
	transfertest.Rejects(t, "sealed.json", sealed(salt, content), "password", transfer.ErrWrongPassword)
	transfertest.Rejects(t, "sealed.json", sealed(salt, content), "", transfer.ErrPasswordNeeded)
	transfertest.Rejects(t, "sealed.json", sealed(salt, content[:5]), "pässword", transfer.ErrTruncated)
	transfertest.Rejects(t, "sealed.json", []byte(`{"version":1,"salt":"?","content":"?"}`), "pässword", transfer.ErrMalformed)
}

func TestOTPAuthURLs(t *testing.T) {
	t.Parallel()
	got := transfertest.Sample(t, "authenticators/otpauth.txt", "otpauth")
	transfertest.Same(t, got, []item.Item{
		codes("Bank", "anna", "otpauth://totp/Bank%3Aanna?secret=JBSWY3DPEHPK3PXP&issuer=Bank"),
		codes("Example", "anna@ex.org", "otpauth://totp/Example:anna@ex.org?secret=JBSWY3DPEHPK3PXP&issuer=Example"),
		codes("bob", "bob", "otpauth://hotp/bob?secret=GEZDGNBVGY3TQOJQ&algorithm=SHA256&digits=8&counter=7"),
		{Title: "x", Username: "x", Fields: []item.Field{transfertest.Hidden("One-time code", "otpauth://totp/x?secret=1")}},
	})
	transfertest.SameProblems(t, got,
		transfer.Problem{Row: 4, Code: parcel.InvalidOTPAuthURL},
		transfer.Problem{Row: 5, Code: parcel.InvalidMigrationURL},
		transfer.Problem{Row: 6, Title: "x", Code: parcel.UnsupportedKey})
}

// Lists of URLs as people write them: with comments, in quotes, several on a line.
func TestListsOfOTPAuthURLs(t *testing.T) {
	t.Parallel()
	const bank, shop = "otpauth://totp/Bank:anna?secret=JBSWY3DPEHPK3PXP", "otpauth://totp/Shop:bob?secret=GEZDGNBVGY3TQOJQ&digits=10"
	want := []item.Item{codes("Bank", "anna", bank), codes("Shop", "bob", shop)}
	for _, data := range []string{
		bank + "\r\n" + shop + "\r\n", "\ufeff# saved in 2024\n\n" + bank + "\n#\n" + shop, bank + " \t" + shop, `"` + bank + `"` + "\n'" + shop + "'\n", transfertest.UTF16LE(bank + "\n" + shop),
		"\u200b" + bank + "\u00a0\r" + shop,
	} {
		got := transfertest.Read(t, "x.txt", data, transfer.Options{})
		transfertest.Same(t, got, want)
		transfertest.SameProblems(t, got)
	}
	const motp, many, steam = "otpauth://motp/M:anna?secret=abcd&pin=12", "otpauth://totp/T?secret=JBSWY3DPEHPK3PXP&digits=12", "steam://JBSWY3DPEHPK3PXP"
	got := transfertest.Read(t, "x.txt", motp+"\n"+many+"\n"+steam+"\n", transfer.Options{})
	transfertest.Same(t, got, []item.Item{
		{Title: "M", Username: "anna", Fields: []item.Field{transfertest.Hidden("One-time code", motp)}},
		{Title: "T", Username: "T", Fields: []item.Field{transfertest.Hidden("One-time code", many)}}, codes("Steam", "", steam),
	})
	transfertest.SameProblems(t, got, transfer.Problem{Row: 1, Title: "M", Code: parcel.UnsupportedKey},
		transfer.Problem{Row: 2, Title: "T", Code: parcel.UnsupportedKey})
}

// An authenticator key is hidden wherever the file has it.
func TestAuthenticatorKeysInOtherPlaces(t *testing.T) {
	t.Parallel()
	const first, second = "otpauth://totp/a?secret=JBSWY3DPEHPK3PXP", "OTPAUTH://totp/b?secret=GEZDGNBV"
	got := transfertest.Read(t, "x.csv", "name,url,username,password\nBank,"+first+",anna,pw\n", transfer.Options{})
	transfertest.Same(t, got, []item.Item{{Title: "Bank", Username: "anna", Password: "pw", TOTP: first}})
	got = transfertest.Read(t, "x.csv", "Title,URL,Website,Password,Thing\nBank,"+first+","+second+",pw,"+second+"\n", transfer.Options{})
	transfertest.Same(t, got, []item.Item{{Title: "Bank", Password: "pw", TOTP: first, Fields: []item.Field{transfertest.Hidden("Thing", second), transfertest.Hidden("One-time code", second)}}})
}
