package source

import (
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// Parts of a card that a column may hold.
const (
	cardNumber = "number"
	cardHolder = "holder"
	cardCode   = "code"
	cardPIN    = "PIN"
	cardExpiry = "expiry"
	cardMonth  = "month"
	cardYear   = "year"
	cardBrand  = "brand"
)

// cardNames are the names of such columns.
var cardNames = map[string]string{
	cardNumber: `card number, cardnumber, cc number, ccnum, ccnumber, card no, credit card number, kartennummer, kreditkartennummer, karten nr, number, nummer, numero, numer, номер,
		numero de carte, numero carte, numero de tarjeta, numero tarjeta, numero carta, numero di carta, numero della carta, numero do cartao, numero cartao, kaartnummer, numer karty,
		номер карты, номер картки, kortnummer, kort nummer, cislo karty, kortin numero, kart numarasi, kartyaszam, カード番号, 卡号, 카드 번호`,
	cardHolder: `cardholder, card holder, cardholder name, cardholdername, name on card, card name, holder, account holder, karteninhaber, kartenhalter, name auf der karte, name auf karte, titulaire, nom sur la carte,
		titular, titular de la tarjeta, nombre en la tarjeta, titolare, intestatario, nome sulla carta, nome no cartao, titular do cartao, kaarthouder, naam op kaart, posiadacz karty, владелец карты, имя на карте, kortinnehavare, kortholder, drzitel karty`,
	cardCode: `cvv, cvv2, cvc, cvc2, ccv, csc, cid, code, security code, card code, cvv code, cvc code, card security code, verification number, verification, card verification, card verification value, sicherheitscode, prufziffer, prufnummer, kartenprufnummer,
		cryptogramme, code de securite, codigo de seguridad, codice di sicurezza, codigo de seguranca, beveiligingscode, kod bezpieczenstwa, код безопасности, sakerhetskod, sikkerhedskode, sikkerhetskode`,
	cardPIN: `pin, card pin, pin code, pin number, geheimzahl, code pin, codigo pin, codice pin, пин, пин код, pinkod, pinkode, pincode`,
	cardExpiry: `expiry, expiry date, expirydate, expiration, expiration date, expires, exp date, exp, valid thru, valid until, valid to, card expiry, card expiration, ablaufdatum, gultig bis, ablauf,
		date d expiration, expire le, validite, fecha de caducidad, caducidad, fecha de vencimiento, vencimiento, data di scadenza, scadenza, data de validade, validade, vervaldatum, geldig tot, data waznosci, срок действия, действует до, giltig till, udlobsdato, utlopsdato, platnost do`,
	cardMonth: `expiration month, expiry month, exp month, expirymonth, month, monat, ablaufmonat, mois, mes, mese, maand`,
	cardYear:  `expiration year, expiry year, exp year, expiryyear, year, jahr, ablaufjahr, annee, ano, anno, jaar`,
	cardBrand: `brand, card type, card brand, type, kartentyp, kartenart, type de carte, tipo de tarjeta, tipo di carta, tipo de cartao, kaarttype, тип карты, network`,
}

var cardParts = sync.OnceValue(func() map[string]string {
	out := map[string]string{}
	for part, names := range cardNames {
		for name := range strings.SplitSeq(names, ",") {
			out[strings.Join(columnWords(name), " ")] = part
		}
	}
	return out
})

// cardPart returns the part of a card that a column of that name holds, or the empty string.
func cardPart(name string) string {
	words := columnWords(name)
	for i := range words {
		if part, ok := cardParts()[strings.Join(words[i:], " ")]; ok && (i == 0 || part != cardBrand && len(words)-i > 1) {
			return part
		}
	}
	return ""
}

var digitsOnly = regexp.MustCompile(`^\d[\d -]{10,21}\d$`)

// isCardNumber reports whether s can be a payment card number: 13 to 19 digits with a valid check digit (ISO/IEC 7812).
func isCardNumber(s string) bool {
	s = strings.TrimSpace(s)
	if !digitsOnly.MatchString(s) {
		return false
	}
	sum, n := 0, 0
	for i := len(s) - 1; i >= 0; i-- {
		if !unicode.IsDigit(rune(s[i])) {
			continue
		}
		d := int(s[i] - '0')
		if n%2 == 1 {
			d = d/5 + d*2%10
		}
		sum += d
		n++
	}
	return n >= 13 && n <= 19 && sum%10 == 0
}

// cardPart returns the part of a card that column i holds.
func (t *Table) cardPart(i int) string {
	if t.cards == nil {
		for _, name := range t.Header {
			t.cards = append(t.cards, cardPart(name))
		}
	}
	if i >= len(t.cards) {
		return ""
	}
	return t.cards[i]
}

// tellsCard reports whether the name says that the column holds card numbers.
func tellsCard(name string) bool { return cardPart(name) == cardNumber && !anyNumber(name) }

// anyNumber reports whether the name may stand for any number, not only for a card's.
func anyNumber(name string) bool {
	return slices.Contains([]string{"number", "nummer", "numero", "numer", "номер"}, strings.Join(columnWords(name), " "))
}

// KindOfValue returns how to show a value with a user-chosen name. It is hidden if the name sounds secret, or the value is a
// card number.
func KindOfValue(name, value string) item.FieldKind {
	if isCardNumber(value) {
		return item.FieldHidden
	}
	return KindOf(name)
}

// CardOfFields turns an item without login values into a card if its fields include a card number.
func (d *Draft) CardOfFields() {
	if d.Username+d.Password+d.TOTP != "" || !slices.ContainsFunc(d.Fields, func(f item.Field) bool {
		return cardPart(f.Name) == cardNumber && isCardNumber(f.Value)
	}) {
		return
	}
	c := &item.Card{}
	places := map[string]*string{cardNumber: &c.Number, cardHolder: &c.Holder, cardCode: &c.Code, cardBrand: &c.Brand}
	d.Fields = slices.DeleteFunc(d.Fields, func(f item.Field) bool {
		part := cardPart(f.Name)
		if part == cardExpiry && c.ExpiryYear == "" {
			return SetExpiry(c, f.Value)
		}
		place := places[part]
		return place != nil && SetOnce(place, f.Value)
	})
	d.Type, d.Card = item.TypeCard, c
}

// telling reports whether a number makes its row a card. In a column that may hold any number, it must be a valid card
// number.
func telling(name, number string) bool {
	return isCardNumber(number) || digitsOnly.MatchString(number) && !anyNumber(name)
}

// TakeCard takes the remaining values of a row as a card, if its type says so or it contains a card number.
func (r *Row) TakeCard() {
	parts := map[string]int{}
	for i := range r.Cells {
		part := r.Table.cardPart(i)
		if _, have := parts[part]; part != "" && !have && !r.Taken[i] && r.Cells[i] != "" {
			parts[part] = i
		}
	}
	if number, ok := parts[cardNumber]; r.Type != item.TypeCard && (r.Type != "" || !ok || !telling(r.Name(number), r.Cells[number])) {
		return
	}
	take := func(part string) string {
		i, ok := parts[part]
		if !ok {
			return ""
		}
		r.Taken[i] = true
		return r.Cells[i]
	}
	r.Type = item.TypeCard
	r.Card = &item.Card{Number: take(cardNumber), Holder: take(cardHolder), Code: take(cardCode), Brand: take(cardBrand)}
	if i, ok := parts[cardExpiry]; ok {
		r.Taken[i] = SetExpiry(r.Card, r.Cells[i])
	} else {
		r.Card.ExpiryMonth, r.Card.ExpiryYear = CardExpiry(take(cardMonth), take(cardYear))
	}
	r.CardLogin()
}

// CardLogin relocates the username and the password, because cards, accounts and documents have none.
func (d *Draft) CardLogin() {
	d.Relocate("Username", d.Username, item.FieldText)
	d.Relocate("Password", d.Password, item.FieldHidden)
	d.Username, d.Password = "", ""
}

// SetExpiry sets the expiry date of a card, and reports whether it could parse it.
func SetExpiry(c *item.Card, s string) bool {
	month, year, ok := expiryOf("", s)
	if ok {
		c.ExpiryMonth, c.ExpiryYear = month, year
	}
	return ok
}
