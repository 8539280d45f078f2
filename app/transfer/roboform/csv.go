// Package roboform reads exports of RoboForm.
package roboform

import (
	"regexp"
	"slices"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer/source"
)

// CSV is the table of https://help.roboform.com. Its last column, RfFieldsV2 (Rf_fields in older versions), repeats without
// a header for each field of the form: "name,,,type,value".
var CSV = source.CSV{
	Needs:  []string{"name", "url", "login", "pwd", "note", "folder"},
	Ragged: true,
	Set: map[string]source.Setter{
		"name": source.SetTitle, "url": source.SetURL, "note": source.SetNotes,
		"matchurl": func(it *item.Item, v string) {
			if !slices.Contains(it.URLs, v) {
				it.URLs = append(it.URLs, v)
			}
		},
		"login":  func(it *item.Item, v string) { it.Username = text(v) },
		"pwd":    func(it *item.Item, v string) { it.Password = text(v) },
		"folder": func(it *item.Item, v string) { it.Tags = append(it.Tags, strings.Trim(v, "/")) },
	},
	Finish: func(r *source.Row) {
		cells := source.ListOf(r.Text("rffieldsv2", "rf_fields", "rffields"))
		for i := len(r.Table.Header); i < len(r.Cells); i++ {
			cells = append(cells, r.Cells[i])
			r.Taken[i] = true
		}
		for _, field := range joined(cells) {
			addField(&r.Item, field)
		}
		r.Type = item.TypeLogin
		if r.Username+r.Password+r.TOTP == "" && len(r.URLs)+len(r.Fields) == 0 {
			r.Type = item.TypeNote
		}
	},
}

// older matches a field of older versions, "name$:type:value".
var older = regexp.MustCompile(`(?s)^([^:,]*):(\w{2,4}):(.*)$`)

// joined rejoins values that were split at their commas, which older versions do not quote.
func joined(cells []string) []string {
	var out []string
	for _, cell := range cells {
		if n := len(out); n > 0 && older.MatchString(out[n-1]) && !older.MatchString(cell) && strings.Count(cell, ",") < 4 {
			out[n-1] += "," + cell
			continue
		}
		out = append(out, cell)
	}
	return out
}

// text removes the quote before a text that starts with @ or a quote, which prevents spreadsheets from evaluating it.
func text(s string) string {
	if rest, ok := strings.CutPrefix(s, "'"); ok && (strings.HasPrefix(rest, "@") || strings.HasPrefix(rest, "'")) {
		return rest
	}
	return s
}

// addField reads one field of a form. It skips repeated usernames and passwords.
func addField(it *item.Item, s string) {
	if strings.TrimSpace(s) == "" {
		return
	}
	parts := strings.SplitN(s, ",", 5)
	if older := older.FindStringSubmatch(s); older != nil {
		parts = []string{older[1], "", "", older[2], older[3]}
	} else if len(parts) < 5 {
		source.AddField(it, "Field", s, item.FieldHidden) // may be a password
		return
	}
	name, kind, value := strings.TrimSuffix(parts[0], "$"), parts[3], text(parts[4])
	switch {
	case value == "" || kind == "txt" && value == it.Username || kind == "pwd" && value == it.Password:
	case name == "TOTP KEY" && it.TOTP == "":
		it.TOTP = value
	case kind == "pwd":
		source.AddField(it, name, value, item.FieldHidden)
	case kind == "chk":
		yes := item.False
		if value == "*" || source.IsYes(value) {
			yes = item.True
		}
		source.AddField(it, name, yes, item.FieldBoolean)
	default:
		source.AddField(it, name, value, source.KindOfValue(name, value))
	}
}
