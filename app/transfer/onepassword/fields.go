package onepassword

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer/source"
)

// field reads a field of a section. Its value is an object with one member, named after the kind of the value.
func (c *draft) field(section string, f source.Object) {
	id, title, value := f.Text("id"), f.Text("title"), f.Object("value")
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
	c.RelocateRest(value, name)
	f.Drop("indexAtSource", "guarded", "multiline", "dontGenerate", "inputTraits", "placeholder", "clipboardFilter")
	c.RelocateRest(f, name)
}

func (c *draft) value(id, name, kind string, value source.Object) {
	switch kind {
	case "file":
		c.file(value.Object(kind))
	case "sshKey":
		c.sshKey(value.Object(kind))
	case "address":
		c.address(name, value.Object(kind))
	case "email":
		if o := value.Object(kind); o != nil {
			value[kind] = o.Text("email_address")
			c.RelocateRest(o, name)
		}
		c.place(id, name, value.Text(kind), item.FieldText)
	case "totp":
		if code := value.Text(kind); c.TOTP == "" {
			c.TOTP = code
		} else if code != "" {
			c.AddField(name, code, item.FieldHidden)
		}
	case "date":
		c.place(id, name, dayOf(value.Text(kind)), item.FieldText)
	case "monthYear":
		c.monthYear(id, name, value.Text(kind))
	case "concealed", "creditCardNumber":
		c.place(id, name, value.Text(kind), item.FieldHidden)
	case "url":
		c.place(id, name, value.Text(kind), item.FieldLink)
	case "reference":
		other := value.Text(kind)
		if title := c.titles[other]; title != "" {
			other = title
		}
		c.place("", name, other, item.FieldText)
	default: // string, phone, menu, gender, creditCardType and future kinds
		c.place(id, name, value.Text(kind), item.FieldText)
	}
}

// dayOf parses seconds since 1970, which are negative for most dates of birth: noon in UTC in newer versions, local midnight
// in older ones.
func dayOf(seconds string) string {
	n, err := strconv.ParseInt(seconds, 10, 64)
	day := time.Unix(n, 0).UTC()
	switch {
	case err != nil || day.Year() < 1 || day.Year() > 9999:
		return seconds
	case day.Hour() == 12:
		return day.Format(time.DateOnly)
	}
	return source.ChosenDay(day)
}

// place puts a value into the item if its type has a place for it, and else into a custom field.
func (c *draft) place(id, name, value string, kind item.FieldKind) {
	if value == "" {
		return
	}
	if c.Type == item.TypeIdentity && (id == "fullname" || id == "name") && c.identity().FirstName+c.identity().LastName == "" {
		to := c.identity()
		to.FirstName, to.MiddleName, to.LastName = source.SplitName(value)
		return
	}
	if c.category != "001" && (strings.EqualFold(id, "url") || id == "website") && c.isLogin() {
		c.AddURL(value, item.MatchDomain)
		return
	}
	if to := c.home(id); to != nil && *to == "" {
		*to = value
		return
	}
	if kind == item.FieldText {
		kind = source.KindOfValue(name, value)
	}
	c.AddField(name, value, kind)
}

var places = source.Places{
	item.TypeBankAccount: {
		"bankName": "bank_name", "owner": "holder", "accountType": "account_type", "routingNo": "routing_number", "accountNo": "account_number",
		"swift": "swift", "iban": "iban", "telephonePin": "pin", "branchPhone": "branch_phone", "branchAddress": "branch_address",
	},
	item.TypeDriversLicense: {
		"fullname": "name", "birthdate": "birth_date", "number": "number", "class": "class", "state": "state", "country": "country",
		"expiry_date": "expires",
	},
	item.TypePassport: {
		"type": "type", "issuing_country": "country", "number": "number", "fullname": "name", "sex": "sex", "nationality": "nationality",
		"issuing_authority": "authority", "birthdate": "birth_date", "birthplace": "birth_place", "issue_date": "issued", "expiry_date": "expires",
	},
	item.TypeAPIKey: {
		"username": "username", "credential": "key", "hostname": "hostname", "validFrom": "valid_from", "expires": "expires",
	},
}

// home returns the place of a built-in field, by its ID.
func (c *draft) home(id string) *string {
	if to := places.Of(&c.Item, id); to != nil {
		return to
	}
	switch c.Type {
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
			return &c.Username
		case "password", "pop_password", "credential", "admin_console_password", "wireless_password", "network_password":
			if c.category != "001" { // custom fields may have the same ID
				return &c.Password
			}
		}
	}
	return nil
}

// isLogin reports whether the item is a login, or may become one.
func (c *draft) isLogin() bool { return c.Type == item.TypeLogin || c.Type == "" }

func (c *draft) card() *item.Card {
	if c.Card == nil {
		c.Card = &item.Card{}
	}
	return c.Card
}

func (c *draft) identity() *item.Identity {
	if c.Identity == nil {
		c.Identity = &item.Identity{}
	}
	return c.Identity
}

func (c *draft) identityHome(id string) *string {
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
		return &c.Username
	case "address1":
		return &to.Address
	case "city":
		return &to.City
	case "zip":
		return &to.PostalCode
	case "state":
		return &to.State
	case "country":
		return &to.Country
	case "number":
		if c.category == "108" {
			return &to.SSN
		}
	}
	return nil
}

// monthYear parses a number such as 202912.
func (c *draft) monthYear(id, name, value string) {
	if len(value) != 6 {
		c.place(id, name, value, item.FieldText)
		return
	}
	year, month := value[:4], value[4:]
	if id != "expiry" || c.Type != item.TypeCard {
		c.place(id, name, year+"-"+month, item.FieldText)
		return
	}
	c.card().ExpiryMonth, c.card().ExpiryYear = source.CardExpiry(month, year)
}

func (c *draft) address(name string, o source.Object) {
	street, city, state := o.Text("street"), o.Text("city"), o.Text("state")
	zip, country := o.Text("zip"), o.Text("country")
	c.RelocateRest(o, name)
	if c.Type == item.TypeIdentity {
		if to := c.identity(); to.Address == "" && to.City == "" && to.State == "" && to.PostalCode == "" && to.Country == "" {
			to.Address, to.City, to.State, to.PostalCode, to.Country = street, city, state, zip, strings.ToUpper(country)
			return
		}
	}
	if text := source.JoinLines(street, city, state, zip, country); text != "" {
		c.AddField(name, text, item.FieldText)
	}
}

// sshKey reads a key pair. Only the encoding in metadata is the same for every key.
func (c *draft) sshKey(o source.Object) {
	meta := o.Object("metadata")
	key := &item.SSHKey{Private: meta.Text("privateKey"), Public: meta.Text("publicKey"), Fingerprint: meta.Text("fingerprint")}
	key.Private = keepFirst(key.Private, o, "privateKey")
	if c.SSHKey != nil {
		c.AddField("Private key", key.Private, item.FieldHidden)
		c.AddField("Public key", key.Public, item.FieldText)
	} else {
		c.SSHKey = key
	}
	c.RelocateRest(meta, "SSH key")
	c.RelocateRest(o, "SSH key")
}
