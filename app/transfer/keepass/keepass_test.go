package keepass_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tobischo/gokeepasslib/v3"
	"github.com/tobischo/gokeepasslib/v3/wrappers"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer"
	"github.com/vaultsphere/vaultsphere/internal/testenv/transfertest"
)

var (
	keepassMade    = time.Date(2021, 3, 4, 5, 6, 7, 0, time.UTC)
	keepassChanged = time.Date(2024, 2, 29, 23, 59, 58, 0, time.UTC)
	keepassMoved   = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
)

func kpTime(t time.Time) *wrappers.TimeWrapper { return &wrappers.TimeWrapper{Time: t} }

// kpEntry makes an entry from pairs of names and values. A name with a leading asterisk is protected.
func kpEntry(strs ...string) gokeepasslib.Entry {
	e := gokeepasslib.NewEntry()
	e.Times.CreationTime, e.Times.LastModificationTime = kpTime(keepassMade), kpTime(keepassChanged)
	e.Times.LocationChanged = kpTime(keepassMoved)
	for i := 0; i < len(strs); i += 2 {
		name, protected := strings.CutPrefix(strs[i], "*")
		e.Values = append(e.Values, gokeepasslib.ValueData{Key: name, Value: gokeepasslib.V{
			Content: strs[i+1], Protected: wrappers.NewBoolWrapper(protected),
		}})
	}
	return e
}

func kpGroup(name string, entries ...gokeepasslib.Entry) gokeepasslib.Group {
	g := gokeepasslib.NewGroup()
	g.Name, g.Entries = name, entries
	return g
}

// kpAttach repairs attachments that gokeepasslib writes in version 3.1: it drops the end of their base64.
func kpAttach(t *testing.T, db *gokeepasslib.Database, content string) gokeepasslib.Binary {
	t.Helper()
	added := db.AddBinary([]byte(content))
	if !db.Header.IsKdbx4() {
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		if _, err := z.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		added.Content = []byte(base64.StdEncoding.EncodeToString(packed.Bytes()))
	}
	return *added
}

// kpDatabase is the same in every version: groups, the recycle bin, and every spelling of the parts of an item.
func kpDatabase(t *testing.T, options ...gokeepasslib.DatabaseOption) *gokeepasslib.Database {
	t.Helper()
	db := gokeepasslib.NewDatabase(options...)
	bank := kpEntry("Title", "Bank <north> & \"south\"", "UserName", "anna@example.org", "*Password", "pä ss<&>\"'",
		"URL", "https://bank.example/?a=1&b=2", "Notes", "line one\r\nline two 😀", "KP2A_URL", "https://bank.example.com", "KP2A_URL_1", "https://pay.example",
		"AndroidApp", "com.example.bank", "*PIN", "0042", "Branch", "Main St", "*otp", "otpauth://totp/Bank:anna?secret=JBSWY3DPEHPK3PXP&issuer=Bank", "Empty", "")
	bank.Tags = "money;Favorite;été"
	bank.Times.Expires = wrappers.NewBoolWrapper(true)
	bank.Times.ExpiryTime = kpTime(time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC))
	bank.OverrideURL = "cmd://firefox {URL}"
	older, old := kpEntry("Title", "Bank", "*Password", "first"), kpEntry("Title", "Bank", "*Password", "second")
	renamed := kpEntry("Title", "The Bank", "*Password", "second")
	older.Times.LastModificationTime = kpTime(keepassMade)
	old.Times.LastModificationTime = kpTime(keepassMade.AddDate(1, 0, 0))
	renamed.Times.LastModificationTime = kpTime(keepassMade.AddDate(2, 0, 0))
	bank.Histories = []gokeepasslib.History{{Entries: []gokeepasslib.Entry{older, old, renamed}}}
	bank.Binaries = []gokeepasslib.BinaryReference{
		kpAttach(t, db, "dGV4dA==").CreateReference("looks like base64.txt"), kpAttach(t, db, "\x00\x01\x02\xff").CreateReference("bild.png"),
	}

	uuid := fmt.Sprintf("%X", bank.UUID[:])
	root := kpGroup("My database", bank,
		kpEntry("Title", "Reference", "UserName", "{REF:U@I:"+uuid+"}", "*Password", "{REF:P@I:"+uuid+"}", "Other", "{REF:P@I:00}"),
		kpEntry("Title", "Seed", "UserName", "u", "*TOTP Seed", "jbsw y3dp", "TOTP Settings", "60;8;https://time.example"),
		kpEntry("Title", "Steam", "UserName", "u", "*TOTP Seed", "JBSWY3DP", "TOTP Settings", "30;S"),
		kpEntry("Title", "KeePass", "UserName", "u", "*TimeOtp-Secret-Hex", "48656c6c6f", "TimeOtp-Algorithm", "HMAC-SHA-256", "TimeOtp-Length", "8", "TimeOtp-Period", "60"),
		kpEntry("Title", "Counter", "UserName", "u", "*HmacOtp-Secret-Base32", "JBSWY3DP", "HmacOtp-Counter", "7"),
		kpEntry("Title", "KeeOtp", "UserName", "u", "*otp", "key=JBSWY3DP&size=8&step=60"),
	)
	mail := kpGroup("Mail", kpEntry("Title", "Only a note", "UserName", "", "*Password", "", "URL", "", "Notes", "remember"))
	mail.Groups = []gokeepasslib.Group{kpGroup("Work", kpEntry("UserName", "w", "*Password", "x", "URL", "https://mail.example"))}
	mail.Notes = "about mail"
	bin := kpGroup("Recycle Bin", kpEntry("Title", "Gone", "UserName", "g"))
	root.Groups = []gokeepasslib.Group{mail, bin}
	db.Content.Meta.RecycleBinEnabled, db.Content.Meta.RecycleBinUUID = wrappers.NewBoolWrapper(true), bin.UUID
	db.Content.Root.Groups = []gokeepasslib.Group{root}
	return db
}

func kpWant() []item.Item {
	login := func(it item.Item) item.Item {
		it.Type, it.Created, it.Modified = item.TypeLogin, keepassMade, keepassChanged
		return it
	}
	note := login(item.Item{Title: "Only a note", Notes: "remember", Tags: []string{"Mail"}})
	note.Type = item.TypeNote
	return []item.Item{
		login(item.Item{
			Title: "Bank <north> & \"south\"", Username: "anna@example.org", Password: "pä ss<&>\"'", Favourite: true, Tags: []string{"money", "été"},
			URLs:  []string{"https://bank.example/?a=1&b=2", "https://bank.example.com", "https://pay.example", "androidapp://com.example.bank"},
			Notes: "line one\nline two 😀", TOTP: "otpauth://totp/Bank:anna?secret=JBSWY3DPEHPK3PXP&issuer=Bank",
			Fields: []item.Field{{Name: "PIN", Value: "0042", Kind: item.FieldHidden}, {Name: "Branch", Value: "Main St"},
				{Name: "Expires", Value: "2030-01-02T03:04:05Z"}, {Name: "Override URL", Value: "cmd://firefox {URL}"}},
			PasswordHistory: []item.OldPassword{{Password: "second", Until: keepassChanged}, {Password: "first", Until: keepassMade.AddDate(1, 0, 0)}},
		}),
		login(item.Item{Title: "Reference", Username: "anna@example.org", Password: "pä ss<&>\"'", Fields: []item.Field{{Name: "Other", Value: "{REF:P@I:00}"}}}),
		login(item.Item{Title: "Seed", Username: "u", TOTP: "otpauth://totp/?secret=jbsw%20y3dp&digits=8&period=60"}),
		login(item.Item{Title: "Steam", Username: "u", TOTP: "otpauth://totp/?secret=JBSWY3DP&encoder=steam"}),
		login(item.Item{Title: "KeePass", Username: "u", TOTP: "otpauth://totp/?secret=JBSWY3DP&algorithm=SHA256&digits=8&period=60"}),
		login(item.Item{Title: "Counter", Username: "u", TOTP: "otpauth://hotp/Counter:u?secret=JBSWY3DP&issuer=Counter&counter=7"}),
		login(item.Item{Title: "KeeOtp", Username: "u", TOTP: "otpauth://totp/?secret=JBSWY3DP&digits=8&period=60"}),
		{Type: item.TypeNote, Title: "Mail", Notes: "about mail", Tags: []string{"Mail"}},
		note,
		login(item.Item{Title: "mail.example", Username: "w", Password: "x", URLs: []string{"https://mail.example"}, Tags: []string{"Mail/Work"}}),
		login(item.Item{Title: "Gone", Username: "g", Trashed: keepassMoved}),
	}
}

func TestKeepassXML(t *testing.T) {
	t.Parallel()
	want := kpXMLWant()
	got := transfertest.Sample(t, "keepass/keepass2.xml", "keepass-xml")
	transfertest.Same(t, got, want)
	transfertest.SameProblems(t, got)
	files := got.Items[0].Files
	if len(files) != 2 || files[0].Name != "hello.txt" || string(files[0].Data) != "hello" || string(files[1].Data) != "\x00\x01\x02\xff" {
		t.Errorf("files %q", files)
	}
	data, err := os.ReadFile(transfertest.Testdata("keepass/keepass2.xml"))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"UTF-16": transfertest.UTF16LE(string(data)), "with a mark": "\ufeff" + string(data)} {
		got := transfertest.Read(t, "x.xml", text, transfer.Options{})
		if len(got.Items) != len(want) || !got.Items[0].Item.Equal(want[0].Normalise()) {
			t.Errorf("%s: %+v", name, got.Items)
		}
	}
}

func kpXMLWant() []item.Item {
	return []item.Item{
		{
			Type: item.TypeLogin, Title: "Bank", Username: "anna@example.org", Password: `p<ä> "s&s'`, Tags: []string{"money", "été"},
			URLs: []string{"https://bank.example/?a=1&b=2"}, Notes: "line one\n\"line\", two 😀", Created: keepassMade, Modified: keepassChanged,
			Fields: []item.Field{{Name: "PIN", Value: "0042", Kind: item.FieldHidden}, {Name: "Branch", Value: "Main St, 1"},
				{Name: "Auto-Type", Value: "{PASSWORD}{ENTER}"}},
			PasswordHistory: []item.OldPassword{{Password: "older", Until: keepassChanged}},
		},
		{Type: item.TypeNote, Title: "Mail", Notes: "about mail", Tags: []string{"Mail"}},
		{
			Type: item.TypeLogin, Title: "mail.example", Password: "x", URLs: []string{"https://mail.example"}, Tags: []string{"Mail/Work"},
			TOTP: "JBSWY3DPEHPK3PXP",
		},
		{
			Type: item.TypeLogin, Title: "Gone", Username: "anna@example.org", Modified: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC),
			Trashed: keepassMoved,
		},
	}
}

// KeePassXC 2.7.4 wrote both files: one from the XML above, by keepassxc-cli import; the other is an export of VaultSphere
// in which it changed the username and the notes of an entry.
func TestKeePassXCFiles(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(transfertest.Testdata("keepass/keepassxc-3.1.kdbx"))
	if err != nil {
		t.Fatal(err)
	}
	got := transfertest.Read(t, "keepassxc-3.1.kdbx", string(data), transfer.Options{Password: "password"})
	want := kpXMLWant()
	for i := range got.Items { // KeePassXC adds missing times and sorts the strings
		it := &got.Items[i].Item
		if i > 0 {
			it.Created, it.Modified = want[i].Created, want[i].Modified
		}
		slices.SortFunc(it.Fields, func(a, b item.Field) int { return strings.Compare(b.Name, a.Name) })
	}
	want[0].Fields = []item.Field{want[0].Fields[0], want[0].Fields[1], want[0].Fields[2]}
	transfertest.Same(t, got, want)

	data, err = os.ReadFile(transfertest.Testdata("keepass/keepassxc-4.kdbx"))
	if err != nil {
		t.Fatal(err)
	}
	got = transfertest.Read(t, "keepassxc-4.kdbx", string(data), transfer.Options{Password: "secret"})
	made := time.UnixMilli(1700000000123).UTC()
	edited := time.Date(2026, 11, 25, 8, 41, 49, 0, time.UTC)
	transfertest.Same(t, got, []item.Item{
		{
			Type: item.TypeLogin, Title: "Bank", Username: "bob", Password: "p<&>\x01w", Favourite: true, Tags: []string{"a b", "money"},
			URLs: []string{"https://a.example", "https://b.example"}, Notes: "edited", TOTP: "jbsw y3dp ehpk 3pxp", Created: made, Modified: edited,
			Fields:          []item.Field{{Name: "Title", Value: "x"}, {Name: "Title", Value: "true", Kind: item.FieldBoolean}, {Name: "pin", Value: "1", Kind: item.FieldHidden}},
			PasswordHistory: []item.OldPassword{{Password: "old2", Until: made.Truncate(time.Second).Add(time.Hour)}, {Password: "old1", Until: made.Truncate(time.Second)}},
		},
		{
			Type: item.TypeCard, Title: "Visa", Card: &item.Card{Number: "4111", Holder: "Anna", ExpiryMonth: "3"}, TOTP: "steam://JBSWY3DP",
			Created: edited, Modified: made, Trashed: made,
		},
	})
}

func TestMalformedKeePassXMLIsRejected(t *testing.T) {
	t.Parallel()
	whole, err := os.ReadFile(transfertest.Testdata("keepass/keepass2.xml"))
	if err != nil {
		t.Fatal(err)
	}
	whole = bytes.TrimSpace(whole)
	o := transfer.Options{Format: "keepass-xml"}
	for n := bytes.Index(whole, []byte("<Meta>")); n < len(whole); n++ {
		if _, err := transfer.Read(transfer.File{Data: whole[:n]}, o); err == nil {
			t.Errorf("%d of %d bytes were accepted", n, len(whole))
		}
	}
	for name, c := range map[string]struct {
		data string
		want error
	}{
		"deep groups":        {"<KeePassFile><Root>" + strings.Repeat("<Group>", 100_000), transfer.ErrTooLarge},
		"deep and protected": {"<KeePassFile><Meta>" + strings.Repeat(`<a Protected="True">`, 100_000), transfer.ErrTooLarge},
		"not base64":         {`<KeePassFile><Meta><Binaries><Binary ID="0">%</Binary></Binaries></Meta></KeePassFile>`, transfer.ErrMalformed},
		"another end":        {`<KeePassFile><Root></KeePassFile>`, transfer.ErrMalformed},
		"an entity":          {`<KeePassFile><Root>&a;</Root></KeePassFile>`, transfer.ErrMalformed},
	} {
		if _, err := transfer.Read(transfer.File{Data: []byte(c.data)}, o); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}
