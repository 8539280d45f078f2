package transfer

import (
	"strings"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// The CSV of Buttercup: rows of groups and of entries, and a column for each property that any entry has. In older versions
// a group has its own name and that of its parent, and an entry only the id of its group; later the name is a path. The first
// versions have no types, and the columns of groups twice.

func isButtercupCSV(in *input) bool {
	return csvFormat{needs: []string{"!group_id", "!group_name", "title"}}.detect(in)
}

func readButtercupCSV(in *input, b *builder) error {
	groups := buttercupGroups(in)
	for r := range in.csvRows(b, false) {
		kind, id, name := r.text("!type"), r.text("!group_id"), r.text("!group_name")
		r.drop("!group_parent", "!group_id", "!group_name", "id")
		title := r.text("title")
		if kind == "group" || kind == "--" {
			if !r.left() {
				continue // its name is in the rows of its entries
			}
			kind, title = "", name
		}
		if name == "" {
			name = groups.path(id)
		}
		it := item.Item{
			Type: typeOf(kind), Title: title, Username: r.text("username"), Password: r.text("password"), Tags: one(name),
			Notes: r.text("note", "notes"), TOTP: r.text("otp", "totp", "otpauth"),
		}
		addURLs(b, r, &it)
		buttercupType(b, r, &it, kind)
		b.addRow(r, it)
	}
	return nil
}

// buttercupType gives an entry its type. The username of a card is its holder, and the password its number.
func buttercupType(b *builder, r *csvRow, it *item.Item, kind string) {
	switch {
	case it.Type == item.TypeCard:
		holder, number := it.Username, it.Password
		it.Username, it.Password = "", ""
		takeCard(b, r, it)
		setOnce(&it.Card.Number, number)
		setOnce(&it.Card.Holder, holder)
	case it.Type == item.TypeSSHKey:
		it.SSHKey = &item.SSHKey{Private: r.text("privatekey", "private_key", "private key"), Public: strings.TrimSpace(r.text("publickey", "public_key", "public key"))}
	case it.Type == "" && kind != "entry" && kind != "website" && kind != "custom":
		b.keepField(r.number, it, "Type", kind, item.FieldText)
	}
	noteOrLogin(it)
}

// buttercupTree has a name and a parent for each group.
type buttercupTree map[string]struct{ name, parent string }

func buttercupGroups(in *input) buttercupTree {
	tree := buttercupTree{}
	for r := range in.csvRows(&builder{result: &Result{}}, false) {
		if id := r.text("!group_id"); r.text("!type") == "group" {
			tree[id] = struct{ name, parent string }{r.text("!group_name"), r.text("!group_parent")}
		}
	}
	return tree
}

func (t buttercupTree) path(id string) string {
	var path []string
	for n := 0; t[id].name != "" && n < maxJSONDepth; n++ { // a group may be inside itself
		path = append([]string{t[id].name}, path...)
		id = t[id].parent
	}
	return strings.Join(path, "/")
}
