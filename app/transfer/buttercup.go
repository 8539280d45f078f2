package transfer

import (
	"strings"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// The CSV of Buttercup: rows of groups and of entries, and a column for each property that any entry has. In older versions
// a group has its own name and that of its parent, and an entry only the id of its group; later the name is a path.

// buttercupCSV is the table of Buttercup.
var buttercupCSV = custom{is: isButtercupCSV, parse: readButtercupCSV}

func isButtercupCSV(in *input) bool {
	return in.hasColumns("!type", "!group_id", "!group_name", "title")
}

func readButtercupCSV(in *input, b *builder) error {
	groups := buttercupGroups(in)
	for r := range in.csvRows(b, false) {
		kind, id, name := r.text("!type"), r.text("!group_id"), r.text("!group_name")
		r.drop("!group_parent", "id")
		if kind == "group" || kind == "--" {
			continue // its name is in the rows of its entries
		}
		if name == "" {
			name = groups.path(id)
		}
		r.Item = item.Item{
			Type: typeOf(kind), Title: r.text("title"), Username: r.text("username"), Password: r.text("password"), Tags: one(name),
			Notes: r.text("note", "notes"), TOTP: r.text("otp", "totp", "otpauth"),
		}
		for _, column := range []string{"url", "urls", "website"} {
			for _, address := range splitURLs(r.text(column)) {
				r.addURL(address, item.MatchDomain)
			}
		}
		buttercupType(r, kind)
		r.add()
	}
	return nil
}

// buttercupType gives an entry its type. The username of a card is its holder, and the password its number.
func buttercupType(r *csvRow, kind string) {
	switch {
	case r.Type == item.TypeCard:
		holder, number := r.Username, r.Password
		r.Username, r.Password = "", ""
		r.takeCard()
		setOnce(&r.Card.Number, number)
		setOnce(&r.Card.Holder, holder)
	case r.Type == item.TypeSSHKey:
		r.SSHKey = &item.SSHKey{Private: r.text("privatekey", "private_key", "private key"), Public: strings.TrimSpace(r.text("publickey", "public_key", "public key"))}
	case r.Type == "" && kind != "entry" && kind != "website" && kind != "custom":
		r.relocate("Type", kind, item.FieldText)
	}
	r.noteOrLogin()
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
