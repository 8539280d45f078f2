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

// shown is a searchable row of a part. The label is also its path: "identity.city".
func shown(label string, input Input, at func(any) any) member {
	_, name, _ := strings.Cut(label, ".")
	return member{Row: Row{Name: name, Label: label, Limit: MaxValue, Search: true, Input: input}, at: at, kind: text}
}

// secret is a hidden row of a part. One of the kind lastFour is searchable.
func secret(label string, k *kind, at func(any) any) member {
	_, name, _ := strings.Cut(label, ".")
	return member{Row: Row{Name: name, Label: label, Limit: MaxValue, Hidden: true, Search: k == lastFour}, at: at, kind: k}
}

// date is a row of a part whose value is a date. Nobody searches for dates.
func date(label string, at func(any) any) member {
	m := shown(label, InputDate, at)
	m.Search = false
	return m
}

var card = objectOf(func(v any) *Unknown { return &v.(*Card).Unknown },
	member{Row: Row{Name: "holder", Label: "card.holder", Limit: MaxValue, Search: true}, at: func(v any) any { return &v.(*Card).Holder }, kind: text},
	member{Row: Row{Name: "number", Label: "card.number", Limit: MaxValue, Search: true, Hidden: true, Input: InputNumeric},
		at: func(v any) any { return &v.(*Card).Number }, kind: lastFour},
	member{Row: Row{Name: "code", Label: "card.code", Limit: MaxValue, Hidden: true, Input: InputNumeric},
		at: func(v any) any { return &v.(*Card).Code }, kind: text},
	member{Row: Row{Name: "brand", Label: "card.brand", Limit: MaxValue, Search: true}, at: func(v any) any { return &v.(*Card).Brand }, kind: text},
	member{Row: Row{Name: "expiry_month", Label: "card.expiry_month", Limit: MaxValue, Input: InputNumeric},
		at: func(v any) any { return &v.(*Card).ExpiryMonth }, kind: text},
	member{Row: Row{Name: "expiry_year", Label: "card.expiry_year", Limit: MaxValue, Input: InputNumeric},
		at: func(v any) any { return &v.(*Card).ExpiryYear }, kind: text},
)

var identity = objectOf(func(v any) *Unknown { return &v.(*Identity).Unknown },
	shown("identity.title", InputText, func(v any) any { return &v.(*Identity).Title }),
	shown("identity.first_name", InputText, func(v any) any { return &v.(*Identity).FirstName }),
	shown("identity.middle_name", InputText, func(v any) any { return &v.(*Identity).MiddleName }),
	shown("identity.last_name", InputText, func(v any) any { return &v.(*Identity).LastName }),
	shown("identity.company", InputText, func(v any) any { return &v.(*Identity).Company }),
	shown("identity.email", InputEmail, func(v any) any { return &v.(*Identity).Email }),
	shown("identity.phone", InputPhone, func(v any) any { return &v.(*Identity).Phone }),
	shown("identity.address", InputLines, func(v any) any { return &v.(*Identity).Address }),
	shown("identity.postal_code", InputText, func(v any) any { return &v.(*Identity).PostalCode }),
	shown("identity.city", InputText, func(v any) any { return &v.(*Identity).City }),
	shown("identity.state", InputText, func(v any) any { return &v.(*Identity).State }),
	shown("identity.country", InputText, func(v any) any { return &v.(*Identity).Country }),
	secret("identity.ssn", text, func(v any) any { return &v.(*Identity).SSN }),
	secret("identity.passport", text, func(v any) any { return &v.(*Identity).Passport }),
	secret("identity.license", text, func(v any) any { return &v.(*Identity).License }),
)

var bankAccount = objectOf(func(v any) *Unknown { return &v.(*BankAccount).Unknown },
	shown("bank_account.bank_name", InputText, func(v any) any { return &v.(*BankAccount).BankName }),
	shown("bank_account.holder", InputText, func(v any) any { return &v.(*BankAccount).Holder }),
	shown("bank_account.account_type", InputText, func(v any) any { return &v.(*BankAccount).AccountType }),
	secret("bank_account.account_number", lastFour, func(v any) any { return &v.(*BankAccount).AccountNumber }),
	shown("bank_account.routing_number", InputText, func(v any) any { return &v.(*BankAccount).RoutingNumber }),
	shown("bank_account.branch_number", InputText, func(v any) any { return &v.(*BankAccount).BranchNumber }),
	secret("bank_account.iban", lastFour, func(v any) any { return &v.(*BankAccount).IBAN }),
	shown("bank_account.swift", InputText, func(v any) any { return &v.(*BankAccount).SWIFT }),
	secret("bank_account.pin", text, func(v any) any { return &v.(*BankAccount).PIN }),
	shown("bank_account.branch_phone", InputPhone, func(v any) any { return &v.(*BankAccount).BranchPhone }),
	shown("bank_account.branch_address", InputLines, func(v any) any { return &v.(*BankAccount).BranchAddress }),
)

var apiKey = objectOf(func(v any) *Unknown { return &v.(*APIKey).Unknown },
	shown("api_key.username", InputText, func(v any) any { return &v.(*APIKey).Username }),
	secret("api_key.key", text, func(v any) any { return &v.(*APIKey).Key }),
	shown("api_key.hostname", InputText, func(v any) any { return &v.(*APIKey).Hostname }),
	date("api_key.valid_from", func(v any) any { return &v.(*APIKey).ValidFrom }),
	date("api_key.expires", func(v any) any { return &v.(*APIKey).Expires }),
)

var driversLicense = objectOf(func(v any) *Unknown { return &v.(*DriversLicense).Unknown },
	shown("drivers_license.name", InputText, func(v any) any { return &v.(*DriversLicense).Name }),
	date("drivers_license.birth_date", func(v any) any { return &v.(*DriversLicense).BirthDate }),
	secret("drivers_license.number", lastFour, func(v any) any { return &v.(*DriversLicense).Number }),
	shown("drivers_license.class", InputText, func(v any) any { return &v.(*DriversLicense).Class }),
	shown("drivers_license.country", InputText, func(v any) any { return &v.(*DriversLicense).Country }),
	shown("drivers_license.state", InputText, func(v any) any { return &v.(*DriversLicense).State }),
	shown("drivers_license.authority", InputText, func(v any) any { return &v.(*DriversLicense).Authority }),
	date("drivers_license.issued", func(v any) any { return &v.(*DriversLicense).Issued }),
	date("drivers_license.expires", func(v any) any { return &v.(*DriversLicense).Expires }),
)

var passport = objectOf(func(v any) *Unknown { return &v.(*Passport).Unknown },
	shown("passport.name", InputText, func(v any) any { return &v.(*Passport).Name }),
	secret("passport.number", lastFour, func(v any) any { return &v.(*Passport).Number }),
	shown("passport.type", InputText, func(v any) any { return &v.(*Passport).Type }),
	shown("passport.nationality", InputText, func(v any) any { return &v.(*Passport).Nationality }),
	date("passport.birth_date", func(v any) any { return &v.(*Passport).BirthDate }),
	shown("passport.birth_place", InputText, func(v any) any { return &v.(*Passport).BirthPlace }),
	shown("passport.sex", InputText, func(v any) any { return &v.(*Passport).Sex }),
	shown("passport.country", InputText, func(v any) any { return &v.(*Passport).Country }),
	shown("passport.authority", InputText, func(v any) any { return &v.(*Passport).Authority }),
	date("passport.issued", func(v any) any { return &v.(*Passport).Issued }),
	date("passport.expires", func(v any) any { return &v.(*Passport).Expires }),
)

var sshKey = objectOf(func(v any) *Unknown { return &v.(*SSHKey).Unknown },
	member{Row: Row{Name: "public", Label: "sshKey.public", Limit: MaxValue, Input: InputLines}, at: func(v any) any { return &v.(*SSHKey).Public }, kind: text},
	member{Row: Row{Name: "private", Label: "sshKey.private", Limit: MaxValue, Hidden: true, Input: InputLines},
		at: func(v any) any { return &v.(*SSHKey).Private }, kind: text},
	member{Row: Row{Name: "fingerprint", Label: "sshKey.fingerprint", Limit: MaxValue, Search: true}, at: func(v any) any { return &v.(*SSHKey).Fingerprint }, kind: text},
)

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
