package transfer

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// isTable takes a file without being asked for a table only if its name, a column or the shape of its rows says that it is one.
func isTable(in *input) bool {
	header := in.csvHeader()
	if len(header) == 0 {
		return false
	}
	if in.options.Format == "csv" || strings.HasSuffix(in.name, ".csv") || strings.HasSuffix(in.name, ".tsv") {
		return true
	}
	return in.jsonValue() == nil && in.broken == nil && (in.table.regular() ||
		slices.ContainsFunc(guess(in.table.header), func(c Column) bool { return c != ColumnField }))
}

// regular reports whether all of several rows have as many values, which prose with commas has not.
func (t *table) regular() bool {
	rows := t.sample()
	return len(rows) > 1 && len(t.header) > 2 &&
		!slices.ContainsFunc(rows, func(r []string) bool { return len(r) != len(t.header) })
}

func readTable(in *input, b *builder) error {
	t := *in.table
	t.columns, t.unnamed = in.options.Columns, in.options.Headerless
	if len(t.columns) == 0 {
		if err := t.understand(); err != nil {
			return err
		}
		defer func() { b.reportMissing(t.columns) }()
	}
	chosen, have := len(t.columns), len(t.header)
	if chosen < have || chosen > have && !t.unnamed {
		return fmt.Errorf("%w: %d were chosen, the table has %d", ErrColumnCount, chosen, have)
	}
	if !t.unnamed && t.holdsValues() {
		b.problem(t.line, "", "the row seems to hold values, but was taken for the names of the columns")
	}
	guessed := !t.unnamed && slices.Equal(t.columns, guess(t.header))
	if t.unnamed { // the first row may be shorter than others
		t.header, t.folded = make([]string, chosen), make([]string, chosen)
	}
	order := byRank(t.columns, t.header)
	for r := range t.rows(b, false) {
		b.addRow(r, r.item(b, order, guessed))
	}
	return nil
}

// item puts the values of the row into their places, in that order of columns. What else is in it is looked for only if
// nobody has chosen the columns.
func (r *csvRow) item(b *builder, order []int, guessed bool) item.Item {
	var it item.Item
	for _, i := range order {
		if r.cells[i] != "" {
			r.taken[i] = r.table.columns[i].set(b, r, i, &it)
		}
	}
	if guessed {
		takeText(b, r, &it)
		takeCard(b, r, &it)
		if it.Notes != "" && len(it.URLs) == 0 {
			noteOrLogin(&it)
		}
	}
	return it
}

// understand finds out what the columns are by their names. It refuses to guess where too little is known, because a row
// of values that is taken for names would be lost, and a password would be the name of a field.
func (t *table) understand() error {
	columns := guess(t.header)
	switch {
	case t.unnamed || t.headerless():
		return ErrNoHeader
	case !slices.Contains(columns, ColumnTitle) && !slices.Contains(columns, ColumnPassword) && !slices.ContainsFunc(t.header, tellsCard):
		return ErrNoColumns
	}
	t.columns = columns
	return nil
}

// reportMissing reports that no column was known for the passwords or the titles, although there are logins.
func (b *builder) reportMissing(columns []Column) {
	logins, passwords := false, slices.Contains(columns, ColumnPassword)
	for _, i := range b.result.Items {
		logins = logins || i.Item.Type == item.TypeLogin
		passwords = passwords || i.Item.Password+i.Item.TOTP != ""
	}
	if logins && !passwords {
		b.problem(0, "", "no column is known as that of the passwords")
	}
	if !slices.Contains(columns, ColumnTitle) && !slices.Contains(columns, ColumnURL) {
		b.problem(0, "", "no column is known as that of the titles")
	}
}

// byRank is the order in which the columns of a row are taken: of several for the same part, the surest first.
func byRank(columns []Column, header []string) []int {
	order := make([]int, len(columns))
	for i := range order {
		order[i] = i
	}
	sure := func(i int) int {
		if c, sure := meaning(header[i]); c == columns[i] && !repeated(c) {
			return sure
		}
		return 0
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(sure(i), sure(j)) })
	return order
}

// repeated columns are for parts of which an item has several, which stay in the order of the file.
func repeated(c Column) bool { return c == ColumnURL || c == ColumnTag || c == ColumnNotes }

// set puts the value of column i into the item, and reports whether it found its place.
func (c Column) set(b *builder, r *csvRow, i int, it *item.Item) bool {
	value := r.cells[i]
	switch c {
	case ColumnSkip:
	case ColumnTitle:
		return setOnce(&it.Title, value)
	case ColumnUsername:
		return setOnce(&it.Username, value)
	case ColumnPassword:
		return setOnce(&it.Password, value)
	case ColumnTOTP:
		return setOnce(&it.TOTP, value)
	case ColumnURL:
		setAddresses(it, value)
	case ColumnNotes:
		setNotes(it, value)
	case ColumnTag:
		it.Tags = append(it.Tags, tagsOf(r.name(i), value)...)
	case ColumnType:
		return setType(it, r.name(i), value)
	case ColumnFavourite:
		it.Favourite = isYes(value)
		return it.Favourite || isNo(value)
	case ColumnCreated:
		return value == "0" || setTime(&it.Created, value)
	case ColumnModified:
		return value == "0" || setTime(&it.Modified, value)
	case ColumnHidden:
		b.keepField(r.number, it, r.name(i), value, item.FieldHidden)
	default:
		return false
	}
	return true
}

// setOnce leaves a second value for fields to be kept.
func setOnce(to *string, value string) bool {
	if *to != "" {
		return *to == value
	}
	*to = value
	return true
}

// setAddresses takes apart what is nothing but addresses. Words with an address among them stay together.
func setAddresses(it *item.Item, value string) {
	list := strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(" \t\r\n", r) })
	if len(list) == 0 || slices.ContainsFunc(list, func(s string) bool { return !looksLikeURL(strings.Trim(s, ",;")) }) {
		list = splitURLs(strings.TrimSpace(value))
	}
	for _, address := range list {
		it.URLs = append(it.URLs, strings.Trim(address, ",; "))
	}
}

// typeNames are the values of such columns, as columnWords has them.
var typeNames = map[item.Type]string{
	item.TypeLogin:    "login, logins, password, website, website password, web site, web, web login, web logins, web account, account, anmeldung, passwort, identifiant",
	item.TypeNote:     "note, secure note, securenote, notes, notiz, sichere notiz, nota, note securisee, general",
	item.TypeCard:     "card, cc, credit card, creditcard, payment, payment card, bank card, debit card, kreditkarte, carte bancaire, tarjeta, carta di credito",
	item.TypeIdentity: "identity, identitat, identite, identidad, contact, personal info",
	item.TypeSSHKey:   "ssh key, sshkey, ssh",
}

func typeOf(value string) item.Type {
	words := strings.TrimSuffix(strings.Join(columnWords(value), " "), " item")
	for _, t := range item.Types {
		if slices.Contains(strings.Split(typeNames[t], ", "), words) {
			return t
		}
	}
	return ""
}

// setType takes a type that is known. Another one of a column of categories is a tag.
func setType(it *item.Item, name, value string) bool {
	if t := typeOf(value); t != "" && it.Type == "" {
		it.Type = t
		return true
	}
	category := strings.HasPrefix(strings.Join(columnWords(name), " "), "categor")
	if category {
		it.Tags = append(it.Tags, strings.TrimSpace(value))
	}
	return category
}

// listNames begin the names of columns with several tags in one value; in others a value is one path of folders.
var listNames = regexp.MustCompile(`tag|label|schlag|etiquet|etichet|keyword|marcador|метк|тег|ключев|stitk|etiket|cimke|tunnist|collections|标签|標籤|タグ|태그`)

// tagsOf is the tags in a value: of a list, with commas or semicolons, or one path.
func tagsOf(name, value string) []string {
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
	return one(strings.Trim(strings.ReplaceAll(strings.TrimSpace(value), `\`, "/"), "/"))
}

func isYes(s string) bool {
	return slices.Contains([]string{"1", "true", "yes", "y", "x", "on", "ja", "oui", "si", "sí", "sì", "sim", "да", "tak", "ano", "igen", "evet", "はい", "是", "예",
		"wahr", "vrai", "verdadero", "verdadeiro", "vero", "waar", "prawda", "истина"}, fold(s))
}

func isNo(s string) bool {
	return slices.Contains([]string{"", "0", "false", "no", "n", "off", "nein", "non", "não", "нет", "nie", "nee", "ne", "nem", "hayır", "いいえ", "否", "아니요",
		"falsch", "faux", "falso", "onwaar", "fałsz", "ложь"}, fold(s))
}
