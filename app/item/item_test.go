package item_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/item"
)

func full() item.Item {
	return item.Item{
		ID: "AAAAAAAAAAAAAAAAAAAAAA", Type: item.TypeLogin, Title: "Bank \"north\"\\south", URLs: []string{"https://bank.example/", "bank.example"},
		Username: "anna@example.org", Tags: []string{"money", "été"}, Favourite: true,
		Created: time.UnixMilli(1_700_000_000_001).UTC(), Modified: time.UnixMilli(1_700_000_001_002).UTC(),
		Password: "pä\tss\u0001", TOTP: "JBSWY3DPEHPK3PXP", Notes: "line one\nline two 😀\u2028<&>",
		Fields:   []item.Field{{Name: "pin", Value: "1234", Kind: item.FieldHidden}, {Name: "branch", Value: "Main St"}},
		Card:     &item.Card{Number: "4111111111111111", Holder: "Anna"},
		Identity: &item.Identity{FirstName: "Anna", Title: "Dr"},
	}
}

func ptr(it item.Item) *item.Item { return &it }

func parse(t *testing.T, overview, details []byte) item.Item {
	t.Helper()
	o, err := item.ParseOverview(overview)
	if err != nil {
		t.Fatalf("overview %s: %v", overview, err)
	}
	d, err := item.ParseDetails(details)
	if err != nil {
		t.Fatalf("details %s: %v", details, err)
	}
	return item.Join(o, d)
}

func TestOverviewAndDetailsRoundTrip(t *testing.T) {
	t.Parallel()
	want := full()
	got := parse(t, want.Overview(), want.Details())
	got.ID = want.ID
	if !got.Equal(want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// Stored vaults contain this encoding. It must stay readable, and writing it must give the same bytes.
func TestEncodingIsFrozen(t *testing.T) {
	t.Parallel()
	const overview = `{"created":1700000000001,"favourite":true,"modified":1700000001002,"tags":["money","été"],` +
		`"title":"Bank \"north\"\\south","type":"login","urls":["https://bank.example/","bank.example"],"username":"anna@example.org"}`
	const details = `{"card":{"holder":"Anna","number":"4111111111111111"},` +
		`"fields":[{"hidden":true,"name":"pin","value":"1234"},{"name":"branch","value":"Main St"}],` +
		`"identity":{"first_name":"Anna","title":"Dr"},"modified":1700000001002,` +
		"\"notes\":\"line one\\nline two 😀\u2028<&>\",\"password\":\"pä\\tss\\u0001\",\"totp\":\"JBSWY3DPEHPK3PXP\"}"
	if got := string(ptr(full()).Overview()); got != overview {
		t.Errorf("overview\n got %s\nwant %s", got, overview)
	}
	if got := string(ptr(full()).Details()); got != details {
		t.Errorf("details\n got %s\nwant %s", got, details)
	}
}

// extended has the fields that full does not have.
func extended() item.Item {
	at := time.UnixMilli(1_700_000_002_000).UTC()
	return item.Item{
		Type: item.TypeSSHKey, Title: "Deploy", URLs: []string{"b.example", "a.example"},
		Match:   map[string]item.MatchRule{"b.example": item.MatchHost, "a.example": item.MatchNever},
		Trashed: at, Purge: at.Add(time.Second), Ignored: []string{"weak", "old"},
		Fields:          []item.Field{{Name: "on", Value: "true", Kind: item.FieldBoolean}, {Value: "https://x.example", Kind: item.FieldLink}},
		SSHKey:          &item.SSHKey{Private: "-----BEGIN", Public: "ssh-ed25519 A", Fingerprint: "SHA256:x"},
		PasswordHistory: []item.OldPassword{{Password: "old", Until: at}, {Password: "older"}},
		Attachments:     []item.Attachment{{ID: "BBBBBBBBBBBBBBBBBBBBBA", Name: "a.pdf", SHA256: "00ff", Size: 7, Key: strings.Repeat("A", 43)}, {ID: "C", Name: "empty", SHA256: "01"}},
	}
}

func TestEncodingOfLaterFieldsIsFrozen(t *testing.T) {
	t.Parallel()
	const overview = `{"ignored":["weak","old"],"match":[{"rule":"never","url":"a.example"},{"rule":"host","url":"b.example"}],"purge":1700000003000,` +
		`"title":"Deploy","trashed":1700000002000,"type":"ssh_key","urls":["b.example","a.example"]}`
	const details = `{"attachments":[{"id":"BBBBBBBBBBBBBBBBBBBBBA","key":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","name":"a.pdf","sha256":"00ff","size":7},{"id":"C","name":"empty","sha256":"01"}],` +
		`"fields":[{"kind":"boolean","name":"on","value":"true"},{"kind":"link","value":"https://x.example"}],` +
		`"password_history":[{"password":"old","until":1700000002000},{"password":"older"}],` +
		`"ssh_key":{"fingerprint":"SHA256:x","private":"-----BEGIN","public":"ssh-ed25519 A"}}`
	want := extended()
	if got := string(want.Overview()); got != overview {
		t.Errorf("overview\n got %s\nwant %s", got, overview)
	}
	if got := string(want.Details()); got != details {
		t.Errorf("details\n got %s\nwant %s", got, details)
	}
	if got := parse(t, []byte(overview), []byte(details)); !got.Equal(want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestOtherEncodingsOfDetailsAreRefused(t *testing.T) {
	t.Parallel()
	for _, details := range []string{
		`{"fields":[{"name":"\u0041"}]}`, `{"fields":[}`,
		`{"attachments":[{"size":01}]}`, `{"password_history":[{"until":1}],}`, `{"card":{"brand":"b"}`, `{"notes":nul}`,
	} {
		if _, err := item.ParseDetails([]byte(details)); !errors.Is(err, item.ErrMalformed) {
			t.Errorf("%s: got %v, want ErrMalformed", details, err)
		}
	}
}

func TestUnknownMembersStayInPlace(t *testing.T) {
	t.Parallel()
	overview := `{"archived":true,"colour":{"b":1.5e3,"a":[null,{}]},"title":"T","type":"passkey","zone":"\u0000"}`
	details := `{"aaa":[],"passkeys":[{"id":"x"}],"password":"p"}`
	got := parse(t, []byte(overview), []byte(details))
	got.Title = "U"
	if s, want := string(got.Overview()), strings.Replace(overview, `"T"`, `"U"`, 1); s != want {
		t.Errorf("overview\n got %s\nwant %s", s, want)
	}
	if s := string(got.Details()); s != details {
		t.Errorf("details\n got %s\nwant %s", s, details)
	}
	plain := item.Item{Type: got.Type, Title: "V"}
	if s := string(ptr(plain.WithUnknownOf(got)).Overview()); !strings.Contains(s, `"colour":{`) {
		t.Errorf("an edit lost the unknown members: %s", s)
	}
}

func TestOtherEncodingsOfOverviewAreRefused(t *testing.T) {
	t.Parallel()
	for _, overview := range []string{
		``, `{`, `{}`, `null`, `[]`, `{"title":"T"}`, `{"title":"T","type":"login"} `, `{"title":"T","type":"login"}x`,
		` {"title":"T","type":"login"}`, `{"title": "T","type":"login"}`, `{"type":"login","title":"T"}`,
		`{"title":"T","title":"U","type":"login"}`, `{"title":"\u0041","type":"login"}`, `{"title":"T","type":"login","urls":["\u0041"]}`,
		`{"created":01,"title":"T","type":"login"}`,
		`{"a":1,"a":2,"title":"T","type":"login"}`, "{\"title\":\"T\",\"type\":\"login\",\"\uE000\":1,\"😀\":2}",
		"{\"title\":\"a\nb\",\"type\":\"login\"}", "{\"title\":\"\xff\",\"type\":\"login\"}", `{"title":"\/","type":"login"}`,
		`{"Title":"T","type":"login"}`, `{"title":"T","type":"login","zz":01}`, `{"title":"T","type":"login","zz":[1, 2]}`,
		`{"title":"T","type":"login","zz":` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + `}`,
	} {
		if it, err := item.ParseOverview([]byte(overview)); !errors.Is(err, item.ErrMalformed) {
			t.Errorf("%q: got %+v, %v, want ErrMalformed", overview, it, err)
		}
	}
}

func TestValidateNamesTheField(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 10_000)
	for name, c := range map[string]struct {
		edit func(*item.Item)
		want string // empty: valid
	}{
		"valid":                     {func(*item.Item) {}, ""},
		"no title":                  {func(i *item.Item) { i.Title = "" }, "title: must not be empty"},
		"title of 500":              {func(i *item.Item) { i.Title = strings.Repeat("ü", 500) }, ""},
		"title of 501":              {func(i *item.Item) { i.Title = strings.Repeat("ü", 501) }, "title: at most 500 characters, this has 501"},
		"title of 10,000":           {func(i *item.Item) { i.Title = long }, "title: at most 500 characters, this has 10000"},
		"title of two lines":        {func(i *item.Item) { i.Title = "a\nb" }, "title: must be one line without control characters"},
		"username of 10,000":        {func(i *item.Item) { i.Username = long }, "username: at most 1000 characters, this has 10000"},
		"password of 10,000":        {func(i *item.Item) { i.Password = long }, ""},
		"password of 10,001":        {func(i *item.Item) { i.Password = long + "x" }, "password: at most 10000 characters, this has 10001"},
		"password that is not text": {func(i *item.Item) { i.Password = "\xff" }, "password: is not valid UTF-8"},
		"notes of 20,000":           {func(i *item.Item) { i.Notes = long + long }, ""},
		"notes of 20,000 wide":      {func(i *item.Item) { i.Notes = strings.Repeat("漢", 20_000) }, "notes: notes, password and fields have 60"},
		"an unknown type":           {func(i *item.Item) { i.Type = "Note!" }, "type: must be login, note, card, bank_account, identity, passport, drivers_license, api_key or ssh_key"},
		"an empty URL":              {func(i *item.Item) { i.URLs = []string{"a", ""} }, "urls[1]: must not be empty"},
		"a long tag":                {func(i *item.Item) { i.Tags = []string{long} }, "tags[0]: at most 100 characters, this has 10000"},
		"many fields":               {func(i *item.Item) { i.Fields = make([]item.Field, 101) }, "fields: at most 100, there are 101"},
		"a long field":              {func(i *item.Item) { i.Fields = []item.Field{{Name: "n", Value: long + "x"}} }, "fields[0].value: at most 10000"},
		"a long line of a card":     {func(i *item.Item) { i.Card = &item.Card{Holder: long + "x"} }, "card.holder: at most 10000"},
		"a kind of field":           {func(i *item.Item) { i.Fields[0].Kind = "date" }, "fields[0].kind: must be hidden, boolean or link"},
		"a boolean":                 {func(i *item.Item) { i.Fields[1] = item.Field{Kind: item.FieldBoolean, Value: "yes"} }, "fields[1].value: must be true or false"},
		"a match rule":              {func(i *item.Item) { i.Match = map[string]item.MatchRule{"bank.example": "fuzzy"} }, "match[1]: must be host, starts"},
		"a large attachment": {func(i *item.Item) {
			i.Attachments = []item.Attachment{{ID: "x", Name: "a", SHA256: strings.Repeat("0", 64), Size: 10<<20 + 1}}
		}, "attachments[0].size: at most 10485760 bytes"},
		"a key of an attachment that is too short": {
			func(i *item.Item) {
				i.Attachments = []item.Attachment{{ID: "x", Name: "a", SHA256: strings.Repeat("0", 64), Key: strings.Repeat("A", 42)}}
			}, "attachments[0].key: must be 32",
		},
		"an attachment without digest": {func(i *item.Item) { i.Attachments = []item.Attachment{{ID: "x", Name: "a"}} }, "attachments[0].sha256: must be 64"},
		"a long SSH key":               {func(i *item.Item) { i.SSHKey = &item.SSHKey{Private: long + "x"} }, "ssh_key.private: at most 10000"},
		"a long history":               {func(i *item.Item) { i.PasswordHistory = make([]item.OldPassword, 101) }, "password_history: at most 100"},
	} {
		t.Run(name, func(t *testing.T) {
			it := full()
			c.edit(&it)
			err := it.Validate()
			if c.want == "" {
				if err != nil {
					t.Fatalf("got %v, want no error", err)
				}
				return
			}
			var field *item.FieldError
			if !errors.As(err, &field) || !strings.HasPrefix(err.Error(), c.want) {
				t.Fatalf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestNormalise(t *testing.T) {
	t.Parallel()
	it := item.Item{
		Title: "  a\tb ", Username: " u ", URLs: []string{" x", "x", ""}, Tags: []string{}, Password: " p ", Notes: " n\n",
		Created: time.Date(2026, 1, 2, 3, 4, 5, 999_999_999, time.FixedZone("", 3600)), Fields: []item.Field{{}, {Name: " n "}},
		Card: &item.Card{}, Identity: &item.Identity{}, SSHKey: &item.SSHKey{}, PasswordHistory: []item.OldPassword{{}},
		Match: map[string]item.MatchRule{"x": item.MatchHost, "gone": item.MatchHost},
	}
	got := it.Normalise()
	want := item.Item{
		Type: item.TypeLogin, Title: "a b", Username: "u", URLs: []string{"x"}, Password: " p ", Notes: " n\n",
		Created: time.Date(2026, 1, 2, 2, 4, 5, 999_000_000, time.UTC), Fields: []item.Field{{Name: "n"}},
		Match: map[string]item.MatchRule{"x": item.MatchHost},
	}
	if !got.Equal(want) || got.Tags != nil || got.Card != nil || got.Identity != nil {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if it.Fields[1].Name != " n " {
		t.Error("Normalise changed its argument")
	}
}

func TestCloneSharesNothing(t *testing.T) {
	t.Parallel()
	a := full()
	b := a.Clone()
	b.URLs[0], b.Tags[0], b.Fields[0].Value, b.Card.Number, b.Identity.Title = "x", "x", "x", "x", "x"
	if !a.Equal(full()) {
		t.Errorf("the original changed: %+v", a)
	}
	c := extended()
	d := c.Clone()
	d.Match["b.example"], d.SSHKey.Public, d.PasswordHistory[0].Password, d.Attachments[0].Name = item.MatchExact, "x", "x", "x"
	if !c.Equal(extended()) {
		t.Errorf("the original changed: %+v", c)
	}
}

func FuzzOverview(f *testing.F) {
	f.Add(ptr(full()).Overview())
	f.Add(ptr(extended()).Overview())
	f.Add([]byte(`{"created":-9007199254740991,"modified":253402300800000,"purge":253402300799999,"title":"T","trashed":9007199254740991,"type":"login"}`))
	f.Add([]byte(`{"archived":true,"colour":{"b":1.5e3,"a":[null,{}]},"title":"T","type":"passkey","zone":"\u0000"}`))
	f.Fuzz(func(t *testing.T, plaintext []byte) {
		it, err := item.ParseOverview(plaintext)
		if err != nil {
			return
		}
		if got := it.Overview(); string(got) != string(plaintext) {
			t.Fatalf("read %q, wrote %q", plaintext, got)
		}
		if got := ptr(throughJSON(t, it)).Overview(); string(got) != string(plaintext) {
			t.Fatalf("read %q, but after JSON wrote %q", plaintext, got)
		}
	})
}

func FuzzDetails(f *testing.F) {
	f.Add(ptr(full()).Details())
	f.Add(ptr(extended()).Details())
	f.Add([]byte(`{"modified":9007199254740991,"password_history":[{"password":"x","until":-9007199254740991}]}`))
	f.Add([]byte(`{"aaa":[],"card":{},"fields":[{}],"passkeys":[{"id":"x"}]}`))
	f.Fuzz(func(t *testing.T, plaintext []byte) {
		it, err := item.ParseDetails(plaintext)
		if err != nil {
			return
		}
		if got := it.Details(); string(got) != string(plaintext) {
			t.Fatalf("read %q, wrote %q", plaintext, got)
		}
		if got := ptr(throughJSON(t, it)).Details(); string(got) != string(plaintext) {
			t.Fatalf("read %q, but after JSON wrote %q", plaintext, got)
		}
	})
}

// File systems allow names of 255 bytes. All of them can be attached.
func TestAttachmentNamesHave255Characters(t *testing.T) {
	t.Parallel()
	for length, valid := range map[int]bool{255: true, 256: false} {
		for _, letter := range []string{"x", "ü"} {
			it := item.Item{Type: item.TypeNote, Title: "t", Attachments: []item.Attachment{
				{ID: "x", Name: strings.Repeat(letter, length), SHA256: strings.Repeat("0", 64), Size: 1},
			}}
			if err := it.Validate(); (err == nil) != valid {
				t.Errorf("%d times %s: %v", length, letter, err)
			}
		}
	}
}
