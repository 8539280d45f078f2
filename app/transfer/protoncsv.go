package transfer

import (
	"encoding/json"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// The CSV export of Proton Pass: type, name, url, email, username, password, note, totp, createTime, modifyTime, vault.
// The note of a card or an identity is JSON with all of its members.

// protonCSV is the table of Proton Pass.
var protonCSV = custom{is: isProtonCSV, parse: readProtonCSV}

func isProtonCSV(in *input) bool {
	return in.hasColumns("type", "name", "url", "username", "password", "totp", "createtime", "modifytime")
}

func readProtonCSV(in *input, b *builder) error {
	r := proton{b: b}
	for row := range in.csvRows(b, false) {
		kind := row.text("type")
		content := object{
			"itemEmail": row.text("email"), "itemUsername": row.text("username"), "password": row.text("password"),
			"totpUri": row.text("totp"),
		}
		address, note := row.text("url"), row.text("note")
		if kind == "creditCard" || kind == "identity" {
			if o, err := decodeObject([]byte(note)); err == nil {
				note = o.text("note")
				content = o
			}
		}
		row.Item = item.Item{
			Title: row.text("name"), Notes: note, Tags: one(row.text("vault")),
		}
		row.takeTime(&row.Created, "createtime")
		row.takeTime(&row.Modified, "modifytime")
		protonAddresses(content, address, row.text("autofillurls"))
		r.content(row.draft, kind, content)
		if kind == "alias" {
			row.Username = content.text("itemEmail", "itemUsername")
		}
		row.relocateRest(content, "")
		row.add()
	}
	return nil
}

// protonAddresses gives a login the addresses of its columns: joined by commas, and as JSON with their modes.
func protonAddresses(content object, joined, structured string) {
	var urls []any
	for _, address := range splitURLs(joined) {
		urls = append(urls, address)
	}
	content["urls"] = urls
	var modes []any
	if structured != "" && json.Unmarshal([]byte(structured), &modes) == nil {
		content["autofillUrls"] = modes
	} else if structured != "" {
		content["autofillUrls"] = structured
	}
}
