package authenticators_test

import (
	"encoding/base64"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer"
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
	"github.com/vaultsphere/vaultsphere/internal/testenv/transfertest"
)

func enteWant() []item.Item {
	bank := codes("Bank AG", "anna@example.org", "otpauth://totp/Bank%20AG:anna@example.org?secret=JBSWY3DPEHPK3PXP&issuer=Bank+AG&algorithm=SHA1&digits=6&period=30", "Money", "Home")
	bank.Favourite, bank.Notes = true, "Call first."
	steam := codes("Steam", "mia", "otpauth://steam/Steam:mia?secret=GEZDGNBVGY3TQOJQ&issuer=Steam&algorithm=SHA1&digits=5&period=30")
	steam.Fields = []item.Field{transfertest.Text("Shape", "round")}
	return []item.Item{
		bank,
		codes("Post", "mia", "otpauth://totp/Post:mia?secret=GEZDGNBVGY3TQOJQ&issuer=Post&algorithm=SHA256&digits=8&period=60", "Trash"),
		steam,
		codes("Old", "mia", "otpauth://totp/Old:mia?secret=JBSWY3DPEHPK3PXP&issuer=Old"),
	}
}

const entePassword = "corréct horse" // of testdata/authenticators/ente.py

func TestEnteAuth(t *testing.T) {
	t.Parallel()
	got := transfertest.Sample(t, "authenticators/ente.txt", "otpauth")
	transfertest.Same(t, got, enteWant())
	transfertest.SameProblems(t, got)
	data, err := os.ReadFile(transfertest.Testdata("authenticators/ente-encrypted.json"))
	if err != nil {
		t.Fatal(err)
	}
	got = transfertest.Read(t, "ente-auth.txt", string(data), transfer.Options{Password: entePassword})
	transfertest.Same(t, got, enteWant())
	if got.Format != "ente-auth" {
		t.Errorf("detected as %s", got.Format)
	}
}

func TestEnteAuthRejects(t *testing.T) {
	t.Parallel()
	changed := func(change func(file map[string]any)) []byte {
		file := plainFile(t, "ente-encrypted.json")
		change(file)
		return encode(t, file)
	}
	kdf := func(name string, value any) []byte {
		return changed(func(file map[string]any) { file["kdfParams"].(map[string]any)[name] = value })
	}
	whole := changed(func(map[string]any) {})
	for _, c := range []struct {
		name, password string
		data           []byte
		want           error
	}{
		{"wrong password", "correct horse", whole, transfer.ErrWrongPassword},
		{"no password", "", whole, transfer.ErrPasswordNeeded},
		{"another version", entePassword, changed(func(file map[string]any) { file["version"] = 2 }), transfer.ErrUnknownFormat},
		{"no memory", entePassword, kdf("memLimit", 0), transfer.ErrMalformed},
		{"too much memory", entePassword, kdf("memLimit", 2<<30), transfer.ErrMalformed},
		{"no passes", entePassword, kdf("opsLimit", 0), transfer.ErrMalformed},
		{"too much time", entePassword, kdf("opsLimit", 1<<40), transfer.ErrMalformed},
		{"no salt", entePassword, kdf("salt", ""), transfer.ErrMalformed},
		{"not base64", entePassword, changed(func(file map[string]any) { file["encryptedData"] = "?" }), transfer.ErrMalformed},
		{"cut content", entePassword, changed(func(file map[string]any) { file["encryptedData"] = file["encryptedData"].(string)[:8] }), transfer.ErrWrongPassword},
		{"short nonce", entePassword, changed(func(file map[string]any) { file["encryptionNonce"] = "AAAA" }), transfer.ErrWrongPassword},
		{"truncated", entePassword, whole[:len(whole)-1], transfer.ErrTruncated},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			transfertest.Rejects(t, "ente.txt", c.data, c.password, c.want)
		})
	}
}

func TestFreeOTPPlus(t *testing.T) {
	t.Parallel()
	got := transfertest.Sample(t, "authenticators/freeotp-plus.json", "freeotp-plus")
	post := codes("My post", "mia at home", "otpauth://hotp/My%20post:mia%20at%20home?secret=JBSWY3DPEHPK3PXP&issuer=My%20post&algorithm=SHA256&digits=8&counter=9")
	post.Fields = []item.Field{
		transfertest.Text("Issuer ext", "Post"), transfertest.Text("Issuer int", "Post AG"), transfertest.Text("Label", "mia"),
		transfertest.Hidden("Token color", "blue"),
	}
	broken := codes("broken", "broken", "")
	broken.Fields = []item.Field{transfertest.Hidden("Secret 1", "72"), transfertest.Hidden("Secret 2", "300")}
	transfertest.Same(t, got, []item.Item{codes("Bank", "anna", "otpauth://totp/Bank:anna?secret=JBSWY3DPEHPK3PXP&issuer=Bank"), post, broken})
	transfertest.SameProblems(t, got, transfer.Problem{Row: 3, Title: "broken", Code: parcel.NoKey})
}

func TestLastPassAuthenticator(t *testing.T) {
	t.Parallel()
	got := transfertest.Sample(t, "authenticators/lastpass.json", "lastpass-authenticator")
	bank := codes("Bank", "anna", "otpauth://totp/Bank:anna?secret=JBSWY3DPEHPK3PXP&issuer=Bank")
	bank.Favourite, bank.Created = true, transfertest.Time("2023-11-14T22:13:20.123Z")
	bank.Fields = []item.Field{transfertest.Text("Original issuer name", "Bank AG")}
	mia := codes("mia", "mia", "otpauth://totp/mia?secret=GEZDGNBVGY3TQOJQ&algorithm=SHA256&digits=8&period=60", "Work")
	mia.Created = transfertest.Time("2023-11-14T22:13:20Z")
	mia.Fields = []item.Field{transfertest.Text("Backup code", "4711")}
	transfertest.Same(t, got, []item.Item{bank, mia})
	transfertest.SameProblems(t, got)
}

func TestStratum(t *testing.T) {
	t.Parallel()
	got := transfertest.Sample(t, "authenticators/stratum.json", "stratum")
	mobile := codes("Old", "mia", "")
	mobile.Fields = []item.Field{transfertest.Hidden("One-time code", "otpauth://3/Old:mia?secret=abcd&issuer=Old&period=10"), transfertest.Hidden("PIN", "1234")}
	transfertest.Same(t, got, []item.Item{
		codes("Bank", "anna", "otpauth://totp/Bank:anna?secret=JBSWY3DPEHPK3PXP&issuer=Bank", "Money"),
		codes("Post", "mia", "otpauth://hotp/Post:mia?secret=GEZDGNBVGY3TQOJQ&issuer=Post&algorithm=SHA256&digits=8&counter=7"), mobile,
	})
	transfertest.SameProblems(t, got, transfer.Problem{Row: 3, Title: "Old", Code: parcel.UnsupportedKey})
}

func TestTruncatedBackupsAreRejected(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"freeotp-plus.json", "lastpass.json", "stratum.json"} {
		data, err := os.ReadFile(transfertest.Testdata("authenticators/" + name))
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range []int{len(data) / 3, len(data) / 2, len(data) - 3} {
			transfertest.Rejects(t, name, data[:n], "", transfer.ErrTruncated)
		}
	}
}

// Every name is in its item, and no item is lost.
func FuzzBackupsLoseNothing(f *testing.F) {
	f.Add("Bank", "anna", "note", uint8(72))
	f.Add("a:b?secret=&", "%41+ü", "\x00\n", uint8(255))
	f.Fuzz(func(t *testing.T, issuer, account, note string, key byte) {
		issuer, account, note = strings.ToValidUTF8(issuer, ""), strings.ToValidUTF8(account, ""), strings.ToValidUTF8(note, "")
		if account == "" || len(issuer)+len(account)+len(note) > 500 || strings.TrimSpace(note) != note {
			return
		}
		display := encode(t, map[string]any{"note": note, "tags": []string{}})
		secret := []int{int(int8(key)), 1, 2, 3, 4, 5, 6, 7, 8, 9} //nolint:gosec // as the file has it
		for name, data := range map[string][]byte{
			"ente.txt": []byte("otpauth://totp/x:" + url.PathEscape(account) + "?secret=JBSWY3DPEHPK3PXP&issuer=x&codeDisplay=" + url.QueryEscape(string(display))),
			"freeotp.json": encode(t, map[string]any{"tokens": []any{map[string]any{
				"algo": "SHA1", "digits": 6, "issuerExt": issuer, "label": account, "secret": secret, "type": "TOTP", "note": note,
			}}}),
			"stratum.json": encode(t, map[string]any{"Authenticators": []any{map[string]any{
				"Type": 2, "Issuer": issuer, "Username": account, "Secret": "JBSWY3DPEHPK3PXP", "Digits": 6, "Period": 30, "Algorithm": 0, "note": note,
			}}}),
			"lastpass.json": encode(t, map[string]any{"accounts": []any{map[string]any{
				"issuerName": issuer, "userName": account, "secret": "JBSWY3DPEHPK3PXP", "timeStep": 30, "note": note,
			}}}),
		} {
			got := transfertest.Read(t, name, string(data), transfer.Options{})
			if len(got.Items) != 1 {
				t.Fatalf("%s: %d items, problems %+v", name, len(got.Items), got.Problems)
			}
			it := got.Items[0].Item
			text := it.Title + it.Username + it.Notes
			for _, f := range it.Fields {
				text += f.Value
			}
			for _, value := range []string{account, note} {
				if !strings.Contains(transfertest.Letters(text), transfertest.Letters(value)) {
					t.Errorf("%s: %q is not in %q", name, value, text)
				}
			}
			if name == "freeotp.json" && got.Items[0].Item.TOTP == "" {
				t.Errorf("the key %v is lost: %+v", secret, got.Problems)
			}
		}
	})
}

// A change of any encrypted byte is detected.
func TestChangedEnteAuthIsRejected(t *testing.T) {
	t.Parallel()
	file := plainFile(t, "ente-encrypted.json")
	sealed, err := base64.StdEncoding.DecodeString(file["encryptedData"].(string))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(sealed); i += 97 {
		changed := slices.Clone(sealed)
		changed[i] ^= 1
		file["encryptedData"] = base64.StdEncoding.EncodeToString(changed)
		transfertest.Rejects(t, "ente.txt", encode(t, file), entePassword, transfer.ErrWrongPassword)
	}
}
