package item

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp/syntax"
	"strings"
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
	MaxValue    = 10_000 // of a field, or of a line of a card, an identity or an SSH key

	MaxAttachmentName = 255 // as file systems have it

	MaxPasswordHistory = 100
	MaxAttachments     = 100
	MaxAttachmentBytes = 10 << 20
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

func (c *check) kind(name string, f Field) {
	switch {
	case !f.Kind.Known():
		c.fail(name+".kind", "must be hidden, boolean, link, or left out for text")
	case f.Kind == FieldBoolean && f.Value != True && f.Value != False:
		c.fail(name+".value", "must be %s or %s", True, False)
	}
}

func (c *check) rules(it Item) {
	for i, address := range it.URLs {
		switch rule := it.Match[address]; {
		case !rule.Known():
			c.fail(fmt.Sprintf("match[%d]", i), "must be host, starts, exact, regexp, never, or left out for the domain")
		case rule == MatchRegexp:
			// The syntax alone: all of regexp would add a twentieth to what a page loads.
			if _, err := syntax.Parse("(?i)"+address, syntax.Perl); err != nil {
				c.fail(fmt.Sprintf("urls[%d]", i), "is not a regular expression (RE2)")
			}
		}
	}
}

func (c *check) history(list []OldPassword) {
	if len(list) > MaxPasswordHistory {
		c.fail("password_history", "at most %d, there are %d", MaxPasswordHistory, len(list))
	}
	for i, p := range list {
		c.text(fmt.Sprintf("password_history[%d].password", i), p.Password, MaxPassword)
	}
}

func (c *check) attachments(list []Attachment) {
	if len(list) > MaxAttachments {
		c.fail("attachments", "at most %d, there are %d", MaxAttachments, len(list))
	}
	for i, a := range list {
		name := fmt.Sprintf("attachments[%d]", i)
		c.line(name+".name", a.Name, MaxAttachmentName)
		switch digest, err := hex.DecodeString(a.SHA256); {
		case a.Name == "" || a.ID == "":
			c.fail(name, "must have a name and an id")
		case a.Size < 0 || a.Size > MaxAttachmentBytes:
			c.fail(name+".size", "at most %d bytes, this has %d", MaxAttachmentBytes, a.Size)
		case err != nil || len(digest) != sha256.Size:
			c.fail(name+".sha256", "must be 64 hexadecimal digits")
		}
	}
}

func (c *check) members(part string, list []member) {
	for _, m := range list {
		c.text(part+"."+m.name, *m.value, MaxValue)
	}
}

// TypeList is the types in words: "login, note or card".
func TypeList() string {
	var b strings.Builder
	for i, t := range Types {
		switch i {
		case 0:
		case len(Types) - 1:
			b.WriteString(" or ")
		default:
			b.WriteString(", ")
		}
		b.WriteString(string(t))
	}
	return b.String()
}

// Validate returns a *FieldError for the first field that cannot be saved. Normalise first.
func (it Item) Validate() error {
	var c check
	if !validType(it.Type) {
		c.fail("type", "must be %s", TypeList())
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
		c.kind(fmt.Sprintf("fields[%d]", i), f)
	}
	if it.Card != nil {
		c.members("card", it.Card.members())
	}
	if it.Identity != nil {
		c.members("identity", it.Identity.members())
	}
	if it.SSHKey != nil {
		c.members("ssh_key", it.SSHKey.members())
	}
	c.rules(it)
	c.history(it.PasswordHistory)
	c.attachments(it.Attachments)
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
