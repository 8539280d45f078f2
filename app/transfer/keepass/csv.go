package keepass

import (
	"strings"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer/source"
)

// table is the table of KeePass 1, which KeePass 2 also writes: https://keepass.info/help/base/importexport.html#csv.
// KeePass 1 can add columns.
var table = source.CSV{
	Needs: []string{"account", "login name", "password", "web site", "comments"},
	Set: map[string]source.Setter{
		"account": source.SetTitle, "login name": source.SetUsername, "password": source.SetPassword, "web site": source.SetURL, "comments": source.SetNotes,
	},
	Finish: func(r *source.Row) {
		tree := strings.ReplaceAll(r.Text("group tree"), `\`, "/")
		r.Tags = source.ListOf(strings.Trim(tree+"/"+r.Text("group"), "/"))
		r.TakeTime(&r.Created, "creation time")
		r.TakeTime(&r.Modified, "last modification")
		r.Drop("uuid", "icon", "last access")
		if expires := r.Text("expires"); !strings.HasPrefix(expires, "2999-") { // KeePass 1 writes this for never
			r.Relocate("Expires", expires, item.FieldText)
		}
		r.NoteOrLogin()
	},
}

// CSV is the table of KeePass 1.
var CSV = source.Custom{Is: table.Detect, Parse: readCSV}

// readCSV handles the backslash escapes of this format.
func readCSV(in *source.Input, b *source.Builder) error {
	in.CSVHeader()
	in.Table.Text = unescapeCSV(in.Table.Text)
	return table.Read(in, b)
}

// unescapeCSV converts escaped quotes to doubled ones, as in other CSV files.
func unescapeCSV(text string) string {
	return strings.NewReplacer(`\\`, `\`, `\"`, `""`).Replace(text)
}

// XCCSV is the table of KeePassXC. A group path starts with the name of the database.
var XCCSV = source.CSV{
	Needs: []string{"group", "title", "username", "password", "url", "notes"},
	Is:    func(in *source.Input) bool { return in.CSVHeader()[0] == "group" },
	Set: map[string]source.Setter{
		"title": source.SetTitle, "username": source.SetUsername, "password": source.SetPassword, "url": source.SetURL, "notes": source.SetNotes, "totp": source.SetTOTP,
	},
	Finish: func(r *source.Row) {
		r.TakeTime(&r.Created, "created")
		r.TakeTime(&r.Modified, "last modified")
		r.Drop("icon")
		_, path, _ := strings.Cut(r.Text("group"), "/")
		if first, below, _ := strings.Cut(path, "/"); first == "Recycle Bin" {
			path = below
			r.Trash()
		}
		r.Tags = append(source.ListOf(path), r.Tags...)
		r.NoteOrLogin()
	},
}
