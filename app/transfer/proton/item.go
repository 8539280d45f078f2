package proton

import (
	"strings"
	"time"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer/parcel"
	"github.com/vaultsphere/vaultsphere/app/transfer/source"
)

func (r *export) item(it *source.Draft, o source.Object, vault string) {
	data := o.Object("data")
	meta, content := data.Object("metadata"), data.Object("content")
	it.Item = item.Item{
		Title: meta.Text("name"), Notes: meta.Text("note"), Tags: source.ListOf(vault), Favourite: o.Yes("pinned"),
		Created: o.Time("createTime"), Modified: o.Time("modifyTime"),
	}
	if o.Text("state") == "2" {
		it.Trash()
	}
	alias := o.Text("aliasEmail")
	r.content(it, data.Text("type"), content)
	if it.Username == "" {
		it.Username = alias
	} else {
		it.Relocate("Alias", alias, item.FieldText)
	}
	r.fields(it, "", data.Objects("extraFields"))
	for _, app := range data.Object("platformSpecific").Object("android").Objects("allowedApps") {
		it.AddURL("androidapp://"+app.Text("packageName"), item.MatchDomain)
		app.Drop("hashes")
		it.RelocateRest(app, "Android")
	}
	var attached []parcel.Attached
	for _, name := range o.Texts("files") {
		if file, ok := r.files[name]; ok {
			attached = append(attached, file)
			delete(r.files, name)
		} else {
			it.Problem(parcel.AttachmentMissing, parcel.Values{Name: fileName(name)})
		}
	}
	it.NoteOrLogin()
	it.RelocateRest(content, "")
	meta.Drop("itemUuid", "icon")
	o.Drop("itemId", "shareId", "contentFormatVersion", "shareCount", "flags", "folderId")
	it.RelocateRest(meta, "")
	it.RelocateRest(data, "")
	it.RelocateRest(o, "")
	it.Add(attached...)
}

func (r *export) content(it *source.Draft, kind string, content source.Object) {
	switch kind {
	case "login":
		r.login(it, content)
	case "alias":
		it.Type = item.TypeLogin
	case "creditCard":
		it.Type, it.Card = item.TypeCard, cardOf(content)
		it.Relocate("PIN", content.Text("pin"), item.FieldHidden)
	case "identity":
		r.identity(it, content)
	case "sshKey":
		it.Type = item.TypeSSHKey
		it.SSHKey = &item.SSHKey{Private: content.Text("privateKey"), Public: content.Text("publicKey")}
	case "wifi":
		it.Type = item.TypeLogin
		it.Username, it.Password = content.Text("ssid"), content.Text("password")
		security := content.Text("security")
		if known := wifi[security]; known != "" {
			security = known
		}
		it.Relocate("Security", security, item.FieldText)
	default: // note, custom and future types
		it.Type = item.TypeNote
	}
	r.sections(it, content, "sections")
	content.Drop("cardType") // follows from the number
}

var wifi = map[string]string{"0": "none given", "1": "WPA", "2": "WPA2", "3": "WPA3", "4": "WEP"}

// rules are the match modes of a URL.
var rules = map[string]item.MatchRule{
	"0": item.MatchDomain, "1": item.MatchHost, "2": item.MatchNever, "3": item.MatchStarts, "5": item.MatchRegexp, "6": item.MatchExact,
}

func (r *export) login(it *source.Draft, o source.Object) {
	it.Type = item.TypeLogin
	email := o.Text("itemEmail")
	it.Username = o.Text("itemUsername", "username")
	if it.Username == "" {
		it.Username = email
	} else {
		it.Relocate("Email", email, item.FieldText)
	}
	it.Password, it.TOTP = o.Text("password"), o.Text("totpUri")
	for _, u := range o.Objects("autofillUrls") {
		mode := u.Text("mode")
		it.AddURL(u.Text("url"), rules[mode])
		it.RelocateRest(u, "URL")
	}
	for _, rawURL := range o.Texts("urls") {
		it.AddURL(rawURL, it.Match[rawURL])
	}
	it.RelocatePasskeys(o.Objects("passkeys"))
}

func cardOf(o source.Object) *item.Card {
	card := &item.Card{Holder: o.Text("cardholderName"), Number: o.Text("number"), Code: o.Text("verificationNumber")}
	date := o.Text("expirationDate")
	if year, month, ok := strings.Cut(date, "-"); ok {
		card.ExpiryMonth, card.ExpiryYear = source.CardExpiry(month, year)
	} else if len(date) >= 4 { // MMYY and MMYYYY in older exports
		card.ExpiryMonth, card.ExpiryYear = source.CardExpiry(date[:2], date[2:])
	}
	return card
}

func (r *export) identity(it *source.Draft, o source.Object) {
	it.Type = item.TypeIdentity
	id := &item.Identity{
		FirstName: o.Text("firstName"), MiddleName: o.Text("middleName"), LastName: o.Text("lastName"),
		Email: o.Text("email", "workEmail"), Phone: o.Text("phoneNumber", "secondPhoneNumber"),
		Company: o.Text("company", "organization"), Address: source.JoinLines(o.Text("streetAddress"), o.Text("floor")),
		City: o.Text("city"), State: o.Text("stateOrProvince", "county"), PostalCode: o.Text("zipOrPostalCode"),
		Country: o.Text("countryOrRegion"), SSN: o.Text("socialSecurityNumber"), Passport: o.Text("passportNumber"),
		License: o.Text("licenseNumber"),
	}
	if id.FirstName+id.MiddleName+id.LastName == "" {
		id.FirstName, id.MiddleName, id.LastName = source.SplitName(o.Text("fullName"))
	} else if full := o.Text("fullName"); full != strings.Join(strings.Fields(id.FirstName+" "+id.MiddleName+" "+id.LastName), " ") {
		it.Relocate("Full name", full, item.FieldText)
	}
	it.Identity = id
	for _, list := range []string{"extraPersonalDetails", "extraAddressDetails", "extraContactDetails", "extraWorkDetails"} {
		r.fields(it, "", o.Objects(list))
	}
	r.sections(it, o, "extraSections")
}

func (r *export) sections(it *source.Draft, o source.Object, name string) {
	for _, section := range o.Objects(name) {
		r.fields(it, section.Text("sectionName"), section.Objects("sectionFields"))
		it.RelocateRest(section, "Section")
	}
}

// fields reads custom fields: text, hidden, totp and timestamp.
func (r *export) fields(it *source.Draft, section string, list []source.Object) {
	for _, f := range list {
		name, data, kind := f.Text("fieldName"), f.Object("data"), item.FieldText
		if section != "" {
			name = section + ": " + name
		}
		value := data.Text("content", "totpUri")
		switch f.Text("type") {
		case "hidden":
			kind = item.FieldHidden
		case "totp":
			if kind = item.FieldHidden; it.TOTP == "" {
				it.TOTP = value
				continue
			}
		case "timestamp":
			value = data.Text("timestamp")
			if t, err := time.Parse(time.RFC3339, value); err == nil && source.IsMidnight(t) {
				value = source.ChosenDay(t)
			}
		}
		it.AddField(name, value, kind)
		it.RelocateRest(f, name)
	}
}
