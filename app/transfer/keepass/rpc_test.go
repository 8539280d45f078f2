package keepass_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer"
	"github.com/vaultsphere/vaultsphere/internal/testenv/transfertest"
)

// kpXML returns a document with these entries.
func kpXML(entries ...string) string {
	return "<KeePassFile><Root><Group><Name>db</Name>" + strings.Join(entries, "") + "</Group></Root></KeePassFile>"
}

func kpXMLEntry(uuid byte, more string, strs ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "<Entry><UUID>%s</UUID>", base64.StdEncoding.EncodeToString([]byte(strings.Repeat(string(rune(uuid)), 16))))
	for i := 0; i < len(strs); i += 2 {
		fmt.Fprintf(&b, "<String><Key>%s</Key><Value>%s</Value></String>", strs[i], strs[i+1])
	}
	return b.String() + more + "</Entry>"
}

func custom(name, value string) string {
	return "<CustomData><Item><Key>" + name + "</Key><Value>" + value + "</Value></Item></CustomData>"
}

func TestURLsAndFieldsOfKeePassRPC(t *testing.T) {
	t.Parallel()
	const newer = `{"version":2,"altUrls":["https://b.example","https://c.example"],"regExUrls":["^https://d\\d\\.example"],"blockedUrls":["https://e.example"],
		"httpRealm":"staff","behaviour":"Default","fields":[{"name":"user","valuePath":"UserName","value":"","type":"Text"},
		{"name":"branch","valuePath":".","value":"North","type":"Text"},{"name":"second","valuePath":".","value":"pw2","type":"Password"}]}`
	const older = `{"version":1,"altURLs":["https://b.example","https://c.example"],"regExURLs":["^https://d\\d\\.example"],"blockedURLs":["https://e.example"],
		"hTTPRealm":"staff","priority":0,"formFieldList":[{"displayName":"KeePass username","name":"user","value":"{USERNAME}","type":"FFTusername"},
		{"displayName":"branch","name":"b","value":"North","type":"FFTtext"},{"name":"second","value":"pw2","type":"FFTpassword"}]}`
	want := []item.Item{{
		Title: "a", Username: "anna", Password: "pw", URLs: []string{"https://a.example", "https://b.example", "https://c.example", `^https://d\d\.example`},
		Match:  map[string]item.MatchRule{`^https://d\d\.example`: item.MatchRegexp},
		Fields: []item.Field{transfertest.Text("Blocked URL", "https://e.example"), transfertest.Text("HTTP realm", "staff"), transfertest.Text("branch", "North"), transfertest.Hidden("second", "pw2")},
	}}
	strs := []string{"Title", "a", "UserName", "anna", "Password", "pw", "URL", "https://a.example"}
	for name, entry := range map[string]string{
		"version 2, in the custom data": kpXMLEntry(1, custom("KPRPC JSON", newer), strs...),
		"version 1, as a string":        kpXMLEntry(1, "", append(strs, "KPRPC JSON", older)...),
	} {
		t.Run(name, func(t *testing.T) {
			transfertest.Same(t, transfertest.Read(t, "a.xml", kpXML(entry), transfer.Options{}), want)
		})
	}
	got := transfertest.Read(t, "a.xml", kpXML(kpXMLEntry(1, custom("KPRPC JSON", "{"), "Title", "a")), transfer.Options{})
	transfertest.Same(t, got, []item.Item{{Type: item.TypeNote, Title: "a", Fields: []item.Field{transfertest.Hidden("KPRPC JSON", "{")}}})
}

func TestKeePassHistoryIsImported(t *testing.T) {
	t.Parallel()
	const history = "<History><Entry><String><Key>Title</Key><Value>A</Value></String><String><Key>UserName</Key><Value>anna.old</Value></String>" +
		"<String><Key>PIN</Key><Value ProtectInMemory=\"True\">1</Value></String><String><Key>Branch</Key><Value>North</Value></String></Entry>" +
		"<Entry><String><Key>UserName</Key><Value>anna.old</Value></String><String><Key>Notes</Key><Value>n</Value></String><String><Key>otp</Key><Value>JBSWY3DP</Value></String></Entry></History>"
	got := transfertest.Read(t, "a.xml", kpXML(kpXMLEntry(1, history, "Title", "a", "UserName", "anna", "Branch", "North")), transfer.Options{})
	transfertest.Same(t, got, []item.Item{{Title: "a", Username: "anna", Fields: []item.Field{
		transfertest.Text("Branch", "North"), transfertest.Text("UserName (older)", "anna.old"), transfertest.Hidden("PIN (older)", "1"), transfertest.Hidden("otp (older)", "JBSWY3DP"),
	}}})
}

func TestAutoTypeWindowsAreImported(t *testing.T) {
	t.Parallel()
	const windows = "<AutoType><Association><Window>Bank *</Window><KeystrokeSequence>{PASSWORD}</KeystrokeSequence></Association>" +
		"<Association><Window>Post</Window><KeystrokeSequence/></Association><Association><Window/></Association></AutoType>"
	got := transfertest.Read(t, "a.xml", kpXML(kpXMLEntry(1, windows, "Title", "a", "UserName", "anna")), transfer.Options{})
	transfertest.Same(t, got, []item.Item{{Title: "a", Username: "anna", Fields: []item.Field{transfertest.Text("Auto-Type windows", "Bank *: {PASSWORD}\nPost")}}})
}

func TestDataOfKeePassPluginsIsImported(t *testing.T) {
	t.Parallel()
	got := transfertest.Read(t, "a.xml", kpXML(
		kpXMLEntry(1, custom("HIBP", "checked"), "Title", "a"), kpXMLEntry(2, custom("_LAST_MODIFIED", "x"), "Title", "b"),
		kpXMLEntry(3, custom("KeePassXC-Browser Settings", "{}"), "Title", "c")), transfer.Options{})
	transfertest.Same(t, got, []item.Item{
		{Type: item.TypeNote, Title: "a", Fields: []item.Field{transfertest.Hidden("HIBP", "checked")}}, {Type: item.TypeNote, Title: "b"}, {Type: item.TypeNote, Title: "c"},
	})
}

// References are replaced everywhere, but passwords only in hidden places.
func TestKeePassReferences(t *testing.T) {
	t.Parallel()
	ref := func(field string, uuid byte) string {
		return fmt.Sprintf("{REF:%s@I:%s}", field, strings.Repeat(fmt.Sprintf("%02x", uuid), 16))
	}
	got := transfertest.Read(t, "a.xml", kpXML(
		kpXMLEntry(1, "", "Title", "a", "UserName", "anna", "Password", "pw", "URL", "https://a.example"),
		kpXMLEntry(2, "", "Title", "b", "UserName", ref("U", 1), "Password", ref("P", 1),
			"Notes", "user "+ref("U", 2)+" of "+ref("T", 1)+", "+ref("P", 1)+", "+ref("U", 9), "again", ref("P", 2)),
		kpXMLEntry(7, "", "Title", "by title", "UserName", "{REF:U@T:A}", "Password", "{REF:P@A:https://a.example}", "Notes", "{REF:U@P:pw} {REF:U@T:}"),
		kpXMLEntry(3, "", "Title", "ring", "UserName", ref("U", 4)), kpXMLEntry(4, "", "Title", "ring", "UserName", ref("U", 3)),
		kpXMLEntry(5, "", "Title", "long", "Notes", strings.Repeat("x", 1<<19)), kpXMLEntry(6, "", "Title", "longer", "Notes", strings.Repeat(ref("N", 5), 50)),
	), transfer.Options{})
	transfertest.Same(t, &transfer.Result{Items: got.Items[:5]}, []item.Item{
		{Title: "a", Username: "anna", Password: "pw", URLs: []string{"https://a.example"}},
		{Title: "b", Username: "anna", Password: "pw", Notes: "user anna of a, " + ref("P", 1) + ", " + ref("U", 9), Fields: []item.Field{transfertest.Hidden("again", "pw")}},
		{Title: "by title", Username: "anna", Password: "pw", Notes: "{REF:U@P:pw} {REF:U@T:}"},
		{Title: "ring", Username: ref("U", 4)}, {Title: "ring", Username: ref("U", 3)},
	})
	size := 0
	for _, i := range got.Items {
		size += len(i.Item.Details())
	}
	if size > 4<<20 {
		t.Errorf("%d bytes from %d", size, 1<<19)
	}
}
