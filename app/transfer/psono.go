package transfer

import (
	"slices"
	"strings"
	"unicode"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// What Psono exports: folders in folders, and items whose members begin with the name of their type, as its client
// defines them (https://gitlab.com/psono/psono-client).

var psonoTypes = []string{"website_password", "application_password", "note", "totp", "bookmark", "environment_variables",
	"mail_gpg_own_key", "ssh_own_key", "credit_card", "identity", "elster_certificate", "passkey", "ssh_connection", "rdp_connection", "vnc_connection"}

// psonoJSON is an export of Psono.
var psonoJSON = custom{is: isPsono, parse: readPsono}

func isPsono(in *input) bool {
	return psonoHolds(in.json())
}

// psonoHolds looks for the first item, which may be in a folder. JSON is not nested deep enough to mind the recursion.
func psonoHolds(folder object) bool {
	for _, e := range folder.list("items") {
		o, _ := e.(map[string]any)
		kind, _ := o["type"].(string)
		return slices.Contains(psonoTypes, kind)
	}
	return slices.ContainsFunc(folder.list("folders"), func(e any) bool {
		o, _ := e.(map[string]any)
		return psonoHolds(o)
	})
}

func readPsono(in *input, b *builder) error {
	b.each(psonoEntries(in.json(), ""), func(it *draft, o object, path string) {
		psonoItem(it, o, path)
	})
	return nil
}

// psonoEntries lists what is in a folder, and then what is in those inside it.
func psonoEntries(o object, path string) []groupedEntry {
	trashed := o.yes("deleted")
	out := o.entries("items", func(e object) string {
		if trashed && e != nil {
			e["deleted"] = true
		}
		return path
	})
	for _, folder := range o.objects("folders") {
		name := folder.text("name")
		if trashed {
			folder["deleted"] = true
		}
		if path != "" {
			name = path + "/" + name
		}
		out = append(out, psonoEntries(folder, name)...)
	}
	return out
}

// psonoItem reads one entry.
func psonoItem(it *draft, o object, path string) {
	kind := o.text("type")
	own := object{} // the members of the type, without its name before theirs
	for name, value := range o {
		if short, ok := strings.CutPrefix(name, kind+"_"); ok {
			own[short] = value
			delete(o, name)
		}
	}
	it.Item = item.Item{
		Title: own.text("title"), Notes: own.text("notes"), Created: o.time("create_date"), Modified: o.time("write_date"),
		Tags: append(one(path), o.texts("tags")...),
	}
	if name := o.text("name"); it.Title == "" {
		it.Title = name
	} else if name != it.Title {
		it.relocate("Name", name, item.FieldText)
	}
	psonoPlace(it, kind, own)
	if it.Type == item.TypeLogin {
		psonoFilters(it, own.text("url_filter"), o.text("urlfilter"))
	}
	for _, f := range o.objects("custom_fields") {
		name, value := f.text("name"), f.text("value")
		it.addField(name, value, map[bool]item.FieldKind{true: item.FieldHidden}[f.text("type") == "password"])
	}
	if o.yes("deleted") {
		it.trash()
	}
	// The description is the user name, or the last digits of a card, unless somebody wrote another.
	if d := o.text("description"); d != it.Username && !strings.HasPrefix(d, "xxxx") {
		it.relocate("Description", d, item.FieldText)
	}
	it.relocate("Callback password", o.text("callback_pass"), item.FieldHidden)
	o.drop("id", "secret_id", "secret_key", "link_id", "share_id", "share_secret_key", "share_rights", "parent_share_id", "parent_datastore_id",
		"autosubmit", "auto_submit", "allow_http", "password_hash", "path", "hidden")
	it.relocateRest(own, "")
	it.relocateRest(o, "")
	it.add()
}

// psonoPlace takes the members that have a place in an item of that type.
func psonoPlace(it *draft, kind string, own object) {
	it.Type = item.TypeNote
	switch kind {
	case "website_password", "application_password", "bookmark", "totp", "rdp_connection", "vnc_connection", "ssh_connection":
		it.Type, it.Username, it.Password = item.TypeLogin, own.text("username"), own.text("password")
		it.addURL(own.text("url"), item.MatchDomain)
		own.drop("auto_submit", "allow_http")
		psonoCode(it, kind, own)
	case "credit_card":
		through := own.text("valid_through") // MMYY
		month, year := expiry(cut(through, 2), strings.TrimPrefix(through, cut(through, 2)))
		it.Type = item.TypeCard
		it.Card = &item.Card{Number: own.text("number"), Holder: own.text("name"), Code: own.text("cvc"), ExpiryMonth: month, ExpiryYear: year}
	case "ssh_own_key":
		it.Type, it.SSHKey = item.TypeSSHKey, &item.SSHKey{Private: own.text("private"), Public: own.text("public")}
	case "identity":
		it.Type = item.TypeIdentity
		it.Identity = &item.Identity{
			FirstName: own.text("first_name"), LastName: own.text("last_name"), Company: own.text("company"), Address: own.text("address"),
			PostalCode: own.text("postal_code"), City: own.text("city"), State: own.text("state"), Country: own.text("country"),
			Phone: own.text("phone_number"), Email: own.text("email"),
		}
	case "environment_variables":
		for _, v := range own.objects("variables") {
			it.addField(v.text("key"), v.text("value"), item.FieldHidden)
		}
	case "mail_gpg_own_key":
		it.addField("Private key", own.text("private"), item.FieldHidden)
	}
}

// psonoFilters are the hosts on which Psono offers an entry, beside that of its address. A filter for a host and all below it
// begins with an asterisk.
func psonoFilters(it *draft, lists ...string) {
	for _, host := range strings.FieldsFunc(strings.Join(lists, " "), func(c rune) bool { return unicode.IsSpace(c) || c == ',' || c == ';' }) {
		host = strings.TrimPrefix(host, "*.")
		if !slices.ContainsFunc(it.URLs, func(address string) bool { return strings.EqualFold(hostOf(address), host) }) {
			it.addURL(host, item.MatchDomain)
		}
	}
}

// psonoCode is a part of a website's password, or an entry of its own.
func psonoCode(it *draft, kind string, own object) {
	prefix := "totp_"
	if kind == "totp" {
		prefix = ""
	}
	o := oneTime{
		secret: own.text(prefix + "code"), algorithm: own.text(prefix + "algorithm"), digits: own.text(prefix + "digits"),
		period: own.text(prefix + "period"), account: it.Username,
	}
	if o.secret != "" {
		it.TOTP = o.plain()
	}
}
