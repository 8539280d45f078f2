package transfer_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer"
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
	"github.com/vaultsphere/vaultsphere/app/transfer/source"
	"github.com/vaultsphere/vaultsphere/internal/testenv/transfertest"
)

// post is the login in most samples.
func post(more ...func(*item.Item)) item.Item {
	it := item.Item{Type: item.TypeLogin, Title: "Post", URLs: []string{"https://post.example"}, Username: "mia", Password: "pw-post"}
	for _, change := range more {
		change(&it)
	}
	return it
}

func notes(s string) func(*item.Item)       { return func(it *item.Item) { it.Notes = s } }
func tags(list ...string) func(*item.Item)  { return func(it *item.Item) { it.Tags = list } }
func totp(s string) func(*item.Item)        { return func(it *item.Item) { it.TOTP = s } }
func favourite(it *item.Item)               { it.Favourite = true }
func with(f ...item.Field) func(*item.Item) { return func(it *item.Item) { it.Fields = f } }

// Tables of unknown managers are imported by their column names, every value in place.
func TestColumnNames(t *testing.T) {
	t.Parallel()
	const key = "JBSWY3DPEHPK3PXP"
	for file, want := range map[string][]item.Item{
		"chrome-database.csv": {post()},
		"encryptr.csv": {post(), {
			Type: item.TypeCard, Title: "My card",
			Card: &item.Card{Brand: "Visa", Holder: "Mia M", Number: "4111111111111111", Code: "123", ExpiryMonth: "12", ExpiryYear: "2030"},
		}},
		"password-exporter.csv": {post()},
		"remembear.csv": {post(), {
			Type: item.TypeCard, Title: "My card", Card: &item.Card{Holder: "Mia M", Number: "4111111111111111", Code: "123", ExpiryMonth: "12", ExpiryYear: "2030"},
			Fields: []item.Field{transfertest.Hidden("pin", "9999")},
		}},
		"myki.csv":        {post(notes("note"), totp(key), tags("Home"), with(transfertest.Text("status", "active")))},
		"netwrix-de.csv":  {post(notes("Notiz"), totp(key), tags("Haus", "t1", "t2"))},
		"passpack.csv":    {post(tags("Home"))},
		"psono.csv":       {post(notes("note"), tags("Home"), with(transfertest.Text("urlfilter", "post.example")))},
		"synology-c2.csv": {post(notes("note"), totp(key), favourite)},
		"zoho-vault.csv":  {post(tags("Home"), with(transfertest.Text("Classification", "P")))},
	} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			got := transfertest.Sample(t, "csv/"+file, "csv")
			transfertest.Same(t, got, want)
			transfertest.SameProblems(t, got)
		})
	}
}

func TestColumnNamesInManyLanguages(t *testing.T) {
	t.Parallel()
	for _, header := range []string{
		"Title,Website URL,Login Username,Login Password,Notes", "Display Name,Login_URL,User ID,passwordValue,Comments (optional)",
		"Bezeichnung,Internetadresse,Anmeldename,Kennwort,Bemerkung", "Titel,Webseite,Benutzername,Passwort *,Notizen",
		"Nom du site,Adresse web,Identifiant,Mot de passe,Commentaires", "Titre,URL du site,Nom d’utilisateur,Mot de passe du compte,Remarques",
		"Título,Sitio web,Nombre de usuario,Contraseña,Notas", "Nombre,Dirección,Usuario,Contraseña de acceso,Observaciones",
		"Titolo,Sito web,Nome utente,Parola chiave,Note", "Nome,Indirizzo web,Utente,Password del sito,Appunti",
		"Título,Endereço,Usuário,Senha,Observações", "Nome,Site,Nome de utilizador,Palavra-passe,Notas",
		"Naam,Webadres,Gebruikersnaam,Wachtwoord,Opmerkingen", "Nazwa,Strona internetowa,Nazwa użytkownika,Hasło,Uwagi",
		"Название,Адрес сайта,Имя пользователя,Пароль,Заметки", "Titel,Webbplats,Användarnamn,Lösenord,Anteckningar",
		"Navn,Hjemmeside,Brugernavn,Adgangskode,Noter", "Název,Webová stránka,Uživatelské jméno,Heslo,Poznámky",
		"Otsikko,Verkkosivusto,Käyttäjätunnus,Salasana,Muistiinpanot", "Başlık,Web sitesi,Kullanıcı adı,Şifre,Notlar",
		"Назва,Адреса,Ім'я користувача,Пароль,Примітки", "Név,Weboldal,Felhasználónév,Jelszó,Megjegyzés",
		"タイトル,ウェブサイト,ユーザー名,パスワード,メモ", "标题,网址,用户名,密码,备注", "제목,웹사이트,사용자 이름,비밀번호,메모",
	} {
		t.Run(header, func(t *testing.T) {
			t.Parallel()
			for _, separator := range []string{",", ";", "\t", "|"} {
				data := strings.ReplaceAll(header+"\nPost,https://post.example,mia,pw-post,n\n", ",", separator)
				got := transfertest.Read(t, "x.csv", data, transfer.Options{})
				transfertest.Same(t, got, []item.Item{post(notes("n"))})
				transfertest.SameProblems(t, got)
			}
		})
	}
}

// Columns with similar names become fields, hidden if secret.
func TestSimilarColumnNames(t *testing.T) {
	t.Parallel()
	got := transfertest.Read(t, "x.csv", "Title,Username,Password,Old password,Password hint,Company name,Home address,Altes Kennwort,Kartennummer,Geheimzahl,Times used\n"+
		"Post,mia,pw,old,cat,Acme,1 Street,alt,12,34,5\n", transfer.Options{})
	transfertest.Same(t, got, []item.Item{{Title: "Post", Username: "mia", Password: "pw", Fields: []item.Field{
		transfertest.Hidden("Old password", "old"), transfertest.Hidden("Password hint", "cat"), transfertest.Text("Company name", "Acme"), transfertest.Text("Home address", "1 Street"),
		transfertest.Hidden("Altes Kennwort", "alt"), transfertest.Hidden("Kartennummer", "12"), transfertest.Hidden("Geheimzahl", "34"), transfertest.Text("Times used", "5"),
	}}})
	// Of several columns for the same part, the most certain wins, unless it is empty.
	got = transfertest.Read(t, "x.csv", "Email,Password,Login Password,Username,Account\nm@post.example,a,b,mia,Post\nb@bank.example,,c,,Bank\n", transfer.Options{})
	transfertest.Same(t, got, []item.Item{
		{Title: "Post", Username: "mia", Password: "a", Fields: []item.Field{transfertest.Text("Email", "m@post.example"), transfertest.Hidden("Login Password", "b")}},
		{Title: "Bank", Username: "b@bank.example", Password: "c"},
	})
	// Card numbers are hidden, whatever their column is called.
	got = transfertest.Read(t, "x.csv", "Title,Password,Thing\nPost,pw,4111 1111 1111 1111\n", transfer.Options{})
	transfertest.Same(t, got, []item.Item{{Title: "Post", Password: "pw", Fields: []item.Field{transfertest.Hidden("Thing", "4111 1111 1111 1111")}}})
}

func TestRowsOfCards(t *testing.T) {
	t.Parallel()
	card := func(c item.Card, more ...func(*item.Item)) item.Item {
		it := item.Item{Type: item.TypeCard, Title: "Visa", Card: &c}
		for _, change := range more {
			change(&it)
		}
		return it
	}
	full := item.Card{Number: "4111111111111111", Code: "123", ExpiryMonth: "1", ExpiryYear: "2030"}
	for data, want := range map[string]item.Item{
		"Type,Title,Password,Card Number,Expiration Date,CVV2,PIN\nCredit Card,Visa,,4111111111111111,01/30,123,9\n": card(full, with(transfertest.Hidden("PIN", "9"))),
		"Titel;Passwort;Kartennummer;Gültig bis;Prüfziffer\nVisa;;4111111111111111;2030-01;123\n":                    card(full),
		"Title,Password,cc_number,expiry_month,expiry_year,security code\nVisa,,4111111111111111,01,30,123\n":        card(full),
		"Title,Username,Password,Card number,Expires,Code\nVisa,mia,pw,4111111111111111,soon,123\n": card(item.Card{Number: "4111111111111111", Code: "123"},
			with(transfertest.Text("Username", "mia"), transfertest.Hidden("Password", "pw"), transfertest.Text("Expires", "soon"))),
	} {
		got := transfertest.Read(t, "x.csv", data, transfer.Options{})
		transfertest.Same(t, got, []item.Item{want})
		transfertest.SameProblems(t, got)
	}
}

// A row of values taken for a header would be lost, so the file is rejected.
func TestTablesWithoutAHeaderAreRejected(t *testing.T) {
	t.Parallel()
	noHeader, err := os.ReadFile(transfertest.Testdata("csv/no-header.csv"))
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string]string{
		"URLs and names":                 string(noHeader),
		"nothing to tell by":             "Router,admin,secret1\nNAS,root,secret2\n",
		"known words":                    "Login,Post,mia,pw-post,https://post.example\nLogin,Bank,mia,pw-bank,https://bank.example\n",
		"repeated values":                "Work Notes,Site Login,mia,secret\nWork Notes,x,bob,secret2\n",
		"values that end like names":     "Work Notes,Site Login,My Password\nWork Notes,mia,secret\n",
		"names of other parts":           "Foo,Bar,Baz\n1,2,3\n",
		"a row like names":               "SafeNotes,Post,mia,pw\n",
		"names and a URL":                "Title,Password,https://post.example\nPost,pw,https://bank.example\n",
		"one name":                       "Password,Foo,Bar\n1,2,3\n",
		"neither a title nor a password": "URL,Username,Foo\nhttps://post.example,mia,pw\n",
	} {
		for _, file := range []string{"x.csv", "x.txt", ""} {
			for _, separator := range []string{",", ";", "\t"} {
				_, err := transfer.Read(transfer.File{Name: file, Data: []byte(strings.ReplaceAll(data, ",", separator))}, transfer.Options{})
				var f *transfer.Failure
				if !errors.As(err, &f) {
					t.Fatalf("%s as %q: %v", name, file, err)
				}
				if f.Code != parcel.FileNoHeader && f.Code != parcel.FileNoColumns {
					t.Errorf("%s as %q: %v", name, file, err)
				}
			}
		}
	}
	columns := []transfer.Column{source.ColumnTitle, source.ColumnUsername, source.ColumnPassword, source.ColumnURL, source.ColumnNotes}
	got := transfertest.Read(t, "x.csv", string(noHeader), transfer.Options{Format: "csv", Columns: columns, Headerless: true})
	transfertest.SameProblems(t, got)
	if len(got.Items) != 2 || got.Items[0].Item.Password != "pw-post" || got.Items[0].Row != 1 {
		t.Errorf("got %+v", got.Items)
	}
	if _, err := transfer.Read(transfer.File{Data: noHeader}, transfer.Options{Format: "csv", Headerless: true}); !errors.Is(err, transfer.ErrNoHeader) {
		t.Errorf("without chosen columns: %v", err)
	}
	got = transfertest.Read(t, "x.csv", string(noHeader), transfer.Options{Format: "csv", Columns: columns})
	transfertest.SameProblems(t, got, transfer.Problem{Row: 1, Code: parcel.HeaderHoldsValues})
	p, err := transfer.Columns(transfer.File{Data: noHeader})
	if err != nil || !p.Headerless || p.Guess[1] != source.ColumnUsername || p.Guess[3] != source.ColumnURL || len(p.Rows) != 1 {
		t.Errorf("the preview is %+v, %v", p, err)
	}
}

// A table without password or title columns is imported with a problem.
func TestMissingColumnsAreReported(t *testing.T) {
	t.Parallel()
	transfertest.SameProblems(t, transfertest.Read(t, "x.csv", "Title,Username,Kode\nPost,mia,pw\n", transfer.Options{}),
		transfer.Problem{Code: parcel.NoPasswordColumn})
	transfertest.SameProblems(t, transfertest.Read(t, "x.csv", "Thing,Username,Password\nPost,mia,pw\n", transfer.Options{}),
		transfer.Problem{Code: parcel.NoTitleColumn})
}

// Formats without a header are detected by the shape of their tables.
func TestTablesAreDetectedUnderAnyName(t *testing.T) {
	t.Parallel()
	got := transfertest.Sample(t, "keeper/pairs.csv", "keeper-csv")
	transfertest.Same(t, got, []item.Item{
		post(tags("Home"), notes("n")),
		{
			Type: item.TypeLogin, Title: "Bank", URLs: []string{"https://bank.example"}, Username: "mia", Password: "pw-bank", Tags: []string{"Home"},
			Fields: []item.Field{transfertest.Text("Account", "12345")},
		},
	})
	transfertest.Same(t, transfertest.Sample(t, "keeper/named.csv", "keeper-csv"), []item.Item{post(tags("Home"), notes("n"))})
	transfertest.Same(t, transfertest.Sample(t, "enpass/italian.csv", "enpass-csv"), []item.Item{
		{Type: item.TypeLogin, Title: "Posta", URLs: []string{"https://post.example"}, Username: "mia", Password: "pw-a", Notes: "nota"},
		{Type: item.TypeLogin, Title: "Banca", URLs: []string{"https://bank.example"}, Username: "mia", Password: "pw-b"},
	})
	got = transfertest.Read(t, "x.csv", "Wifi,Passwort,geheim\nNotiz,nur ein Text\nPost,Benutzername,mia,*Kennwort,pw-post,Webseite,https://post.example,\n", transfer.Options{})
	transfertest.Same(t, got, []item.Item{
		{Type: item.TypeLogin, Title: "Wifi", Password: "geheim"}, {Type: item.TypeNote, Title: "Notiz", Notes: "nur ein Text"}, post(),
	})
	// A table with column names side by side is not one of them, even if every other one is a label of Enpass.
	transfertest.Same(t, transfertest.Read(t, "x.csv", "Title,Username,Thing,Password\nPost,mia,x,pw\n", transfer.Options{}),
		[]item.Item{{Title: "Post", Username: "mia", Password: "pw", Fields: []item.Field{transfertest.Text("Thing", "x")}}})
}

func TestURLsWithSpaces(t *testing.T) {
	t.Parallel()
	for value, want := range map[string][]string{
		"https://a.example https://b.example":  {"https://a.example", "https://b.example"},
		"https://a.example, https://b.example": {"https://a.example", "https://b.example"},
		"https://a.example/?q=1,2":             {"https://a.example/?q=1,2"},
		"a.example 192.168.0.1:8443/x":         {"a.example", "192.168.0.1:8443/x"},
		" https://a.example/ ":                 {"https://a.example/"},
	} {
		got := transfertest.Read(t, "x.csv", "Title,Website,User,Password\nT,\""+value+"\",mia,pw\n", transfer.Options{})
		transfertest.Same(t, got, []item.Item{{Title: "T", URLs: want, Username: "mia", Password: "pw"}})
	}
	// Text stays together, and becomes the title of an item without one.
	const words = "Router upstairs 192.168.0.1"
	for data, title := range map[string]string{"Title,Website,Password\nT," + words + ",pw\n": "T", "Title,Website,Password\n," + words + ",pw\n": words} {
		it := transfertest.Read(t, "x.csv", data, transfer.Options{}).Items[0].Item
		inField := slices.ContainsFunc(it.Fields, func(f item.Field) bool { return f.Value == words })
		if it.Title != title || !inField && !slices.Equal(it.URLs, []string{words}) {
			t.Errorf("got %+v", it)
		}
	}
}

// A username has one line; the whole becomes a field.
func TestLineBreaksInUsernames(t *testing.T) {
	t.Parallel()
	got := transfertest.Read(t, "x.csv", "name,url,username,password,note\nPost,https://post.example,\"mia\r\nsecond\",pw-post,\n", transfer.Options{})
	transfertest.Same(t, got, []item.Item{post(with(transfertest.Text("Username", "mia\r\nsecond")))})
	if len(got.Relocated) != 1 {
		t.Errorf("relocated %+v", got.Relocated)
	}
	for _, end := range []string{"\u2028", "\v", "\u0085"} { // line ends of other systems
		got = transfertest.Read(t, "x.csv", "name,url,username,password,note\nPost,https://post.example,mia"+end+"second,pw-post,\n", transfer.Options{})
		transfertest.Same(t, got, []item.Item{post(with(transfertest.Text("Username", "mia"+end+"second")))})
	}
}

func TestTableTimes(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"2021-03-02 10:11:12": "2021-03-02T10:11:12Z", "02.03.2021": "2021-03-02T00:00:00Z", "2021/03/02 10:11": "2021-03-02T10:11:00Z",
		"1614679872": "2021-03-02T10:11:12Z", "1614679872000000": "2021-03-02T10:11:12Z", "13259153472000000": "2021-03-02T10:11:12Z",
		"132591534720000000": "2021-03-02T10:11:12Z", "Mar 2, 2021 10:11:12 AM": "", "Jan 2, 2021, 3:04:05 PM": "2021-01-02T15:04:05Z", "2 March 2021": "2021-03-02T00:00:00Z",
	} {
		got := transfertest.Read(t, "x.csv", "Title;Password;Date modified\nPost;pw;"+value+"\n", transfer.Options{}).Items[0].Item
		if want == "" {
			want = "2021-03-02T10:11:12Z"
		}
		if !got.Modified.Equal(transfertest.Time(want)) {
			t.Errorf("%s is %v", value, got.Modified)
		}
	}
	// The order of day and month must not be guessed.
	transfertest.Same(t, transfertest.Read(t, "x.csv", "Title,Password,Modified\nPost,pw,02/03/2021\n", transfer.Options{}),
		[]item.Item{{Title: "Post", Password: "pw", Fields: []item.Field{transfertest.Text("Modified", "02/03/2021")}}})
}
