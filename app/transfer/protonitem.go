package transfer

import (
	"strings"
	"time"

	"github.com/vaultsphere/vaultsphere/app/item"
)

func (r *proton) item(row int, o object, vault string) {
	data := o.object("data")
	meta, content := data.object("metadata"), data.object("content")
	it := item.Item{
		Title: meta.text("name"), Notes: meta.text("note"), Tags: one(vault), Favourite: o.yes("pinned"),
		Created: o.time("createTime"), Modified: o.time("modifyTime"),
	}
	if o.text("state") == "2" {
		r.b.trash(&it)
	}
	alias := o.text("aliasEmail")
	r.content(row, &it, data.text("type"), content)
	if it.Username == "" {
		it.Username = alias
	} else {
		r.b.keepField(row, &it, "Alias", alias, item.FieldText)
	}
	r.fields(row, &it, "", data.objects("extraFields"))
	for _, app := range data.object("platformSpecific").object("android").objects("allowedApps") {
		addURL(r.b, row, &it, "androidapp://"+app.text("packageName"), item.MatchDomain)
		app.drop("hashes")
		keepRest(r.b, row, &it, app, "Android")
	}
	var attached []Attached
	for _, name := range o.texts("files") {
		if file, ok := r.files[name]; ok {
			attached = append(attached, file)
			delete(r.files, name)
		} else {
			r.b.problem(row, protonFileName(name), "the file is not in the export")
		}
	}
	noteOrLogin(&it)
	keepRest(r.b, row, &it, content, "")
	meta.drop("itemUuid", "icon")
	o.drop("itemId", "shareId", "contentFormatVersion", "shareCount", "flags", "folderId")
	keepRest(r.b, row, &it, meta, "")
	keepRest(r.b, row, &it, data, "")
	keepRest(r.b, row, &it, o, "")
	r.b.add(row, it, attached...)
}

func (r *proton) content(row int, it *item.Item, kind string, content object) {
	switch kind {
	case "login":
		r.login(row, it, content)
	case "alias":
		it.Type = item.TypeLogin
	case "creditCard":
		it.Type, it.Card = item.TypeCard, protonCard(content)
		r.b.keepField(row, it, "PIN", content.text("pin"), item.FieldHidden)
	case "identity":
		r.identity(row, it, content)
	case "sshKey":
		it.Type = item.TypeSSHKey
		it.SSHKey = &item.SSHKey{Private: content.text("privateKey"), Public: content.text("publicKey")}
	case "wifi":
		it.Type = item.TypeLogin
		it.Username, it.Password = content.text("ssid"), content.text("password")
		security := content.text("security")
		if known := protonWiFi[security]; known != "" {
			security = known
		}
		r.b.keepField(row, it, "Security", security, item.FieldText)
	default: // note, custom and what is yet to come
		it.Type = item.TypeNote
	}
	r.sections(row, it, content, "sections")
	content.drop("cardType") // is in the number
}

var protonWiFi = map[string]string{"0": "none given", "1": "WPA", "2": "WPA2", "3": "WPA3", "4": "WEP"}

// protonMatch are the modes of an address, by number.
var protonMatch = map[string]item.MatchRule{
	"0": item.MatchDomain, "1": item.MatchHost, "2": item.MatchNever, "3": item.MatchStarts, "5": item.MatchRegexp, "6": item.MatchExact,
}

func (r *proton) login(row int, it *item.Item, o object) {
	it.Type = item.TypeLogin
	email := o.text("itemEmail")
	it.Username = o.text("itemUsername", "username")
	if it.Username == "" {
		it.Username = email
	} else {
		r.b.keepField(row, it, "Email", email, item.FieldText)
	}
	it.Password, it.TOTP = o.text("password"), o.text("totpUri")
	for _, u := range o.objects("autofillUrls") {
		mode := u.text("mode")
		addURL(r.b, row, it, u.text("url"), protonMatch[mode])
		keepRest(r.b, row, it, u, "URL")
	}
	for _, address := range o.texts("urls") {
		addURL(r.b, row, it, address, it.Match[address])
	}
	keepPasskeys(r.b, row, it, o.objects("passkeys"))
}

func protonCard(o object) *item.Card {
	card := &item.Card{Holder: o.text("cardholderName"), Number: o.text("number"), Code: o.text("verificationNumber")}
	date := o.text("expirationDate")
	if year, month, ok := strings.Cut(date, "-"); ok {
		card.ExpiryMonth, card.ExpiryYear = expiry(month, year)
	} else if len(date) >= 4 { // MMYY and MMYYYY in older exports
		card.ExpiryMonth, card.ExpiryYear = expiry(date[:2], date[2:])
	}
	return card
}

func (r *proton) identity(row int, it *item.Item, o object) {
	it.Type = item.TypeIdentity
	id := &item.Identity{
		FirstName: o.text("firstName"), MiddleName: o.text("middleName"), LastName: o.text("lastName"),
		Email: o.text("email", "workEmail"), Phone: o.text("phoneNumber", "secondPhoneNumber"),
		Company: o.text("company", "organization"), Address: lines(o.text("streetAddress"), o.text("floor")),
		City: o.text("city"), State: o.text("stateOrProvince", "county"), PostalCode: o.text("zipOrPostalCode"),
		Country: o.text("countryOrRegion"), SSN: o.text("socialSecurityNumber"), Passport: o.text("passportNumber"),
		License: o.text("licenseNumber"),
	}
	if id.FirstName+id.MiddleName+id.LastName == "" {
		id.FirstName, id.MiddleName, id.LastName = splitName(o.text("fullName"))
	} else if full := o.text("fullName"); full != strings.Join(strings.Fields(id.FirstName+" "+id.MiddleName+" "+id.LastName), " ") {
		r.b.keepField(row, it, "Full name", full, item.FieldText)
	}
	it.Identity = id
	for _, list := range []string{"extraPersonalDetails", "extraAddressDetails", "extraContactDetails", "extraWorkDetails"} {
		r.fields(row, it, "", o.objects(list))
	}
	r.sections(row, it, o, "extraSections")
}

func (r *proton) sections(row int, it *item.Item, o object, name string) {
	for _, section := range o.objects(name) {
		r.fields(row, it, section.text("sectionName"), section.objects("sectionFields"))
		keepRest(r.b, row, it, section, "Section")
	}
}

// fields reads custom fields: text, hidden, totp and timestamp.
func (r *proton) fields(row int, it *item.Item, section string, list []object) {
	for _, f := range list {
		name, data, kind := f.text("fieldName"), f.object("data"), item.FieldText
		if section != "" {
			name = section + ": " + name
		}
		value := data.text("content", "totpUri")
		switch f.text("type") {
		case "hidden":
			kind = item.FieldHidden
		case "totp":
			if kind = item.FieldHidden; it.TOTP == "" {
				it.TOTP = value
				continue
			}
		case "timestamp":
			value = data.text("timestamp")
			if t, err := time.Parse(time.RFC3339, value); err == nil && isMidnight(t) {
				value = chosenDay(t)
			}
		}
		addField(it, name, value, kind)
		keepRest(r.b, row, it, f, name)
	}
}
