package item

import "strings"

// Subtitle tells a card or an identity from others of its type: the brand and the last four digits, or the name. It is empty for
// other types, and if the item has neither.
func (it Item) Subtitle() string {
	var parts []string
	separator := " "
	switch {
	case it.Type == TypeCard && it.Card != nil:
		separator = ", "
		parts = []string{it.Card.Brand, it.Card.lastFour()}
	case it.Type == TypeIdentity && it.Identity != nil:
		parts = []string{it.Identity.FirstName, it.Identity.MiddleName, it.Identity.LastName}
	}
	var given []string
	for _, p := range parts {
		if p = strings.Join(strings.Fields(p), " "); p != "" {
			given = append(given, p)
		}
	}
	return strings.Join(given, separator)
}

// lastFour has the last four digits of a number with more digits than that.
func (c *Card) lastFour() string {
	digits := digitsOf(c.Number)
	if len(digits) <= shownDigits {
		return ""
	}
	return "•" + digits[len(digits)-shownDigits:]
}
