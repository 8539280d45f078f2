package source

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
)

// AnyCSV is a table of any kind. The user may say what its columns are.
var AnyCSV = Custom{Is: isTable, Parse: readTable}

// isTable requires the format to be chosen, or evidence in the file name, the columns or the rows.
func isTable(in *Input) bool {
	header := in.CSVHeader()
	if len(header) == 0 {
		return false
	}
	if in.Options.Format == "csv" || strings.HasSuffix(in.Name, ".csv") || strings.HasSuffix(in.Name, ".tsv") {
		return true
	}
	return in.JSONValue() == nil && in.Broken == nil && (in.Table.regular() ||
		slices.ContainsFunc(guess(in.Table.Header), func(c Column) bool { return c != ColumnField }))
}

// regular reports whether there are several rows of equal length, which prose with commas rarely has.
func (t *Table) regular() bool {
	rows := t.Sample()
	return len(rows) > 1 && len(t.Header) > 2 &&
		!slices.ContainsFunc(rows, func(r []string) bool { return len(r) != len(t.Header) })
}

func readTable(in *Input, b *Builder) error {
	t := *in.Table
	t.columns, t.Unnamed = in.Options.Columns, in.Options.Headerless
	if len(t.columns) == 0 {
		if err := t.understand(); err != nil {
			return err
		}
		defer func() { b.reportMissing(t.columns) }()
	}
	chosen, have := len(t.columns), len(t.Header)
	if chosen < have || chosen > have && !t.Unnamed {
		return Fail(parcel.FileColumnCount, parcel.Values{Count: chosen, Limit: have})
	}
	if !t.Unnamed && t.holdsValues() {
		b.Problem(t.line, "", parcel.HeaderHoldsValues)
	}
	guessed := !t.Unnamed && slices.Equal(t.columns, guess(t.Header))
	if t.Unnamed { // the first row may be shorter than others
		t.Header, t.Folded = make([]string, chosen), make([]string, chosen)
	}
	order := byRank(t.columns, t.Header)
	for r := range t.Rows(b, false) {
		r.fill(order, guessed)
		r.Add()
	}
	return nil
}

// fill puts the values of the row into the item, in that order of columns. It looks for structure inside values only if the
// columns were guessed.
func (r *Row) fill(order []int, guessed bool) {
	for _, i := range order {
		if r.Cells[i] != "" {
			r.Taken[i] = r.Table.columns[i].set(r, i)
		}
	}
	if guessed {
		r.takeText()
		r.TakeCard()
		if r.Notes != "" && len(r.URLs) == 0 {
			r.NoteOrLogin()
		}
	}
}

// understand guesses the columns from their names. It refuses if too little is known: a row of values taken for names would
// be lost, and a password would become the name of a field.
func (t *Table) understand() error {
	columns := guess(t.Header)
	switch {
	case t.Unnamed || t.Headerless():
		return ErrNoHeader
	case !slices.Contains(columns, ColumnTitle) && !slices.Contains(columns, ColumnPassword) && !slices.ContainsFunc(t.Header, tellsCard):
		return ErrNoColumns
	}
	t.columns = columns
	return nil
}

// reportMissing reports a table with logins whose password or title column is unknown.
func (b *Builder) reportMissing(columns []Column) {
	logins, passwords := false, slices.Contains(columns, ColumnPassword)
	for _, i := range b.Result.Items {
		logins = logins || i.Item.Type == item.TypeLogin
		passwords = passwords || i.Item.Password+i.Item.TOTP != ""
	}
	if logins && !passwords {
		b.Problem(0, "", parcel.NoPasswordColumn)
	}
	if !slices.Contains(columns, ColumnTitle) && !slices.Contains(columns, ColumnURL) {
		b.Problem(0, "", parcel.NoTitleColumn)
	}
}

// byRank returns the order in which to take the columns of a row: if several hold the same value, the most certain first.
func byRank(columns []Column, header []string) []int {
	order := make([]int, len(columns))
	for i := range order {
		order[i] = i
	}
	sure := func(i int) int {
		if c, sure := Meaning(header[i]); c == columns[i] && !repeated(c) {
			return sure
		}
		return 0
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(sure(i), sure(j)) })
	return order
}

// repeated columns hold values of which an item has several. They stay in the order of the file.
func repeated(c Column) bool { return c == ColumnURL || c == ColumnTag || c == ColumnNotes }

// set puts the value of column i into the item, and reports whether it did.
func (c Column) set(r *Row, i int) bool {
	value := r.Cells[i]
	switch c {
	case ColumnSkip:
	case ColumnTitle:
		return SetOnce(&r.Title, value)
	case ColumnUsername:
		return SetOnce(&r.Username, value)
	case ColumnPassword:
		return SetOnce(&r.Password, value)
	case ColumnTOTP:
		return SetOnce(&r.TOTP, value)
	case ColumnURL:
		setURLs(&r.Item, value)
	case ColumnNotes:
		SetNotes(&r.Item, value)
	case ColumnTag:
		r.Tags = append(r.Tags, TagsOf(r.Name(i), value)...)
	case ColumnType:
		return setType(&r.Item, r.Name(i), value)
	case ColumnFavourite:
		r.Favourite = IsYes(value)
		return r.Favourite || IsNo(value)
	case ColumnCreated:
		return value == "0" || SetTime(&r.Created, value)
	case ColumnModified:
		return value == "0" || SetTime(&r.Modified, value)
	case ColumnHidden:
		r.Relocate(r.Name(i), value, item.FieldHidden)
	default:
		return false
	}
	return true
}

// SetOnce sets an empty value. It returns false for a second one, which the caller relocates.
func SetOnce(to *string, value string) bool {
	if *to != "" {
		return *to == value
	}
	*to = value
	return true
}

// setURLs splits a value that consists only of URLs. Text with a URL in it stays together.
func setURLs(it *item.Item, value string) {
	list := urlsIn(value)
	if list == nil {
		list = SplitURLs(strings.TrimSpace(value))
	}
	for _, rawURL := range list {
		it.URLs = append(it.URLs, strings.Trim(rawURL, ",; "))
	}
}

// urlsIn returns the URLs in a value that are separated by white space, or nil if the value contains anything else.
func urlsIn(value string) []string {
	list := strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(" \t\r\n", r) })
	for i, s := range list {
		if list[i] = strings.Trim(s, ",;"); !LooksLikeURL(list[i]) {
			return nil
		}
	}
	return list
}

// typeNames are the values of a type column, normalized by columnWords.
var typeNames = map[item.Type]string{
	item.TypeLogin:    "login, logins, password, website, website password, web site, web, web login, web logins, web account, account, anmeldung, passwort, identifiant",
	item.TypeNote:     "note, secure note, securenote, notes, notiz, sichere notiz, nota, note securisee, general",
	item.TypeCard:     "card, cc, credit card, creditcard, payment, payment card, bank card, debit card, kreditkarte, carte bancaire, tarjeta, carta di credito",
	item.TypeIdentity: "identity, identitat, identite, identidad, contact, personal info",
	item.TypeSSHKey:   "ssh key, sshkey, ssh",

	item.TypeBankAccount:    "bank account, bankaccount, bank, bankkonto, compte bancaire, cuenta bancaria",
	item.TypePassport:       "passport, reisepass, passeport, pasaporte",
	item.TypeDriversLicense: "driver s license, drivers license, driver license, driving licence, driving license, fuhrerschein, permis de conduire, permiso de conducir",
	item.TypeAPIKey:         "api credential, api credentials, api key, apikey",
}

// TypeOf returns the type that a word stands for, or the empty one.
func TypeOf(value string) item.Type {
	words := strings.TrimSuffix(strings.Join(columnWords(value), " "), " item")
	for _, t := range item.Types {
		if slices.Contains(strings.Split(typeNames[t], ", "), words) {
			return t
		}
	}
	return ""
}

// setType sets a known type. An unknown value of a category column becomes a tag.
func setType(it *item.Item, name, value string) bool {
	if t := TypeOf(value); t != "" && it.Type == "" {
		it.Type = t
		return true
	}
	category := strings.HasPrefix(strings.Join(columnWords(name), " "), "categor")
	if category {
		it.Tags = append(it.Tags, strings.TrimSpace(value))
	}
	return category
}

// listNames begin the names of columns that hold several tags. In other columns, a value is one folder path.
var listNames = regexp.MustCompile(`tag|label|schlag|etiquet|etichet|keyword|marcador|метк|тег|ключев|stitk|etiket|cimke|tunnist|collections|标签|標籤|タグ|태그`)

// TagsOf returns the tags in a value: a list separated by commas or semicolons, or one path.
func TagsOf(name, value string) []string {
	if list, ok := textsInJSON(value); ok {
		return list
	}
	if list := strings.TrimSpace(value); strings.HasPrefix(list, "[") && strings.HasSuffix(list, "]") {
		value = list[1 : len(list)-1]
	}
	if rest, ok := strings.CutPrefix(strings.TrimSpace(value), "{("); ok {
		return tagsOfMac(strings.TrimSuffix(rest, ")}"))
	}
	if listNames.MatchString(strings.Join(columnWords(name), " ")) {
		var out []string
		for _, tag := range strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(",;\n", r) }) {
			out = append(out, strings.TrimSpace(tag))
		}
		return out
	}
	return ListOf(strings.Trim(strings.ReplaceAll(strings.TrimSpace(value), `\`, "/"), "/"))
}

// IsYes reports whether a cell means yes, in one of several languages.
func IsYes(s string) bool {
	return slices.Contains([]string{"1", "true", "yes", "y", "x", "on", "ja", "oui", "si", "sí", "sì", "sim", "да", "tak", "ano", "igen", "evet", "はい", "是", "예",
		"wahr", "vrai", "verdadero", "verdadeiro", "vero", "waar", "prawda", "истина"}, Fold(s))
}

// IsNo reports whether a cell means no, or is empty.
func IsNo(s string) bool {
	return slices.Contains([]string{"", "0", "false", "no", "n", "off", "nein", "non", "não", "нет", "nie", "nee", "ne", "nem", "hayır", "いいえ", "否", "아니요",
		"falsch", "faux", "falso", "onwaar", "fałsz", "ложь"}, Fold(s))
}
