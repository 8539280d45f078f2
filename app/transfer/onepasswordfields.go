package transfer

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// field reads a field of a section. Its value is an object with one member, whose name is the kind of the value.
func (c *onePasswordEntry) field(section string, f object) {
	id, title, value := f.text("id"), f.text("title"), f.object("value")
	name := title
	if name == "" {
		name = section
	} else if section != "" {
		name = section + ": " + title
	}
	if name == "" {
		name = "Field"
	}
	for _, kind := range slices.Sorted(maps.Keys(value)) {
		c.value(id, name, kind, value)
	}
	keepRest(c.b, c.row, c.it, value, name)
	f.drop("indexAtSource", "guarded", "multiline", "dontGenerate", "inputTraits", "placeholder", "clipboardFilter")
	keepRest(c.b, c.row, c.it, f, name)
}

func (c *onePasswordEntry) value(id, name, kind string, value object) {
	switch kind {
	case "file":
		c.file(value.object(kind))
	case "sshKey":
		c.sshKey(value.object(kind))
	case "address":
		c.address(name, value.object(kind))
	case "email":
		if o := value.object(kind); o != nil {
			value[kind] = o.text("email_address")
			keepRest(c.b, c.row, c.it, o, name)
		}
		c.place(id, name, value.text(kind), item.FieldText)
	case "totp":
		if code := value.text(kind); c.it.TOTP == "" {
			c.it.TOTP = code
		} else if code != "" {
			addField(c.it, name, code, item.FieldHidden)
		}
	case "date":
		c.place(id, name, dayOf(value.text(kind)), item.FieldText)
	case "monthYear":
		c.monthYear(id, name, value.text(kind))
	case "concealed", "creditCardNumber":
		c.place(id, name, value.text(kind), item.FieldHidden)
	case "url":
		c.place(id, name, value.text(kind), item.FieldLink)
	case "reference":
		other := value.text(kind)
		if title := c.titles[other]; title != "" {
			other = title
		}
		c.place("", name, other, item.FieldText)
	default: // string, phone, menu, gender, creditCardType and what is yet to come
		c.place(id, name, value.text(kind), item.FieldText)
	}
}

// dayOf reads seconds since 1970, of which there are fewer than none for most dates of birth: noon in UTC in newer versions,
// midnight where the day was chosen in older ones.
func dayOf(seconds string) string {
	n, err := strconv.ParseInt(seconds, 10, 64)
	day := time.Unix(n, 0).UTC()
	switch {
	case err != nil || day.Year() < 1 || day.Year() > 9999:
		return seconds
	case day.Hour() == 12:
		return day.Format(time.DateOnly)
	}
	return chosenDay(day)
}

// place puts a value where the type of the item has a place of its own for it, and else into a custom field.
func (c *onePasswordEntry) place(id, name, value string, kind item.FieldKind) {
	if value == "" {
		return
	}
	if c.it.Type == item.TypeIdentity && (id == "fullname" || id == "name") && c.identity().FirstName+c.identity().LastName == "" {
		to := c.identity()
		to.FirstName, to.MiddleName, to.LastName = splitName(value)
		return
	}
	if c.category != "001" && (strings.EqualFold(id, "url") || id == "website") && c.isLogin() {
		addURL(c.b, c.row, c.it, value, item.MatchDomain)
		return
	}
	if to := c.home(id); to != nil && *to == "" {
		*to = value
		return
	}
	if kind == item.FieldText {
		kind = kindOfValue(name, value)
	}
	addField(c.it, name, value, kind)
}

// home is the place of a built-in field, by its id.
func (c *onePasswordEntry) home(id string) *string {
	switch c.it.Type {
	case item.TypeCard:
		switch id {
		case "cardholder":
			return &c.card().Holder
		case "type":
			return &c.card().Brand
		case "ccnum":
			return &c.card().Number
		case "cvv":
			return &c.card().Code
		}
	case item.TypeIdentity:
		return c.identityHome(id)
	case "", item.TypeLogin:
		switch id {
		case "username", "pop_username", "admin_console_username":
			return &c.it.Username
		case "password", "pop_password", "credential", "admin_console_password", "wireless_password", "network_password":
			if c.category != "001" { // a field that a person made may be called so as well
				return &c.it.Password
			}
		}
	}
	return nil
}

// isLogin reports whether the item is a login, or may become one.
func (c *onePasswordEntry) isLogin() bool { return c.it.Type == item.TypeLogin || c.it.Type == "" }

func (c *onePasswordEntry) card() *item.Card {
	if c.it.Card == nil {
		c.it.Card = &item.Card{}
	}
	return c.it.Card
}

func (c *onePasswordEntry) identity() *item.Identity {
	if c.it.Identity == nil {
		c.it.Identity = &item.Identity{}
	}
	return c.it.Identity
}

func (c *onePasswordEntry) identityHome(id string) *string {
	to := c.identity()
	switch id {
	case "firstname":
		return &to.FirstName
	case "initial":
		return &to.MiddleName
	case "lastname":
		return &to.LastName
	case "company":
		return &to.Company
	case "defphone", "cellphone":
		return &to.Phone
	case "email":
		return &to.Email
	case "username":
		return &c.it.Username
	case "address1":
		return &to.Address
	case "city":
		return &to.City
	case "zip":
		return &to.PostalCode
	case "state":
		return &to.State
	case "country", "issuing_country":
		return &to.Country
	case "number":
		switch c.category {
		case "103":
			return &to.License
		case "106":
			return &to.Passport
		case "108":
			return &to.SSN
		}
	}
	return nil
}

// monthYear reads a number such as 202912.
func (c *onePasswordEntry) monthYear(id, name, value string) {
	if len(value) != 6 {
		c.place(id, name, value, item.FieldText)
		return
	}
	year, month := value[:4], value[4:]
	if id != "expiry" || c.it.Type != item.TypeCard {
		c.place(id, name, year+"-"+month, item.FieldText)
		return
	}
	c.card().ExpiryMonth, c.card().ExpiryYear = expiry(month, year)
}

func (c *onePasswordEntry) address(name string, o object) {
	street, city, state := o.text("street"), o.text("city"), o.text("state")
	zip, country := o.text("zip"), o.text("country")
	keepRest(c.b, c.row, c.it, o, name)
	if c.it.Type == item.TypeIdentity {
		if to := c.identity(); to.Address == "" && to.City == "" && to.State == "" && to.PostalCode == "" && to.Country == "" {
			to.Address, to.City, to.State, to.PostalCode, to.Country = street, city, state, zip, strings.ToUpper(country)
			return
		}
	}
	if text := lines(street, city, state, zip, country); text != "" {
		addField(c.it, name, text, item.FieldText)
	}
}

// sshKey reads a key pair. The form in metadata is the same for every key, the other one is not.
func (c *onePasswordEntry) sshKey(o object) {
	meta := o.object("metadata")
	key := &item.SSHKey{Private: meta.text("privateKey"), Public: meta.text("publicKey"), Fingerprint: meta.text("fingerprint")}
	key.Private = keepFirst(key.Private, o, "privateKey")
	if c.it.SSHKey != nil {
		addField(c.it, "Private key", key.Private, item.FieldHidden)
		addField(c.it, "Public key", key.Public, item.FieldText)
	} else {
		c.it.SSHKey = key
	}
	keepRest(c.b, c.row, c.it, meta, "SSH key")
	keepRest(c.b, c.row, c.it, o, "SSH key")
}
