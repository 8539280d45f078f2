// Package psono reads exports of Psono.
package psono

import (
	"slices"
	"strings"
	"unicode"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer/source"
)

// An export has nested folders, and items whose members start with the name of their type, as in
// https://gitlab.com/psono/psono-client.

var types = []string{"website_password", "application_password", "note", "totp", "bookmark", "environment_variables",
	"mail_gpg_own_key", "ssh_own_key", "credit_card", "identity", "elster_certificate", "passkey", "ssh_connection", "rdp_connection", "vnc_connection"}

// JSON is an export of Psono.
var JSON = source.Custom{Is: isJSON, Parse: readJSON}

func isJSON(in *source.Input) bool {
	return holds(in.JSON())
}

// holds looks for the first item, which may be in a folder. The limit on JSON nesting bounds the recursion.
func holds(folder source.Object) bool {
	for _, e := range folder.List("items") {
		o, _ := e.(map[string]any)
		kind, _ := o["type"].(string)
		return slices.Contains(types, kind)
	}
	return slices.ContainsFunc(folder.List("folders"), func(e any) bool {
		o, _ := e.(map[string]any)
		return holds(o)
	})
}

func readJSON(in *source.Input, b *source.Builder) error {
	b.Each(itemsOf(in.JSON(), ""), func(it *source.Draft, o source.Object, path string) {
		readItem(it, o, path)
	})
	return nil
}

// itemsOf lists the items of a folder, and then those of its subfolders.
func itemsOf(o source.Object, path string) []source.Item {
	trashed := o.Yes("deleted")
	out := o.Items("items", func(e source.Object) string {
		if trashed && e != nil {
			e["deleted"] = true
		}
		return path
	})
	for _, folder := range o.Objects("folders") {
		name := folder.Text("name")
		if trashed {
			folder["deleted"] = true
		}
		if path != "" {
			name = path + "/" + name
		}
		out = append(out, itemsOf(folder, name)...)
	}
	return out
}

// readItem reads one item.
func readItem(it *source.Draft, o source.Object, path string) {
	kind := o.Text("type")
	own := source.Object{} // the members of the type, without the prefix
	for name, value := range o {
		if short, ok := strings.CutPrefix(name, kind+"_"); ok {
			own[short] = value
			delete(o, name)
		}
	}
	it.Item = item.Item{
		Title: own.Text("title"), Notes: own.Text("notes"), Created: o.Time("create_date"), Modified: o.Time("write_date"),
		Tags: append(source.ListOf(path), o.Texts("tags")...),
	}
	if name := o.Text("name"); it.Title == "" {
		it.Title = name
	} else if name != it.Title {
		it.Relocate("Name", name, item.FieldText)
	}
	place(it, kind, own)
	if it.Type == item.TypeLogin {
		filters(it, own.Text("url_filter"), o.Text("urlfilter"))
	}
	for _, f := range o.Objects("custom_fields") {
		name, value := f.Text("name"), f.Text("value")
		it.AddField(name, value, map[bool]item.FieldKind{true: item.FieldHidden}[f.Text("type") == "password"])
	}
	if o.Yes("deleted") {
		it.Trash()
	}
	// The description repeats the username or the last digits of a card, unless the user edited it.
	if d := o.Text("description"); d != it.Username && !strings.HasPrefix(d, "xxxx") {
		it.Relocate("Description", d, item.FieldText)
	}
	it.Relocate("Callback password", o.Text("callback_pass"), item.FieldHidden)
	o.Drop("id", "secret_id", "secret_key", "link_id", "share_id", "share_secret_key", "share_rights", "parent_share_id", "parent_datastore_id",
		"autosubmit", "auto_submit", "allow_http", "password_hash", "path", "hidden")
	it.RelocateRest(own, "")
	it.RelocateRest(o, "")
	it.Add()
}

// place takes the members that have a place in an item of that type.
func place(it *source.Draft, kind string, own source.Object) {
	it.Type = item.TypeNote
	switch kind {
	case "website_password", "application_password", "bookmark", "totp", "rdp_connection", "vnc_connection", "ssh_connection":
		it.Type, it.Username, it.Password = item.TypeLogin, own.Text("username"), own.Text("password")
		it.AddURL(own.Text("url"), item.MatchDomain)
		own.Drop("auto_submit", "allow_http")
		code(it, kind, own)
	case "credit_card":
		through := own.Text("valid_through") // MMYY
		month, year := source.CardExpiry(source.Cut(through, 2), strings.TrimPrefix(through, source.Cut(through, 2)))
		it.Type = item.TypeCard
		it.Card = &item.Card{Number: own.Text("number"), Holder: own.Text("name"), Code: own.Text("cvc"), ExpiryMonth: month, ExpiryYear: year}
	case "ssh_own_key":
		it.Type, it.SSHKey = item.TypeSSHKey, &item.SSHKey{Private: own.Text("private"), Public: own.Text("public")}
	case "identity":
		it.Type = item.TypeIdentity
		it.Identity = &item.Identity{
			FirstName: own.Text("first_name"), LastName: own.Text("last_name"), Company: own.Text("company"), Address: own.Text("address"),
			PostalCode: own.Text("postal_code"), City: own.Text("city"), State: own.Text("state"), Country: own.Text("country"),
			Phone: own.Text("phone_number"), Email: own.Text("email"),
		}
	case "environment_variables":
		for _, v := range own.Objects("variables") {
			it.AddField(v.Text("key"), v.Text("value"), item.FieldHidden)
		}
	case "mail_gpg_own_key":
		it.AddField("Private key", own.Text("private"), item.FieldHidden)
	}
}

// filters are the additional hosts on which Psono offers an item. An asterisk stands for all subdomains.
func filters(it *source.Draft, lists ...string) {
	for _, host := range strings.FieldsFunc(strings.Join(lists, " "), func(c rune) bool { return unicode.IsSpace(c) || c == ',' || c == ';' }) {
		host = strings.TrimPrefix(host, "*.")
		if !slices.ContainsFunc(it.URLs, func(rawURL string) bool { return strings.EqualFold(source.HostOf(rawURL), host) }) {
			it.AddURL(host, item.MatchDomain)
		}
	}
}

// code is the key of a website's password, or an item with its own type.
func code(it *source.Draft, kind string, own source.Object) {
	prefix := "totp_"
	if kind == "totp" {
		prefix = ""
	}
	o := source.AuthenticatorKey{
		Secret: own.Text(prefix + "code"), Algorithm: own.Text(prefix + "algorithm"), Digits: own.Text(prefix + "digits"),
		Period: own.Text(prefix + "period"), Account: it.Username,
	}
	if o.Secret != "" {
		it.TOTP = o.Plain()
	}
}
