package transfer_test

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/transfer"
	"github.com/vaultsphere/vaultsphere/internal/testenv/transfertest"
)

// A truncated file is rejected, wherever it ends, if its format marks its end.
func TestTruncatedJSONAndZIPAreRejected(t *testing.T) {
	t.Parallel()
	files := map[string][]byte{
		"bitwarden.json": []byte(`{"encrypted":false,"folders":[{"id":"f","name":"F"}],"items":[{"type":1,"name":"a","login":{"uris":[{"uri":"https://a.example"}],"password":"p"}}]}`),
		"proton.json":    []byte(`{"version":"1.21.2","vaults":{"v":{"name":"V","items":[{"data":{"type":"note","metadata":{"name":"n","note":"x"},"content":{}},"state":1}]}}}`),
		"bitwarden.zip":  transfertest.ZIPOf(t, transfertest.Testdata("bitwarden/attachments.zip")),
		"dashlane.zip":   transfertest.ZIPOf(t, transfertest.Testdata("dashlane/export.zip")),
		"proton.zip":     transfertest.ZIPOf(t, transfertest.Testdata("proton/export.zip")),
		"export.1pux":    transfertest.ZIPOf(t, transfertest.Testdata("onepassword/full.1pux")),
		"protected.json": []byte(strings.TrimSpace(transfertest.ProtectedExport(t, "pbkdf2"))),
	}
	for _, name := range []string{
		"authenticators/aegis.json", "authenticators/2fas.2fas", "authenticators/andotp.json", "enpass/export.json", "keeper/export.json", "psono/export.json",
	} {
		data, err := os.ReadFile(transfertest.Testdata(name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = bytes.TrimSpace(data)
	}
	for name, data := range files {
		o := transfer.Options{Password: transfertest.ExportPassword}
		if _, err := transfer.Read(transfer.File{Name: name, Data: data}, o); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for end := range data {
			if got, err := transfer.Read(transfer.File{Name: name, Data: data[:end]}, o); err == nil {
				t.Errorf("%s with %d of %d bytes is accepted: %d items, problems %v", name, end, len(data), len(got.Items), got.Problems)
			}
		}
	}
}

// A table does not mark its end. Whole rows are imported as from the whole file, and only the last can be cut.
func TestTruncatedTablesKeepWholeRows(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"bitwarden/individual.csv", "onepassword/current.csv", "lastpass/export.csv", "dashlane/otpurl.csv", "browsers/chrome.csv",
		"browsers/firefox.csv", "browsers/safari.csv", "proton/export.csv", "nordpass/export.csv", "roboform/export.csv",
		"keepass/keepass1.csv", "keepass/keepassxc.csv", "passbolt/kdbx.csv", "strongbox/export.csv", "aliasvault/export.csv", "dropbox/export.csv",
		"enpass/export.csv", "keeper/keeper.csv",
	} {
		data, err := os.ReadFile(transfertest.Testdata(name))
		if err != nil {
			t.Fatal(err)
		}
		format := transfertest.Read(t, name, string(data), transfer.Options{}).Format
		header := strings.IndexByte(string(data), '\n') + 1
		whole := transfertest.Read(t, name, string(data), transfer.Options{Format: format}).Items
		for end := header; end < len(data); end++ {
			got, err := transfer.Read(transfer.File{Name: name, Data: data[:end]}, transfer.Options{Format: format})
			if errors.Is(err, transfer.ErrTruncated) {
				continue // inside a character
			} else if err != nil {
				t.Fatalf("%s with %d bytes: %v", name, end, err)
			}
			for i, have := range got.Items {
				if err := have.Item.Validate(); err != nil {
					t.Fatalf("%s with %d bytes: %v", name, end, err)
				}
				last := i == len(got.Items)-1
				if !last && !have.Item.Equal(whole[i].Item) {
					t.Fatalf("%s with %d bytes: item %d is %+v, want %+v", name, end, i, have.Item, whole[i].Item)
				}
			}
		}
	}
}
