package keepass_test

import (
	"errors"
	"os"
	"slices"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer"
	"github.com/vaultsphere/vaultsphere/app/transfer/keepass"
	"github.com/vaultsphere/vaultsphere/internal/testenv/transfertest"
)

// kdbxTraps are values that KeePass interprets: names, tags, references, spellings of authenticator keys.
func kdbxTraps() []transfer.Exported {
	var fields []item.Field
	for _, name := range []string{"", "Title", "Password", "otp", "TOTP Seed", "KP2A_URL", "KP2A_URL_1", "AndroidApp", "Card number", "a", "a (2)", "a", "\uFFFE"} {
		fields = append(fields, item.Field{Name: name, Value: "\uFFFE{REF:P@I:00}"}, item.Field{Name: name, Value: item.True, Kind: item.FieldBoolean})
	}
	out := []transfer.Exported{
		{Item: item.Item{Title: "\uFFFFnames", Fields: fields, Card: &item.Card{Number: "4111"}, Identity: &item.Identity{Title: "Dr"}}},
		{Item: item.Item{Title: "tags", Tags: []string{"a;b", "c,d", "Favorite", "Recycle Bin", "a/b", "\uFFFE"}, Username: "\uFFFE"}},
		{Item: item.Item{Title: "favourite", Favourite: true, URLs: []string{"a", "b", "c"}}},
		{Item: item.Item{Title: "files"}, Files: []transfer.Attached{{Name: "a.txt", Data: []byte("YQ==")}, {Name: "a.txt", Data: []byte("YQ==")}, {Name: "\uFFFE", Data: nil}}},
	}
	for _, totp := range []string{
		"jbsw y3dp-ehpk 3PXP", "JBSWY3DP====", "steam://JBSWY3DP", "Steam://a%20b", "otpauth://totp/x:y?secret=GEZDGNBV&digits=8",
		"otpauth://hotp/a?secret=JBSWY3DP&counter=3", "not a key", "key=abc",
	} {
		out = append(out, transfer.Exported{Item: item.Item{Title: "code", TOTP: totp, Username: "a:b?c"}})
	}
	for i := range out {
		out[i].Item = out[i].Item.Normalise()
	}
	return out
}

func TestKDBXRoundTrip(t *testing.T) {
	t.Parallel()
	out := append(kdbxTraps(), transfertest.HardItems(t, 11, 300)...)
	data, err := keepass.WriteCheapKDBX(out, "p ä ss")
	if err != nil {
		t.Fatal(err)
	}
	got := transfertest.Read(t, "out.kdbx", string(data), transfer.Options{Password: "p ä ss"})
	transfertest.OnlyKeys(t, got)
	inBin := func(x transfer.Exported) bool { return !x.Item.Trashed.IsZero() }
	out = append(slices.DeleteFunc(slices.Clone(out), inBin), slices.DeleteFunc(slices.Clone(out), func(x transfer.Exported) bool { return !inBin(x) })...)
	var want []item.Item
	for i, x := range out {
		want = append(want, x.Item)
		if i < len(got.Items) && !slices.EqualFunc(got.Items[i].Files, x.Files, transfertest.SameFile) {
			t.Errorf("item %d: files %q, want %q", i, got.Items[i].Files, x.Files)
		}
	}
	transfertest.Same(t, got, want)
}

// FuzzInsideKDBX covers what only someone with the password can alter: the inner header and the document.
func FuzzInsideKDBX(f *testing.F) {
	document, err := os.ReadFile(transfertest.Testdata("keepass/keepass2.xml"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add("\x01\x04\x00\x00\x00\x03\x00\x00\x00\x02\x03\x00\x00\x00key\x03\x06\x00\x00\x00\x01hello\x00\x00\x00\x00\x00" + string(document))
	f.Add("\x00\x00\x00\x00\x00<KeePassFile><Root><Group><Entry><Binary><Value Ref=\"0\"/></Binary><String><Value Protected=\"True\">AA==</Value></String></Entry></Group></Root></KeePassFile>")
	f.Fuzz(func(t *testing.T, plain string) {
		data, err := keepass.SealCheapKDBX([]byte(plain), "x")
		if err != nil {
			t.Fatal(err)
		}
		got, err := transfer.Read(transfer.File{Data: data}, transfer.Options{Password: "x"})
		switch {
		case errors.Is(err, transfer.ErrWrongPassword):
			t.Error("the password is right")
		case err == nil:
			for _, i := range got.Items {
				if err := i.Item.Validate(); err != nil {
					t.Error(err)
				}
			}
		}
	})
}

func TestKDBXIsOffered(t *testing.T) {
	t.Parallel()
	data, err := transfer.Write("kdbx", []transfer.Exported{{Item: item.Item{Title: "a", Password: "b"}.Normalise()}}, transfer.WriteOptions{Password: "c"})
	if err != nil {
		t.Fatal(err)
	}
	transfertest.Same(t, transfertest.Read(t, "x.kdbx", string(data), transfer.Options{Password: "c"}), []item.Item{{Title: "a", Password: "b"}})
}
