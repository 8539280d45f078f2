package proton

import (
	"encoding/json"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer/source"
)

// CSV is the table of Proton Pass: type, name, url, email, username, password, note, totp, createTime, modifyTime, vault.
// The note of a card or an identity is JSON with all members.
var CSV = source.Custom{Is: isCSV, Parse: readCSV}

func isCSV(in *source.Input) bool {
	return in.HasColumns("type", "name", "url", "username", "password", "totp", "createtime", "modifytime")
}

func readCSV(in *source.Input, b *source.Builder) error {
	r := export{b: b}
	for row := range in.CSVRows(b, false) {
		kind := row.Text("type")
		content := source.Object{
			"itemEmail": row.Text("email"), "itemUsername": row.Text("username"), "password": row.Text("password"),
			"totpUri": row.Text("totp"),
		}
		rawURL, note := row.Text("url"), row.Text("note")
		if kind == "creditCard" || kind == "identity" {
			if o, err := source.DecodeObject([]byte(note)); err == nil {
				note = o.Text("note")
				content = o
			}
		}
		row.Item = item.Item{
			Title: row.Text("name"), Notes: note, Tags: source.ListOf(row.Text("vault")),
		}
		row.TakeTime(&row.Created, "createtime")
		row.TakeTime(&row.Modified, "modifytime")
		setURLs(content, rawURL, row.Text("autofillurls"))
		r.content(row.Draft, kind, content)
		if kind == "alias" {
			row.Username = content.Text("itemEmail", "itemUsername")
		}
		row.RelocateRest(content, "")
		row.Add()
	}
	return nil
}

// setURLs adds the URLs of a login from its columns: joined by commas, and as JSON with their match modes.
func setURLs(content source.Object, joined, structured string) {
	var urls []any
	for _, rawURL := range source.SplitURLs(joined) {
		urls = append(urls, rawURL)
	}
	content["urls"] = urls
	var modes []any
	if structured != "" && json.Unmarshal([]byte(structured), &modes) == nil {
		content["autofillUrls"] = modes
	} else if structured != "" {
		content["autofillUrls"] = structured
	}
}
