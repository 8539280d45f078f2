package own

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
	"github.com/vaultsphere/vaultsphere/app/transfer/source"
)

// VaultSphere CSV, see docs/export-format.md. Cells that start with =, +, - or @ are not escaped, although spreadsheets take
// them for formulas: a password must survive unchanged.
var columns = []string{
	"type", "title", "url", "username", "password", "totp", "notes", "tags", "favourite", "created", "modified", "more",
}

// more holds the values without a column, as JSON.
type more struct {
	Values          map[string]string         `json:"values,omitempty"` // values of columns that CSV cannot represent
	Match           map[string]item.MatchRule `json:"match,omitempty"`
	Fields          []item.Field              `json:"fields,omitempty"`
	Card            *item.Card                `json:"card,omitempty"`
	Identity        *item.Identity            `json:"identity,omitempty"`
	SSHKey          *item.SSHKey              `json:"ssh_key,omitempty"`
	PasswordHistory []item.OldPassword        `json:"password_history,omitempty"`
	Trashed         time.Time                 `json:"trashed,omitzero"`
	Purge           time.Time                 `json:"purge,omitzero"`
	UnknownOverview item.Unknown              `json:"unknown_overview,omitempty"`
	UnknownDetails  item.Unknown              `json:"unknown_details,omitempty"`
}

// WriteCSV writes VaultSphere CSV.
func WriteCSV(items []parcel.Exported, _ string) ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	if err := w.Write(columns); err != nil {
		return nil, err
	}
	for _, x := range items {
		row, err := rowOf(x.Item)
		if err == nil {
			err = w.Write(row)
		}
		if err != nil {
			return nil, fmt.Errorf("write an item: %w", err)
		}
	}
	w.Flush()
	return b.Bytes(), w.Error()
}

func rowOf(it item.Item) ([]string, error) {
	rest := more{
		Match: it.Match, Fields: it.Fields, Card: it.Card, Identity: it.Identity, SSHKey: it.SSHKey,
		PasswordHistory: it.PasswordHistory, Trashed: it.Trashed, Purge: it.Purge,
		UnknownOverview: it.UnknownOverview, UnknownDetails: it.UnknownDetails,
	}
	row := []string{
		string(it.Type), it.Title, strings.Join(it.URLs, "\n"), it.Username, it.Password, it.TOTP, it.Notes,
		strings.Join(it.Tags, "\n"), yesOrNo(it.Favourite), formatTime(it.Created), formatTime(it.Modified), "",
	}
	for i, value := range row {
		if strings.Contains(value, "\x00") { // a file with a NUL is not detected as text
			if rest.Values == nil {
				rest.Values = map[string]string{}
			}
			rest.Values[columns[i]], row[i] = value, ""
		}
	}
	text, err := json.Marshal(rest)
	if string(text) != "{}" {
		row[len(row)-1] = string(text)
	}
	return row, err
}

func yesOrNo(yes bool) string {
	if yes {
		return "yes"
	}
	return ""
}

func formatTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// CSV is VaultSphere CSV.
var CSV = source.Custom{Is: source.CSV{Needs: columns}.Detect, Parse: readCSV}

func readCSV(in *source.Input, b *source.Builder) error {
	b.Exact = true
	for r := range in.CSVRows(b, false) {
		var rest more
		if text := r.Text("more"); text != "" {
			if err := strict.Unmarshal([]byte(text), &rest); err != nil {
				r.Malformed(r.Text("title"), err)
				continue
			}
		}
		value := func(column string) string {
			if v, held := rest.Values[column]; held {
				return v
			}
			return r.Text(column)
		}
		r.Item = item.Item{
			Type: item.Type(value("type")), Title: value("title"), Username: value("username"), Password: value("password"),
			TOTP: value("totp"), Notes: value("notes"), URLs: strings.Split(value("url"), "\n"), Tags: strings.Split(value("tags"), "\n"),
			Match: rest.Match, Fields: rest.Fields, Card: rest.Card, Identity: rest.Identity, SSHKey: rest.SSHKey,
			PasswordHistory: rest.PasswordHistory, Trashed: rest.Trashed, Purge: rest.Purge,
			UnknownOverview: rest.UnknownOverview, UnknownDetails: rest.UnknownDetails,
		}
		for column, set := range map[string]func(string) bool{
			"favourite": func(s string) bool { r.Favourite = source.IsYes(s); return r.Favourite || source.IsNo(s) },
			"created":   func(s string) bool { return source.SetTime(&r.Created, s) },
			"modified":  func(s string) bool { return source.SetTime(&r.Modified, s) },
		} {
			if s := value(column); s != "" && !set(s) {
				r.Relocate(column, s, item.FieldText)
			}
		}
		r.Add()
	}
	return nil
}
