package transfer

import (
	"regexp"
	"slices"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// roboFormCSV is the table of https://help.roboform.com. Its last column, RfFieldsV2, or Rf_fields in older versions, repeats without a heading of its own,
// once for each field of the form: "name,,,type,value".
var roboFormCSV = csvFormat{
	needs:  []string{"name", "url", "login", "pwd", "note", "folder"},
	ragged: true,
	set: map[string]setter{
		"name": setTitle, "url": setURL, "note": setNotes,
		"matchurl": func(it *item.Item, v string) {
			if !slices.Contains(it.URLs, v) {
				it.URLs = append(it.URLs, v)
			}
		},
		"login":  func(it *item.Item, v string) { it.Username = roboFormText(v) },
		"pwd":    func(it *item.Item, v string) { it.Password = roboFormText(v) },
		"folder": func(it *item.Item, v string) { it.Tags = append(it.Tags, strings.Trim(v, "/")) },
	},
	finish: func(r *csvRow) {
		cells := one(r.text("rffieldsv2", "rf_fields", "rffields"))
		for i := len(r.table.header); i < len(r.cells); i++ {
			cells = append(cells, r.cells[i])
			r.taken[i] = true
		}
		for _, field := range roboFormJoined(cells) {
			roboFormField(&r.Item, field)
		}
		r.Type = item.TypeLogin
		if r.Username+r.Password+r.TOTP == "" && len(r.URLs)+len(r.Fields) == 0 {
			r.Type = item.TypeNote
		}
	},
}

// roboFormOlder is a field as older versions write it, "name$:type:value".
var roboFormOlder = regexp.MustCompile(`(?s)^([^:,]*):(\w{2,4}):(.*)$`)

// roboFormJoined puts values together again that were taken apart at their commas, which older versions do not quote.
func roboFormJoined(cells []string) []string {
	var out []string
	for _, cell := range cells {
		if n := len(out); n > 0 && roboFormOlder.MatchString(out[n-1]) && !roboFormOlder.MatchString(cell) && strings.Count(cell, ",") < 4 {
			out[n-1] += "," + cell
			continue
		}
		out = append(out, cell)
	}
	return out
}

// roboFormText takes away the quote that stands before a text beginning with @ or a quote, so that spreadsheets do not
// calculate with it.
func roboFormText(s string) string {
	if rest, ok := strings.CutPrefix(s, "'"); ok && (strings.HasPrefix(rest, "@") || strings.HasPrefix(rest, "'")) {
		return rest
	}
	return s
}

// roboFormField reads one field of a form. Those that are the user name or the password again are left out.
func roboFormField(it *item.Item, s string) {
	if strings.TrimSpace(s) == "" {
		return
	}
	parts := strings.SplitN(s, ",", 5)
	if older := roboFormOlder.FindStringSubmatch(s); older != nil {
		parts = []string{older[1], "", "", older[2], older[3]}
	} else if len(parts) < 5 {
		addField(it, "Field", s, item.FieldHidden) // it may be a password
		return
	}
	name, kind, value := strings.TrimSuffix(parts[0], "$"), parts[3], roboFormText(parts[4])
	switch {
	case value == "" || kind == "txt" && value == it.Username || kind == "pwd" && value == it.Password:
	case name == "TOTP KEY" && it.TOTP == "":
		it.TOTP = value
	case kind == "pwd":
		addField(it, name, value, item.FieldHidden)
	case kind == "chk":
		yes := item.False
		if value == "*" || isYes(value) {
			yes = item.True
		}
		addField(it, name, yes, item.FieldBoolean)
	default:
		addField(it, name, value, kindOfValue(name, value))
	}
}
