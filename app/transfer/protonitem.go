package transfer

import (
	"strings"
	"time"

	"github.com/vaultsphere/vaultsphere/app/item"
)

func (r *proton) item(it *draft, o object, vault string) {
	data := o.object("data")
	meta, content := data.object("metadata"), data.object("content")
	it.Item = item.Item{
		Title: meta.text("name"), Notes: meta.text("note"), Tags: one(vault), Favourite: o.yes("pinned"),
		Created: o.time("createTime"), Modified: o.time("modifyTime"),
	}
	if o.text("state") == "2" {
		it.trash()
	}
	alias := o.text("aliasEmail")
	r.content(it, data.text("type"), content)
	if it.Username == "" {
		it.Username = alias
	} else {
		it.relocate("Alias", alias, item.FieldText)
	}
	r.fields(it, "", data.objects("extraFields"))
	for _, app := range data.object("platformSpecific").object("android").objects("allowedApps") {
		it.addURL("androidapp://"+app.text("packageName"), item.MatchDomain)
		app.drop("hashes")
		it.relocateRest(app, "Android")
	}
	var attached []Attached
	for _, name := range o.texts("files") {
		if file, ok := r.files[name]; ok {
			attached = append(attached, file)
			delete(r.files, name)
		} else {
			it.problemWith(protonFileName(name), "the file is not in the export")
		}
	}
	it.noteOrLogin()
	it.relocateRest(content, "")
	meta.drop("itemUuid", "icon")
	o.drop("itemId", "shareId", "contentFormatVersion", "shareCount", "flags", "folderId")
	it.relocateRest(meta, "")
	it.relocateRest(data, "")
	it.relocateRest(o, "")
	it.add(attached...)
}

func (r *proton) content(it *draft, kind string, content object) {
	switch kind {
	case "login":
		r.login(it, content)
	case "alias":
		it.Type = item.TypeLogin
	case "creditCard":
		it.Type, it.Card = item.TypeCard, protonCard(content)
		it.relocate("PIN", content.text("pin"), item.FieldHidden)
	case "identity":
		r.identity(it, content)
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
		it.relocate("Security", security, item.FieldText)
	default: // note, custom and what is yet to come
		it.Type = item.TypeNote
	}
	r.sections(it, content, "sections")
	content.drop("cardType") // is in the number
}

var protonWiFi = map[string]string{"0": "none given", "1": "WPA", "2": "WPA2", "3": "WPA3", "4": "WEP"}

// protonMatch are the modes of an address, by number.
var protonMatch = map[string]item.MatchRule{
	"0": item.MatchDomain, "1": item.MatchHost, "2": item.MatchNever, "3": item.MatchStarts, "5": item.MatchRegexp, "6": item.MatchExact,
}

func (r *proton) login(it *draft, o object) {
	it.Type = item.TypeLogin
	email := o.text("itemEmail")
	it.Username = o.text("itemUsername", "username")
	if it.Username == "" {
		it.Username = email
	} else {
		it.relocate("Email", email, item.FieldText)
	}
	it.Password, it.TOTP = o.text("password"), o.text("totpUri")
	for _, u := range o.objects("autofillUrls") {
		mode := u.text("mode")
		it.addURL(u.text("url"), protonMatch[mode])
		it.relocateRest(u, "URL")
	}
	for _, address := range o.texts("urls") {
		it.addURL(address, it.Match[address])
	}
	it.relocatePasskeys(o.objects("passkeys"))
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

func (r *proton) identity(it *draft, o object) {
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
		it.relocate("Full name", full, item.FieldText)
	}
	it.Identity = id
	for _, list := range []string{"extraPersonalDetails", "extraAddressDetails", "extraContactDetails", "extraWorkDetails"} {
		r.fields(it, "", o.objects(list))
	}
	r.sections(it, o, "extraSections")
}

func (r *proton) sections(it *draft, o object, name string) {
	for _, section := range o.objects(name) {
		r.fields(it, section.text("sectionName"), section.objects("sectionFields"))
		it.relocateRest(section, "Section")
	}
}

// fields reads custom fields: text, hidden, totp and timestamp.
func (r *proton) fields(it *draft, section string, list []object) {
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
		it.addField(name, value, kind)
		it.relocateRest(f, name)
	}
}
