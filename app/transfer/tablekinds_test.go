package transfer_test

import (
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer"
	"github.com/vaultsphere/vaultsphere/internal/testenv/transfertest"
)

// Buttercup before version 2 has no types, and names the group columns twice. A row that looks like a group may still hold a
// login.
func TestOlderButtercupCSV(t *testing.T) {
	t.Parallel()
	got := transfertest.Read(t, "x.csv", "!group_id,!group_name,title,username,password,URL,!group_id,!group_name,id,Notes,pin\n"+
		"g1,Home/Mail,Post,mia,pw-post,https://post.example,g1,Home/Mail,e1,,4711\ng2,Texts,N,,,,g2,Texts,e2,\"one\ntwo\",\n", transfer.Options{})
	transfertest.Same(t, got, []item.Item{
		post(tags("Home/Mail"), with(transfertest.Hidden("pin", "4711"))), {Type: item.TypeNote, Title: "N", Notes: "one\ntwo", Tags: []string{"Texts"}},
	})
	got = transfertest.Read(t, "x.csv", "!group_id,!group_name,!type,title,username,password,URL,id,Url,Note\n0,Root,--,--,,,,0,,\n1,Root/A,--,--,admin,pw,,1,,\n"+
		"1,Root/A,login,Post,mia,pw-post,https://post.example,2,https://second.example,n\n", transfer.Options{})
	transfertest.Same(t, got, []item.Item{
		{Type: item.TypeLogin, Title: "Root/A", Username: "admin", Password: "pw", Tags: []string{"Root/A"}},
		post(tags("Root/A"), notes("n"), func(it *item.Item) { it.URLs = append(it.URLs, "https://second.example") }),
	})
	transfertest.SameProblems(t, got)
}

// A table that was opened with the wrong separator and saved again has each line in quotes.
func TestQuotedLines(t *testing.T) {
	t.Parallel()
	for _, data := range []string{
		"\"Titel;\"\"Benutzername\"\";\"\"Passwort\"\";\"\"Webseite\"\"\"\n\"Post;\"\"mia\"\";\"\"pw-post\"\";\"\"https://post.example\"\"\"\n",
		"\"Titel;Benutzername;Passwort;Webseite\"\r\n\"Post;mia;pw-post;https://post.example\"\r\n",
		"Titel,Benutzername,Passwort,Webseite\n\"Post,mia,\"\"pw-post\"\",https://post.example\"\n",
	} {
		got := transfertest.Read(t, "x.csv", data, transfer.Options{})
		transfertest.Same(t, got, []item.Item{post()})
		transfertest.SameProblems(t, got)
	}
}

// Of two columns with the same name, the second becomes a field, also in known formats.
func TestColumnsWithTheSameName(t *testing.T) {
	t.Parallel()
	got := transfertest.Read(t, "x.csv", "folder,type,name,notes,fields,reprompt,login_uri,login_username,login_password,login_totp,login_password,name\n"+
		",login,Post,,,0,https://post.example,mia,pw-post,,pw-two,Second\n", transfer.Options{})
	transfertest.Same(t, got, []item.Item{post(with(transfertest.Hidden("login_password", "pw-two"), transfertest.Text("name", "Second")))})
	if got.Format != "bitwarden-csv" {
		t.Errorf("detected as %s", got.Format)
	}
}

// Custom fields in one value become fields, hidden if anything says that they are secret.
func TestCustomFieldsInOneValue(t *testing.T) {
	t.Parallel()
	for value, want := range map[string][]item.Field{
		`[{"label":"Word","value":"x1","secret":true,"field_type":"text"}]`: {transfertest.Hidden("Word", "x1")},
		`[{"label":"Word","value":"x1","secret":false}]`:                    {transfertest.Text("Word", "x1")},
		`[{"name":"Word","value":"x1","type":"concealed"}]`:                 {transfertest.Hidden("Word", "x1")},
		`[{"name":"Word","value":"x1","sensitive":1,"order":3}]`:            {transfertest.Hidden("Word", "x1"), transfertest.Text("Word: order", "3")},
		`{"Word":"x1","PIN":"2"}`:                                           {transfertest.Hidden("Custom fields: PIN", "2"), transfertest.Text("Custom fields: word", "x1")},
		"Word, secret: x1\nOther, text: y: z":                               {transfertest.Hidden("Word", "x1"), transfertest.Text("Other", "y: z")},
		"Word, email: m@x.example":                                          {transfertest.Text("Word", "m@x.example")},
	} {
		got := transfertest.Read(t, "x.csv", "Title,Password,Custom fields\nPost,pw,\""+strings.ReplaceAll(value, `"`, `""`)+"\"\n", transfer.Options{})
		transfertest.Same(t, got, []item.Item{{Title: "Post", Password: "pw", Fields: want}})
	}
}

func TestTablesOfUnknownManagers(t *testing.T) {
	t.Parallel()
	const key = "JBSWY3DPEHPK3PXP"
	modified := func(s string) func(*item.Item) { return func(it *item.Item) { it.Modified = transfertest.Time(s) } }
	created := func(s string) func(*item.Item) { return func(it *item.Item) { it.Created = transfertest.Time(s) } }
	card := item.Item{
		Type: item.TypeCard, Title: "My card", Fields: []item.Field{transfertest.Hidden("pin", "9999")},
		Card: &item.Card{Holder: "Mia M", Number: "4111111111111111", Code: "123", ExpiryMonth: "12", ExpiryYear: "2030"},
	}
	for data, want := range map[string][]item.Item{
		"name,type,url,username,password,notes,cardholder,number,verification,expiryMonth,expiryYear,pin\nMy card,CreditCardItem,,,,,Mia M,4111111111111111,123,12,2030,9999\n": {card},
		"UserName,Password,Url,Title,Favorite,Category,Note\nmia,pw-post,https://post.example,Post,true,Home,n\n":                                                               {post(favourite, tags("Home"), notes("n"))},
		"label,username,password,tags,url\nPost,mia,pw-post,[Home],https://post.example\n":                                                                                      {post(tags("Home"))},
		"label,username,password,tags,url\nPost,mia,pw-post,\"[Home, Mail\\New]\",https://post.example\n":                                                                       {post(tags("Home", `Mail\New`))},
		"name,websites,username,password,totp,message\nPost,https://post.example,mia,pw-post," + key + ",n\n":                                                                   {post(totp(key), notes("n"))},
		"name,website,username,password,secondary_username\nPost,https://post.example,,pw-post,mia\n":                                                                           {post()},
		"Titolo;Indirizzo;Nome utente;Parola d'ordine;Preferito;Creato il\nPost;https://post.example;mia;pw-post;sì;2021-03-02\n":                                               {post(favourite, created("2021-03-02T00:00:00Z"))},
		"Label,Url,Username,Password,Favorite,Edited\nPost,https://post.example,mia,pw-post,WAHR,2021-03-02T10:11:12+00:00\n":                                                   {post(favourite, modified("2021-03-02T10:11:12Z"))},
		"Beschreibung;Benutzername;Passwort;Internetseite\nPost;mia;pw-post;https://post.example\n":                                                                             {post()},
		"url,username,password,title,description\nhttps://post.example,mia,pw-post,Post,n\n":                                                                                    {post(notes("n"))},
		"Post,Uživatelské jméno,mia,Heslo,pw-post,Webové stránky,https://post.example\n":                                                                                        {post()},
		"Title,,Username,Password,URL\nPost,x,mia,pw-post,https://post.example\n":                                                                                               {post(with(transfertest.Hidden("Column 2", "x")))},
	} {
		got := transfertest.Read(t, "x.csv", data, transfer.Options{})
		transfertest.Same(t, got, want)
		transfertest.SameProblems(t, got)
	}
	// Only a leading description says what an item is.
	transfertest.Same(t, transfertest.Read(t, "x.csv", "url,username,password,description\nhttps://post.example,mia,pw-post,n\n", transfer.Options{}),
		[]item.Item{post(notes("n"), func(it *item.Item) { it.Title = "post.example" })})
}
