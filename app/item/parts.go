package item

import "strings"

// SSHKey is a key pair, with the contents of its files.
type SSHKey struct {
	Fingerprint string `json:"fingerprint,omitempty"` // SHA256:…, as printed by ssh-keygen
	Private     string `json:"private,omitempty"`     // PEM
	Public      string `json:"public,omitempty"`      // one line, as in authorized_keys

	Unknown Unknown `json:"unknown,omitempty"`
}

// Card is a payment card.
type Card struct {
	Brand       string `json:"brand,omitempty"`
	Code        string `json:"code,omitempty"`
	ExpiryMonth string `json:"expiry_month,omitempty"` // 1 to 12
	ExpiryYear  string `json:"expiry_year,omitempty"`  // four digits
	Holder      string `json:"holder,omitempty"`
	Number      string `json:"number,omitempty"`

	Unknown Unknown `json:"unknown,omitempty"`
}

// Identity is the data of a person.
type Identity struct {
	Address    string `json:"address,omitempty"` // street and number; may have several lines
	City       string `json:"city,omitempty"`
	Company    string `json:"company,omitempty"`
	Country    string `json:"country,omitempty"`
	Email      string `json:"email,omitempty"`
	FirstName  string `json:"first_name,omitempty"`
	LastName   string `json:"last_name,omitempty"`
	License    string `json:"license,omitempty"`
	MiddleName string `json:"middle_name,omitempty"`
	Passport   string `json:"passport,omitempty"`
	Phone      string `json:"phone,omitempty"`
	PostalCode string `json:"postal_code,omitempty"`
	SSN        string `json:"ssn,omitempty"`
	State      string `json:"state,omitempty"`
	Title      string `json:"title,omitempty"`

	Unknown Unknown `json:"unknown,omitempty"`
}

// BankAccount is an account at a bank.
type BankAccount struct {
	AccountNumber string `json:"account_number,omitempty"`
	AccountType   string `json:"account_type,omitempty"` // such as checking or savings
	BankName      string `json:"bank_name,omitempty"`
	BranchAddress string `json:"branch_address,omitempty"` // may have several lines
	BranchNumber  string `json:"branch_number,omitempty"`
	BranchPhone   string `json:"branch_phone,omitempty"`
	Holder        string `json:"holder,omitempty"`
	IBAN          string `json:"iban,omitempty"`
	PIN           string `json:"pin,omitempty"`
	RoutingNumber string `json:"routing_number,omitempty"` // or bank code
	SWIFT         string `json:"swift,omitempty"`          // or BIC

	Unknown Unknown `json:"unknown,omitempty"`
}

// APIKey is a credential of a program.
type APIKey struct {
	Expires   string `json:"expires,omitempty"`  // a date
	Hostname  string `json:"hostname,omitempty"` // or URL
	Key       string `json:"key,omitempty"`
	Username  string `json:"username,omitempty"`
	ValidFrom string `json:"valid_from,omitempty"` // a date

	Unknown Unknown `json:"unknown,omitempty"`
}

// DriversLicense is a driving licence. Dates are YYYY-MM-DD, or whatever an import found.
type DriversLicense struct {
	Authority string `json:"authority,omitempty"`
	BirthDate string `json:"birth_date,omitempty"`
	Class     string `json:"class,omitempty"`
	Country   string `json:"country,omitempty"`
	Expires   string `json:"expires,omitempty"`
	Issued    string `json:"issued,omitempty"`
	Name      string `json:"name,omitempty"` // in full
	Number    string `json:"number,omitempty"`
	State     string `json:"state,omitempty"`

	Unknown Unknown `json:"unknown,omitempty"`
}

// Passport is a passport. Dates are YYYY-MM-DD, or whatever an import found.
type Passport struct {
	Authority   string `json:"authority,omitempty"`
	BirthDate   string `json:"birth_date,omitempty"`
	BirthPlace  string `json:"birth_place,omitempty"`
	Country     string `json:"country,omitempty"` // that issued it
	Expires     string `json:"expires,omitempty"`
	Issued      string `json:"issued,omitempty"`
	Name        string `json:"name,omitempty"` // in full
	Nationality string `json:"nationality,omitempty"`
	Number      string `json:"number,omitempty"`
	Sex         string `json:"sex,omitempty"`
	Type        string `json:"type,omitempty"` // such as P

	Unknown Unknown `json:"unknown,omitempty"`
}

// partOf is the row of a part. Its table has the same name.
func partOf(name string, typ Type, k *kind, at func(any) any) member {
	return member{Row: Row{Name: name, Label: "kinds." + name, Import: ImportSame, Search: true, Type: typ, Table: name}, at: at, kind: k}
}

// textRow is a row of a part, whose members are all texts. These tables are static data, because the WebAssembly module would contain
// much more code for one function per text.
type textRow struct {
	name  string
	class class
	input Input
}

// class says where a text is shown and found.
type class int

const (
	shown      class = iota
	unsearched       // shown, but searches skip it
	secret           // hidden
	masked           // hidden, but searchable by its last four letters or digits
)

// textTable returns the table of a part. at returns a pointer to the text of the row with that number. The label of a row is the page's
// message of its name under labels.
func textTable(labels string, unknown func(any) *Unknown, at func(v any, row int) *string, rows []textRow) *object {
	members := make([]member, len(rows))
	for i, r := range rows {
		m := member{at: func(v any) any { return at(v, i) }, kind: text}
		m.Row = Row{
			Name: r.name, Label: labels + "." + r.name, Limit: MaxValue, Input: r.input,
			Hidden: r.class >= secret, Search: r.class == shown || r.class == masked,
		}
		if r.class == masked {
			m.kind = lastFour
		}
		members[i] = m
	}
	return objectOf(unknown, members...)
}

var card = textTable("card",
	func(v any) *Unknown { return &v.(*Card).Unknown },
	func(v any, row int) *string {
		p := v.(*Card)
		return [...]*string{
			&p.Holder, &p.Number, &p.Code, &p.Brand, &p.ExpiryMonth, &p.ExpiryYear,
		}[row]
	},
	[]textRow{
		{"holder", shown, InputText},
		{"number", masked, InputNumeric},
		{"code", secret, InputNumeric},
		{"brand", shown, InputText},
		{"expiry_month", unsearched, InputNumeric},
		{"expiry_year", unsearched, InputNumeric},
	})

var bankAccount = textTable("bank_account",
	func(v any) *Unknown { return &v.(*BankAccount).Unknown },
	func(v any, row int) *string {
		p := v.(*BankAccount)
		return [...]*string{
			&p.BankName, &p.Holder, &p.AccountType, &p.AccountNumber, &p.RoutingNumber, &p.BranchNumber, &p.IBAN,
			&p.SWIFT, &p.PIN, &p.BranchPhone, &p.BranchAddress,
		}[row]
	},
	[]textRow{
		{"bank_name", shown, InputText},
		{"holder", shown, InputText},
		{"account_type", shown, InputText},
		{"account_number", masked, InputText},
		{"routing_number", shown, InputText},
		{"branch_number", shown, InputText},
		{"iban", masked, InputText},
		{"swift", shown, InputText},
		{"pin", secret, InputText},
		{"branch_phone", shown, InputPhone},
		{"branch_address", shown, InputLines},
	})

var identity = textTable("identity",
	func(v any) *Unknown { return &v.(*Identity).Unknown },
	func(v any, row int) *string {
		p := v.(*Identity)
		return [...]*string{
			&p.Title, &p.FirstName, &p.MiddleName, &p.LastName, &p.Company, &p.Email, &p.Phone, &p.Address,
			&p.PostalCode, &p.City, &p.State, &p.Country, &p.SSN, &p.Passport, &p.License,
		}[row]
	},
	[]textRow{
		{"title", shown, InputText},
		{"first_name", shown, InputText},
		{"middle_name", shown, InputText},
		{"last_name", shown, InputText},
		{"company", shown, InputText},
		{"email", shown, InputEmail},
		{"phone", shown, InputPhone},
		{"address", shown, InputLines},
		{"postal_code", shown, InputText},
		{"city", shown, InputText},
		{"state", shown, InputText},
		{"country", shown, InputText},
		{"ssn", secret, InputText},
		{"passport", secret, InputText},
		{"license", secret, InputText},
	})

var passport = textTable("passport",
	func(v any) *Unknown { return &v.(*Passport).Unknown },
	func(v any, row int) *string {
		p := v.(*Passport)
		return [...]*string{
			&p.Name, &p.Number, &p.Type, &p.Nationality, &p.BirthDate, &p.BirthPlace, &p.Sex, &p.Country,
			&p.Authority, &p.Issued, &p.Expires,
		}[row]
	},
	[]textRow{
		{"name", shown, InputText},
		{"number", masked, InputText},
		{"type", shown, InputText},
		{"nationality", shown, InputText},
		{"birth_date", unsearched, InputDate},
		{"birth_place", shown, InputText},
		{"sex", shown, InputText},
		{"country", shown, InputText},
		{"authority", shown, InputText},
		{"issued", unsearched, InputDate},
		{"expires", unsearched, InputDate},
	})

var driversLicense = textTable("drivers_license",
	func(v any) *Unknown { return &v.(*DriversLicense).Unknown },
	func(v any, row int) *string {
		p := v.(*DriversLicense)
		return [...]*string{
			&p.Name, &p.BirthDate, &p.Number, &p.Class, &p.Country, &p.State, &p.Authority, &p.Issued, &p.Expires,
		}[row]
	},
	[]textRow{
		{"name", shown, InputText},
		{"birth_date", unsearched, InputDate},
		{"number", masked, InputText},
		{"class", shown, InputText},
		{"country", shown, InputText},
		{"state", shown, InputText},
		{"authority", shown, InputText},
		{"issued", unsearched, InputDate},
		{"expires", unsearched, InputDate},
	})

var apiKey = textTable("api_key",
	func(v any) *Unknown { return &v.(*APIKey).Unknown },
	func(v any, row int) *string {
		p := v.(*APIKey)
		return [...]*string{
			&p.Username, &p.Key, &p.Hostname, &p.ValidFrom, &p.Expires,
		}[row]
	},
	[]textRow{
		{"username", shown, InputText},
		{"key", secret, InputText},
		{"hostname", shown, InputText},
		{"valid_from", unsearched, InputDate},
		{"expires", unsearched, InputDate},
	})

var sshKey = textTable("sshKey",
	func(v any) *Unknown { return &v.(*SSHKey).Unknown },
	func(v any, row int) *string {
		p := v.(*SSHKey)
		return [...]*string{
			&p.Public, &p.Private, &p.Fingerprint,
		}[row]
	},
	[]textRow{
		{"public", unsearched, InputLines},
		{"private", secret, InputLines},
		{"fingerprint", shown, InputText},
	})

// PartText is a text of a part, and the row that describes it.
type PartText struct {
	Part string // the name of the part
	Row
	Value *string
}

// PartTexts lists the texts of the parts that an item has, also empty ones.
func (it *Item) PartTexts() []PartText {
	var out []PartText
	for i := range details.members {
		m := &details.members[i]
		if m.kind.part == nil || m.empty(it) {
			continue
		}
		v := m.kind.get(m.at(it))
		for j := range m.kind.part.members {
			row := &m.kind.part.members[j]
			out = append(out, PartText{m.Name, row.Row, row.at(v).(*string)})
		}
	}
	return out
}

// Place returns the text of a part by its path, such as "passport.number", and adds the part if the item lacks it. It returns nil for
// any other path.
func (it *Item) Place(path string) *string {
	part, name, _ := strings.Cut(path, ".")
	m := details.member(part)
	if m == nil || m.kind.part == nil {
		return nil
	}
	row := m.kind.part.member(name)
	if row == nil {
		return nil
	}
	p := m.at(it)
	if m.kind.empty(p) {
		m.kind.add(p)
	}
	return row.at(m.kind.get(p)).(*string)
}
