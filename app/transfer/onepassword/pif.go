package onepassword

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/transfer/source"
)

// PIF is an export of 1Password 4 to 7: JSON objects, one per item or folder, separated by lines of asterisks. Each object
// is converted to the form of 1PUX, which has the same values in other places.

const pifSeparator = "***5642bee8-a5ff-11dc-8314-0800200c9a66***"

var PIF = source.Custom{Is: isPIF, Parse: readPIF}

func isPIF(in *source.Input) bool {
	text, err := in.Text()
	return err == nil && strings.HasPrefix(strings.TrimSpace(text), "{") &&
		(strings.Contains(text, pifSeparator) || strings.HasSuffix(in.Name, ".1pif"))
}

func readPIF(in *source.Input, b *source.Builder) error {
	text, err := in.Text()
	if err != nil {
		return err
	}
	objects, err := pifObjects(text)
	if err != nil {
		return err
	}
	folders := pifFolders(objects)
	r := export{b: b, titles: map[string]string{}}
	var items []source.Item
	for _, o := range objects {
		kind := o.Text("typeName")
		if strings.HasPrefix(kind, "system.") {
			continue
		}
		uuid, _ := source.Scalar(o["uuid"])
		r.titles[uuid], _ = source.Scalar(o["title"])
		items = append(items, source.Item{Object: pifItem(kind, o), Group: folders[o.Text("folderUuid")]})
	}
	b.Each(items, r.item)
	return nil
}

func pifObjects(text string) ([]source.Object, error) {
	data := []byte(strings.ReplaceAll(text, pifSeparator, ""))
	if err := source.BoundJSON(data); err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var out []source.Object
	for {
		var o source.Object
		err := d.Decode(&o)
		switch {
		case errors.Is(err, io.EOF):
			return out, nil
		case err != nil:
			return nil, source.JSONError(err)
		case o == nil:
			return nil, source.Malformed("1Password")
		case len(out) > source.MaxItems:
			return nil, source.TooManyItems()
		}
		out = append(out, o)
	}
}

// pifFolders returns the path of each folder by its ID.
func pifFolders(objects []source.Object) map[string]string {
	title, parent := map[string]string{}, map[string]string{}
	for _, o := range objects {
		if kind, _ := source.Scalar(o["typeName"]); kind == "system.folder.Regular" {
			id, _ := source.Scalar(o["uuid"])
			title[id], _ = source.Scalar(o["title"])
			parent[id], _ = source.Scalar(o["folderUuid"])
		}
	}
	return source.FolderPaths(title, parent)
}

// pifCategories are the 1PUX categories by their 1PIF names.
var pifCategories = map[string]string{
	"webforms.WebForm": "001", "wallet.financial.CreditCard": "002", "securenotes.SecureNote": "003", "identities.Identity": "004",
	"passwords.Password": "005", "wallet.computer.License": "100", "wallet.financial.BankAccountUS": "101", "wallet.computer.Database": "102",
	"wallet.government.DriversLicense": "103", "wallet.government.HuntingLicense": "104", "wallet.membership.Membership": "105",
	"wallet.government.Passport": "106", "wallet.membership.RewardProgram": "107", "wallet.government.SsnUS": "108",
	"wallet.computer.Router": "109", "wallet.computer.UnixServer": "110", "wallet.onlineservices.Email": "111", "wallet.onlineservices.Email.v2": "111",
	"wallet.onlineservices.ApiCredential": "112", "wallet.financial.BankAccountCA": "101",
}

// pifItem moves the members of an object to where 1PUX has them. Others stay in place.
func pifItem(kind string, o source.Object) source.Object {
	category, known := pifCategories[kind]
	secret, open := o.Object("secureContents"), o.Object("openContents")
	overview := source.Object{"title": o["title"], "url": o["location"], "urls": secret["URLs"], "tags": open["tags"]}
	details := source.Object{"notesPlain": secret["notesPlain"], "password": secret["password"], "passwordHistory": secret["passwordHistory"]}
	o["categoryUuid"], o["favIndex"] = category, open["faveIndex"]
	if !known && kind != "" {
		o["category"] = source.Label(kind[strings.LastIndexByte(kind, '.')+1:])
	}
	secret.Drop("URLs", "notesPlain", "password", "passwordHistory", "htmlAction", "htmlForm", "htmlID", "htmlMethod", "htmlName", "passwordStrength")
	details["loginFields"], details["sections"] = secret["fields"], pifSections(secret)
	secret.Drop("fields", "sections")
	// Internal data of 1Password.
	open.Drop("tags", "faveIndex", "scope", "autosubmit", "usernameHash", "passwordStrength", "securityLevel", "contentsHash")
	o.Drop("title", "location", "locationKey", "securityLevel", "contentsHash", "keyID", "encrypted", "txTimestamp", "faveIndex")
	o["overview"], o["details"] = overview, details
	for _, part := range []string{"overview", "details"} {
		o[part] = map[string]any(o[part].(source.Object)) // the type of decoded JSON
	}
	return o
}

// pifKinds are the kinds of values that have another name in 1PUX.
var pifKinds = map[string]string{"URL": "url", "cctype": "creditCardType", "": "string"}

// pifSections lists the fields of all sections, and then values outside of them: older versions wrote each value twice, or
// had no sections.
func pifSections(secret source.Object) []any {
	var out []any
	written := map[string]bool{}
	for _, section := range secret.Objects("sections") {
		var fields []any
		for _, f := range section.Objects("fields") {
			value, id, kind := f["v"], f.Text("n"), f.Text("k")
			if text, ok := source.Scalar(value); ok {
				written[text] = true
			}
			if known, ok := pifKinds[kind]; ok {
				kind = known
			}
			if strings.HasPrefix(id, "TOTP_") {
				kind = "totp"
			}
			converted := map[string]any{"id": id, "title": f.Text("t"), "value": map[string]any{kind: value}}
			f.Drop("v", "a", "inputTraits")
			maps.Copy(converted, f)
			fields = append(fields, converted)
		}
		section["fields"] = fields
		out = append(out, map[string]any(section))
	}
	if fields := pifLoose(secret, written); len(fields) > 0 {
		out = append(out, map[string]any{"fields": fields})
	}
	return out
}

// pifLoose takes the values outside of the sections that no section repeats.
func pifLoose(secret source.Object, written map[string]bool) []any {
	month, year := secret.Text("expiry_mm"), secret.Text("expiry_yy")
	if len(month) == 1 {
		month = "0" + month
	}
	if len(year) == 4 && len(month) == 2 {
		secret["expiry"] = year + month
	}
	var out []any
	for _, name := range slices.Sorted(maps.Keys(secret)) {
		text, ok := source.Scalar(secret[name])
		if !ok {
			continue
		}
		kind := map[bool]string{true: "concealed", false: "string"}[source.KindOf(name) != ""]
		switch _, numeric := secret[name].(json.Number); {
		case name == "expiry":
			kind = "monthYear"
		case numeric && strings.HasSuffix(name, "date"):
			kind = "date"
		}
		secret.Drop(name)
		if text != "" && !written[text] {
			out = append(out, map[string]any{"id": name, "title": source.Label(name), "value": map[string]any{kind: text}})
		}
	}
	return out
}
