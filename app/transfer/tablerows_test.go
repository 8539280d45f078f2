package transfer_test

import (
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer"
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
	"github.com/vaultsphere/vaultsphere/internal/testenv/transfertest"
)

const columnsOfChrome = "name,url,username,password,note\n"

// Rows of the wrong length are imported as far as possible, and otherwise reported.
func TestShortAndLongRows(t *testing.T) {
	t.Parallel()
	bank := item.Item{Type: item.TypeLogin, Title: "Bank", URLs: []string{"https://bank.example"}, Username: "mia", Password: "pw-bank", Notes: "n"}
	const bankRow = "Bank,https://bank.example,mia,pw-bank,n\n"
	problem := func(code parcel.ProblemCode, values int) []transfer.Problem {
		return []transfer.Problem{{Row: 2, Code: code, Values: parcel.Values{Count: values, Limit: 5}}}
	}
	for name, c := range map[string]struct {
		row      string
		want     []item.Item
		problems []transfer.Problem
	}{
		"no note":        {"Post,https://post.example,mia,pw-post\n", []item.Item{post()}, nil},
		"no password":    {"Post,https://post.example,mia\n", []item.Item{post(password(""))}, problem(parcel.MissingValues, 3)},
		"no URL":         {"Post,x\n", nil, problem(parcel.ColumnCount, 2)},
		"a word":         {"Post\n", nil, problem(parcel.ColumnCount, 1)},
		"comma in note":  {"Post,https://post.example,mia,pw-post,a, b\n", []item.Item{post(notes("a, b"))}, problem(parcel.ExtraIntoNotes, 6)},
		"too long":       {"Post,x,https://post.example,mia,pw-post,n\n", nil, problem(parcel.ColumnCount, 6)},
		"empty ones":     {"Post,https://post.example,mia,pw-post,,,,\n", []item.Item{post()}, nil},
		"note continues": {"Post,https://post.example,mia,pw-post,one\ntwo\n", []item.Item{post(notes("one\ntwo"))}, nil},
		"lines in one":   {"Post,https://post.example,mia\nmia,pw-post,n\n", []item.Item{post(notes("n"), with(transfertest.Text("Username", "mia\nmia")))}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := transfertest.Read(t, "x.csv", columnsOfChrome+c.row+bankRow, transfer.Options{})
			transfertest.Same(t, got, append(c.want, bank))
			transfertest.SameProblems(t, got, c.problems...)
		})
	}
	// An item with a title and a password is imported even if a spreadsheet dropped the empty values after them.
	got := transfertest.Read(t, "x.csv", "Title;Username;Password;URL;Notes;Tags\nPost;mia;pw-post\nWifi;;pw\nfoo;bar\n", transfer.Options{})
	transfertest.Same(t, got, []item.Item{post(func(it *item.Item) { it.URLs = nil }), {Title: "Wifi", Password: "pw"}})
	short := parcel.Values{Count: 3, Limit: 6}
	transfertest.SameProblems(t, got, transfer.Problem{Row: 2, Code: parcel.MissingValues, Values: short},
		transfer.Problem{Row: 3, Code: parcel.MissingValues, Values: short}, transfer.Problem{Row: 4, Code: parcel.ColumnCount, Values: parcel.Values{Count: 2, Limit: 6}})
	got = transfertest.Read(t, "x.csv", "title,username,password\nPost,mia,pw,q\n", transfer.Options{})
	transfertest.Same(t, got, []item.Item{{Title: "Post", Username: "mia", Password: "pw", Fields: []item.Field{transfertest.Hidden("Column 4", "q")}}})
	transfertest.SameProblems(t, got, transfer.Problem{Row: 2, Code: parcel.ExtraIntoFields, Values: parcel.Values{Count: 4, Limit: 3}})
	// Values missing at the end of the file may have been cut.
	got = transfertest.Read(t, "x.csv", columnsOfChrome+"Post,https://post.example,mia,pw-p", transfer.Options{})
	transfertest.SameProblems(t, got, transfer.Problem{Row: 2, Code: parcel.MissingValues, Values: parcel.Values{Count: 4, Limit: 5}})
}

func password(s string) func(*item.Item) { return func(it *item.Item) { it.Password = s } }

func TestQuotesInsideQuotes(t *testing.T) {
	t.Parallel()
	for quoted, want := range map[string]string{
		`"a""b"`: `a"b`, `"a\"b"`: `a"b`, `"a\"b,c"`: `a"b,c`, `"\"ab\""`: `"ab"`, `"ab\"`: `ab\`, `"a "b" c"`: `a "b" c`, `a"b`: `a"b`,
		"\"one\n\\\"two\\\", three\"": "one\n\"two\", three", `"a\\b"`: `a\\b`,
	} {
		got := transfertest.Read(t, "x.csv", columnsOfChrome+"Post,https://post.example,mia,"+quoted+",\nPost,https://post.example,mia,pw-post,\n", transfer.Options{})
		transfertest.Same(t, got, []item.Item{post(password(want)), post()})
		transfertest.SameProblems(t, got)
	}
	got := transfertest.Read(t, "x.csv", columnsOfChrome+`Post,https://post.example,mia,"say "hi", you",`+"\n", transfer.Options{})
	transfertest.Same(t, got, nil)
	transfertest.SameProblems(t, got, transfer.Problem{Row: 2, Code: parcel.TextAfterQuote})
}

func TestLastPassCSVWithUnquotedLineBreaks(t *testing.T) {
	t.Parallel()
	got := transfertest.Sample(t, "lastpass/line-breaks.csv", "lastpass-csv")
	transfertest.Same(t, got, []item.Item{
		post(tags("Home"), notes("first line\nsecond line\n\nfourth: https://help.example")),
		{
			Type: item.TypeLogin, Title: "Srv", Username: "root", Password: "p", Tags: []string{"Work"}, Favourite: true,
			Fields: []item.Field{transfertest.Text("Type of note", "Server"), transfertest.Text("Hostname", "h")},
		},
		{
			Type: item.TypeLogin, Title: "Bank", URLs: []string{"https://bank.example"}, Username: "mia", Password: "pw-bank", Notes: "one\ntwo, three",
			Tags: []string{"Money"},
		},
		{Type: item.TypeLogin, Title: "Ok", URLs: []string{"https://ok.example"}, Username: "mia", Password: "pw-ok"},
	})
	transfertest.SameProblems(t, got)
}

// A line of a note may look like a row; the last column shows where a row ends. Notes may have no URL.
func TestLastPassNotesThatLookLikeRows(t *testing.T) {
	t.Parallel()
	const header, bankRow = "url,username,password,totp,extra,name,grouping,fav\n", "https://bank.example,mia,pw-bank,,n,Bank,Money,1\n"
	bank := item.Item{
		Type: item.TypeLogin, Title: "Bank", URLs: []string{"https://bank.example"}, Username: "mia", Password: "pw-bank", Notes: "n", Tags: []string{"Money"}, Favourite: true,
	}
	noURL := func(it *item.Item) { it.URLs = nil }
	for row, want := range map[string]item.Item{
		"https://post.example,mia,pw-post,,see https://x.example, and\nhttps://y.example, z,Post,Home,0\n": post(notes("see https://x.example, and\nhttps://y.example, z"), tags("Home")),
		"https://post.example,mia,pw-post,,a,b,c,d\n7,2\nend,Post,Home,0\n":                                post(notes("a,b,c,d\n7,2\nend"), tags("Home")),
		",mia,pw-post,,x\ny,Post,Home,0\n":                                                                 post(noURL, notes("x\ny"), tags("Home")),
		"https://post.example,mia,pw-post,,a, b, c,Post,Home,0\n":                                          post(notes("a, b, c"), tags("Home")),
		",mia,pw-post,,,Post,Home,0\n":                                                                     post(noURL, tags("Home")),
		"http://sn,,,,one\r\nhttps://x.example,Note,Home,0\r\n":                                            {Type: item.TypeNote, Title: "Note", Notes: "one\r\nhttps://x.example", Tags: []string{"Home"}},
	} {
		got := transfertest.Read(t, "x.csv", header+row+bankRow, transfer.Options{})
		transfertest.Same(t, got, []item.Item{want, bank})
		transfertest.SameProblems(t, got)
	}
	// Older tables do not show where a row ends.
	got := transfertest.Read(t, "x.csv", "url,username,password,extra,name,grouping\nhttps://post.example,mia,pw-post,a,b\nc,d,e\nf\ng,Post,Home\nhttps://bank.example,mia,pw-bank,n,Bank,Money\n", transfer.Options{})
	bank.Favourite = false
	transfertest.Same(t, got, []item.Item{post(notes("a,b\nc,d,e\nf\ng"), tags("Home")), bank})
	bank.Favourite = true
	// A row without its last values does not absorb the next one.
	got = transfertest.Read(t, "x.csv", header+"https://post.example,mia,pw-post\n"+bankRow, transfer.Options{})
	transfertest.Same(t, got, []item.Item{post(func(it *item.Item) { it.Title = "post.example" }), bank})
}

func TestEncodingsAndLeadingLines(t *testing.T) {
	t.Parallel()
	want := []item.Item{{Title: "Zoë", Username: "mia", Password: "a;b|c"}}
	const table = "title\tusername\tpassword\r\nZoë\tmia\ta;b|c\r\n"
	for name, data := range map[string]string{
		"UTF-16 LE without a mark": transfertest.UTF16LE(table)[2:],
		"UTF-16 BE without a mark": transfertest.UTF16BE(table)[2:],
		"empty lines before":       "\r\n\r\n" + table,
		"separator for Excel":      "sep=\t\r\n" + table,
		"other separators inside":  strings.ReplaceAll(table, "\t", ","),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := transfertest.Read(t, "x.csv", data, transfer.Options{})
			transfertest.Same(t, got, want)
			transfertest.SameProblems(t, got)
		})
	}
}

func Test1PasswordMacCSV(t *testing.T) {
	t.Parallel()
	got := transfertest.Sample(t, "onepassword/mac7.csv", "1password-mac-csv")
	transfertest.Same(t, got, []item.Item{
		{
			Type: item.TypeCard, Title: "Card", Tags: []string{"Büro", "Work", "Two words"}, Notes: `note "q", x`,
			Card:   &item.Card{Number: "4111111111111111", Holder: "Mia M", Code: "123", Brand: "visa", ExpiryMonth: "12", ExpiryYear: "2030"},
			Fields: []item.Field{transfertest.Hidden("PIN", "9999")},
		},
		{
			Type: item.TypeIdentity, Title: "Me", Username: "mia", Created: transfertest.Time("2020-01-01T00:00:00Z"), Modified: transfertest.Time("2020-01-26T00:53:20Z"),
			Identity: &item.Identity{FirstName: "Mia", LastName: "Muster"},
		},
		{
			Type: item.TypeBankAccount, Title: "Acc", URLs: []string{"https://b.example"}, BankAccount: &item.BankAccount{AccountNumber: "12345678"},
			Fields: []item.Field{transfertest.Text("Username", "mia"), transfertest.Hidden("Password", `pw\`)},
		},
		{Type: item.TypeNote, Title: "N", Notes: "only text"},
		{Type: item.TypeLogin, Title: "L", URLs: []string{"https://l.example"}, Username: "u", Password: `p"w`, TOTP: "JBSWY3DPEHPK3PXP"},
	})
	transfertest.SameProblems(t, got)
	// A table of few items has few columns, and a comma at the end of each line.
	got = transfertest.Read(t, "x.csv", `"number(ccnum)","Notes","Password","Tags","Title","Type","URL","Username","verification number(cvv)",`+"\n"+
		`,"","pw-post",,"Post","Login","https://post.example","mia",,`+"\n"+
		`,"","pw-bank","{(`+"\n"+`    \"Money\"`+"\n"+`)}","Bank","Login","https://bank.example","mia",,`+"\n"+
		`"4111111111111111","",,"{(`+"\n"+`    Money`+"\n"+`)}","My card","Credit Card",,,"123",`+"\n", transfer.Options{})
	transfertest.Same(t, got, []item.Item{
		post(),
		{Type: item.TypeLogin, Title: "Bank", URLs: []string{"https://bank.example"}, Username: "mia", Password: "pw-bank", Tags: []string{"Money"}},
		{Type: item.TypeCard, Title: "My card", Tags: []string{"Money"}, Card: &item.Card{Number: "4111111111111111", Code: "123"}},
	})
	transfertest.SameProblems(t, got)
	// The meaning of a field does not depend on the language of its label.
	got = transfertest.Read(t, "x.csv", `"Konto(accountNo)","Notes","Password","Tags","Title","Type","Username",`+"\n"+`"4711",,"pw",,"Bank","Login","mia",`+"\n", transfer.Options{})
	transfertest.Same(t, got, []item.Item{{Title: "Bank", Username: "mia", Password: "pw", Fields: []item.Field{transfertest.Hidden("Konto", "4711")}}})
}

func TestButtercupCSV(t *testing.T) {
	t.Parallel()
	bank := item.Item{Type: item.TypeLogin, Title: "Bank", URLs: []string{"https://bank.example"}, Username: "mia", Password: "pw-bank"}
	older := bank
	older.Tags = []string{"Money/Cards"}
	got := transfertest.Sample(t, "buttercup/older.csv", "buttercup-csv")
	transfertest.Same(t, got, []item.Item{older, {
		Type: item.TypeCard, Title: "Visa", Tags: []string{"Money/Cards"},
		Card: &item.Card{Brand: "visa", Holder: "Mia M", Number: "4111111111111111", Code: "123", ExpiryMonth: "12", ExpiryYear: "2030"},
	}, {Type: item.TypeNote, Title: "N", Notes: "text"}})
	transfertest.SameProblems(t, got)
	bank.Tags, bank.Notes = []string{"Root/Money"}, "n"
	got = transfertest.Sample(t, "buttercup/export.csv", "buttercup-csv")
	transfertest.Same(t, got, []item.Item{bank})
	transfertest.SameProblems(t, got)
	// A group that contains itself is not followed forever.
	got = transfertest.Read(t, "x.csv", "!type,!group_id,!group_name,!group_parent,title,password\ngroup,g,G,g,,\nentry,g,,,Post,pw\n", transfer.Options{})
	if len(got.Items) != 1 || !strings.HasPrefix(got.Items[0].Item.Title, "Post") {
		t.Errorf("got %+v", got.Items)
	}
}

func TestOlderDashlanePayments(t *testing.T) {
	t.Parallel()
	got := transfertest.Sample(t, "dashlane/payments-short.csv", "dashlane-csv")
	transfertest.Same(t, got, []item.Item{{
		Type: item.TypeCard, Title: "Blue card", Fields: []item.Field{transfertest.Text("country", "DE")},
		Card: &item.Card{Holder: "Mia M", Number: "4111111111111111", Code: "123", ExpiryMonth: "1", ExpiryYear: "2030"},
	}})
	transfertest.SameProblems(t, got)
	// Whatever columns are missing, the rest is in place, and numbers are hidden.
	card := item.Card{Number: "4111111111111111", Code: "123", ExpiryMonth: "1", ExpiryYear: "2030"}
	held := card
	held.Holder = "Mia M"
	for data, want := range map[string]item.Item{
		"type,account_name,cc_number\npayment_card,Blue,4111111111111111\n":                                                                     {Type: item.TypeCard, Title: "Blue", Card: &item.Card{Number: card.Number}},
		"account_name,cc_number,code,expiration_month,expiration_year\nBlue,4111111111111111,123,1,30\n":                                        {Type: item.TypeCard, Title: "Blue", Card: &card},
		"type,account_name,account_holder,cc_number,code,expiration_month,expiration_year\npayment_card,Blue,Mia M,4111111111111111,123,1,30\n": {Type: item.TypeCard, Title: "Blue", Card: &held},
		"cc_number,name_on_card,code,expiration_month,expiration_year\n4111111111111111,Mia M,123,1,30\n":                                       {Type: item.TypeCard, Title: "Untitled", Card: &held},
		"type,number,name,expiration_date\npassport,X1,Mia M,2030-01-01\n": {
			Type: item.TypePassport, Title: "Mia M passport", Passport: &item.Passport{Name: "Mia M", Number: "X1", Expires: "2030-01-01"},
		},
		"type,number,name,issue_date\nother,4111111111111111,Mia M,\n": {
			Type: item.TypeIdentity, Title: "Mia M other", Identity: &item.Identity{FirstName: "Mia", LastName: "M"}, Fields: []item.Field{transfertest.Hidden("Other", "4111111111111111")},
		},
	} {
		transfertest.Same(t, transfertest.Read(t, "x.csv", data, transfer.Options{}), []item.Item{want})
	}
}

func TestOlderRoboFormCSV(t *testing.T) {
	t.Parallel()
	got := transfertest.Sample(t, "roboform/older.csv", "roboform-csv")
	transfertest.Same(t, got, []item.Item{
		post(tags("Home")),
		{
			Type: item.TypeLogin, Title: "Bank", URLs: []string{"https://bank.example"}, Username: "mia", Password: "pw-bank", Tags: []string{"Money"},
			Notes:  "two\nlines",
			Fields: []item.Field{transfertest.Text("City", "Köln, Rhein"), transfertest.Hidden("PIN", "0815"), transfertest.Text("Link", "https://a.example:8443/x"), transfertest.YesNo("Stay", "true")},
		},
	})
	transfertest.SameProblems(t, got)
}
