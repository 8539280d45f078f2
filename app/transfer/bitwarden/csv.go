package bitwarden

import (
	"strings"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer/source"
)

// CSV is https://bitwarden.com/help/condition-bitwarden-import/. The export of an organization has collections instead of
// folder and favorite.
var CSV = source.CSV{
	Needs: []string{"type", "name", "login_uri", "login_username", "login_password"},
	Set: map[string]source.Setter{
		"folder":         source.SetTag,
		"favorite":       source.SetFavourite,
		"name":           source.SetTitle,
		"notes":          source.SetNotes,
		"login_username": source.SetUsername,
		"login_password": source.SetPassword,
		"login_totp":     source.SetTOTP,
		"collections":    func(it *item.Item, v string) { it.Tags = append(it.Tags, strings.Split(v, ",")...) },
		"fields":         fieldLines,
	},
	Finish: func(r *source.Row) {
		switch kind := r.Text("type"); kind {
		case "login", "":
			r.Type = item.TypeLogin
		case "note":
			r.Type = item.TypeNote
		default:
			r.Type = item.TypeLogin
			r.Relocate("Type", kind, item.FieldText)
		}
		for _, rawURL := range source.SplitURLs(r.Text("login_uri")) {
			r.AddURL(rawURL, item.MatchDomain)
		}
		r.Reprompt = source.IsYes(r.Text("reprompt"))
		r.TakeTime(&r.Archived, "archiveddate")
	},
}

// fieldLines parses custom fields, one per line: "name: value". A line that cannot start a field continues the value before
// it.
func fieldLines(it *item.Item, text string) {
	first := len(it.Fields)
	for line := range strings.SplitSeq(text, "\n") {
		if name, value, ok := strings.Cut(line, ": "); ok {
			source.AddField(it, name, value, source.KindOfValue(name, value))
		} else if n := len(it.Fields); n > first {
			it.Fields[n-1].Value += "\n" + line
		} else {
			source.AddField(it, "", line, item.FieldText)
		}
	}
}
