package transfer

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// Column says what the values of a column of any CSV become.
type Column string

const (
	ColumnField     Column = "" // a custom field by the column's name
	ColumnHidden    Column = "hidden"
	ColumnSkip      Column = "skip"
	ColumnType      Column = "type"
	ColumnTitle     Column = "title"
	ColumnURL       Column = "url"
	ColumnUsername  Column = "username"
	ColumnPassword  Column = "password"
	ColumnTOTP      Column = "totp"
	ColumnNotes     Column = "notes"
	ColumnTag       Column = "tag"
	ColumnFavourite Column = "favourite"
	ColumnCreated   Column = "created"
	ColumnModified  Column = "modified"
)

// columnNames are the folded names by which a column is guessed: those that password managers and browsers use.
var columnNames = map[Column][]string{
	ColumnType:      {"type", "category", "typ", "kind"},
	ColumnTitle:     {"title", "name", "account", "item name", "entry", "label", "site name", "titel", "titre", "nom", "título", "nombre", "название", "имя"},
	ColumnURL:       {"url", "urls", "website", "web site", "site", "login_uri", "uri", "address", "web address", "link", "webseite", "hostname", "adresse", "sitio web", "адрес", "сайт"},
	ColumnUsername:  {"username", "user name", "user", "login", "login name", "login_username", "email", "e-mail", "userid", "user id", "benutzername", "benutzer", "identifiant", "nom d'utilisateur", "usuario", "логин", "имя пользователя"},
	ColumnPassword:  {"password", "pass", "pwd", "login_password", "passwort", "kennwort", "mot de passe", "contraseña", "пароль"},
	ColumnTOTP:      {"totp", "otp", "otpauth", "otp url", "otpsecret", "2fa", "login_totp", "one-time password", "authenticator"},
	ColumnNotes:     {"notes", "note", "comment", "comments", "extra", "description", "notizen", "notiz", "kommentar", "remarques", "notas", "заметки", "примечание"},
	ColumnTag:       {"folder", "group", "grouping", "tags", "tag", "vault", "collection", "collections", "ordner", "gruppe", "dossier", "carpeta", "папка"},
	ColumnFavourite: {"favourite", "favorite", "fav", "starred", "favorit"},
	ColumnCreated:   {"created", "created at", "createtime", "creation date", "timecreated", "creation time"},
	ColumnModified:  {"modified", "modified at", "last modified", "modifytime", "updated", "updated at", "timepasswordchanged", "last modification time"},
}

// repeated columns may stand for a part more than once; of the others only the first is guessed.
var repeated = []Column{ColumnURL, ColumnTag, ColumnNotes}

func guess(folded []string) []Column {
	out := make([]Column, len(folded))
	for i, name := range folded {
		for column, names := range columnNames {
			if slices.Contains(names, name) && (!slices.Contains(out[:i], column) || slices.Contains(repeated, column)) {
				out[i] = column
			}
		}
	}
	return out
}

// Preview is the beginning of a CSV, so that a person can say what its columns are. The values may be secrets.
type Preview struct {
	Header []string   `json:"header"`
	Rows   [][]string `json:"rows"`
	Guess  []Column   `json:"guess"`
}

const previewRows = 5

// Columns looks at a CSV of any kind.
func Columns(f File) (*Preview, error) {
	in, err := newInput(f, Options{})
	if err != nil {
		return nil, err
	}
	if len(in.csvHeader()) == 0 {
		if _, err := in.text(); err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("%w %s", ErrOtherFormat, "CSV")
	}
	p := &Preview{Header: in.table.header, Guess: guess(in.table.folded)}
	for r := range records(in.table.text, in.table.separator) {
		if r.number > 1 && r.broken == "" && !r.empty() {
			p.Rows = append(p.Rows, r.cells)
		}
		if len(p.Rows) == previewRows {
			break
		}
	}
	return p, nil
}

// isTable takes a file without being asked for a table only if its name or a column says that it is one.
func isTable(in *input) bool {
	header := in.csvHeader()
	if len(header) == 0 {
		return false
	}
	if in.options.Format == "csv" || strings.HasSuffix(in.name, ".csv") || strings.HasSuffix(in.name, ".tsv") {
		return true
	}
	return in.jsonValue() == nil && in.broken == nil &&
		slices.ContainsFunc(guess(header), func(c Column) bool { return c != ColumnField })
}

func readTable(in *input, b *builder) error {
	t := *in.table
	columns, skip := in.options.Columns, 1
	if len(columns) == 0 {
		columns = guess(t.folded)
	}
	if len(columns) != len(t.header) {
		return fmt.Errorf("%w: %d columns were chosen, the file has %d", ErrOtherFormat, len(columns), len(t.header))
	}
	if in.options.Headerless {
		skip = 0
		t.header = make([]string, len(columns)) // rest calls them by their number
	}
	for r := range t.rows(b, false, skip) {
		var it item.Item
		for i, column := range columns {
			if r.cells[i] != "" {
				r.taken[i] = column.set(b, r, i, &it)
			}
		}
		b.addRow(r, it)
	}
	return nil
}

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
		it.URLs = append(it.URLs, strings.Fields(value)...)
	case ColumnNotes:
		setNotes(it, value)
	case ColumnTag:
		setTag(it, value)
	case ColumnType:
		t := item.Type(strings.ReplaceAll(fold(value), " ", "_"))
		if !t.Known() {
			return false
		}
		it.Type = t
	case ColumnFavourite:
		it.Favourite = isYes(value)
		return it.Favourite || isNo(value)
	case ColumnCreated:
		return setTime(&it.Created, value)
	case ColumnModified:
		return setTime(&it.Modified, value)
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
		return false
	}
	*to = value
	return true
}

func isYes(s string) bool {
	return slices.Contains([]string{"1", "true", "yes", "y", "x"}, fold(s))
}

func isNo(s string) bool {
	return slices.Contains([]string{"", "0", "false", "no", "n"}, fold(s))
}

// timeLayouts are those that leave no doubt about day and month.
var timeLayouts = []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02"}

// setTime reads a time in one of the layouts, in UTC unless it says otherwise, or in seconds or milliseconds since 1970.
func setTime(to *time.Time, value string) bool {
	t, ok := parseTime(strings.TrimSpace(value))
	if ok {
		*to = t
	}
	return ok
}

func parseTime(s string) (time.Time, bool) {
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), true
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n <= 0 {
		return time.Time{}, false
	}
	const lastSecond = 100_000_000_000 // in the year 5138; above, it counts in milliseconds or microseconds
	for n >= lastSecond*1000 {
		n /= 1000
	}
	if n < lastSecond {
		n *= 1000
	}
	return time.UnixMilli(n).UTC(), true
}
