package transfer

import (
	"slices"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// keepassCSV is the table of KeePass 1, which KeePass 2 writes too: https://keepass.info/help/base/importexport.html#csv.
// KeePass 1 can add columns.
var keepassCSV = csvFormat{
	needs: []string{"account", "login name", "password", "web site", "comments"},
	set: map[string]setter{
		"account": setTitle, "login name": setUsername, "password": setPassword, "web site": setURL, "comments": setNotes,
	},
	finish: func(r *csvRow) {
		tree := strings.ReplaceAll(r.text("group tree"), `\`, "/")
		r.Tags = one(strings.Trim(tree+"/"+r.text("group"), "/"))
		r.takeTime(&r.Created, "creation time")
		r.takeTime(&r.Modified, "last modification")
		r.drop("uuid", "icon", "last access")
		if expires := r.text("expires"); !strings.HasPrefix(expires, "2999-") { // KeePass 1 writes it for never
			r.relocate("Expires", expires, item.FieldText)
		}
		r.noteOrLogin()
	},
}

// keepassCSVSource is the table of KeePass 1.
var keepassCSVSource = custom{is: keepassCSV.detect, parse: readKeepassCSV}

// readKeepassCSV undoes that quotes and backslashes have a backslash before them in this format.
func readKeepassCSV(in *input, b *builder) error {
	in.csvHeader()
	in.table.text = unescapeCSV(in.table.text)
	return keepassCSV.read(in, b)
}

// unescapeCSV doubles the quotes that have a backslash before them, as any other CSV does.
func unescapeCSV(text string) string {
	return strings.NewReplacer(`\\`, `\`, `\"`, `""`).Replace(text)
}

// keepassXCCSV is the table of KeePassXC. A path of groups begins with the one that is the database.
var keepassXCCSV = csvFormat{
	needs: []string{"group", "title", "username", "password", "url", "notes"},
	is:    func(in *input) bool { return in.csvHeader()[0] == "group" },
	set: map[string]setter{
		"title": setTitle, "username": setUsername, "password": setPassword, "url": setURL, "notes": setNotes, "totp": setTOTP,
	},
	finish: func(r *csvRow) {
		r.takeTime(&r.Created, "created")
		r.takeTime(&r.Modified, "last modified")
		r.drop("icon")
		_, path, _ := strings.Cut(r.text("group"), "/")
		if first, below, _ := strings.Cut(path, "/"); first == "Recycle Bin" {
			path = below
			r.trash()
		}
		r.Tags = append(one(path), r.Tags...)
		r.noteOrLogin()
	},
}

var passboltColumns = []string{"title", "username", "url", "password", "notes"}

// passboltCSV is what Passbolt calls csv-kdbx, Title,Username,URL,Password,Notes,Group,TOTP, and csv-1password, which has
// a type instead of the last two. Its other tables are those of the programs that they are named after.
var passboltCSV = csvFormat{
	needs: passboltColumns,
	is:    func(in *input) bool { return slices.Equal(in.csvHeader()[:len(passboltColumns)], passboltColumns) },
	set: map[string]setter{
		"title": setTitle, "username": setUsername, "password": setPassword, "url": setURL, "notes": setNotes, "totp": setTOTP,
		"group": func(it *item.Item, v string) { it.Tags = one(strings.Trim(v, "/")) },
	},
	finish: func(r *csvRow) {
		if kind := r.text("type"); !strings.EqualFold(kind, "login") {
			r.relocate("Type", kind, item.FieldText)
		}
		r.noteOrLogin()
	},
}
