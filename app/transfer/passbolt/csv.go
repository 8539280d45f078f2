// Package passbolt reads exports of Passbolt.
package passbolt

import (
	"slices"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer/source"
)

var columns = []string{"title", "username", "url", "password", "notes"}

// CSV is Passbolt's csv-kdbx (Title,Username,URL,Password,Notes,Group,TOTP) and csv-1password, which has a type instead of
// the last two. Its other tables are those of the programs they are named after.
var CSV = source.CSV{
	Needs: columns,
	Is:    func(in *source.Input) bool { return slices.Equal(in.CSVHeader()[:len(columns)], columns) },
	Set: map[string]source.Setter{
		"title": source.SetTitle, "username": source.SetUsername, "password": source.SetPassword, "url": source.SetURL, "notes": source.SetNotes, "totp": source.SetTOTP,
		"group": func(it *item.Item, v string) { it.Tags = source.ListOf(strings.Trim(v, "/")) },
	},
	Finish: func(r *source.Row) {
		if kind := r.Text("type"); !strings.EqualFold(kind, "login") {
			r.Relocate("Type", kind, item.FieldText)
		}
		r.NoteOrLogin()
	},
}
