package item

import (
	"fmt"
	"unicode/utf8"
)

// Limits of one item, in characters (Unicode code points) unless they say otherwise.
const (
	MaxTitle    = 500
	MaxUsername = 1000
	MaxURL      = 4096
	MaxURLs     = 50
	MaxTag      = 100
	MaxTags     = 50
	MaxPassword = 10_000
	MaxTOTP     = 2000
	MaxNotes    = 20_000
	MaxFields   = 100
	MaxName     = 200    // of a field
	MaxValue    = 10_000 // of a field, or of a line of a card or an identity
	// MaxPartBytes is the size of the canonical JSON of one part, so that its token stays below the 64 KiB that a
	// server takes: a third is added by base64, and some more by padding.
	MaxPartBytes = 40_000
)

// FieldError names the field of an item that cannot be saved, never its value.
type FieldError struct {
	Field  string
	Reason string
}

func (e *FieldError) Error() string { return e.Field + ": " + e.Reason }

type check struct{ err *FieldError }

func (c *check) fail(field, format string, args ...any) {
	if c.err == nil {
		c.err = &FieldError{field, fmt.Sprintf(format, args...)}
	}
}

func (c *check) text(field, s string, limit int) {
	if !utf8.ValidString(s) {
		c.fail(field, "is not valid UTF-8")
	} else if n := utf8.RuneCountInString(s); n > limit {
		c.fail(field, "at most %d characters, this has %d", limit, n)
	}
}

func (c *check) line(field, s string, limit int) {
	c.text(field, s, limit)
	for _, r := range s {
		if isControl(r) {
			c.fail(field, "must be one line without control characters")
			return
		}
	}
}

func (c *check) list(field string, list []string, most, limit int) {
	if len(list) > most {
		c.fail(field, "at most %d, there are %d", most, len(list))
	}
	for i, s := range list {
		name := fmt.Sprintf("%s[%d]", field, i)
		if s == "" {
			c.fail(name, "must not be empty")
		}
		c.line(name, s, limit)
	}
}

// Validate returns a *FieldError for the first field that cannot be saved. Normalise first.
func (it Item) Validate() error {
	var c check
	if !validType(it.Type) {
		c.fail("type", "must be login, note, card or identity")
	}
	if it.Title == "" {
		c.fail("title", "must not be empty")
	}
	c.line("title", it.Title, MaxTitle)
	c.line("username", it.Username, MaxUsername)
	c.list("urls", it.URLs, MaxURLs, MaxURL)
	c.list("tags", it.Tags, MaxTags, MaxTag)
	c.text("password", it.Password, MaxPassword)
	c.line("totp", it.TOTP, MaxTOTP)
	c.text("notes", it.Notes, MaxNotes)
	if len(it.Fields) > MaxFields {
		c.fail("fields", "at most %d, there are %d", MaxFields, len(it.Fields))
	}
	for i, f := range it.Fields {
		c.line(fmt.Sprintf("fields[%d].name", i), f.Name, MaxName)
		c.text(fmt.Sprintf("fields[%d].value", i), f.Value, MaxValue)
	}
	if it.Card != nil {
		for _, m := range it.Card.members() {
			c.text("card."+m.name, *m.value, MaxValue)
		}
	}
	if it.Identity != nil {
		for _, m := range it.Identity.members() {
			c.text("identity."+m.name, *m.value, MaxValue)
		}
	}
	if c.err == nil {
		if n := len(it.Meta()); n > MaxPartBytes {
			c.fail("urls", "title, user name, addresses and tags take %d bytes together, at most %d fit", n, MaxPartBytes)
		}
		if n := len(it.Secret()); n > MaxPartBytes {
			c.fail("notes", "notes, password and fields take %d bytes together, at most %d fit", n, MaxPartBytes)
		}
	}
	if c.err != nil {
		return c.err
	}
	return nil
}

// isControl covers C0, DEL, C1 and the two Unicode line separators.
func isControl(r rune) bool {
	return r < 0x20 || r >= 0x7f && r < 0xa0 || r == 0x2028 || r == 0x2029
}

func validType(t Type) bool {
	if len(t) == 0 || len(t) > 32 {
		return false
	}
	for i := range len(t) {
		if c := t[i]; (c < 'a' || c > 'z') && c != '_' {
			return false
		}
	}
	return true
}
