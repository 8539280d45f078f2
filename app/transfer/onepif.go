package transfer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// 1PIF is what 1Password 4 to 7 export: JSON objects, one for each item or folder, with a line of asterisks after each. An
// object is brought to the form of 1PUX, which has the same values in other places.

const onePIFSeparator = "***5642bee8-a5ff-11dc-8314-0800200c9a66***"

func is1PIF(in *input) bool {
	text, err := in.text()
	return err == nil && strings.HasPrefix(strings.TrimSpace(text), "{") &&
		(strings.Contains(text, onePIFSeparator) || strings.HasSuffix(in.name, ".1pif"))
}

func read1PIF(in *input, b *builder) error {
	text, err := in.text()
	if err != nil {
		return err
	}
	objects, err := onePIFObjects(text)
	if err != nil {
		return err
	}
	folders := onePIFFolders(objects)
	r := onePassword{b: b, titles: map[string]string{}}
	var entries []groupedEntry
	for _, o := range objects {
		kind := o.text("typeName")
		if strings.HasPrefix(kind, "system.") {
			continue
		}
		uuid, _ := scalar(o["uuid"])
		r.titles[uuid], _ = scalar(o["title"])
		entries = append(entries, groupedEntry{o: onePIFItem(kind, o), group: folders[o.text("folderUuid")]})
	}
	b.each(entries, r.item)
	return nil
}

func onePIFObjects(text string) ([]object, error) {
	data := []byte(strings.ReplaceAll(text, onePIFSeparator, ""))
	if err := boundJSON(data); err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var out []object
	for {
		var o object
		err := d.Decode(&o)
		switch {
		case errors.Is(err, io.EOF):
			return out, nil
		case err != nil:
			return nil, jsonError(err)
		case o == nil:
			return nil, fmt.Errorf("%w: an entry is not an object", ErrMalformed)
		case len(out) > maxItems:
			return nil, fmt.Errorf("%w: more than %d entries", ErrTooLarge, maxItems)
		}
		out = append(out, o)
	}
}

// onePIFFolders is the path of each folder by its id.
func onePIFFolders(objects []object) map[string]string {
	title, parent := map[string]string{}, map[string]string{}
	for _, o := range objects {
		if kind, _ := scalar(o["typeName"]); kind == "system.folder.Regular" {
			id, _ := scalar(o["uuid"])
			title[id], _ = scalar(o["title"])
			parent[id], _ = scalar(o["folderUuid"])
		}
	}
	return folderPaths(title, parent)
}

// onePIFCategories are the categories of 1PUX by the name that 1PIF has for them.
var onePIFCategories = map[string]string{
	"webforms.WebForm": "001", "wallet.financial.CreditCard": "002", "securenotes.SecureNote": "003", "identities.Identity": "004",
	"passwords.Password": "005", "wallet.computer.License": "100", "wallet.financial.BankAccountUS": "101", "wallet.computer.Database": "102",
	"wallet.government.DriversLicense": "103", "wallet.government.HuntingLicense": "104", "wallet.membership.Membership": "105",
	"wallet.government.Passport": "106", "wallet.membership.RewardProgram": "107", "wallet.government.SsnUS": "108",
	"wallet.computer.Router": "109", "wallet.computer.UnixServer": "110", "wallet.onlineservices.Email": "111", "wallet.onlineservices.Email.v2": "111",
}

// onePIFItem moves the members of an object to where 1PUX has them. What it does not move stays where it is.
func onePIFItem(kind string, o object) object {
	category, known := onePIFCategories[kind]
	secret, open := o.object("secureContents"), o.object("openContents")
	overview := object{"title": o["title"], "url": o["location"], "urls": secret["URLs"], "tags": open["tags"]}
	details := object{"notesPlain": secret["notesPlain"], "password": secret["password"], "passwordHistory": secret["passwordHistory"]}
	o["categoryUuid"], o["favIndex"] = category, open["faveIndex"]
	if !known && kind != "" {
		o["category"] = label(kind[strings.LastIndexByte(kind, '.')+1:])
	}
	secret.drop("URLs", "notesPlain", "password", "passwordHistory", "htmlAction", "htmlForm", "htmlID", "htmlMethod", "htmlName", "passwordStrength")
	details["loginFields"], details["sections"] = secret["fields"], onePIFSections(secret)
	secret.drop("fields", "sections")
	// 1Password's own book-keeping.
	open.drop("tags", "faveIndex", "scope", "autosubmit", "usernameHash", "passwordStrength", "securityLevel", "contentsHash")
	o.drop("title", "location", "locationKey", "securityLevel", "contentsHash", "keyID", "encrypted", "txTimestamp", "faveIndex")
	o["overview"], o["details"] = overview, details
	for _, part := range []string{"overview", "details"} {
		o[part] = map[string]any(o[part].(object)) // as decoded JSON has it
	}
	return o
}

// onePIFKinds are the kinds of values that 1PUX calls by another name.
var onePIFKinds = map[string]string{"URL": "url", "cctype": "creditCardType", "": "string"}

// onePIFSections lists the fields of all sections, and then those values that stand outside of them: older versions wrote
// each value twice, or had no sections yet.
func onePIFSections(secret object) []any {
	var out []any
	written := map[string]bool{}
	for _, section := range secret.objects("sections") {
		var fields []any
		for _, f := range section.objects("fields") {
			value, id, kind := f["v"], f.text("n"), f.text("k")
			if text, ok := scalar(value); ok {
				written[text] = true
			}
			if known, ok := onePIFKinds[kind]; ok {
				kind = known
			}
			if strings.HasPrefix(id, "TOTP_") {
				kind = "totp"
			}
			converted := map[string]any{"id": id, "title": f.text("t"), "value": map[string]any{kind: value}}
			f.drop("v", "a", "inputTraits")
			maps.Copy(converted, f)
			fields = append(fields, converted)
		}
		section["fields"] = fields
		out = append(out, map[string]any(section))
	}
	if fields := onePIFLoose(secret, written); len(fields) > 0 {
		out = append(out, map[string]any{"fields": fields})
	}
	return out
}

// onePIFLoose takes the values outside of the sections that are in none of them.
func onePIFLoose(secret object, written map[string]bool) []any {
	month, year := secret.text("expiry_mm"), secret.text("expiry_yy")
	if len(month) == 1 {
		month = "0" + month
	}
	if len(year) == 4 && len(month) == 2 {
		secret["expiry"] = year + month
	}
	var out []any
	for _, name := range slices.Sorted(maps.Keys(secret)) {
		text, ok := scalar(secret[name])
		if !ok {
			continue
		}
		kind := map[bool]string{true: "concealed", false: "string"}[kindOf(name) != ""]
		switch _, numeric := secret[name].(json.Number); {
		case name == "expiry":
			kind = "monthYear"
		case numeric && strings.HasSuffix(name, "date"):
			kind = "date"
		}
		secret.drop(name)
		if text != "" && !written[text] {
			out = append(out, map[string]any{"id": name, "title": label(name), "value": map[string]any{kind: text}})
		}
	}
	return out
}
