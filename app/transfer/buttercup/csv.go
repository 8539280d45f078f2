// Package buttercup reads vaults and exports of Buttercup.
package buttercup

import (
	"strings"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
	"github.com/vaultsphere/vaultsphere/app/transfer/source"
)

// CSV is the table of Buttercup: rows for groups and entries, and a column for each property that any entry has. In older
// versions, a group has its own name and its parent's, and an entry only the ID of its group; later the name is a path. The
// first versions have no types, and the group columns twice.
var CSV = source.Custom{Is: isCSV, Parse: readCSV}

func isCSV(in *source.Input) bool {
	return in.HasColumns("!group_id", "!group_name", "title")
}

func readCSV(in *source.Input, b *source.Builder) error {
	groups := groupsOf(in)
	for r := range in.CSVRows(b, false) {
		kind, id, name := r.Text("!type"), r.Text("!group_id"), r.Text("!group_name")
		r.Drop("!group_parent", "!group_id", "!group_name", "id")
		title := r.Text("title")
		if kind == "group" || kind == "--" {
			if !r.Left() {
				continue // the rows of its entries repeat its name
			}
			kind, title = "", name
		}
		if name == "" {
			name = groups.path(id)
		}
		r.Item = item.Item{
			Type: source.TypeOf(kind), Title: title, Username: r.Text("username"), Password: r.Text("password"), Tags: source.ListOf(name),
			Notes: r.Text("note", "notes"), TOTP: r.Text("otp", "totp", "otpauth"),
		}
		r.TakeURLs()
		setType(r, kind)
		r.Add()
	}
	return nil
}

// setType sets the type of an entry. The username of a card is its holder, and the password its number.
func setType(r *source.Row, kind string) {
	switch {
	case r.Type == item.TypeCard:
		holder, number := r.Username, r.Password
		r.Username, r.Password = "", ""
		r.TakeCard()
		source.SetOnce(&r.Card.Number, number)
		source.SetOnce(&r.Card.Holder, holder)
	case r.Type == item.TypeSSHKey:
		r.SSHKey = &item.SSHKey{Private: r.Text("privatekey", "private_key", "private key"), Public: strings.TrimSpace(r.Text("publickey", "public_key", "public key"))}
	case r.Type == "" && kind != "entry" && kind != "website" && kind != "custom":
		r.Relocate("Type", kind, item.FieldText)
	}
	r.NoteOrLogin()
}

// tree holds the name and the parent of each group.
type tree map[string]struct{ name, parent string }

func groupsOf(in *source.Input) tree {
	tree := tree{}
	for r := range in.CSVRows(&source.Builder{Result: &parcel.Result{}}, false) {
		if id := r.Text("!group_id"); r.Text("!type") == "group" {
			tree[id] = struct{ name, parent string }{r.Text("!group_name"), r.Text("!group_parent")}
		}
	}
	return tree
}

func (t tree) path(id string) string {
	var path []string
	for n := 0; t[id].name != "" && n < source.MaxJSONDepth; n++ { // a group may contain itself
		path = append([]string{t[id].name}, path...)
		id = t[id].parent
	}
	return strings.Join(path, "/")
}
