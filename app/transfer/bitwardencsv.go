package transfer

import (
	"strings"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// bitwardenCSV is https://bitwarden.com/help/condition-bitwarden-import/. The export of an organisation has collections in
// place of folder and favorite.
var bitwardenCSV = csvFormat{
	needs: []string{"type", "name", "login_uri", "login_username", "login_password"},
	set: map[string]setter{
		"folder":         setTag,
		"favorite":       setFavourite,
		"name":           setTitle,
		"notes":          setNotes,
		"login_username": setUsername,
		"login_password": setPassword,
		"login_totp":     setTOTP,
		"collections":    func(it *item.Item, v string) { it.Tags = append(it.Tags, strings.Split(v, ",")...) },
		"fields":         bitwardenLines,
	},
	finish: func(r *csvRow) {
		switch kind := r.text("type"); kind {
		case "login", "":
			r.Type = item.TypeLogin
		case "note":
			r.Type = item.TypeNote
		default:
			r.Type = item.TypeLogin
			r.relocate("Type", kind, item.FieldText)
		}
		for _, address := range splitURLs(r.text("login_uri")) {
			r.addURL(address, item.MatchDomain)
		}
		bitwardenFlags(r.draft, r.text("archiveddate"), isYes(r.text("reprompt")))
		r.drop("reprompt")
	},
}

// bitwardenFlags keeps what Bitwarden knows of an item and no other.
func bitwardenFlags(it *draft, archived string, reprompt bool) {
	if archived != "" {
		it.Tags = append(it.Tags, tagArchived)
		it.relocate("Archived", archived, item.FieldText)
	}
	if reprompt {
		it.relocate("Master password re-prompt", item.True, item.FieldBoolean)
	}
}

// bitwardenLines reads custom fields: "name: value" on a line each. A value may have several lines; a line that cannot
// begin a field belongs to the one before.
func bitwardenLines(it *item.Item, text string) {
	first := len(it.Fields)
	for line := range strings.SplitSeq(text, "\n") {
		if name, value, ok := strings.Cut(line, ": "); ok {
			addField(it, name, value, kindOfValue(name, value))
		} else if n := len(it.Fields); n > first {
			it.Fields[n-1].Value += "\n" + line
		} else {
			addField(it, "", line, item.FieldText)
		}
	}
}
